"""A plain folder of videos, with captions beside them, or none.

The captions of ``talk.mp4`` are ``talk.vtt`` or another of the ``SUFFIXES``, also with a language (``talk.en.vtt``,
``talk.en-US.srt``) and what players add (``forced``, ``sdh``). If there are several, the first that has words is read:
without a language before English before any other, in the order of their names; then in that of the suffixes. A side
file of video2dataset is no narration: what it says is the caption of the whole clip.
"""

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from vatt_edu.data.sources.source import (
    VIDEO_SUFFIXES,
    AdapterResult,
    FileNote,
    Video,
    below,
    composed,
    media_names,
    unreadable,
    walk,
)
from vatt_edu.data.text.captions import SUFFIXES, read_captions, words_of
from vatt_edu.data.text.json_captions import clip_captions
from vatt_edu.errors import UserError
from vatt_edu.files import is_legacy, read_json

_KINDS = "forced|sdh|cc|default|auto|orig"
_LANGUAGE = re.compile(
    rf"(?P<name>.+?)(?:\.(?P<tag>(?!(?:{_KINDS})\b)[a-z]{{2,3}}(?:[-_][a-z0-9]+)*))?(?P<kind>(?:\.(?:{_KINDS}))*)", re.I
)
_ENGLISH = re.compile(r"(en|eng)(?P<more>[-_].*)?", re.IGNORECASE)


def read(root: Path) -> AdapterResult:
    """The videos under ``root``, all of the training split; an id is the path below ``root``.

    A file of captions that cannot be read leaves its video without words.
    """
    files, _ = walk(root)
    media = [path for path in files if path.name.lower().endswith(VIDEO_SUFFIXES)]
    reader = _CaptionReader(root)
    videos = [reader.video(path, captions) for path, captions in _beside(media, files).items()]
    return AdapterResult(videos, (), reader.others, reader.unreadable, reader.legacy, reader.captions)


def _beside(media: list[Path], files: list[Path]) -> dict[Path, list[Path]]:
    """The files of captions of each video, the best first."""
    videos: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in media:
        for name in media_names(path):
            videos[path.parent, name].append(path)
    beside: dict[Path, list[tuple[tuple[int, int, str, int, str], Path]]] = {path: [] for path in media}
    for path in files:
        if path.suffix.lower() in SUFFIXES:
            stem = composed(path.stem)
            match = _LANGUAGE.fullmatch(stem)
            name, tag, kind = (stem, "", "") if (path.parent, stem) in videos or not match else match.groups("")
            place = (_order(tag), len(kind), tag, SUFFIXES.index(path.suffix.lower()), stem)
            for video in videos.get((path.parent, name), ()):
                beside[video].append((place, path))
    return {path: [caption for _, caption in sorted(captions)] for path, captions in beside.items()}


def _order(tag: str) -> int:
    """No language, English, English of a country, any other."""
    english = _ENGLISH.fullmatch(tag)
    return 0 if not tag else 3 if not english else 2 if english["more"] else 1


class _CaptionReader:
    """Reads the first captions of each video that have words, and notes what becomes of the others."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.others: dict[Path, str] = {}
        self.unreadable: list[FileNote] = []
        self.legacy: list[str] = []
        self.captions: list[str] = []

    def video(self, path: Path, beside: list[Path]) -> Video:
        """The video of a file, with its narration or the caption of the whole clip."""
        name = path.relative_to(self.root).as_posix()
        video = Video(name, path)
        for captions in beside:
            if video.lines or video.captions:
                self.others.setdefault(captions, "other captions of its video are used")
                continue
            try:
                video = replace(video, lines=read_captions(captions, name))
                if not video.lines and captions.suffix.lower() == ".json":
                    video = replace(video, captions=tuple(filter(words_of, clip_captions(read_json(captions)))))
            except UserError as error:
                if captions not in self.others:
                    self.unreadable.append(unreadable(self.root, captions, error))
                self.others[captions] = ""
                continue
            if not video.lines and not video.captions:
                self.others[captions] = "no words in it"
                continue
            self.others[captions] = ""
            self.captions.append(below(self.root, captions))
            if video.captions:
                self.others[captions.with_suffix(".txt")] = ""  # the same caption, for other tools
            if not all(line.text.isascii() for line in video.lines) and is_legacy(captions):
                self.legacy.append(below(self.root, captions))
        return video
