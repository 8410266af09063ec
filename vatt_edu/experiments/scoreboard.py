"""One model grows: what is each part worth that the book adds, and when?

Every part has two rows. *Added*: the row before it, in the book's order, and this part; a part stays also when it did
not help. *Taken out*: the finished toy without it. The recipe is the toy's in every row, from the first: pooling,
temperature, gain of the sound, line masking, windows of a video; each of these is taken out of the toy, too.

Rows are compared at equal seconds of one core, by steps that were calibrated before, not timed while training: a step
costs what ``calibrate`` measured, and a row gets as many as fit, with a learning rate that ends with them. So a row is
a function of its seed, on any machine. What buys speed and what buys a higher ceiling look alike in a short time, so
rows that may cross are trained longer, too.
"""

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch

from vatt_edu.config import (
    AudioConfig,
    Config,
    DropTokenConfig,
    EncoderConfig,
    TextConfig,
    VideoConfig,
    toy,
    toy_agnostic,
    toy_plain,
)
from vatt_edu.config.model import HeadsName
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.open import open_sources
from vatt_edu.experiments.log_mel import with_log_mel
from vatt_edu.experiments.run import Arm, Experiment
from vatt_edu.experiments.shortcut import single_windows
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import initial_model, train_step
from vatt_edu.training.words import open_vocabulary

Side = TypeVar("Side", VideoConfig, AudioConfig, TextConfig)
Change = Callable[[Config], Config]

CPU_SECONDS = 240
"""Seconds of one core for each run: two minutes on two cores."""

LONGER: dict[int, tuple[str, ...]] = {
    720: ("baseline", "positions", "layers", "toy"),
    1_500: ("positions", "layers", "toy"),
}
"""Rows that may cross, at longer budgets, in seconds of one core."""

THREE = (0, 1, 2)
FIVE = ("positions", "layers")
"""Rows whose order a chapter claims: five seeds at every budget. So has the toy at the shortest, for its A/A."""

# Milliseconds of one core for a step, reading its batch included: the median of interleaved rounds on an idle machine,
# by ``taskset -c 0 python -m vatt_edu.experiments.scoreboard SOURCE`` (LOG.md). Rows that differ in nothing that costs
# share a number.
MILLISECONDS: dict[str, float] = {
    "baseline": 87.8,
    "words": 96.2,
    "positions": 97.7,
    "layers": 718.0,
    "droptoken": 353.0,
    "head_norm": 350.3,
    "head_depth": 348.1,
    "passage": 354.9,
    "toy": 390.8,
    "without words": 346.9,
    "without positions": 383.9,
    "without layers": 114.1,
    "without droptoken": 750.6,
    "without head_norm": 384.5,
    "without head_depth": 389.4,
    "without passage": 389.1,
    "without hierarchy": 382.9,
    "without pooling": 383.6,
    "without windows": 389.9,
    "agnostic": 447.3,
    "unshared": 451.7,
    "agnostic_wide": 729.4,
    "released": 379.8,
    "log_mel": 348.6,
}
AS_FAST_AS = {
    "start": "baseline",
    "without start": "toy",
    "without temperature": "toy",
    "without gain": "toy",
    "without line_masking": "toy",
    "toy again": "toy",
    "droptoken, equal steps": "layers",  # which has as many steps, and longer ones
}


@dataclass(frozen=True)
class Row:
    """A row of the scoreboard.

    Attributes:
        label: Its name in results and in a page's ``scoreboard.show_rows``.
        title: What the page calls it.
        chapter: Which chapter it belongs to.
        table: ``added``, ``taken_out``, or ``branch``: a variant of the finished toy.
        config: The configuration, its steps set.
        part: The part that is added or taken out.
        above: The row that it is compared with.
        seconds: Of one core, by calibration.
        seeds: Which it has.
    """

    label: str
    title: str
    chapter: str
    table: Literal["added", "taken_out", "branch"]
    config: Config
    part: str
    above: str | None
    seconds: int = CPU_SECONDS
    seeds: tuple[int, ...] = THREE


@dataclass(frozen=True)
class Part:
    """What the book adds.

    Attributes:
        name: Of the part.
        title: What a page calls it.
        chapter: Which chapter is about it.
        without: Takes it out of the finished toy.
        add: Adds it to the row before; None: the recipe, which every row has.
    """

    name: str
    title: str
    chapter: str
    without: Change
    add: Change | None = None


def _model(**fields: Any) -> Change:
    return lambda config: replace(config, model=replace(config.model, **fields))


def _heads(heads: HeadsName) -> Change:
    return lambda config: _model(common_space=replace(config.model.common_space, heads=heads))(config)


def _deep(side: Side, layers: int) -> Side:
    return replace(side, encoder=replace(side.encoder, layers=layers))


def _raw_layers(layers: int) -> Change:
    return lambda config: _model(
        video=_deep(config.model.video, layers), audio=_deep(config.model.audio, layers)
    )(config)  # fmt: skip


def _text_layers(layers: int) -> Change:
    return lambda config: _model(text=_deep(config.model.text, layers))(config)


def _candidates(lines: int) -> Change:
    return lambda config: replace(config, data=replace(config.data, candidates=lines))


def _gain(config: Config) -> Config:
    return _model(audio=replace(config.model.audio, gain=1.0))(config)


def _temperature(config: Config) -> Config:
    return replace(config, loss=replace(config.loss, temperature=toy_plain().loss.temperature))


def _unmasked(config: Config) -> Config:
    return replace(config, loss=replace(config.loss, line_masking=False))


EVERY_TOKEN = DropTokenConfig(keep_video=1.0, keep_audio=1.0, sharing=toy().model.droptoken.sharing)

PARTS = (
    Part("start", "tokenizers start whitened", "tokenization",
         _model(tokenizer_init="official"), _model(tokenizer_init="whitened")),
    Part("words", "words as a sequence", "tokenization", _text_layers(0), _text_layers(1)),
    Part("positions", "tokens know where they were", "positional_encoding",
         _model(positions="none"), _model(positions="learned")),
    Part("layers", "two Transformer layers", "transformer_encoder", _raw_layers(0), _raw_layers(2)),
    Part("droptoken", "half of the tokens dropped", "droptoken",
         _model(droptoken=EVERY_TOKEN), _model(droptoken=toy().model.droptoken)),
    Part("head_norm", "batch norm in the heads", "common_space", _heads("deep_audio_bare"), _heads("flat_norm")),
    Part("head_depth", "heads of two layers", "common_space", _heads("deep_audio_shallow"), _heads("flat_deep")),
    Part("passage", "words through the video-audio space", "common_space", _heads("flat_deep"), _heads("deep_audio")),
    Part("candidates", "four candidate lines, MIL-NCE", "contrastive_losses", _candidates(1), _candidates(4)),
    Part("hierarchy", "all three of the heads", "common_space", _heads("flat")),
    Part("pooling", "mean and maximum of the tokens", "transformer_encoder", _model(pooling="agg")),
    Part("temperature", "a temperature of 0.2", "contrastive_losses", _temperature),
    Part("gain", "sound made louder", "tokenization", _gain),
    Part("line_masking", "shared lines are no negatives", "contrastive_losses", _unmasked),
    Part("windows", "four windows of a video", "pretraining", single_windows),
)  # fmt: skip


def baseline(config: Config) -> Config:
    """Patches, each through one matrix and a norm, their mean and maximum; words alike; one space; the nearest line."""
    for part in PARTS:
        if part.add is not None:
            config = part.without(config)
    return _heads("flat")(config)


def wide_agnostic(config: Config) -> Config:
    """``toy_agnostic``, its one encoder and its heads so wide that it has as many parameters as ``toy``."""
    agnostic = replace(toy_agnostic(), train=config.train)
    width = WIDE
    encoder = EncoderConfig(
        layers=2, width=width, ff_width=4 * width, heads=4, head_width=width // 4, dropout=0.0
    )  # fmt: skip
    sides = {
        name: replace(getattr(agnostic.model, name), encoder=encoder, post_projection=width)
        for name in ("video", "audio", "text")
    }
    return _model(**sides)(agnostic)


WIDE = 176

# Variants of the finished toy: label → (title, chapter, change).
BRANCHES: dict[str, tuple[str, str, Change]] = {
    "agnostic": ("one encoder for all three", "specific_or_agnostic",
                 lambda c: replace(toy_agnostic(), train=c.train)),
    "unshared": ("its projections, but three encoders", "specific_or_agnostic",
                 lambda c: _model(backbone="specific")(replace(toy_agnostic(), train=c.train))),
    "agnostic_wide": ("one encoder, as many parameters as three", "specific_or_agnostic", wide_agnostic),
    "released": ("as released", "vatt_in_one_page", lambda c: replace(toy_plain(), train=c.train)),
    "log_mel": ("sound as a log-mel spectrogram", "tokenization", with_log_mel),
}  # fmt: skip


def _added() -> list[Row]:
    config = baseline(toy())
    title = "patches, their mean and maximum, NCE"
    rows = [Row("baseline", title, "vatt_in_one_page", "added", config, "baseline", None)]
    for part in PARTS:
        if part.add is not None:
            config = part.add(config)
            label = "toy" if part.name == "candidates" else part.name  # the last part makes the model whole
            rows.append(Row(label, part.title, part.chapter, "added", config, part.name, rows[-1].label))
    return [replace(row, seeds=(*THREE, 3, 4)) if row.label in (*FIVE, "toy") else row for row in rows]


def _longer(rows: Sequence[Row]) -> list[Row]:
    longer = []
    for seconds, labels in LONGER.items():
        for row in (row for row in rows if row.label in labels):
            seeds = row.seeds if row.label in FIVE else THREE
            longer.append(replace(row, label=f"{row.label} {seconds}", seconds=seconds, seeds=seeds))
    return longer


def _taken_out() -> list[Row]:
    """Without ``candidates`` is the row before the toy."""
    return [
        Row(f"without {part.name}", part.title, part.chapter, "taken_out", part.without(toy()), part.name, "toy")
        for part in PARTS if part.name != "candidates"
    ]  # fmt: skip


def _branches(rows: Sequence[Row]) -> list[Row]:
    dropping = next(row for row in rows if row.label == "droptoken")
    return [
        *(Row(label, title, chapter, "branch", change(toy()), label, "toy")
          for label, (title, chapter, change) in BRANCHES.items()),
        replace(dropping, label="droptoken, equal steps", title="half of the tokens, no more steps", table="branch"),
        Row("toy again", "the same, five other seeds", "ablations", "branch", toy(), "toy", "toy",
            seeds=(5, 6, 7, 8, 9)),
    ]  # fmt: skip


def _timed(row: Row) -> Row:
    """With as many steps as fit; what is trained longer is measured eight times on the way."""
    label = row.label.removesuffix(f" {row.seconds}")
    steps = round(1e3 * row.seconds / MILLISECONDS[AS_FAST_AS.get(label, label)])
    every = steps // 8 if row.seconds > CPU_SECONDS else 0
    train = replace(row.config.train, steps=steps, eval_every=every, threads=1)
    return replace(row, config=replace(row.config, train=train))


def rows() -> dict[str, Row]:
    """All rows by label, in the order of the tables."""
    added = _added()
    every = [*added, *_longer(added), *_taken_out(), *_branches(added)]
    return {row.label: _timed(row) for row in every}


def experiment() -> Experiment:
    """All rows: first those that are added, then the longest first."""
    order = sorted(rows().values(), key=lambda row: (row.table != "added" or row.seconds > CPU_SECONDS, -row.seconds))
    return Experiment(
        "scoreboard",
        "What is each part worth that the book adds, when it comes and when it goes, at equal seconds of one core?",
        tuple(Arm(row.label, row.config, seeds=row.seeds) for row in order),
        splits=("val", "test_iid", "test_comp"),
        twin_arms=("baseline", "head_depth", "toy", "agnostic", "released", "log_mel"),
    )


def calibrate(source: Path, rounds: int = 12, steps: int = 5) -> dict[str, float]:
    """Milliseconds of processor time for a step of each row that has a cost of its own.

    Args:
        source: A MiniTube corpus.
        rounds: How many turns each row has.
        steps: In a turn.

    Returns:
        By label, the median over the turns but the first.
    """
    added = _added()
    configs = {row.label: row.config for row in [*added, *_taken_out(), *_branches(added)]}
    turns = step_milliseconds({k: c for k, c in configs.items() if k not in AS_FAST_AS}, source, rounds, steps)
    return {label: statistics.median(taken[1:]) for label, taken in turns.items()}


def step_milliseconds(
    configs: Mapping[str, Config], source: Path, rounds: int = 12, steps: int = 5, quiet: bool = True
) -> dict[str, list[float]]:
    """Milliseconds of one core for a step of each configuration, reading its batch included, turn by turn.

    Configurations take turns, a few steps each, so that what slows the machine down slows down all of them.

    Args:
        configs: By name.
        source: A MiniTube corpus.
        rounds: How many turns each has; the first warms up.
        steps: In a turn.
        quiet: No progress bar.
    """
    from tqdm import tqdm

    torch.set_num_threads(1)
    turns = {name: _turn(config, source, steps) for name, config in configs.items()}
    taken = [
        {name: next(turn) for name, turn in turns.items()}
        for _ in tqdm(range(rounds), desc="calibrate", unit="turn", disable=quiet)
    ]
    return {name: [turn[name] for turn in taken] for name in turns}


def _turn(config: Config, source: Path, steps: int) -> Iterator[float]:
    """Takes a few steps whenever it is asked, and says what one of them took."""
    sources = open_sources([str(source)])
    vocabulary = open_vocabulary(Path("-"), [one for one, _ in sources], config, None)
    stream = ClipStream.open(sources, config, vocabulary, quiet=True)
    model = initial_model(config, stream).train()
    optimizer = make_optimizer(model, config.optim)
    for start in itertools.count(step=steps):
        before = time.process_time()
        for step in range(start, start + steps):
            batch, _ = stream.batch(step)
            train_step(model, batch, optimizer, config, step, config.optim.lr)
        yield 1e3 * (time.process_time() - before) / steps


if __name__ == "__main__":
    for label, milliseconds in calibrate(Path(sys.argv[1])).items():
        print(f'    "{label}": {milliseconds:.1f},', flush=True)
