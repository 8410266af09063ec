"""Fragments of MP4, as browsers and streams make them: each says where its samples lie, and when they are shown.

So a fragment is checked by what it says twice. Its tables are exactly as long as their flags say; its samples lie in
data that are there; its samples end where the next fragment's begin. Packets of one that contradicts itself, or its
neighbor, are damaged, as with Clusters of Matroska. The clock of all fragments is compared in ``clocks.py``.

Source: ISO/IEC 14496-12, sections 8.8.3 to 8.8.12.
"""

import bisect
import functools
import os
import struct
from collections.abc import Sequence
from itertools import pairwise
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from vatt_edu.data.media.headers import (
    OPEN,
    TOLERANCE,
    Box,
    box_content,
    inner_boxes,
    time_scale,
    top_boxes,
    track_tables,
)

SIMILAR = 0.2
"""Share by which samples may be shorter or longer than usual, and still be as long as others."""
LARGEST = 1 << 24
"""Bytes of a fragment's tables that are read."""
MOST = 1 << 22
"""Samples of a fragment that are believed."""
PARTS = ("mfhd", "traf", "tfhd", "tfdt", "trun")
"""Boxes without which a fragment is another one."""
FROM_TABLES = 0x020000
"""Flag: places are counted from where the tables begin."""

Counts = Int64[np.ndarray, " N"]
"""For each sample ticks, or bytes."""


class Run(NamedTuple):
    """Samples of a track in a fragment.

    Attributes:
        begin: Ticks; -1 where the fragment does not say it.
        length: Ticks that all of them take.
        samples: How many they are.
        step: Ticks of each but the last; -1 where they vary.
        first: When the first of them is shown, ticks.
        steps: Ticks of each, from its decoding to the next one's; empty once they are compared.
        times: When each is shown, ticks, in order; empty once they are compared.
    """

    begin: int
    length: int
    samples: int
    step: int
    first: int
    steps: Counts
    times: Counts


class Fragment(NamedTuple):
    """A fragment: where its tables and its data lie in the file.

    Attributes:
        place: Where its tables begin.
        begin: Where its data begin.
        end: Where they end.
        runs: For each track its samples.
        intact: Whether it agrees with itself.
    """

    place: int
    begin: int
    end: int
    runs: dict[int, Run]
    intact: bool


class Track(NamedTuple):
    """What a movie says of a track: kind (``vide``, ``soun``), ticks per second, all its tables."""

    kind: str
    scale: int
    contents: dict[str, bytes]


class Movie(NamedTuple):
    """A file in fragments.

    Attributes:
        header: The content of ``moov``.
        tracks: By number.
        fragments: In order.
        indices: The content of each ``sidx``, and where the box ends.
        whole: Whether no box goes on behind the end of the file.
    """

    header: bytes
    tracks: dict[int, Track]
    fragments: tuple[Fragment, ...]
    indices: tuple[tuple[bytes, int], ...]
    whole: bool


class Fragments:
    """Which packets of an open container, as they come, lie in a fragment that does not contradict itself."""

    def __init__(self, path: str | PathLike[str]) -> None:
        stat = os.stat(path)
        self._movie = movie_fragments(os.fspath(path), stat.st_size, stat.st_mtime_ns)
        self._begins = np.array([fragment.begin for fragment in self._movie.fragments] if self._movie else [])
        self._last: int | None = None
        self._begin = self._end = -1  # of the fragment of the last packet
        self._intact = True

    def look_up(self, packet: Any) -> tuple[bool, bool]:
        """Whether a packet may be used, and whether none before it is lost."""
        if self._movie is None or packet.pos is None or packet.pos < 0 or not packet.size:
            return True, True
        if self._begin <= packet.pos < self._end:
            return self._intact, True
        number = int(np.searchsorted(self._begins, packet.pos, side="right")) - 1
        fragments = self._movie.fragments
        if number < 0 or packet.pos >= fragments[number].end:
            return True, True
        passed = fragments[self._last + 1 : number] if self._last is not None else ()
        _, self._begin, self._end, _, self._intact = fragments[number]
        self._last = number
        return self._intact, all(fragment.intact for fragment in passed)


@functools.lru_cache(maxsize=256)
def movie_fragments(path: str, size: int, time: int) -> Movie | None:
    """A file's fragments; None where it has none, or no index (size and time are the cache's key)."""
    with open(path, "rb") as file:
        places: list[Box] = []
        for box in top_boxes(file, size):
            places.append(box)
            if box[0] == "moov":
                header = box_content(file, box) if box[2] - box[1] <= LARGEST and box[2] <= size else b""
                if not any(name == "mvex" for name, _, _ in inner_boxes(header)):
                    return None
        if not any(box[0] == "moov" for box in places):
            return None
        try:
            tracks, usual = _tracks(header), _defaults(header)
        except (struct.error, IndexError, KeyError):
            return None  # which `headers.py` says
        fragments = _read(file, places, usual, sampled(tracks))
        indices = tuple((box_content(file, box), box[2]) for box in places if box[0] == "sidx" and box[2] <= size)
    whole = not places or places[-1][2] <= size or places[-1][2] == OPEN
    dated = any(run.begin >= 0 for fragment in fragments for run in fragment.runs.values())
    faulty = {
        k
        for k, fragment in enumerate(fragments)
        if not fragment.intact or (dated and any(run.begin < 0 for run in fragment.runs.values()))
    }
    for number, track in tracks.items():
        if track.kind in ("vide", "soun") and track.scale:
            faulty |= _misplaced(number, track.scale, fragments, faulty)
        if track.kind == "vide" and track.scale:
            faulty |= _displaced(number, track.scale, fragments)
    marked = tuple(fragment._replace(intact=k not in faulty) for k, fragment in enumerate(fragments))
    marked = tuple(fragment._replace(runs=_compared(fragment.runs)) for fragment in marked)
    return Movie(header, tracks, marked, indices, whole)


def _tracks(header: bytes) -> dict[int, Track]:
    tracks = {}
    for name, begin, end in inner_boxes(header):
        if name == "trak":
            contents = track_tables(header, begin, end)
            place = 20 if contents["tkhd"][0] else 12
            number = int.from_bytes(contents["tkhd"][place : place + 4], "big")
            tracks[number] = Track(
                contents["hdlr"][8:12].decode("latin-1"),
                time_scale(contents["mdhd"])[0],
                contents,
            )
    return tracks


def _defaults(header: bytes) -> dict[int, tuple[int, int]]:
    """For each track how many ticks and bytes a sample takes where its fragment does not say."""
    defaults = {}
    for name, begin, end in inner_boxes(header):
        for part, first, _ in inner_boxes(header, begin, end) if name == "mvex" else ():
            if part == "trex":
                track, _, step, size = struct.unpack_from(">4I", header, first + 4)
                defaults[track] = step, size
    return defaults


def sampled(tracks: dict[int, Track]) -> bool:
    """Whether an index lists samples itself, besides fragments."""
    return any(int.from_bytes(track.contents.get("stsz", b"")[8:12], "big") for track in tracks.values())


def _read(file: Any, places: Sequence[Box], usual: dict[int, tuple[int, int]], in_index: bool) -> list[Fragment]:
    """All fragments, one for each box of data; those that no tables describe, nor the index, are damaged."""
    data = [(begin, end) for name, begin, end in places if name == "mdat"]
    fragments: list[Fragment] = []
    described: list[int] = []  # data in which samples begin
    for name, begin, end in places:
        if name == "moof":
            try:
                inner = box_content(file, (name, begin, end)) if end - begin <= LARGEST else b""
                runs, spans = _runs(inner, begin - 8, usual)
                homes = [bisect.bisect_right(data, (first, OPEN)) - 1 for first, _ in spans]
                intact = all(k >= 0 and last <= data[k][1] for k, (_, last) in zip(homes, spans, strict=True))
                described += [data[k][0] for k in homes if k >= 0]
            except (struct.error, ValueError, KeyError, OverflowError):
                runs, intact = {}, False
            fragments.append(Fragment(begin - 8, end, end, runs, intact))
        elif name == "mdat" and fragments and fragments[-1].begin == fragments[-1].end:
            fragments[-1] = fragments[-1]._replace(begin=begin, end=end)
        elif name == "mdat" and (fragments or not in_index):
            fragments.append(Fragment(begin, begin, end, {}, bool(fragments) and fragments[-1].intact))
    filled = set(described) | {fragment.end for fragment in fragments if fragment.begin == fragment.end}
    return [fragment if fragment.begin in filled else fragment._replace(intact=False) for fragment in fragments]


def _runs(inner: bytes, place: int, usual: dict[int, tuple[int, int]]) -> tuple[dict[int, Run], list[tuple[int, int]]]:
    """The samples of each track in the content of a ``moof`` that begins at ``place``, and where they lie."""
    runs: dict[int, Run] = {}
    spans: list[tuple[int, int]] = []
    after = place  # where the data of a track begin that does not say it
    for name, *bounds in _all(inner, 0, len(inner)):
        if name != "traf":
            continue
        parts = [(part, inner[begin:end]) for part, begin, end in _all(inner, *bounds)]
        head = dict(parts)["tfhd"]
        flags, track = struct.unpack_from(">II", head)
        (base, _, step, size, _), end = _fields(head, 8, flags, (1, 8), (2, 4), (8, 4), (16, 4), (32, 4))
        if end != len(head):
            raise ValueError("a table that is not as long as its flags say")
        step, size = usual[track][0] if step is None else step, usual[track][1] if size is None else size
        after = base if base is not None else place if flags & FROM_TABLES else after
        origin, begin, every, late = after, -1, [], []
        for part, table in parts:
            if part == "tfdt":
                begin = struct.unpack(">4xQ" if table[0] else ">4xI", table)[0]
            elif part == "trun":
                steps, sizes, delays, offset = _samples(table, step, size)
                after = after if offset is None else origin + offset
                spans.append((after, after + int(sizes.sum())))
                after = spans[-1][1]
                every.append(steps)
                late.append(delays)
        ticks = np.concatenate(every) if every else np.empty(0, np.int64)
        if len(ticks):
            even = not np.any(ticks[:-1] != ticks[0])
            times = np.sort(max(begin, 0) + np.cumsum(ticks) - ticks + np.concatenate(late))
            runs[track] = Run(
                begin, int(ticks.sum()), len(ticks), int(ticks[0]) if even else -1, int(times[0]), ticks, times
            )
    return runs, spans


def _all(inner: bytes, begin: int, end: int) -> list[Box]:
    """The boxes of a content that they fill."""
    places = list(inner_boxes(inner, begin, end))
    if not places or places[-1][2] != end:
        raise ValueError("tables that do not fill their box")
    strange = [name for name, _, _ in places if name not in PARTS]
    if any(sum(a != b for a, b in zip(name, part, strict=True)) == 1 for name in strange for part in PARTS):
        raise ValueError("a table that has lost its name")
    return places


def _fields(table: bytes, place: int, flags: int, *fields: tuple[int, int]) -> tuple[list[int | None], int]:
    """The values of those that ``flags`` say are there, each a flag and its bytes, and where they end."""
    values: list[int | None] = []
    for flag, width in fields:
        values.append(int.from_bytes(table[place : place + width], "big") if flags & flag else None)
        place += width if flags & flag else 0
    return values, place


def _samples(table: bytes, step: int, size: int) -> tuple[Counts, Counts, Counts, int | None]:
    """The ticks, bytes and ticks of delay of each sample of a ``trun``, and where they lie, if it says so."""
    flags, count = struct.unpack_from(">II", table)
    (offset, _), place = _fields(table, 8, flags, (1, 4), (4, 4))
    columns = [flag for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag]
    if place + 4 * count * len(columns) != len(table) or count > MOST:
        raise ValueError("a table that is not as long as its flags say")
    rows = np.frombuffer(table, ">u4", count * len(columns), place).astype(np.int64).reshape(count, len(columns))
    steps = rows[:, 0] if flags & 0x100 else np.full(count, step)
    sizes = rows[:, columns.index(0x200)] if flags & 0x200 else np.full(count, size)
    delays = rows[:, -1].astype(np.uint32).astype(np.int32).astype(np.int64) if flags & 0x800 else np.zeros_like(steps)
    return steps, sizes, delays, offset if offset is None or offset < 1 << 31 else offset - (1 << 32)


def _compared(runs: dict[int, Run]) -> dict[int, Run]:
    """Runs without what makes them large."""
    none = np.empty(0, np.int64)
    return {track: run._replace(steps=none, times=none) for track, run in runs.items()}


def _misplaced(number: int, scale: int, fragments: Sequence[Fragment], faulty: set[int]) -> set[int]:
    """Fragments whose samples of a track begin or end at another time than those before or after say."""
    places = [k for k, f in enumerate(fragments) if number in f.runs and f.runs[number].begin >= 0 and k not in faulty]
    runs = [fragments[k].runs[number] for k in places]
    if len(runs) < 2:
        return set()
    usual = float(np.median([(b.begin - a.begin) / a.samples for a, b in pairwise(runs)]))
    alike = [abs(run.length / run.samples - usual) <= SIMILAR * abs(usual) for run in runs]
    gaps = [(b.begin - a.begin - a.length) / scale for a, b in pairwise(runs)]
    misplaced = {
        places[k]  # without it all is well
        for k in range(1, len(runs) - 1)
        if min(abs(gaps[k - 1]), abs(gaps[k])) > TOLERANCE >= abs(gaps[k - 1] + gaps[k])
    }
    for k, gap in enumerate(gaps):
        if abs(gap) <= TOLERANCE or (gap > 0 and alike[k]) or misplaced & {*places[k : k + 2]}:
            continue  # with a gap, but no shorter samples, nothing was recorded for a while
        follows = k + 1 < len(gaps) and abs(gaps[k + 1]) <= TOLERANCE  # so the next one begins rightly
        misplaced.add(places[k] if follows or not alike[k] else places[k + 1])
    steps = [run.step for run in runs if run.samples > 2]
    even = len(runs) == len(steps) > 2 and min(steps) > 0 and min(steps[:-1]) == max(steps[:-1])
    if even and abs(steps[-1] - steps[0]) > SIMILAR * steps[0]:
        misplaced.add(places[-1])  # it has none after it that would say when it ends
    return misplaced


def _displaced(number: int, scale: int, fragments: Sequence[Fragment]) -> set[int]:
    """Fragments of pictures of which one is shown where none can be: far from, or too near to, all others.

    Pictures are shown in the intervals at which they are decoded, only later; so an interval is in the same fragment
    or in the next one.
    """
    places = [k for k, fragment in enumerate(fragments) if number in fragment.runs]
    runs = [fragments[k].runs[number] for k in places]
    displaced = set()
    for k in range(len(runs) - 1):  # the last interval of all is nowhere
        near = range(max(k - 1, 0), k + 2)
        pauses = [b.begin - a.begin - a.length for a, b in pairwise(runs[i] for i in near)]
        longest = max([0, *pauses, *(int(runs[i].steps.max()) for i in near)]) + TOLERANCE * scale
        owners = np.repeat(near, [len(runs[i].times) for i in near])
        times = np.concatenate([runs[i].times for i in near])
        order = np.argsort(times, kind="stable")
        owners, gaps = owners[order], np.diff(times[order])
        own = np.flatnonzero(owners == k)
        if np.any(gaps[own[0] : own[-1]] > longest):
            displaced.add(places[k])
        shortest = min(int(runs[i].steps.min()) for i in near)
        close = np.flatnonzero(2 * gaps < shortest)
        displaced |= {places[owner] for owner in (*owners[close], *owners[close + 1])}
    return displaced


def is_early(movie: Movie) -> bool:
    """Whether a damaged fragment begins before the first one: FFmpeg counts time from it."""
    begins = {number: run.first for number, run in movie.fragments[0].runs.items()}
    return any(
        run.first < begins.get(number, run.first)
        for fragment in movie.fragments
        if not fragment.intact
        for number, run in fragment.runs.items()
    )
