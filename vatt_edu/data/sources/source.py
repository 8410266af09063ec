"""A source as a value: its videos, their narration and captions, whatever the layout on disk, and what is not used."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from vatt_edu.data.text.captions import Line
from vatt_edu.errors import UserError

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".flv", ".f4v",
    ".wmv", ".asf", ".3gp", ".3g2", ".ogv", ".vob", ".mxf",
)  # fmt: skip
AUDIO_SUFFIXES = (
    ".wav", ".flac", ".m4a", ".mp3", ".ogg", ".oga", ".opus", ".aac", ".wma", ".aiff", ".aif", ".mka",
)  # fmt: skip
_MERGED = re.compile(rf"({'|'.join(map(re.escape, (*VIDEO_SUFFIXES, *AUDIO_SUFFIXES)))})$", re.IGNORECASE)
_YOUTUBE = re.compile(r"\[([\w-]{11})\]$")
_NAMED, _SORTS = 3, 8
"""So many files of a sort are named in a line, and so many sorts."""


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


class FileNote(NamedTuple):
    """A file, by its path below its source, and why it is not used or cannot be read."""

    file: str
    reason: str

    @property
    def line(self) -> str:
        """Both."""
        return f"{self.file}{', ' if self.reason.startswith(('line ', 'row ')) else ': '}{self.reason}"


class AdapterResult(NamedTuple):
    """What an adapter reads.

    Attributes:
        videos: Those that are there.
        absent: Names of those that are listed and are not there.
        others: What the adapter did with further files: nothing where they were read, else why they were not.
        unreadable: Files of captions that could not be read.
        legacy: Files of captions that were read as Windows-1252.
        caption_files: Files of captions, one for each video that has its own.
    """

    videos: list[Video]
    absent: Sequence[str] = ()
    others: Mapping[Path, str] = MappingProxyType({})
    unreadable: Sequence[FileNote] = ()
    legacy: Sequence[str] = ()
    caption_files: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """A corpus.

    Attributes:
        name: For messages and logs.
        root: Its folder; the decoded cache is kept under ``root/cache``.
        videos: All videos that are there, of all splits, in a fixed order.
        absent: Names of videos that the annotations list and that are not on the disk.
        unused: Files that are neither a video of this source nor were read for one.
        unreadable: Files of captions that could not be read; their videos have none.
        legacy: Files of captions that are not in UTF-8, and were read as Windows-1252.
        caption_files: Files of captions beside videos that were read.
    """

    name: str
    root: Path
    videos: tuple[Video, ...]
    absent: tuple[str, ...] = ()
    unused: tuple[FileNote, ...] = ()
    unreadable: tuple[FileNote, ...] = ()
    legacy: tuple[str, ...] = ()
    caption_files: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many videos the annotations list that are not on the disk."""
        return len(self.absent)

    @property
    def notes(self) -> list[str]:
        """What the user should know of the files, a line each: captions, unused, not to be read, of unsure letters."""
        notes, root = [], printable(str(self.root))
        if self.caption_files:
            counts = Counter(Path(name).suffix.lower() for name in self.caption_files)
            suffixes = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common())
            notes.append(f"{root}: {_are(self.caption_files, ' of captions')} read: {suffixes}")
        if self.unused:
            files = sorted(self.unused, key=_sort)  # of one sort: the same reason and suffix
            sorts = [(*sort, [note.file for note in group]) for sort, group in groupby(files, _sort)]
            sorts.sort(key=lambda sort: -len(sort[2]))
            parts = [f"{len(names)} {suffix}, {reason} ({_first(names)})" for reason, suffix, names in sorts[:_SORTS]]
            more = "; …" if len(sorts) > _SORTS else ""
            notes.append(f"{root}: {_are(files)} not used: {'; '.join(parts)}{more}")
        if self.unreadable:
            lines = "; ".join([note.line for note in self.unreadable[:10]] + ["…"] * (len(self.unreadable) > 10))
            notes.append(f"{root}: {_are(self.unreadable, ' of captions')} left out, because unreadable: {lines}")
        if self.legacy:
            notes.append(
                f"{root}: {_are(self.legacy, ' of captions')} not in UTF-8, and read as Windows-1252 "
                f"({_first(self.legacy)}); if that is wrong, convert: iconv -f ENCODING -t UTF-8"
            )
        return notes

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


def _sort(note: FileNote) -> tuple[str, str]:
    return note.reason, Path(note.file).suffix.lower() or "without suffix"


def _are(files: Sequence[object], of: str = "") -> str:
    return f"1 file{of} is" if len(files) == 1 else f"{len(files):,} files{of} are"


def _first(names: Sequence[str], count: int = _NAMED) -> str:
    return ", ".join([*names[:count], *(["…"] if len(names) > count else [])])


def printable(name: str) -> str:
    r"""A file's name as any terminal and any JSON takes it: bytes that are no UTF-8 become ``\\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def below(root: Path, path: Path) -> str:
    """The path of a file below a folder, to be printed."""
    return printable(path.relative_to(root).as_posix())


def unreadable(root: Path, path: Path, error: UserError) -> FileNote:
    """Why a file below ``root`` could not be read: the error's words without its name."""
    name = str(path)
    reason = str(error)
    for part in (f"{name}, ", f"{name}: ", f" {name}"):
        reason = reason.replace(part, "")
    return FileNote(below(root, path), printable(reason))


def walk(root: Path) -> tuple[list[Path], list[FileNote]]:
    """All files under ``root`` in a fixed order, without hidden names and without the decoded cache.

    Links are followed. What is no file (a link to nothing, a pipe), a folder that may not be read, and a link to a
    folder around it come second.
    """
    files: list[Path] = []
    notes: list[FileNote] = []
    waiting: list[tuple[Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
    while waiting:
        folder, around = waiting.pop()
        try:
            status = folder.stat()
            names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
        except OSError as error:
            notes.append(FileNote(below(root, folder), f"the folder cannot be read, {error.strerror}"))
            continue
        here = (status.st_dev, status.st_ino)
        if here in around:
            notes.append(FileNote(below(root, folder), "a link to a folder around it"))
            continue
        folders = []
        for name in names:
            path = folder / name
            if path.is_dir():
                folders.append(path)
            elif path.is_file():
                files.append(path)
            else:
                kind = "a link to nothing" if path.is_symlink() else "no plain file"
                notes.append(FileNote(below(root, path), kind))
        waiting += [(path, around | {here}) for path in reversed(folders) if path != root / "cache"]
    return files, notes


def media_files(root: Path, suffixes: tuple[str, ...] = VIDEO_SUFFIXES) -> list[Path]:
    """Media files under ``root`` in a fixed order, without hidden names and without the decoded cache."""
    return [path for path in walk(root)[0] if path.name.lower().endswith(suffixes)]


def composed(name: str) -> str:
    """A name with composed accents: file systems differ in how they keep them."""
    return unicodedata.normalize("NFC", name)


def media_names(path: Path) -> list[str]:
    """Names under which captions and tables may know a media file, the best first.

    ``a``, ``a.mp4`` for ``a.mp4``; ``a``, too, for ``a.mp4.webm`` (a download that was merged), and the id for
    ``any title [id].mp4`` (11 letters, of YouTube).
    """
    name = composed(path.name)
    stem = composed(path.stem)
    names = [stem, _MERGED.sub("", stem), name]
    return list(dict.fromkeys([*names, *_YOUTUBE.findall(names[1])]))


def media_by_name(root: Path, suffixes: tuple[str, ...] = VIDEO_SUFFIXES) -> tuple[dict[str, Path], dict[Path, str]]:
    """Media files by the names that tables know them by; those whose name another one has, too, and why it is not used.

    Of two files of one name the last is used.
    """
    paths = media_files(root, suffixes)
    files = {composed(path.stem): path for path in paths}
    for path in paths:
        for name in media_names(path):
            files.setdefault(name, path)
    doubles = {path: "another file of its name is used" for path in paths if files[composed(path.stem)] != path}
    return files, doubles
