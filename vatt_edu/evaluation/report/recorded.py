"""What ``results/`` holds beside this run: other seeds of the presets, each departure from the release taken alone."""

import json
import statistics
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from vatt_edu.evaluation.report import drawing
from vatt_edu.evaluation.report.drawing import Curve, percent
from vatt_edu.pages import Cell, row, table

RESULTS = Path(__file__).resolve().parents[3] / "results"
DIRECTIONS = ("text_to_video", "video_to_audio")
FIRST = ("toy", "plain")  # shown on all their splits
ELSEWHERE = ("scoreboard",)  # shown on pages of its own


def experiment_tables(results: Path = RESULTS, split: str = "test_iid") -> str:
    """A table for each recorded experiment on the toy: R@5 each way, the median of its seeds and their range.

    Args:
        results: The folder.
        split: Of the runs that are compared; the seeds of the presets show all of theirs.
    """
    parts = []
    paths = {path.stem: path for pattern in ("*.json", "gpu/*.json") for path in results.glob(pattern)}
    others = sorted(name for name in paths if name not in FIRST + ELSEWHERE)
    for name in (*(name for name in FIRST if name in paths), *others):
        path = paths[name]
        content = json.loads(path.read_text(encoding="utf-8"))
        if "question" in content:  # of an experiment
            parts.append(_table(content, None if name in FIRST else split))
    return "".join(parts) or "<p>None recorded: <code>vatt experiment NAME</code> makes them.</p>"


def _table(results: dict[str, Any], only: str | None) -> str:
    rows = [
        row(f"{label}: {split}" if only is None else label, [steps, *cells])
        for label, split, steps, cells in _rows(results["rows"])
        if only in (None, split)
    ]
    seeds, where = len(results["seeds"]), f", {only}" if only else ""
    caption = f"{results['question']} R@5, median of {seeds} seed{'s' if seeds > 1 else ''}{where}"
    made = f"<p><small>{escape(results['command'])}, commit {results['commit']}</small></p>"
    scores = table(["", "steps", "text → video, %", "video → audio, %"], rows, caption)
    return scores + (_curve(results["rows"][0]) if results["name"] == "plain" else "") + made


def _curve(one: dict[str, Any]) -> str:
    """The losses of the model as released, whatever they do."""
    steps, nce, mil_nce = zip(*one["curve"], strict=True)
    return drawing.chart(
        f"Losses of {one['label']}",
        steps,
        [Curve("NCE, video and audio", nce, "audio"), Curve("MIL-NCE, video and text", mil_nce, "text", "6 3")],
        f"Losses of {one['label']} over {steps[-1]:,.0f} steps: NCE from {nce[0]:.2f} to {nce[-1]:.2f}, "
        f"MIL-NCE from {mil_nce[0]:.2f} to {mil_nce[-1]:.2f}.",
    )


def _rows(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, int, list[Cell]]]:
    for label in dict.fromkeys(one["label"] for one in rows):
        runs = [one for one in rows if one["label"] == label]
        for split in runs[0]["metrics"]:
            cells = []
            for direction in DIRECTIONS:
                values = [one["metrics"][split][direction]["R@5"] for one in runs]
                spread = [min(values), max(values)] if len(values) > 1 else None
                cells.append(percent(statistics.median(values), spread))
            yield label, split, runs[0]["steps"], cells
