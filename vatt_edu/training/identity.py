"""What a run's data is, wherever it lies: a folder that was moved, or is spelled otherwise, is the same data."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vatt_edu.data.sources.open import open_sources
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError

WeightedSource = tuple[Source, float]


def identity(source: Source, weight: float) -> dict[str, Any]:
    """A source as ``config.json`` records it: how many training videos, digests of its files and of their captions.

    A file is its name below the source and its size, so that a copy is equal; other splits do not count.

    Args:
        source: Its training videos are looked at.
        weight: Its share.
    """
    training = [video for video in source.videos if video.split == "train"]
    files = [
        f"{_below(source.root, video.path)}\n{_size(video.path)}\n{video.start}\n{video.end}" for video in training
    ]
    lines = ["\n".join(f"{line.start}\n{line.end}\n{line.text}" for line in video.lines) for video in training]
    return {"weight": weight, "videos": len(training), "files": _digest(files), "captions": _digest(lines)}


def require_same_data(out: Path, record: dict[str, Any], sources: Sequence[WeightedSource]) -> None:
    """Makes sure that the run in ``out`` was trained on these sources.

    Args:
        out: The run, for the message.
        record: What its ``config.json`` says; one of an older version knows no more than the folders' names.
        sources: What is to be trained on.

    Raises:
        UserError: If they differ; the message says in what.
    """
    before = record.get("sources")
    if before is None:
        difference = "" if _same_folders(record["data"], sources) else "other folders"
    elif len(before) != len(sources):
        difference = f"{len(before)} sources there, {len(sources)} here"
    else:
        pairs = zip(before, sources, strict=True)
        difference = next((text for one, (source, weight) in pairs if (text := _difference(one, source, weight))), "")
    if difference:
        raise UserError(
            f"{out} holds a run on other data ({', '.join(record['data'])}): {difference}; choose another --out"
        )


def _difference(before: dict[str, Any], source: Source, weight: float) -> str:
    """The first field that differs, as the user knows it."""
    here = identity(source, weight)
    for name in ("weight", "videos"):
        if before.get(name) != here[name]:
            return f"data.{name} of {source.root} is {here[name]}, there it was {before.get(name)}"
    for name, what in (("files", "names or sizes of the files"), ("captions", "captions")):
        if before.get(name) != here[name]:
            return f"data.{name} of {source.root} differ ({what})"
    return ""


def _same_folders(data: Sequence[str], sources: Sequence[WeightedSource]) -> bool:
    try:
        theirs = open_sources(data)
    except UserError:
        return False
    places = [[(source.root.resolve(), weight) for source, weight in pairs] for pairs in (theirs, sources)]
    return places[0] == places[1]


def _below(root: Path, path: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _digest(rows: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        digest.update(os.fsencode(row + "\0"))
    return digest.hexdigest()
