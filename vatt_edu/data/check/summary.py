"""The check of a source as plain numbers and names: what ``check.json`` holds."""

import contextlib
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vatt_edu.data.check.decode import FileCheck
from vatt_edu.data.check.journal import check_files
from vatt_edu.data.check.mend import convert_text, rename, subtitle_note
from vatt_edu.data.check.verdict import PARTS, VERDICTS, contents, encoded, judge
from vatt_edu.data.sources.source import Source, Video, below, printable

COMPARED = 1 << 20
"""Bytes at the beginning and at the end of a file by which files of one size are compared."""


def check_source(
    source: Source, out: Path, seconds: float, workers: int, quiet: bool = False, again: bool = False
) -> dict[str, Any]:
    """Decodes every file of a source that ``out/check.jsonl`` does not know yet, and says what is wrong.

    Args:
        source: From ``open_source``.
        out: The folder of the journal; it is made.
        seconds: Length of a window.
        workers: Processes that decode.
        quiet: No progress bar.
        again: Files that the journal knows are compared with their checksums.

    Returns:
        ``source``, ``counts`` (of verdicts, of what files have, of faults), ``files`` (each with its verdict, the worst
        first), ``captions``, ``unused``, ``absent`` and ``duplicates``: all values plain. Times are in seconds.

    Raises:
        UserError: If ``out`` cannot be written.
    """
    files = sorted({video.path for video in source.videos})
    checks = check_files(source.root, files, out / "check.jsonl", workers, quiet, again)
    rows = _rows(source, checks, seconds)
    verdicts, faults = Counter(row["verdict"] for row in rows), Counter(kind for row in rows for kind in row["kinds"])
    return {
        "source": {"name": printable(source.name), "folder": printable(str(source.root)), "window": seconds},
        "counts": {
            "files": len(rows),
            "verdicts": {word: verdicts[word] for word in VERDICTS},
            "with": {
                "picture": sum(row["picture"] is not None for row in rows),
                "sound": sum(row["sound"] is not None for row in rows),
                "words": sum(row["words"] for row in rows),
            },
            "faults": dict(faults.most_common()),
        },
        "files": rows,
        "captions": _captions(source) + _subtitles(source, rows),
        "unused": _unused(source),
        "absent": list(source.absent),
        "duplicates": [[below(source.root, path) for path in group] for group in _duplicates(files)],
    }


def _rows(source: Source, checks: Mapping[Path, FileCheck], seconds: float) -> list[dict[str, Any]]:
    """A row a file, those first of which least can be used."""
    videos: dict[Path, list[Video]] = defaultdict(list)
    for video in source.videos:
        videos[video.path].append(video)
    parts = Counter(name for path, check in checks.items() for name in contents(check, videos[path]))
    expected = [name for name in PARTS if parts[name] > sum(not check.error for check in checks.values()) / 2]
    rows = []
    for path, check in checks.items():
        verdict = judge(path, check, videos[path], seconds, expected)
        usable = {
            name: round(track.usable, 2) if track else 0.0
            for name, track in (("picture", check.picture), ("sound", check.sound))
        }
        rows.append(
            {
                "file": below(source.root, path),
                "verdict": verdict.word,
                "why": verdict.why,
                "kinds": [fault.kind for fault in verdict.faults],
                "mend": verdict.command,
                "usable": usable,
                "words": "words" in contents(check, videos[path]),
                **asdict(check),
                "encode_anew": encoded(path, check) if check.obstacle else "",
            }
        )
    rows.sort(key=lambda row: (-VERDICTS.index(row["verdict"]), _share(row), row["file"]))
    return rows


def _share(row: Mapping[str, Any]) -> float:
    """How much of a file's length can be used, in picture and sound."""
    return sum(row["usable"].values()) / max(row["seconds"], 1e-3)


def _captions(source: Source) -> list[dict[str, str]]:
    """Files of captions that cannot be read, or whose letters are unsure."""
    rows = [{"file": note.file, "why": note.reason, "mend": ""} for note in source.unreadable]
    why = "not in UTF-8, and read as Windows-1252; if it is of another encoding, name that one"
    return rows + [{"file": name, "why": why, "mend": convert_text(source.root / name)} for name in source.legacy]


def _subtitles(source: Source, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Files with subtitles inside."""
    noted = []
    for row in rows:
        if row["subtitles"]:
            why, mend = subtitle_note(source.root / row["file"], row["subtitles"], row["words"])
            noted.append({"file": row["file"], "why": why, "mend": mend})
    return noted


def _unused(source: Source) -> list[dict[str, str]]:
    commands = rename(source)
    return [{"file": note.file, "why": note.reason, "mend": commands.get(note.file, "")} for note in source.unused]


def _duplicates(files: Sequence[Path]) -> list[list[Path]]:
    """Groups of files of one size whose first and last MiB are equal."""
    sizes: dict[int, list[Path]] = defaultdict(list)
    for path in files:
        if path.exists() and (size := path.stat().st_size):
            sizes[size].append(path)
    groups: dict[tuple[int, bytes], list[Path]] = defaultdict(list)
    for size, paths in sizes.items():
        for path in paths if len(paths) > 1 else ():
            with contextlib.suppress(OSError):  # that it cannot be read is among its faults
                groups[size, _digest(path, size)].append(path)
    return [group for group in groups.values() if len(group) > 1]


def _digest(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        digest = hashlib.blake2b(file.read(COMPARED))
        file.seek(max(0, size - COMPARED))
        digest.update(file.read(COMPARED))
    return digest.digest()
