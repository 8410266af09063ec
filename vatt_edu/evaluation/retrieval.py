"""Zero-shot retrieval: does a sentence find its clip, a clip its sound, and the other way round?

Beside the trained model stand chance and, where it is known, the same model before its first training step (its start
included), so that what training added can be seen. Where the source says what happens in its videos, training clips
are queries, too: what is right there and not in the test splits has been learned by heart.

A clip that lacks sound or a caption is left out where that is needed, one that cannot be decoded everywhere; how many
are there is said.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from vatt_edu.config import Config
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.sources.open import open_sources
from vatt_edu.data.sources.source import Source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.embed import load, untrained_or_reason
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.ground_truth import has_ground_truth, list_steps, sample_steps
from vatt_edu.evaluation.results_file import (
    RetrievalResults,
    RetrievalSplit,
    left_out,
    left_out_line,
    merge_splits,
    read_results,
    run_header,
)
from vatt_edu.files import require_writable
from vatt_edu.model import VATT
from vatt_edu.training.pretrain import Validate

TRAIN = "train"
TRAIN_CLIPS = 256  # as many as the gallery of small's test_iid, so that the numbers compare


def evaluate_retrieval(run: Path, source: Source, split: str = "all", quiet: bool = False) -> RetrievalResults:
    """Retrieval of a run on the splits of a source; merged into ``RUN/retrieval.json``, which is returned.

    Args:
        run: A run folder, or one that ``vatt convert`` wrote; without a vocabulary no direction has text in it.
        source: A corpus with captioned clips.
        split: One split, or ``"all"``, which leaves ``train`` out unless the source has ground truth, and says which
            could not be measured.
        quiet: No progress bar.

    Raises:
        UserError: If the run has no weights, or no split has two clips with picture and sound or words.
    """
    path = run / "retrieval.json"
    read_results(path)  # what is damaged there must show before the work
    embedder = load(run)
    require_writable(path, "copy the run to a folder that you may write to")
    config, vocab = embedder.config, embedder.words
    names = [name for name in source.splits if name != TRAIN or has_ground_truth(source)] if split == "all" else [split]
    if not names:
        raise UserError(f"{source.root} has no split besides train; --split train measures on what was trained on")
    start, note = untrained_or_reason(run, source)
    splits: dict[str, RetrievalSplit] = {}
    for name in names:
        try:
            windows = retrieval_windows(source, name, config)
            trained = _measure(embedder.model, windows, config, vocab, source, f"{name} trained", quiet)
        except UserError as error:
            if name == names[-1] and not splits:
                raise
            print(f"note: not measured, {error}", file=sys.stderr)
            continue
        random_init = None
        if start is not None:
            ranks = _measure(start, windows, config, vocab, source, f"{name} random", quiet).ranks
            random_init = {direction: metrics.from_ranks(values) for direction, values in ranks.items()}
        splits[name] = {
            **trained.counts,  # type: ignore[typeddict-item]
            "trained": {direction: metrics.from_ranks(ranks) for direction, ranks in trained.ranks.items()},
            "random_init": random_init,
            "chance": {direction: metrics.chance(len(ranks)) for direction, ranks in trained.ranks.items()},
            "interval": {direction: metrics.bootstrap(ranks) for direction, ranks in trained.ranks.items()},
            "ranks": {direction: ranks.tolist() for direction, ranks in trained.ranks.items()},
        }
    results: RetrievalResults = merge_splits(path, run_header(run, note), splits)
    return results


def retrieval_windows(source: Source, split: str, config: Config) -> list[Window]:
    """The gallery of a split: the center window of each clip with its caption.

    Of the training split of a source with ground truth: the middles of 256 steps of the narrated videos that the run
    was given, drawn with its seed, with their canonical captions, no two alike. (Narration is not used: it may name
    another step.)

    Raises:
        UserError: If there is no such split, it has fewer than two clips, or none of them has a caption.
    """
    if split == TRAIN and has_ground_truth(source):
        steps = list_steps(source.first(config.data.max_narrated_videos), split)
        steps = sample_steps(steps, TRAIN_CLIPS, config.seed, "retrieval", distinct=True)
        windows = [step.window(config.clip) for step in steps]
    else:
        windows = [Window(clip, text=clip.caption) for clip in source.clips(split)]
    if len(windows) < 2:
        raise UserError(f"{source.root}: split {split} has {len(windows)} clip; retrieval needs at least 2")
    if not any(window.text for window in windows):
        raise UserError(
            f"{source.root}: none of the {len(windows)} clips of {split} has a caption to retrieve it by: "
            'lines with times are none; put a sentence for the whole clip into NAME.json, {"caption": "…"}'
        )
    return windows


def validator(data: Sequence[str], config: Config) -> Validate:
    """What ``pretrain`` measures during training: retrieval on ``val`` of the first source that has such a split.

    Args:
        data: Sources, as ``pretrain`` takes them.
        config: The run.

    Returns:
        From a model and the vocabulary of its run, of each direction: R@1, R@5, R@10, MedR, and where the gallery has
        eight items, how many ``of_eight``. The model is left in eval mode.

    Raises:
        UserError: If no source has captioned clips in a split ``val``.
    """
    source = next((source for source, _ in open_sources(data) if "val" in source.splits), None)
    if source is None:
        raise UserError(f"train.eval_every: none of {', '.join(data)} has a split val to measure on; 0 is never")
    windows = retrieval_windows(source, "val", config)

    def validate(model: VATT, vocab: Vocabulary) -> dict[str, dict[str, float]]:
        ranks = _measure(model, windows, config, vocab, source, "val", quiet=True).ranks
        return {direction: metrics.from_ranks(values) | _of_eight(values) for direction, values in ranks.items()}

    return validate


def _of_eight(ranks: Int[np.ndarray, " n"]) -> dict[str, float]:
    return {"of_eight": metrics.of_eight(ranks)} if len(ranks) >= metrics.CHOICES else {}


@dataclass(frozen=True)
class _Measurement:
    """Ranks by direction, over the clips that have what it needs; and how many have what, as the results name it."""

    ranks: dict[str, Int[np.ndarray, " n"]]
    counts: dict[str, Any]


def _measure(
    model: VATT,
    windows: Sequence[Window],
    config: Config,
    vocab: Vocabulary | None,
    source: Source,
    label: str,
    quiet: bool,
) -> _Measurement:
    skips: list[Skip] = []
    spaces, present = embed_windows(model, windows, config, vocab, source, label, quiet, skips=skips)
    ranks = {}
    for direction, (query, item) in metrics.DIRECTIONS.items():
        if query in spaces and item in spaces:
            both = present[_modality(query)] & present[_modality(item)]
            if both.sum() >= 2:
                ranks[direction] = metrics.ranks(metrics.similarities(spaces[query][both], spaces[item][both]))
    sizes = {modality: int((present["video"] & mask).sum()) for modality, mask in present.items()}
    counts: dict[str, Any] = {"n": sizes["video"], "n_sound": sizes["audio"]}
    if sizes.get("text", sizes["video"]) != sizes["video"]:
        counts["n_words"] = sizes["text"]
    if skips:
        counts["left_out"] = left_out(skips, source)
    if not any("video" in direction for direction in ranks):
        names = {"video": "picture", "audio": "sound", "text": "a caption"}
        numbers = ", ".join(f"{int(mask.sum())} {names[modality]}" for modality, mask in present.items())
        lost = f"; {left_out_line(counts['left_out'])}" if skips else ""
        raise UserError(
            f"{source.root}: of {len(windows)} clips of {label.split()[0]} have {numbers}; retrieval needs 2 with "
            f"picture and sound, or with picture and a caption{lost}"
        )
    return _Measurement(ranks, counts)


def _modality(space: str) -> str:
    """Of a space's name, such as ``text_vt``."""
    return space.partition("_")[0]
