"""The journal of a check, ``check.jsonl``: a line for each file, appended when it is done, so that it is done once.

A line counts as long as its file has the size and the time of then. A kill leaves half a line at most, which is no
line. Bytes that a disk or a copy has changed leave both as they were: each line also has a checksum, which is compared
where that is asked for.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vatt_edu.data.check.decode import FileCheck, check_file, checksum
from vatt_edu.data.sources.source import below
from vatt_edu.data.workers import run_all
from vatt_edu.files import writing

VERSION = 2
"""Of what is checked: a line of another one is done again."""


def check_files(
    root: Path, files: Sequence[Path], journal: Path, workers: int, quiet: bool = False, again: bool = False
) -> dict[Path, FileCheck]:
    """What decoding shows of each file, from the journal where it is there, and then also in the journal.

    Args:
        root: The folder that names in the journal start from.
        files: Below ``root``.
        journal: The file to read, and to append to.
        workers: Processes that decode, at least 1.
        quiet: No progress bar.
        again: The bytes of files in the journal are read, too; those whose checksum is another one are rotten.

    Raises:
        UserError: If the journal cannot be written.
    """
    stamps = {path: _stamp(root, path) for path in files}
    entries = dict(_entries(journal))
    checks = {path: entries[stamp] for path, stamp in stamps.items() if stamp in entries}
    former: dict[Path, FileCheck] = {}
    if again:
        for path, crc in run_all(checksum, list(checks), max(1, workers), "compare", quiet):
            rotten = crc != checks[path].checksum
            if checks[path].checksum is not None and rotten != checks[path].rotten:
                former[path] = replace(checks.pop(path), rotten=rotten)
    waiting = [path for path in files if path not in checks]
    with writing(journal), journal.open("ab") as lines:
        if lines.tell():
            lines.write(b"\n")  # the last line may be half a one
        for path, outcome in run_all(check_file, waiting, max(1, workers), "check", quiet):
            check = FileCheck(error=outcome) if isinstance(outcome, str) else outcome
            if path in former:
                check = replace(check, checksum=former[path].checksum, rotten=former[path].rotten)
            lines.write(json.dumps([*stamps[path], asdict(check)]).encode() + b"\n")
            lines.flush()
            checks[path] = check
    return {path: checks[path] for path in files}


def _stamp(root: Path, path: Path) -> tuple[int, str, int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return VERSION, below(root, path), 0, 0
    return VERSION, below(root, path), stat.st_size, stat.st_mtime_ns


def _entries(journal: Path) -> Iterator[tuple[Any, FileCheck]]:
    if not journal.exists():
        return
    for line in journal.read_bytes().splitlines():
        try:
            *stamp, value = json.loads(line)
            yield tuple(stamp), FileCheck.from_json(value)
        except (ValueError, TypeError, KeyError):
            continue
