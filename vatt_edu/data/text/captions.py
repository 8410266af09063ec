"""Lines of narration from files: HowTo100M's JSON, WebVTT, SubRip."""

import hashlib
import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError
from vatt_edu.files import read_json, read_text

SUFFIXES = (".vtt", ".srt", ".json")

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_CUE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}")


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


def identity(video_id: str, number: int) -> int:
    """The ``text_id`` of a video's line: 63 bits, never negative, the same on every machine."""
    digest = hashlib.blake2b(f"{video_id}\n{number}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def make_lines(video_id: str, rows: Iterable[tuple[float, float, str]]) -> tuple[Line, ...]:
    """Lines in order of time, without empty ones; a line's identity is its place among ``rows``."""
    lines = [
        Line(start, end, text.strip(), identity(video_id, number))
        for number, (start, end, text) in enumerate(rows)
        if text.strip()
    ]
    return tuple(sorted(lines, key=lambda line: (line.start, line.end)))


def read_captions(path: Path, video_id: str) -> tuple[Line, ...]:
    """The lines of one video from a ``.vtt``, ``.srt`` or ``.json`` file.

    Raises:
        UserError: If the file cannot be read as that.
    """
    if path.suffix.lower() == ".json":
        return make_lines(video_id, json_rows(read_json(path), str(path)))
    return make_lines(video_id, cue_rows(read_text(path), str(path)))


def json_rows(value: Any, where: str) -> list[tuple[float, float, str]]:
    """Starts, ends and texts from ``{"start": […], "end": […], "text": […]}`` or ``[{"start", "end", "text"}, …]``.

    Args:
        value: Parsed JSON.
        where: For messages.

    Raises:
        UserError: If it has another form, or a time is not a number of seconds.
    """
    keys = ("start", "end", "text")
    try:
        columns = [value[key] if isinstance(value, dict) else [row[key] for row in value] for key in keys]
        rows = [(float(start), float(end), str(text)) for start, end, text in zip(*columns, strict=True)]
    except (KeyError, TypeError, ValueError):
        raise UserError(f'{where}: expected {{"start": [s, …], "end": [s, …], "text": [line, …]}}') from None
    if not all(math.isfinite(start) and math.isfinite(end) for start, end, _ in rows):
        raise UserError(f"{where}: a start or an end is not a finite number of seconds")
    return rows


def cue_rows(text: str, where: str) -> list[tuple[float, float, str]]:
    """Starts, ends and texts of the cues of WebVTT or SubRip.

    Args:
        text: The file's text.
        where: For messages.

    Raises:
        UserError: If a cue's times cannot be read, or there is text but no cue.
    """
    rows: list[tuple[float, float, str]] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        if "-->" in lines[number]:
            match = _CUE.match(lines[number])
            if not match:
                raise UserError(f"{where}, line {number + 1}: not a cue's times: {lines[number].strip()[:60]!r}")
            words, number = _cue_text(lines, number + 1)
            rows.append((_seconds(match.groups()[:4]), _seconds(match.groups()[4:]), words))
        else:
            number += 1
    if not rows and text.strip() and not text.startswith("WEBVTT"):
        raise UserError(f"{where}: no cue in it (00:00:01.000 --> 00:00:04.000); mend or remove the file")
    return rows


def _cue_text(lines: Sequence[str], number: int) -> tuple[str, int]:
    words = []
    while number < len(lines) and lines[number].strip():
        words.append(html.unescape(_MARKUP.sub("", lines[number])).strip())
        number += 1
    return " ".join(words), number


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + float(f"0.{fraction}")


def nearest_lines(lines: Sequence[Line], center: float, count: int) -> list[Line]:
    """The ``count`` lines whose centers are nearest to a time; if there are fewer, the nearest is repeated.

    Args:
        lines: At least one.
        center: Seconds: the middle of the window.
        count: How many.
    """
    near = sorted(lines, key=lambda line: abs(line.center - center))[:count]
    return near + near[:1] * (count - len(near))
