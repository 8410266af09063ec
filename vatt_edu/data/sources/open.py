"""Opens a folder of videos, whatever its layout, as a ``Source``.

``open_source`` finds out what a folder is (its ``source.json``, a prefix such as ``howto100m:DIR``, or else a plain
folder of videos with captions beside them) and hands it to one small adapter. Nothing is decoded here.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from vatt_edu.data.sources.adapters import audioset, esc50, folder, howto100m, kinetics, minitube, msrvtt
from vatt_edu.data.sources.source import AUDIO_SUFFIXES, AdapterResult, Source, media_files
from vatt_edu.data.text.captions import SUFFIXES, json_rows, read_captions
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
    kind, root = (prefix, Path(rest)) if colon and prefix in ADAPTERS else ("", Path(spec))
    if not root.exists():
        raise UserError(f"no such directory: {root}")
    if not root.is_dir():
        raise UserError(f"{root} is a file: a source is a folder of videos")
    kind = kind or _kind_of(root)
    videos, absent = ADAPTERS[kind](root)
    if not videos:
        hint = f" ({len(absent)} are listed, none of them is there)" if absent else ""
        if sounds := media_files(root, AUDIO_SUFFIXES):
            hint += f" (the {len(sounds)} files of sound alone are not read: every loss needs a picture)"
        raise UserError(f"empty corpus: no video in {root}{hint}; it was read as {kind}:DIR")
    return Source(root.resolve().name, root, tuple(videos), tuple(absent))


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


def caption_texts(places: Iterable[str]) -> Iterator[str]:
    """Every line of narration in some sources or files.

    Args:
        places: Sources as ``open_source`` takes them, files of captions, or ``.txt`` files of plain text.

    Raises:
        UserError: If one of them cannot be read.
    """
    for place in places:
        path = Path(place)
        if not path.is_file():
            yield from open_source(place).texts
        elif path.suffix.lower() == ".txt":
            yield from read_text(path).splitlines()
        elif path.suffix.lower() == ".json":
            yield from _json_texts(read_json(path), str(path))
        elif path.suffix.lower() in SUFFIXES:
            yield from (line.text for line in read_captions(path, path.stem))
        else:
            raise UserError(f"{path} holds no captions that are read: give .txt or {', '.join(SUFFIXES)}, or a source")


def _json_texts(value: Any, where: str) -> Iterator[str]:
    """Texts of one video's captions, or of many by video (HowTo100M's ``caption.json``)."""
    many = isinstance(value, dict) and not {"start", "end", "text"} <= set(value)
    for name, one in value.items() if many else [("", value)]:
        yield from (text for _, _, text in json_rows(one, f"{where}: {name}" if many else where))
