"""Sources: folders of videos with narration, whatever their layout, as one value.

``open_source`` finds out what a folder is (its ``source.json``, a prefix such as ``howto100m:DIR``, or else a plain
folder of videos with captions beside them) and hands it to one small adapter. Nothing is decoded here.
"""

import importlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from vatt_edu.data.text.captions import Line
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

__all__ = ["KINDS", "Line", "Source", "Video", "media_files", "open_source", "open_sources"]

KINDS = ("minitube", "howto100m", "audioset", "msrvtt", "kinetics", "esc50", "folder")
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


class Found(NamedTuple):
    """What an adapter found: the videos that are there, and the names of those that are listed and are not."""

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
        told = [video for video in self.videos if video.split == "train" and video.lines]
        kept = set(map(id, told[:narrated] if narrated else told))
        left_out = {id(video) for video in told} - kept
        return replace(self, videos=tuple(video for video in self.videos if id(video) not in left_out))

    @property
    def texts(self) -> Iterator[str]:
        """Every line of the training split: what a vocabulary is trained on."""
        return (line.text for video in self.videos if video.split == "train" for line in video.lines)


def open_source(spec: str | Path) -> Source:
    """The corpus called ``spec``: ``DIR``, or ``KIND:DIR`` with one of ``KINDS``, for example ``howto100m:DIR``.

    Raises:
        UserError: If there is no such directory, no video in it, or its annotations cannot be read.
    """
    prefix, colon, rest = str(spec).partition(":")
    kind, root = (prefix, Path(rest)) if colon and prefix in KINDS else ("", Path(spec))
    if not root.exists():
        raise UserError(f"no such directory: {root}")
    if not root.is_dir():
        raise UserError(f"{root} is a file: a source is a folder of videos")
    kind = kind or _kind_of(root)
    found: Found = importlib.import_module(f"vatt_edu.data.sources.adapters.{kind}").read(root)
    if not found.videos:
        listed = f" ({len(found.absent)} are listed, none of them is there)" if found.absent else ""
        raise UserError(f"empty corpus: no video in {root}{listed}; it was read as {kind}:DIR")
    return Source(root.resolve().name, root, tuple(found.videos), tuple(found.absent))


def _kind_of(root: Path) -> str:
    card = root / "source.json"
    if not card.exists():
        return "folder"
    value = read_json(card)
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in KINDS:
        raise UserError(f"{card}: kind is {kind!r}; there are: {', '.join(KINDS)}")
    return str(kind)


def open_sources(specs: Iterable[str]) -> list[tuple[Source, float]]:
    """Several corpora with their weights: ``SOURCE`` or ``SOURCE:WEIGHT`` each (weight 1 where none is given).

    Raises:
        UserError: As ``open_source``; or if there is none, or a weight is not positive.
    """
    sources = []
    if not (specs := list(specs)):
        raise UserError("no source of data: give at least one folder of videos, --data SOURCE")
    for spec in specs:
        name, colon, last = spec.rpartition(":")
        try:
            weight = float(last) if colon and not os.path.exists(spec) else 1.0
        except ValueError:
            name, weight = spec, 1.0
        else:
            name = name if colon and not os.path.exists(spec) else spec
        if not 0 < weight < float("inf"):
            raise UserError(f"{spec}: the weight of a source must be positive")
        sources.append((open_source(name), weight))
    return sources


def media_files(root: Path, suffixes: tuple[str, ...] = VIDEO_SUFFIXES) -> list[Path]:
    """Media files under ``root`` in a fixed order, without hidden names and without the decoded cache."""
    found = []
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "cache")
        names = sorted(name for name in files if not name.startswith(".") and name.lower().endswith(suffixes))
        found += [Path(folder, name) for name in names]
    return found
