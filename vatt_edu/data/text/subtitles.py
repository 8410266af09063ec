"""Captions in the formats of players and of Whisper: starts and ends in seconds, and texts.

pysubs2 reads Advanced SubStation, MicroDVD and SAMI. It has nothing for lyrics and Whisper's tables, and fails on TTML
whose lines have a duration in place of an end: those are read here.
"""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from vatt_edu.errors import UserError, missing

Rows = list[tuple[float, float, str]]

LAST = 4.0
"""Seconds that the last line of lyrics lasts: the format has no ends."""

# pysubs2's own ``plaintext`` and ``is_drawing`` take time by the square of a damaged line.
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_DRAWING = re.compile(r"\\p[1-9]")
_LYRIC = re.compile(r"\s*\[(\d{1,6}):(\d{1,2})(?:[.:](\d{1,9}))?\]")
_CLOCK = re.compile(r"\s*(\d{1,6}(?::\d{1,6}){0,2}(?:\.\d{1,20})?)(?::(\d{1,6}))?\s*")
_OFFSET = re.compile(r"\s*\[offset:\s*([+-]?\d{1,9})\s*\]", re.IGNORECASE)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def pysubs2_rows(name: str) -> Callable[[str, str], Rows]:
    """A reader of the format that pysubs2 calls ``name``."""

    def rows(text: str, where: str) -> Rows:
        try:
            import pysubs2
        except ModuleNotFoundError:
            raise missing("pysubs2", "data") from None
        try:
            events = pysubs2.SSAFile.from_string(text, format_=name).events
        except pysubs2.UnknownFPSError:
            raise UserError(f"{where}: it counts frames and names no rate; make its first line {{1}}{{1}}25") from None
        except Exception as error:  # whatever a damaged file makes of its parser
            raise UserError(
                f"{where}: not read as {name} ({' '.join(str(error).split())[:80]}); mend or remove it"
            ) from None
        if not events and text.strip() and "[events]" not in text.lower():
            raise UserError(f"{where}: no line of {name} in it; mend or remove the file")
        spoken = [e for e in events if not e.is_comment and not _DRAWING.search(e.text)]
        texts = [_OVERRIDE.sub("", e.text).replace("\\N", "\n").replace("\\n", " ") for e in spoken]
        return [(e.start / 1000, e.end / 1000, text) for e, text in zip(spoken, texts, strict=True)]

    return rows


def table_rows(text: str, where: str) -> Rows:
    """Whisper's table: ``start``, ``end``, ``text`` with tabs between; whole numbers are milliseconds, else seconds."""
    rows: Rows = []
    for number, line in enumerate(text.split("\n"), 1):
        cells = line.split("\t", 2)
        if not line.strip() or (number == 1 and not cells[0].strip().lstrip("-")[:1].isdigit()):
            continue
        try:
            start, end = (float(cell) / (1 if "." in cell else 1000) for cell in cells[:2])
            rows.append((start, end, cells[2] if len(cells) > 2 else ""))
        except ValueError:
            raise UserError(f"{where}, line {number}: not START, END, TEXT with tabs between: {line[:60]!r}") from None
    return rows


def lyric_rows(text: str, where: str) -> Rows:
    """Lyrics, ``[minutes:seconds]words``, also several times before one line; a line ends where the next begins."""
    offset, places = 0.0, list[tuple[float, str]]()
    for line in text.split("\n"):
        if match := _OFFSET.match(line):
            offset = int(match[1]) / 1000  # a positive one is earlier
        times = []
        while match := _LYRIC.match(line):
            times.append(_seconds(f"{match[1]}:{match[2]}.{match[3] or 0}"))
            line = line[match.end() :]
        places += [(time, line) for time in times]
    if not places and text.strip():
        raise UserError(f"{where}: no line of lyrics in it ([00:12.50]words); mend or remove the file")
    places.sort(key=lambda place: place[0])
    ends = [time for time, _ in places[1:]] + [time + LAST for time, _ in places[-1:]]
    return [(start - offset, end - offset, words) for (start, words), end in zip(places, ends, strict=True)]


def _seconds(time: str) -> float:
    """Seconds of ``[[hours:]minutes:]seconds[.fraction]``."""
    return sum(float(part) * 60**power for power, part in enumerate(reversed(time.split(":"))))


def timed_text_rows(text: str, where: str) -> Rows:
    """TTML and DFXP: every ``p`` with a time, or its timed ``span``s; times of what is around them add up."""
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    except (ElementTree.ParseError, ValueError) as error:
        raise UserError(f"{where}: not XML ({error}); mend or remove the file") from None
    rates = {key.rpartition("}")[2]: value for key, value in root.attrib.items()}
    rows: Rows = []
    waiting = [(root, 0.0)]
    while waiting:
        element, offset = waiting.pop()
        try:
            begin, end = _interval(element, offset, rates)
        except (ValueError, ZeroDivisionError):
            attributes = {key: element.get(key) for key in ("begin", "end", "dur") if element.get(key)}
            raise UserError(f"{where}: not a time: {attributes}") from None
        if end is not None and element.tag.rpartition("}")[2] in ("p", "span"):
            rows.append((begin, end, _words(element)))
        else:
            waiting += [(child, begin) for child in reversed(element)]
    return rows


def _interval(element: Any, offset: float, rates: dict[str, str]) -> tuple[float, float | None]:
    begin, end, length = (element.get(key) for key in ("begin", "end", "dur"))
    start = offset + (_moment(begin, rates) if begin else 0.0)
    if end:
        return start, offset + _moment(end, rates)
    return start, start + _moment(length, rates) if length else None


def _moment(time: str, rates: dict[str, str]) -> float:
    """Seconds of ``hours:minutes:seconds[.fraction or :frames]``, ``1.5s``, ``300ms``, ``12f`` or ``1000t``."""
    match = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,12})?)(h|ms|m|s|f|t)\s*", time)
    frame = 1 / float(rates.get("frameRate", 30))
    if match:
        units = _UNITS | {"f": frame, "t": 1 / float(rates.get("tickRate", 1 / frame))}
        return float(match[1]) * units[match[2]]
    if not (clock := _CLOCK.fullmatch(time)):
        raise ValueError(time)
    return _seconds(clock[1]) + float(clock[2] or 0) * frame


def _words(element: Any) -> str:
    """The text of an element; its breaks are the only ones that count."""
    for part in element.iter():
        part.text, part.tail = (text and " ".join(text.split("\n")) for text in (part.text, part.tail))
        if part.tag.rpartition("}")[2] == "br":
            part.text = "\n"
    return "".join(element.itertext())


READERS: dict[str, Callable[[str, str], Rows]] = {
    ".ass": pysubs2_rows("ass"),
    ".ssa": pysubs2_rows("ssa"),
    ".ttml": timed_text_rows,
    ".dfxp": timed_text_rows,
    ".tsv": table_rows,
    ".lrc": lyric_rows,
    ".sub": pysubs2_rows("microdvd"),
    ".smi": pysubs2_rows("sami"),
}
"""The reader of each suffix."""
