"""Zero-shot retrieval: does a sentence find its clip, a clip its sound, and the other way round?

Beside the trained model stand chance and the same model before its first training step (its start included), so that
what training added can be seen.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from vatt_edu.config import Config
from vatt_edu.data.sources import Source, Video
from vatt_edu.data.text import Vocabulary
from vatt_edu.data.windows import Window
from vatt_edu.errors import UserError
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.embed import load, untrained
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.record import header, merge
from vatt_edu.model import VATT


def evaluate(run: Path, source: Source, split: str = "all", quiet: bool = False) -> dict[str, Any]:
    """Retrieval of a run on the test splits of a source; merged into ``RUN/retrieval.json``, which is returned.

    Args:
        run: A run folder.
        source: A corpus with captioned clips.
        split: One split, or ``"all"`` but the training split.
        quiet: No progress bar.

    Raises:
        UserError: If the run has no weights, or the split does not exist or has fewer than two clips.
    """
    embedder, before = load(run), untrained(run)
    config = embedder.config
    names = [name for name in source.splits if name != "train"] if split == "all" else [split]
    if not names:
        raise UserError(f"{source.root} has no split besides train; name one with --split")
    results = {}
    for name in names:
        clips = source.clips(name)
        if len(clips) < 2:
            raise UserError(f"{source.root}: split {name} has {len(clips)} clip; retrieval needs at least 2")
        results[name] = {
            "n": len(clips),
            "trained": _measure(embedder.model, clips, config, embedder.vocab, source, f"{name} trained", quiet),
            "random_init": _measure(before, clips, config, embedder.vocab, source, f"{name} random", quiet),
            "chance": {direction: metrics.chance(len(clips)) for direction in metrics.DIRECTIONS},
        }
    return merge(run / "retrieval.json", header(run), results)


def embed_clips(
    model: VATT,
    clips: Sequence[Video],
    config: Config,
    vocab: Vocabulary,
    source: Source | None,
    label: str,
    quiet: bool,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """``embed_windows`` of the center window of captioned clips."""
    return embed_windows(
        model, [Window(clip, text=clip.caption) for clip in clips], config, vocab, source, label, quiet
    )


def _measure(
    model: VATT, clips: Sequence[Video], config: Config, vocab: Vocabulary, source: Source, label: str, quiet: bool
) -> dict[str, dict[str, float]]:
    spaces, present = embed_clips(model, clips, config, vocab, source, label, quiet)
    for modality, mask in present.items():
        if not mask.all():
            raise UserError(f"{source.root}: {int((~mask).sum())} clips of {label.split()[0]} have no {modality}")
    return {
        direction: metrics.retrieval(metrics.similarities(spaces[query], spaces[item]))
        for direction, (query, item) in metrics.DIRECTIONS.items()
    }
