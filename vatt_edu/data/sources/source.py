"""A source as a value: its videos, their narration and captions, whatever the layout on disk."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from vatt_edu.data.text.captions import Line
from vatt_edu.errors import UserError

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
AUDIO_SUFFIXES = (".wav", ".flac", ".m4a", ".mp3", ".ogg")


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


class AdapterResult(NamedTuple):
    """What an adapter reads: the videos that are there, and the names of those that are listed and are not."""

    videos: list[Video]
    absent: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """A corpus.

    Attributes:
        name: For messages and logs.
        root: Its folder; the decoded cache is kept under ``root/cache``.
        videos: All videos that are there, of all splits, in a fixed order.
        absent: Names of videos that the annotations list and that are not on the disk.
    """

    name: str
    root: Path
    videos: tuple[Video, ...]
    absent: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many videos the annotations list that are not on the disk."""
        return len(self.absent)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits there are, in order of appearance."""
        return tuple(dict.fromkeys(video.split for video in self.videos))

    def clips(self, split: str) -> tuple[Video, ...]:
        """The videos of one split.

        Raises:
            UserError: If there is no such split; the message lists those there are.
        """
        clips = tuple(video for video in self.videos if video.split == split)
        if not clips:
            raise UserError(f"no split {split!r} in {self.root}; there are: {', '.join(self.splits)}")
        return clips

    def first(self, narrated: int) -> "Source":
        """The same with only the first so many of its narrated training videos; all of them if 0."""
        training = [video for video in self.videos if video.split == "train" and video.lines]
        left_out = set(map(id, training[narrated:] if narrated else ()))
        return replace(self, videos=tuple(video for video in self.videos if id(video) not in left_out))

    @property
    def texts(self) -> Iterator[str]:
        """Every line of the training split: what a vocabulary is trained on."""
        return (line.text for video in self.videos if video.split == "train" for line in video.lines)


def media_files(root: Path, suffixes: tuple[str, ...] = VIDEO_SUFFIXES) -> list[Path]:
    """Media files under ``root`` in a fixed order, without hidden names and without the decoded cache."""
    paths = []
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "cache")
        names = sorted(name for name in files if not name.startswith(".") and name.lower().endswith(suffixes))
        paths += [Path(folder, name) for name in names]
    return paths
