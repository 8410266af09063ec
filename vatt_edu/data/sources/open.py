"""Opens a folder of videos, whatever its layout, as a ``Source``.

``open_source`` finds out what a folder is (its ``source.json``, a prefix such as ``howto100m:DIR``, or else a plain
folder of videos with captions beside them) and hands it to one small adapter. Nothing is decoded here.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from vatt_edu.data.sources.adapters import audioset, esc50, folder, howto100m, kinetics, minitube, msrvtt
from vatt_edu.data.sources.source import (
    AUDIO_SUFFIXES,
    VIDEO_SUFFIXES,
    AdapterResult,
    FileNote,
    Source,
    below,
    walk,
)
from vatt_edu.data.text.captions import SUFFIXES, read_captions, words_of
from vatt_edu.data.text.json_captions import is_side_file, json_rows
from vatt_edu.errors import UserError
from vatt_edu.files import read_json, read_text

ADAPTERS: dict[str, Callable[[Path], AdapterResult]] = {
    "minitube": minitube.read,
    "howto100m": howto100m.read,
    "audioset": audioset.read,
    "msrvtt": msrvtt.read,
    "kinetics": kinetics.read,
    "esc50": esc50.read,
    "folder": folder.read,
}
"""The layouts that are read, by the word before the colon."""
OWN = ("source.json", "card.html", "check.html", "check.json", "check.jsonl")
"""What this library keeps beside videos."""


def open_source(spec: str | Path) -> Source:
    """The corpus called ``spec``: ``DIR``, or ``KIND:DIR`` with one of ``ADAPTERS``, for example ``howto100m:DIR``.

    >>> from vatt_edu.data import open_source
    >>> from vatt_edu.samples import SAMPLES
    >>> corpus = open_source(SAMPLES / "minitube")
    >>> corpus.splits
    ('train', 'test_bg', 'test_comp', 'test_iid')
    >>> corpus.clips("test_iid")[0].caption
    'tap the small yellow rubber triangle five times'

    Raises:
        UserError: If there is no such directory, no video in it, or its annotations cannot be read.
    """
    prefix, colon, rest = str(spec).partition(":")
    named = colon and prefix in ADAPTERS and not Path(spec).is_dir()  # a folder may be called howto100m:DIR
    kind, root = (prefix, Path(rest)) if named else ("", Path(spec))
    if not root.exists():
        raise UserError(f"no such directory: {root}")
    if not root.is_dir():
        raise UserError(f"{root} is a file: a source is a folder of videos")
    kind = kind or _kind_of(root)
    result = ADAPTERS[kind](root)
    unused = () if kind == "minitube" else _unused(root, result, kind)  # whatever lies there is ours
    source = Source(root.resolve().name, root, tuple(result.videos), tuple(result.absent), unused,
                    tuple(result.unreadable), tuple(result.legacy), tuple(result.caption_files))  # fmt: skip
    if not source.videos:
        hint = f" ({source.missing} are listed, none of them is there)" if source.missing else ""
        others = f". {source.notes[-1]}" if unused else ""
        raise UserError(f"empty corpus: no video in {root}{hint}; it was read as {kind}:DIR{others}")
    return source


def _unused(root: Path, result: AdapterResult, kind: str) -> tuple[FileNote, ...]:
    """The files under ``root`` that nothing was read from, and why."""
    files, notes = walk(root)
    videos = {video.path for video in result.videos}
    for path in files:
        if path not in videos and path.name not in OWN:
            reason = result.others.get(path, _sort_of(path, kind))
            notes += [FileNote(below(root, path), reason)] if reason else []
    return tuple(notes)


def _sort_of(path: Path, kind: str) -> str:
    """Why a file that an adapter does not know of is not used."""
    name = path.name.lower()
    if kind != "folder" and name.endswith((*VIDEO_SUFFIXES, *AUDIO_SUFFIXES)):
        return "not listed by the annotations"
    if name.endswith(AUDIO_SUFFIXES):
        return "sound alone, read in audioset:DIR and esc50:DIR only"
    if kind == "folder" and name.endswith(SUFFIXES) and not name.endswith((".info.json", ".live_chat.json")):
        return "no video of that name" if name.endswith(".json") else "captions without a video of that name"
    return "neither video nor captions that are read" if kind == "folder" else f"nothing that {kind}:DIR reads"


def _kind_of(root: Path) -> str:
    card = root / "source.json"
    if not card.exists():
        return "folder"
    value = read_json(card)
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in ADAPTERS:
        raise UserError(f"{card}: kind is {kind!r}; there are: {', '.join(ADAPTERS)}")
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


def caption_texts(places: Iterable[str], notes: list[str] | None = None) -> Iterator[str]:
    """Every line of narration in some sources or files.

    Args:
        places: Sources as ``open_source`` takes them, files of captions, or ``.txt`` files of plain text.
        notes: Gets what the user should know of the sources.

    Raises:
        UserError: If one of them cannot be read.
    """
    for place in places:
        path = Path(place)
        if not path.is_file():
            source = open_source(place)
            if notes is not None:
                notes += source.notes
            yield from source.texts
        elif path.suffix.lower() == ".txt":
            yield from read_text(path).splitlines()
        elif path.suffix.lower() in (".json", ".json3"):
            yield from _json_texts(read_json(path), str(path))
        elif path.suffix.lower() in SUFFIXES:
            yield from (line.text for line in read_captions(path, path.stem))
        else:
            raise UserError(f"{path} holds no captions that are read: give .txt or {', '.join(SUFFIXES)}, or a source")


def _json_texts(value: Any, where: str) -> Iterator[str]:
    """Texts of one video's captions, or of many by video (HowTo100M's ``caption.json``)."""
    many = is_side_file(value) and any(_is_narration(one) for one in value.values())
    for name, one in value.items() if many else [("", value)]:
        rows = json_rows(one, f"{where}: {name}" if many else where)
        yield from (words for _, _, text in rows if (words := words_of(text)))


def _is_narration(value: Any) -> bool:
    """Whether a value within JSON has the form of captions of a video."""
    rows = isinstance(value, list) and value and isinstance(value[0], dict) and value[0].keys() >= {"start", "text"}
    return bool(rows) or (isinstance(value, dict) and not is_side_file(value))
