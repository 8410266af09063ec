"""Zero-shot retrieval: does a sentence find its clip, a clip its sound, and the other way round?

Beside the trained model stand chance and the same model before its first training step (its start included), so that
what training added can be seen.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vatt_edu.config import Config
from vatt_edu.data.captions import read_json
from vatt_edu.data.loader import eval_batches
from vatt_edu.data.sources import Source, Video
from vatt_edu.data.text import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.embed import load, model_from
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.report import machine
from vatt_edu.training.run_folder import read_config

BATCH = 64


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
    config, record = read_config(run)
    _before(run)  # what is damaged there must show before the work
    embedder = load(run)
    start = checkpoint.first(run)
    if start is None:
        raise UserError(f"{run}: the checkpoint of step 0 is missing, so there is no untrained model to compare with")
    untrained = model_from(config, start / "state.safetensors")
    names = [name for name in source.splits if name != "train"] if split == "all" else [split]
    if not names:
        raise UserError(f"{source.root} has no split besides train; name one with --split")
    results = {}
    for name in names:
        clips = source.clips(name)
        if len(clips) < 2:
            raise UserError(f"{source.root}: split {name} has {len(clips)} clip; retrieval needs at least 2")
        silent = sum(not clip.caption for clip in clips)
        if silent:
            raise UserError(f"{source.root}: {silent} clips of {name} have no caption; retrieval needs one for each")
        results[name] = {
            "n": len(clips),
            "trained": _measure(embedder.model, clips, config, embedder.vocab, source, f"{name} trained", quiet),
            "random_init": _measure(untrained, clips, config, embedder.vocab, source, f"{name} random", quiet),
            "chance": {direction: metrics.chance(len(clips)) for direction in metrics.DIRECTIONS},
        }
    return _merge(run, config, record["preset"], results)


@torch.no_grad()
def embed_clips(
    model: VATT,
    clips: Sequence[Video],
    config: Config,
    vocab: Vocabulary,
    source: Source | None,
    label: str,
    quiet: bool,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Embeddings of captioned clips by modality and space, and which of them have video, audio and text.

    Returns:
        ``video_va audio_va video_vt audio_vt text_vt``, each ``(n, D)``; ``video audio text``, each ``(n,)`` bool.
    """
    from tqdm import tqdm

    parts: dict[str, list[Tensor]] = {}
    with tqdm(total=len(clips), desc=f"embed {label}", unit="clip", disable=quiet) as bar:
        for batch in eval_batches(clips, config.clip, vocab, BATCH, source, quiet):
            found = model.eval()(batch)
            row = {
                "video_va": found.video_va,
                "audio_va": found.audio_va,
                "video_vt": found.video_vt,
                "audio_vt": model.common_space.to_vt(found.audio_va, batch.has_audio),
                "text_vt": found.text_vt[:, 0],
                "has_video": batch.has_video,
                "has_audio": batch.has_audio,
                "has_text": batch.has_text,
            }
            for name, value in row.items():
                parts.setdefault(name, []).append(value)
            bar.update(len(batch))
    whole = {name: torch.cat(values) for name, values in parts.items()}
    return (
        {name: value for name, value in whole.items() if not name.startswith("has_")},
        {name.removeprefix("has_"): value for name, value in whole.items() if name.startswith("has_")},
    )


def _measure(
    model: VATT, clips: Sequence[Video], config: Config, vocab: Vocabulary, source: Source, label: str, quiet: bool
) -> dict[str, dict[str, float]]:
    spaces, present = embed_clips(model, clips, config, vocab, source, label, quiet)
    for modality, mask in present.items():
        if not mask.all():
            few = f"{int((~mask).sum())} clips of {label.split()[0]} have no {modality}"
            raise UserError(f"{source.root}: {few}; retrieval needs video, audio and text in each")
    return {
        direction: metrics.retrieval(metrics.similarities(spaces[query], spaces[item]))
        for direction, (query, item) in metrics.DIRECTIONS.items()
    }


def _merge(run: Path, config: Config, preset: str, results: dict[str, Any]) -> dict[str, Any]:
    newest = checkpoint.last(run)
    meta = checkpoint.read_meta(newest) if newest else {}
    steps, before = meta.get("step"), _before(run)
    whole = {
        "preset": preset,
        "seed": config.seed,
        "steps": steps,
        "train_seconds": meta.get("train_seconds"),
        **machine(),
        "splits": {**(before["splits"] if before.get("steps") == steps else {}), **results},  # not of other weights
    }
    checkpoint.write_json(run / "retrieval.json", whole)
    return whole


def _before(run: Path) -> dict[str, Any]:
    """What ``RUN/retrieval.json`` holds already."""
    path = run / "retrieval.json"
    value = read_json(path) if path.exists() else {"splits": {}}
    if not isinstance(value, dict) or not isinstance(value.get("splits"), dict):
        raise UserError(f"{path} is damaged (no splits in it); remove the file")
    return value
