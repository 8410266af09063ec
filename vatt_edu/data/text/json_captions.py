"""Narration from JSON: HowTo100M's columns, lists of rows, Whisper's segments or chunks, YouTube's ``json3``."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from vatt_edu.errors import UserError

COLUMNS = ("start", "end", "text")
ROW_LISTS = ("segments", "snippets", "captions", "subtitles", "transcript")
EXPECTED = 'expected {"start": [s, …], "end": [s, …], "text": [line, …]}, or rows [{"start", "end", "text"}, …]'


def json_rows(value: Any, where: str) -> list[tuple[float, float, str]]:
    """Starts, ends (seconds) and texts of the captions of one video; where there is no text, there is no row's text.

    Args:
        value: Parsed JSON: ``{"start": […], "end": […], "text": […]}``; ``[{"start", "end", "text"}, …]`` (or
            ``"duration"``), also under one of ``ROW_LISTS`` (Whisper's is ``"segments"``);
            ``{"chunks": [{"timestamp": [start, end], "text"}]}`` (Transformers);
            ``{"transcription": [{"offsets": {"from", "to"}, "text"}]}`` (whisper.cpp);
            ``{"events": [{"tStartMs", "dDurationMs", "segs"}]}`` (YouTube); or a side file with none of these names,
            which is no narration: no row.
        where: For messages.

    Raises:
        UserError: If it has another form, or a time is not a number of seconds.
    """
    if is_side_file(value):
        return []
    rows: list[tuple[float, float, str]] = []
    try:
        for start, end, text in _rows(value):
            rows.append((float(start), float(end), text_of(text)) if text_of(text) else (0.0, 0.0, ""))
    except (KeyError, TypeError, ValueError, AttributeError):
        place = f", row {len(rows) + 1}" if isinstance(value, list) else ""
        raise UserError(f"{where}{place}: {EXPECTED}") from None
    for number, (start, end, _) in enumerate(rows, 1):
        if not (math.isfinite(start) and math.isfinite(end)):
            raise UserError(f"{where}, row {number}: a start or an end is not a finite number of seconds")
    return rows


def clip_captions(value: Any) -> tuple[str, ...]:
    """The captions of a whole clip, from a side file as video2dataset writes it; none in any other JSON."""
    captions = value.get("caption") if is_side_file(value) else None
    texts = map(text_of, captions if isinstance(captions, list) else [captions])
    return tuple(filter(None, texts))


def is_side_file(value: Any) -> bool:
    """Whether a value is what tools write beside a video without narration in it."""
    names = {*COLUMNS, "segments", "chunks", "events", "transcription"}
    return isinstance(value, dict) and not value.keys() & names and not _row_list(value)


def _row_list(value: Mapping[str, Any]) -> list[Any]:
    """The rows under one of the names of ``ROW_LISTS``; a list of anything else is none."""
    lists = (value.get(name) for name in ROW_LISTS)
    return next((rows for rows in lists if isinstance(rows, list) and rows and _is_row(rows[0])), [])


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= {"start", "text"}


def text_of(value: Any) -> str:
    """The words of a value; null and NaN (pandas writes it for null) are none."""
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _rows(value: Any) -> Iterator[tuple[Any, Any, Any]]:
    if isinstance(value, dict):
        value = _row_list(value) or value.get("segments", value)
    if isinstance(value, list):
        yield from map(_row, value)
    elif "events" in value:
        yield from _events(value["events"])
    elif "transcription" in value:  # whisper.cpp, milliseconds
        for part in value["transcription"]:
            yield part["offsets"]["from"] / 1000, part["offsets"]["to"] / 1000, part["text"]
    elif "chunks" in value:
        for chunk in value["chunks"]:
            start, end = chunk["timestamp"]  # the last one may be open
            yield start, start if end is None else end, chunk["text"]
    else:
        yield from zip(*(value[key] for key in COLUMNS), strict=True)


def _row(row: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    if "end" in row:
        return row["start"], row["end"], row["text"]
    length = next(row[key] for key in ("duration", "dur") if key in row) if row.keys() & {"duration", "dur"} else None
    if length is None:
        raise KeyError("end")
    return row["start"], float(row["start"]) + float(length), row["text"]


def _events(events: list[dict[str, Any]]) -> Iterator[tuple[float, float, str]]:
    """Events have each phrase once, for as long as it stays on the screen: said until the next one begins."""
    spoken = [event for event in events if "".join(part.get("utf8", "") for part in event.get("segs", ())).strip()]
    starts = [event["tStartMs"] / 1000 for event in spoken]
    for event, start, following in zip(spoken, starts, [*starts[1:], math.inf], strict=True):
        end = start + event.get("dDurationMs", 0) / 1000
        text = "".join(part.get("utf8", "") for part in event["segs"])
        yield start, min(end, following) if following > start else end, text
