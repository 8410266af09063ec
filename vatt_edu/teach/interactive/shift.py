"""Narration that is early or late: which lines a window gets, and how often one of them is about what is seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import traitlets

from vatt_edu.data.text.captions import Line, nearest_lines
from vatt_edu.teach.interactive.base import Live

CANDIDATES = (1, 4)


@dataclass(frozen=True)
class NarratedVideo:
    """A narrated video as its ground truth knows it.

    Attributes:
        lines: In order of time.
        about: For each line, the step it is about, -1 for one about nothing.
        steps: Start and end of each step in seconds, and what happens in it.
    """

    lines: Sequence[Line]
    about: Sequence[int]
    steps: Sequence[tuple[float, float, str]]

    @classmethod
    def of(cls, video: dict[str, Any], narration: Sequence[dict[str, Any]] | None = None) -> "NarratedVideo":
        """From MiniTube's annotation of a video; if given, with narration that was drawn anew."""
        rows = sorted(video["narration"] if narration is None else narration, key=lambda row: row["start"])
        lines = [Line(row["start"], row["end"], row["text"], number) for number, row in enumerate(rows)]
        steps = [(step["start"], step["end"], step["action"]) for step in video["steps"]]
        return cls(lines, [row["step"] for row in rows], steps)

    def later(self, offset: float) -> list[Line]:
        """The lines ``offset`` seconds later."""
        return [replace(line, start=line.start + offset, end=line.end + offset) for line in self.lines]

    def near(self, center: float, offset: float, count: int) -> list[int]:
        """Numbers of the lines that a window gets (``nearest_lines``)."""
        lines = self.later(offset)
        return [lines.index(line) for line in nearest_lines(lines, center, count)]

    def fits(self, center: float, offset: float, count: int) -> bool:
        """Whether one of them is about the step at the window's center."""
        now = next((n for n, (start, end, _) in enumerate(self.steps) if start <= center < end), -2)
        return any(self.about[n] == now for n in self.near(center, offset, count))


def fitting_share(videos: Sequence[NarratedVideo], offset: float, count: int, every: float = 1.0) -> float:
    """The share of windows of which one of the ``count`` nearest lines is about what is seen.

    Args:
        videos: Narrated videos.
        offset: By which all lines come later, seconds.
        count: Candidates of a window.
        every: Seconds between two windows' centers.
    """
    fits = []
    for video in videos:
        length = video.steps[-1][1]
        centers = [every * (n + 0.5) for n in range(int(length / every))]
        fits += [video.fits(center, offset, count) for center in centers]
    return sum(fits) / len(fits)


class Shift(Live):
    """One video's steps and lines, a window to move, and a slider that makes all narration early or late.

    Inputs: ``offset`` and ``center``, seconds. Outputs: ``near``, the numbers of the lines that the window gets, and
    ``shares``, for each of ``CANDIDATES`` the share of all windows that have a fitting line.
    """

    script = "shift.js"
    lines: Any = traitlets.List().tag(sync=True)
    about: Any = traitlets.List().tag(sync=True)
    steps: Any = traitlets.List().tag(sync=True)
    candidates: Any = traitlets.List(list(CANDIDATES)).tag(sync=True)
    offset = traitlets.Float(0.0).tag(sync=True)
    center = traitlets.Float(14.0).tag(sync=True)
    near: Any = traitlets.List().tag(sync=True)
    shares: Any = traitlets.List().tag(sync=True)

    def __init__(self, video: NarratedVideo, videos: Sequence[NarratedVideo], offsets: Sequence[float]) -> None:
        """Makes the figure.

        Args:
            video: The one that is drawn.
            videos: Those whose windows are counted.
            offsets: Of the slider, seconds.
        """
        self._video, self._videos = video, videos
        rows = [[round(fitting_share(videos, offset, count), 4) for count in CANDIDATES] for offset in offsets]
        super().__init__(
            lines=[[line.center, line.text] for line in video.lines], about=list(video.about),
            steps=[list(step) for step in video.steps], table={"offsets": list(offsets), "shares": rows},
        )  # fmt: skip
        self.observe(self._choose, ["offset", "center"])
        self._choose()

    def _choose(self, change: Any = None) -> None:
        self.near = self._video.near(self.center, self.offset, max(CANDIDATES))
        if change is None or change["name"] == "offset":
            self.shares = [round(fitting_share(self._videos, self.offset, count), 4) for count in CANDIDATES]
