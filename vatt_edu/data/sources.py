"""Sources: folders of videos with narration, whatever their layout, as one value.

``open_source`` finds out what a folder is (its ``source.json``, a prefix such as ``howto100m:DIR``, or else a plain
folder of videos with captions beside them) and hands it to one small adapter. Nothing is decoded here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One line of narration: seconds in its video, the words, and its identity (stable over runs and machines)."""

    start: float
    end: float
    text: str
    text_id: int

    @property
    def center(self) -> float:
        """Seconds."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Video:
    """One media file, or a part of one.

    Attributes:
        id: Unique within its source.
        path: The file.
        lines: Narration in order of time; empty: text-free.
        split: Only ``"train"`` is trained on.
        captions: Descriptions of the whole clip, for evaluation; the first is the one retrieval uses.
        labels: Class names, where the set has them.
        start: Where the usable part begins, seconds.
        end: Where it ends; None: the end of the file.
    """

    id: str
    path: Path
    lines: tuple[Line, ...] = ()
    split: str = "train"
    captions: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    start: float = 0.0
    end: float | None = None

    @property
    def caption(self) -> str:
        """The first caption, empty where there is none."""
        return self.captions[0] if self.captions else ""


@dataclass(frozen=True)
class Source:
    """A corpus.

    Attributes:
        name: For messages and logs.
        root: Its folder; the decoded cache is kept under ``root/cache``.
        videos: All videos that are there, of all splits, in a fixed order.
        missing: How many videos the annotations list that are not on the disk.
    """

    name: str
    root: Path
    videos: tuple[Video, ...]
    missing: int = 0

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits there are, in order of appearance."""
        return tuple(dict.fromkeys(video.split for video in self.videos))

    def clips(self, split: str) -> tuple[Video, ...]:
        """The videos of one split.

        Raises:
            UserError: If there is no such split; the message lists those there are.
        """
        raise NotImplementedError

    @property
    def texts(self) -> Iterable[str]:
        """Every line of the training split: what a vocabulary is trained on."""
        return (line.text for video in self.videos if video.split == "train" for line in video.lines)


def open_source(spec: str | Path) -> Source:
    """The corpus called ``spec``: ``DIR``, or ``howto100m:DIR``, ``audioset:DIR``, ``folder:DIR``, ``minitube:DIR``.

    Raises:
        UserError: If there is no such directory, no video in it, or its annotations cannot be read.
    """
    raise NotImplementedError


def open_sources(specs: Iterable[str]) -> list[tuple[Source, float]]:
    """Several corpora with their weights: ``SOURCE`` or ``SOURCE:WEIGHT`` each (weight 1 where none is given).

    Raises:
        UserError: As ``open_source``; or if a weight is not positive.
    """
    raise NotImplementedError
