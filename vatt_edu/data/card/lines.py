"""What a data card says of windows and their lines: which lines a batch shares, which line names what is seen."""

from collections import Counter
from typing import Any

from vatt_edu.config import Config
from vatt_edu.data.loader.sampler import generator
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.adapters.minitube import FACTORS
from vatt_edu.data.sources.source import Source
from vatt_edu.data.text.captions import nearest_lines
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

CHECKED_BATCHES = 50
"""Batches of the sampler that are looked at."""
WINDOWS_PER_VIDEO = 8
"""Windows drawn from each narrated video."""


def count_shared_lines(source: Source, config: Config) -> dict[str, Any]:
    """How many candidate lines of a window are a candidate of another window of its batch: the real sampler's batches.

    Returns:
        ``lines``: share of a window's lines (each counted once); ``windows``: share of the windows with text that
        have such a line; of ``batches`` batches. ``{"reason": …}`` where they cannot be drawn.
    """
    try:
        vocabulary = Vocabulary.train(source.texts, config.model.text.vocab)
        stream = ClipStream.open([(source, 1.0)], config, vocabulary, cache=False, quiet=True)
        batches = [
            [{line.text_id for line in lines} for lines in stream.lines(step)] for step in range(CHECKED_BATCHES)
        ]
    except UserError as error:
        return {"reason": str(error)}
    shared = total = windows = touched = 0
    for batch in batches:
        owners = Counter(line for lines in batch for line in lines)
        for lines in filter(None, batch):
            both = sum(owners[line] > 1 for line in lines)
            shared, total = shared + both, total + len(lines)
            windows, touched = windows + 1, touched + (both > 0)
    return {
        "batches": CHECKED_BATCHES,
        "batch_size": config.data.batch_size,
        "candidates": config.clip.candidates,
        "lines": round(shared / max(1, total), 4),
        "windows": round(touched / max(1, windows), 4),
    }


def minitube_card(source: Source, videos: dict[str, dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What only MiniTube knows: how often each value of each factor occurs in each split, and ``center_step``.

    Args:
        source: A MiniTube corpus.
        videos: Its annotations.
        seconds: Length of a window.
    """
    about = read_json(source.root / "source.json")
    factors: dict[str, dict[str, dict[str, int]]] = {factor: {} for factor in FACTORS}
    steps: dict[str, int] = {}
    for video in videos.values():
        steps[video["split"]] = steps.get(video["split"], 0) + len(video["steps"])
        for step in video["steps"]:
            for factor in FACTORS:
                row = factors[factor].setdefault(str(step[factor]), {})
                row[video["split"]] = row.get(video["split"], 0) + 1
    named = {name: about.get(name) for name in ("preset", "seed", "version", "narration_seed", "splits", "knobs")}
    ordered = {factor: dict(sorted(rows.items(), key=_place)) for factor, rows in factors.items()}
    return named | {"steps": steps, "factors": ordered, "center_step": center_step(source, videos, seconds)}


def _place(row: tuple[str, Any]) -> tuple[int, str]:
    """Counts in their order, names in that of the alphabet."""
    return (int(row[0]) if row[0].isdigit() else 0), row[0]


def center_step(source: Source, videos: dict[str, dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Share of random windows of which one of the 1, 2, 4 nearest lines is about the step at the window's center."""
    hits = {"1": 0, "2": 0, "4": 0}
    windows = 0
    for number, video in enumerate(video for video in source.videos if video.lines and video.id in videos):
        about = videos[video.id]
        # Lines keep the order of the annotation: both are sorted by their start.
        steps = {id(line): row["step"] for line, row in zip(video.lines, about["narration"], strict=True)}
        for start in generator(0, "center step", number).random(WINDOWS_PER_VIDEO) * (about["duration"] - seconds):
            center = start + seconds / 2
            now = next(k for k, step in enumerate(about["steps"]) if center < step["end"])
            near = [steps[id(line)] for line in nearest_lines(video.lines, center, 4)]
            windows += 1
            for count in hits:
                hits[count] += now in near[: int(count)]
    return {"windows": windows} | {count: round(hit / max(1, windows), 4) for count, hit in hits.items()}
