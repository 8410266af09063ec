"""Captions to lines of narration: WebVTT, SubRip and SubViewer here, every other format by its own module.

Two things are done to all of them. Markup, entities and characters that nobody sees are taken out of the words; a line
without a letter or a digit is no line. And captions that roll up the screen (YouTube's automatic ones show a phrase
three times) are said once, when they first appear.
"""

import hashlib
import html
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vatt_edu.errors import UserError
from vatt_edu.files import read_json, read_text

CUES = (".vtt", ".srt", ".sbv")
SUFFIXES = (
    ".vtt", ".srt", ".json", ".json3", ".sbv", ".ass", ".ssa", ".ttml", ".dfxp", ".tsv", ".lrc", ".sub", ".smi",
)  # fmt: skip
"""In the order in which one is chosen where a video has several."""

_TIME = r"[-−]?\d{1,6}(?:[:：] ?\d{1,6}){1,3}(?:[.,，] ?\d{1,20})?"  # translators add blanks and wide marks
_ARROW = r"(?:[-–—−]{1,3}\s*(?:>|&gt;|＞)|→)"
_CUE = re.compile(rf"\s*({_TIME})\s*{_ARROW}\s*({_TIME})(?![\d:.,])")  # WebVTT, SubRip
_PLAIN = str.maketrans({"：": ":", "，": ".", ",": ".", " ": ""})
_PAIR = re.compile(rf"\s*({_TIME}),({_TIME})\s*")  # SubViewer
_TAG = re.compile(
    r"</?(?:c|i|b|u|s|v|p|rt|ruby|lang|font|span|em|strong)(?:[.\s][^<>]*)?/?>|<\d+(?::\d+)+(?:[.,]\d+)?>|\{\\[^{}]*\}"
    r"|<a\s+href[^<>]*>|</a>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<[bB][rR]\s*/?>|\\[Nh]")  # FFmpeg writes \h for blanks of closed captions
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_WORD_TIMES = re.compile(r"<\d+:\d+:\d+\.\d+><c>")  # of automatic captions: they always roll
_TOUCHING = 0.25
"""Seconds: captions roll on where the next begins no later than this after the end of the one before."""
_GLIMPSE = 0.05
"""Seconds: a caption that repeats the one before for less than this is a step of the rolling, and is not spoken."""


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


def visible(text: str) -> str:
    """``text`` in composed form, without what nobody sees: zero widths, soft hyphens, marks of direction, controls."""
    if text.isascii() and not _CONTROL.search(text):
        return text
    text = unicodedata.normalize("NFC", text)
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))


def words_of(text: str) -> str:
    """The words of a caption: no markup, no entities, single blanks; empty where there is no letter and no digit.

    >>> words_of("<v Ann><i>cut</i> &amp; stir, if a < b <3")
    'cut & stir, if a < b <3'
    """
    plain = html.unescape(_TAG.sub("", _BREAK.sub(" ", text)))
    plain = " ".join(visible(plain).split())
    return plain if any(map(str.isalnum, plain)) else ""


def make_lines(video_id: str, rows: Iterable[tuple[float, float, str]]) -> tuple[Line, ...]:
    """Lines in order of time, without empty ones; a line's identity is its place among ``rows``.

    A line that begins before the video does begins with it; one that ends before it begins ends there.
    """
    lines = [
        Line(max(0.0, start), max(0.0, start, end), words, identity(video_id, number))
        for number, (start, end, text) in enumerate(rows)
        if end >= 0 or start >= 0
        if (words := words_of(text))
    ]
    return tuple(sorted(lines, key=lambda line: (line.start, line.end)))


def read_captions(path: Path, video_id: str) -> tuple[Line, ...]:
    """The lines of one video from a file of captions of one of ``SUFFIXES``.

    Args:
        path: The file; its suffix says what it is.
        video_id: Goes into the identity of the lines.

    Raises:
        UserError: If the file cannot be read as that; the message says where.
    """
    suffix = path.suffix.lower()
    if suffix in (".json", ".json3"):
        from vatt_edu.data.text.json_captions import json_rows

        return make_lines(video_id, json_rows(read_json(path), str(path)))
    reader: Callable[[str, str], list[tuple[float, float, str]]] = cue_rows
    if suffix not in CUES:
        from vatt_edu.data.text.subtitles import READERS

        reader = READERS[suffix]
    return make_lines(video_id, unrolled(reader(visible(read_text(path, legacy=True)), str(path))))


def cue_rows(text: str, where: str) -> list[tuple[float, float, str]]:
    """Starts, ends and texts of the cues of WebVTT, SubRip or SubViewer, markup and all.

    Blank lines may be missing between cues, and may stand inside one.

    Args:
        text: The file's text.
        where: For messages.

    Raises:
        UserError: If a cue's times cannot be read, or there is text but no cue.
    """
    web = text.lstrip().startswith("WEBVTT")
    lines = re.split(r"\r\n?|\n", text)
    times = {
        number: match for number, line in enumerate(lines) if (match := _times(line, f"{where}, line {number + 1}"))
    }
    if not times and text.strip() and not web:
        raise UserError(f"{where}: no cue in it (00:00:01.000 --> 00:00:04.000); mend or remove the file")
    places = [*times, len(lines)]
    numbers = [begin > 0 and lines[begin - 1].strip().isdecimal() for begin in times]
    numbered = any(numbers[:1]) or 2 * sum(numbers) > len(numbers)  # the first may be cut off
    return [
        (*times[begin], "\n".join(_payload(lines[begin + 1 : end], end < len(lines), numbered, web)))
        for begin, end in itertools.pairwise(places)
    ]


def _times(line: str, where: str) -> tuple[float, float] | None:
    """Start and end where a cue begins; None for a line of words."""
    match = _CUE.match(line) or _PAIR.fullmatch(line)
    if match:
        return seconds(match[1]), seconds(match[2])
    if re.match(r"\s*-?\d\S*\s*-->", line):
        raise UserError(f"{where}: not a cue's times: {line.strip()[:60]!r}")
    return None


def _payload(lines: list[str], followed: bool, numbered: bool, web: bool) -> Iterator[str]:
    """The words between a cue's times and those of the next: without the next one's name, and comments of WebVTT."""
    if followed and lines:
        named = web and len(lines) > 1 and not lines[-2] and "-->" not in lines[-1]
        if named or (numbered and lines[-1].strip().isdecimal()):
            lines = lines[:-1]
    comment, blank = False, False
    for line in lines:
        if blank and web:
            comment = re.match(r"(NOTE|STYLE|REGION)\b", line) is not None
        blank = not line.strip()
        comment = comment and not blank
        if not blank and not comment:
            yield line


def seconds(time: str) -> float:
    """Seconds of ``[hours:]minutes:seconds[.fraction]``, as tools write it: a comma or a colon for the point, a sign.

    >>> seconds("1:02,5"), seconds("100:00:00.250000"), seconds("-00:00:01:500")
    (62.5, 360000.25, -1.5)
    """
    plain = time.lstrip("-−").translate(_PLAIN)
    whole, _, fraction = plain.partition(".")
    parts = whole.split(":")
    if len(parts) == 4:
        fraction = parts.pop()
    value = sum(int(part) * 60**power for power, part in enumerate(reversed(parts))) + float(f"0.{fraction or 0}")
    return -value if time[0] in "-−" else value


def unrolled(rows: Sequence[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """Captions that roll: each phrase once, from when it first appears. Others as they are.

    A caption rolls on where it begins with the last lines of the one before, or with its words: that happens now and
    then in any dialog, so that it counts only where a quarter of the captions do so, or words have times of their own.

    Args:
        rows: Starts, ends (seconds), and texts of one or more lines, with their markup.
    """
    ordered = sorted(rows, key=lambda row: row[0])
    phrases = [[words for line in text.split("\n") if (words := words_of(line))] for _, _, text in ordered]
    pairs = [k for k in range(1, len(ordered)) if ordered[k][0] - ordered[k - 1][1] <= _TOUCHING]
    rolling = sum(_rolls(ordered[k - 1], ordered[k], phrases[k - 1], phrases[k]) for k in pairs)
    if not any(_WORD_TIMES.search(text) for _, _, text in rows) and (not rolling or 4 * rolling < len(pairs)):
        return list(rows)
    spoken: list[tuple[float, float, str]] = []
    touching, shown = set(pairs), list[str]()
    for k, ((start, end, _), lines) in enumerate(zip(ordered, phrases, strict=True)):
        if k not in touching and _shared(shown, lines) in (0, len(lines)):
            shown = []  # after a pause the same words alone are said again; above others, they have only stayed
        fresh = lines[_shared(shown, lines) :]
        if spoken and shown and lines and (not fresh or _grows(shown, lines)):
            first, last, text = spoken[-1]  # the same phrase stays, or has got further words
            spoken[-1] = (first, max(last, end), text) if not fresh else (first, max(last, end), fresh.pop(0))
        if fresh:
            spoken.append((start, end, " ".join(fresh)))
        shown = lines or shown
    return spoken


def _shared(before: Sequence[str], lines: Sequence[str]) -> int:
    """How many first lines are the last ones of the caption before."""
    return next((n for n in range(min(len(before), len(lines)), 0, -1) if before[-n:] == lines[:n]), 0)


def _grows(before: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether the first line is the last one of the caption before with more words."""
    return bool(before and lines) and lines[0].startswith(before[-1] + " ")


def _rolls(
    earlier: tuple[float, float, str], later: tuple[float, float, str], before: Sequence[str], lines: Sequence[str]
) -> bool:
    shared = _shared(before, lines)
    if shared and shared == len(lines):  # nothing new: a glimpse, or another word of it underlined
        shortest = min(end - start for start, end, _ in (earlier, later))
        return shortest <= _GLIMPSE or (before == lines and earlier[2].split() != later[2].split())
    return shared > 0 or _grows(before, lines)


def nearest_lines(lines: Sequence[Line], center: float, count: int) -> list[Line]:
    """The ``count`` lines whose centers are nearest to a time; if there are fewer, the nearest is repeated.

    Args:
        lines: At least one.
        center: Seconds: the middle of the window.
        count: How many.
    """
    near = sorted(lines, key=lambda line: abs(line.center - center))[:count]
    return near + near[:1] * (count - len(near))
