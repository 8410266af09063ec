"""One model grows: what does each part that the book adds do to retrieval, at equal seconds of processor time?

Every row changes one thing of the row before and keeps it, also when it did not help: the order is the book's. The
toy's own row changes all that is then left, and the last one the encoders, with what the agnostic model needs. Steps
are calibrated, not timed while training: a step of a row costs what ``calibrate`` measured, and each row gets as many
as fit into ``CPU_SECONDS``. So a row is a function of its seed, on any machine.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from vatt_edu.config import AudioConfig, Config, DropTokenConfig, TextConfig, VideoConfig, toy, toy_agnostic
from vatt_edu.experiments.run import Arm, Experiment
from vatt_edu.experiments.shortcut import single_windows
from vatt_edu.training.pretrain import pretrain
from vatt_edu.training.run_folder import read_log

Side = TypeVar("Side", VideoConfig, AudioConfig, TextConfig)

CPU_SECONDS = 240
"""Seconds of one core for each run: two minutes on two cores."""

# Steps that fit, by ``python -m vatt_edu.experiments.scoreboard SOURCE`` on an idle machine; LOG.md has milliseconds.
STEPS: dict[str, int] = {
    "baseline": 2_490,
    "words": 2_570,
    "start": 2_680,
    "positions": 2_360,
    "droptoken": 2_720,
    "depth": 790,
    "hierarchy": 670,
    "candidates": 580,
    "toy": 670,
    "agnostic": 490,
}


@dataclass(frozen=True)
class Row:
    """A row of the scoreboard.

    Attributes:
        label: Its name in results and in a page's ``scoreboard.show_rows``.
        title: What the page calls it.
        chapter: Which chapter adds it.
        change: From the configuration of the row before.
    """

    label: str
    title: str
    chapter: str
    change: Callable[[Config], Config]


def _model(config: Config, **fields: Any) -> Config:
    return replace(config, model=replace(config.model, **fields))


def _deep(side: Side, layers: int) -> Side:
    return replace(side, encoder=replace(side.encoder, layers=layers))


def _layers(config: Config, video_and_audio: int, text: int) -> Config:
    model = config.model
    video, audio = _deep(model.video, video_and_audio), _deep(model.audio, video_and_audio)
    return _model(config, video=video, audio=audio, text=_deep(model.text, text))


def _baseline(config: Config) -> Config:
    """Patches, each through one matrix and a norm, and their mean; words alike; one space; the nearest line only."""
    flat = _layers(single_windows(config), 0, 0)
    plain = _model(
        flat,
        pooling="mean",
        tokenizer_init="official",
        positions="none",
        audio=replace(flat.model.audio, gain=1.0),
        droptoken=DropTokenConfig(keep_video=1.0, keep_audio=1.0, sharing="sample"),
        common_space=replace(config.model.common_space, heads="flat"),
    )
    return replace(plain, data=replace(plain.data, candidates=1), loss=replace(config.loss, line_masking=False))


def _several_lines(config: Config) -> Config:
    data, loss = toy().data, toy().loss
    return replace(
        config,
        data=replace(config.data, candidates=data.candidates),
        loss=replace(config.loss, line_masking=loss.line_masking),
    )


ROWS = (
    Row("baseline", "mean of patches, mean of words, NCE", "vatt_in_one_page", _baseline),
    Row("words", "words as a sequence", "tokenization", lambda c: _layers(c, 0, 1)),
    Row("start", "tokenizers start whitened", "tokenization", lambda c: _model(c, tokenizer_init="whitened")),
    Row("positions", "tokens know where they were", "positional_encoding", lambda c: _model(c, positions="learned")),
    Row("droptoken", "half of the tokens dropped", "droptoken", lambda c: _model(c, droptoken=toy().model.droptoken)),
    Row("depth", "two Transformer layers", "transformer_encoder", lambda c: _layers(c, 2, 1)),
    Row("hierarchy", "a hierarchy of two spaces", "common_space",
        lambda c: _model(c, common_space=toy().model.common_space)),
    Row("candidates", "four candidate lines, MIL-NCE", "contrastive_losses", _several_lines),
    Row("toy", "pooling, gain, batches: the full toy", "pretraining", lambda c: replace(toy(), train=c.train)),
    Row("agnostic", "one encoder for all three", "specific_or_agnostic",
        lambda c: replace(toy_agnostic(), train=c.train)),
)  # fmt: skip


def configs() -> dict[str, Config]:
    """The configuration of each row, its steps set."""
    config, rows = toy(), {}
    for row in ROWS:
        config = row.change(config)
        rows[row.label] = replace(config, train=replace(config.train, steps=STEPS[row.label]))
    return rows


def experiment() -> Experiment:
    """All rows, three seeds each."""
    arms = tuple(Arm(label, config) for label, config in configs().items())
    question = "What does each part that the book adds do, at equal seconds of processor time?"
    return Experiment("scoreboard", question, arms, splits=("val", "test_iid"), twin_arms=len(arms))


def calibrate(source: Path, steps: int = 60) -> dict[str, float]:
    """Seconds of a training step of each row, on one thread: the median over ``steps`` without the first third.

    Args:
        source: A MiniTube corpus.
        steps: How many to take.
    """
    seconds = {}
    for label, config in configs().items():
        short = replace(config, train=replace(config.train, steps=steps, checkpoint_every=steps, threads=1))
        with tempfile.TemporaryDirectory() as folder:
            pretrain(short, [str(source)], Path(folder) / "run", quiet=True)
            log = read_log(Path(folder) / "run")
        seconds[label] = statistics.median(config.data.batch_size / line["clips_per_s"] for line in log[steps // 3 :])
    return seconds


if __name__ == "__main__":
    for label, seconds in calibrate(Path(sys.argv[1])).items():
        print(f"{label:12} {1e3 * seconds:6.1f} ms a step: {CPU_SECONDS / seconds:7.0f} steps", flush=True)
