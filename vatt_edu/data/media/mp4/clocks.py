"""Whether the time scale of a track in fragments can be right: one wrong byte of it moves all pictures.

It is said once, but other things tell it, too: the index of fragments (``sidx``), the length of the film, the sound
beside the picture, and what the encoder wrote into its description of H.264. One that agrees is enough, since programs
that copy a track into a new file leave the others as they were; if there are any and none agrees, the file is refused.

Source: ISO/IEC 14496-12, sections 8.4.2, 8.8.2 and 8.16.3; ITU-T H.264, section E.2.1.
"""

import functools
import os
import struct
from itertools import pairwise
from os import PathLike
from typing import Any

import numpy as np

from vatt_edu.data.media.headers import OPEN, TOLERANCE, box_content, inner_boxes, time_scale
from vatt_edu.data.media.mp4.fragments import Movie, Run, Track, is_early, movie_fragments, sampled
from vatt_edu.data.media.mp4.h264 import description

SHARE = 0.05
"""By which lengths may differ."""
APART = 2
"""Fragments, from one of pictures to the one of sound that belongs to it, at most."""
SLACK = 1.0
"""Seconds, beside the longest fragment, by which sound and picture in one place of the file may be apart."""
PACKETS = (384, 480, 512, 576, 768, 960, 1024, 1152, 1536, 1920, 2048, 4096)
"""Samples in a packet of AAC or MP3."""
PRECISION = 0.005
"""By which a rate may be off: 30 is written for 29.97."""
FASTEST = 240
"""Pictures per second; what ticks faster is a time base, and no rate."""
MULTIPLES = (0.5, 1.0, 1.25)
"""Times from picture to picture, in periods: fields that are counted as pictures, and film in television."""
SMOOTH = (2, 3, 5, 7)
"""Factors of the time scales that programs choose."""

MEND = "; if a player shows it rightly, `ffmpeg -i FILE -c copy NEW.mp4` makes one whose index says it twice"

Places = list[tuple[int, Run]]
"""Of a track: numbers of fragments, and what they hold of it."""
Witness = tuple[bool, str]
"""Whether it agrees, and what it says."""


def fragment_fault(path: str | PathLike[str]) -> str:
    """Why an MP4 in fragments is not read at all: its clock cannot be trusted; empty if it can."""
    stat = os.stat(path)
    return _fault(os.fspath(path), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _fault(path: str, size: int, time: int) -> str:
    """Size and time are the cache's key."""
    movie = movie_fragments(path, size, time)
    if movie is None:
        return ""
    try:
        with open(path, "rb") as file:
            if _lost_beginning(file, size, movie):
                return "the beginning of its fragments is damaged, and with it the time of all others"
        clock = clock_fault(movie)
    except (struct.error, IndexError, KeyError, ValueError, OverflowError):
        return "its index is damaged"
    return clock and clock + MEND


def _lost_beginning(file: Any, size: int, movie: Movie) -> bool:
    """Whether what comes first, after the index, is no whole fragment: FFmpeg leaves out what it does not know."""
    if not movie.fragments:
        return False
    first = movie.fragments[0]
    if first.begin > size:
        return False  # nothing comes, or not all of it
    if not first.intact or is_early(movie):
        return True
    file.seek(size - 16)
    tail = file.read(16)
    length = int.from_bytes(tail[12:], "big")
    if tail[4:8] != b"mfro" or not 16 < length <= size:
        return False
    table = box_content(file, ("mfra", size - length + 8, size))
    rows = [place for box in inner_boxes(table) if box[0] == "tfra" for place in _fragments(table[box[1] : box[2]])]
    later = sum(len(table) + 8 for table, end in movie.indices if end <= first.place)
    return bool(rows) and min(rows) not in (first.place, first.place - later)  # FFmpeg 5 puts ``sidx`` in afterwards


def _fragments(table: bytes) -> list[int]:
    """Where fragments begin, by a ``tfra`` box."""
    version, sizes, count = table[0], int.from_bytes(table[8:12], "big"), int.from_bytes(table[12:16], "big")
    row = (16 if version else 8) + sum(((sizes >> shift) & 3) + 1 for shift in (0, 2, 4))
    form = ">8xQ" if version else ">4xI"
    return [struct.unpack_from(form, table, 16 + k * row)[0] for k in range(count) if 16 + (k + 1) * row <= len(table)]


def clock_fault(movie: Movie) -> str:
    """What contradicts the time scale of a track; empty if nothing does."""
    places: dict[int, Places] = {number: [] for number in movie.tracks}
    for k, fragment in enumerate(movie.fragments):
        for number, run in fragment.runs.items():
            if fragment.intact and run.begin >= 0 and number in places:
                places[number].append((k, run))
    sounds = []
    for number, track in movie.tracks.items():
        if track.kind == "soun" and track.scale and places[number]:
            if why := _packet_fault(track, places[number]):
                return why
            sounds.append((track, places[number]))
    for number, track in movie.tracks.items():
        if track.kind != "vide" or not track.scale or not places[number]:
            continue
        witnesses = [
            *_by_index(movie, number),
            *_by_length(movie, track, places[number]),
            *(witness for sound, others in sounds for witness in _by_sound(track, places[number], sound, others)),
            *_by_encoder(track, places[number]),
        ]
        if witnesses and not any(agrees for agrees, _ in witnesses):
            return f"its time scale, {track.scale} ticks a second, is damaged: {witnesses[0][1]}"
    return ""


def _packet_fault(track: Track, places: Places) -> str:
    """A packet of AAC or MP3 has one of few numbers of samples."""
    entry = track.contents.get("stsd", b"")[8:]
    rate, even = int.from_bytes(entry[32:34], "big"), [run for _, run in places if run.step >= 0]
    steps, count = {run.step for run in even}, sum(run.samples for run in even)
    if entry[4:8] != b"mp4a" or not rate or len(steps) != 1 or count < 8 or 2 * len(even) < len(places):
        return ""
    samples = steps.pop() * rate / track.scale
    if any(abs(samples / number - 1) < 2 * PRECISION for number in PACKETS):
        return ""
    return f"the time scale of its sound is damaged: packets of {samples:.1f} samples at {rate} Hz"


def _by_index(movie: Movie, number: int) -> list[Witness]:
    """``sidx`` says how long the fragments in so many bytes take."""
    places, lengths = [], []
    for fragment in movie.fragments:
        if fragment.intact and number in fragment.runs:
            places.append(fragment.place)
            lengths.append(fragment.runs[number].length)
    sums, ratios = np.concatenate([[0], np.cumsum(lengths)]), []
    for table, end in movie.indices:
        wide = bool(table[:1] != b"\0")
        if len(table) < 24 + 8 * wide:
            continue
        track, scale = struct.unpack_from(">II", table, 4)
        offset = struct.unpack_from(">Q" if wide else ">I", table, 20 if wide else 16)[0]
        rows = np.frombuffer(table, ">u4", (len(table) - 24 - 8 * wide) // 12 * 3, 24 + 8 * wide).reshape(-1, 3)
        if track != number or not scale or offset >= OPEN:
            continue
        ends = end + offset + np.concatenate([[0], np.cumsum(rows[:, 0].astype(np.int64) & 0x7FFFFFFF)])
        ticks = np.diff(sums[np.searchsorted(places, ends)])
        share = scale / movie.tracks[number].scale
        ratios += [share * count / claim for count, claim in zip(ticks, rows[:, 1], strict=True) if count and claim]
    if not ratios:
        return []
    ratio = float(np.median(ratios))
    return [(abs(ratio - 1) <= SHARE, f"its index of fragments gives them {1 / ratio:.3g} times that length")]


def _by_length(movie: Movie, track: Track, places: Places) -> list[Witness]:
    """``mvhd``, ``tkhd`` and ``mehd`` may say how long the film is; a file that was cut off is shorter."""
    head = next((movie.header[begin:end] for name, begin, end in inner_boxes(movie.header) if name == "mvhd"), b"")
    if not head or sampled(movie.tracks):
        return []
    scale, claim = time_scale(head)
    claims = [claim]
    for name, begin, end in inner_boxes(movie.header):
        for part, first, last in inner_boxes(movie.header, begin, end) if name == "mvex" else ():
            claims += [int.from_bytes(movie.header[first + 4 : last], "big")] if part == "mehd" else []
    table = track.contents["tkhd"]
    claims.append(int.from_bytes(table[28:36] if table[0] else table[20:24], "big"))
    lengths = [claim / scale for claim in claims if scale and 0 < claim < 2**32 - 1]
    stop = max(run.begin + run.length for _, run in places) / track.scale
    length = stop - min(run.begin for _, run in places) / track.scale
    witnesses = []
    for seconds in lengths:
        agrees = any(abs(seconds - x) <= max(TOLERANCE, SHARE * seconds) for x in (stop, length))
        if agrees or length > seconds:
            witnesses.append((agrees, f"pictures of {length:.2f} s in a film of {seconds:.2f} s"))
    return witnesses


def _by_sound(track: Track, places: Places, sound: Track, others: Places) -> list[Witness]:
    """Sound and picture that lie in one place of the file belong together."""
    numbers = np.array([k for k, _ in others])
    pairs = []
    for k, run in places:
        near = int(np.argmin(np.abs(numbers - k)))
        if abs(int(numbers[near]) - k) <= APART:
            pairs.append((run, others[near][1]))
    if not pairs:
        return []
    (first, first_sound), (last, last_sound) = pairs[0], pairs[-1]
    seconds = (last.begin + last.length - first.begin) / track.scale
    of_sound = (last_sound.begin + last_sound.length - first_sound.begin) / sound.scale
    longest = max(run.length for _, run in places) / track.scale, max(run.length for _, run in others) / sound.scale
    agrees = abs(seconds - of_sound) <= max(TOLERANCE, SHARE * of_sound)
    if not agrees and abs(seconds - of_sound) <= SLACK + min(longest) + SHARE * of_sound:
        return []
    return [(agrees, f"{seconds:.2f} s of pictures beside {of_sound:.2f} s of sound")]


def _by_encoder(track: Track, places: Places) -> list[Witness]:
    """H.264 may say how often pictures come, or of which unit their times are multiples."""
    record = _record(track.contents.get("stsd", b""))
    try:
        shown = description(record) if record else None
    except ValueError:
        return []
    if shown is None or not all(shown.tick):
        return []
    period = 2 * shown.tick[0] / shown.tick[1]
    runs = [run for _, run in places]
    spans = [(b.begin - a.begin, a.samples) for a, b in pairwise(runs)] or [(runs[0].length, runs[0].samples)]
    step = sum(ticks for ticks, _ in spans) / sum(count for _, count in spans) / track.scale
    if 1 / period <= FASTEST:
        periods = step / period
        agrees = any(abs(periods / k - 1) < PRECISION for k in MULTIPLES) or (
            not shown.fixed and abs(periods - round(periods)) < PRECISION * periods and periods > 0.5
        )
        if not agrees and any(run.step < 0 for run in runs):
            return []  # pictures of no fixed rate
        return [(agrees, f"a picture every {1000 * step:.2f} ms, by its encoder every {1000 * period:.2f}")]
    ratio = track.scale * period
    agrees = any(abs(x - round(x)) < 1e-9 * x and x > 0.5 for x in (ratio, 1 / ratio))
    rest = track.scale
    for factor in SMOOTH:
        while rest % factor == 0:
            rest //= factor
    if agrees or rest > 1:
        return [(agrees, f"it has nothing to do with the {1 / period:.0f} of its encoder")]
    return []


def _record(table: bytes) -> bytes:
    """The ``avcC`` of a table of descriptions (``stsd``); empty without one."""
    for name, begin, end in inner_boxes(table, 8):
        if name in ("avc1", "avc3"):
            parts = inner_boxes(table, begin + 78, end)
            return next((table[first:last] for part, first, last in parts if part == "avcC"), b"")
    return b""
