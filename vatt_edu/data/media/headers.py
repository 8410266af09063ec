"""What a file says twice about how it is to be read: one that contradicts itself is not read by one half of it.

MP4 has no checksums. But the times of its samples (``stts``) sum up to the length of their track (``mdhd``), what is
shown (``elst``) lies within it, as many samples have times as have sizes, and no two of them share bytes; what
fragments say twice is compared in ``mp4``. AVI has its rate in two places, and a raw stream begins with a picture. Only
what no program writes is a fault: a table that may be absent is not missed.

Source: ISO/IEC 14496-12, sections 8.2.2, 8.4.2, 8.6.1, 8.6.6, 8.7 and 8.8; Microsoft's AVI RIFF File Reference.
"""

import functools
import os
import struct
from os import PathLike
from typing import Any

import numpy as np
from jaxtyping import Int64

from vatt_edu.data.media.mp4 import boxes as mp4
from vatt_edu.data.media.mp4.clocks import clock_fault
from vatt_edu.data.media.mp4.fragments import TOLERANCE, Movie, is_early, movie_fragments

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
RAW = {"mjpeg": b"\xff\xd8", "h264": b"\0\0", "hevc": b"\0\0", "m4v": b"\0\0", "mpegvideo": b"\0\0"}
"""How streams without a container begin, by FFmpeg's names."""
HEAD = 1 << 16
"""Bytes in which AVI's headers lie."""
AVI_TOLERANCE = 0.05
"""By which rates and lengths may differ: they are rounded, and sound ends a little later."""

MEND = "; if a player shows it rightly, `ffmpeg -i FILE -c copy NEW.mp4` makes one whose index says it twice"
TIMED = ("tkhd", "mdhd", "stts", "stsz", "stsc", "stsd")
LARGEST = 1 << 28
"""Bytes of an index that is read."""
LARGEST_SCALE = 64.0
"""By which a track may say that its picture is to be shown larger."""
MOST = 1 << 22
"""Samples of a track that are placed one by one: more are sound without compression."""


def header_fault(path: str | PathLike[str], form: str) -> str:
    """How a file contradicts itself; empty if it does not.

    Args:
        path: The file.
        form: FFmpeg's name of its container.
    """
    if form not in (MP4, "avi", *RAW):
        return ""
    stat = os.stat(path)
    return _fault(os.fspath(path), stat.st_size, stat.st_mtime_ns, form)


@functools.lru_cache(maxsize=4096)
def _fault(path: str, size: int, time: int, form: str) -> str:
    """Size and time are the cache's key."""
    if form == MP4:
        return _mp4_fault(path, size, time)
    with open(path, "rb") as file:
        head = file.read(HEAD)
    if form == "avi":
        return _avi_fault(head)
    return (
        "" if head.startswith(RAW.get(form, b"")) else f"no container is left in it, and pieces of {form} give no times"
    )


def _avi_fault(head: bytes) -> str:
    """The rate of pictures is the clock; the sound decides where the two places of it differ."""
    place = head.find(b"avih")
    micros = int.from_bytes(head[place + 8 : place + 12], "little")
    tracks: dict[bytes, tuple[float, float]] = {}
    start = head.find(b"strh")
    while 0 <= start <= len(head) - 64:
        scale, rate, _, length = struct.unpack_from("<4I", head, start + 28)
        tracks.setdefault(head[start + 8 : start + 12], (scale / max(rate, 1), length * scale / max(rate, 1)))
        start = head.find(b"strh", start + 1)
    if place < 0 or not micros or b"vids" not in tracks:
        return ""
    step, seconds = tracks[b"vids"]
    sound = tracks.get(b"auds", (0.0, 0.0))[1]
    if abs(step * 1e6 / micros - 1) < AVI_TOLERANCE or abs(sound - seconds) < AVI_TOLERANCE * seconds:
        return ""
    return f"its header contradicts itself: a picture every {micros / 1000:.1f} and every {1000 * step:.1f} ms"


def _mp4_fault(path: str, size: int, time: int) -> str:
    with open(path, "rb") as file:
        places = dict[str, mp4.Box]()
        data = list[mp4.Box]()
        for box in mp4.top(file, size):
            places.setdefault(box[0], box)
            data += [box] if box[0] == "mdat" else []
            if "moov" in places and box[0] == "moof":
                break  # there may be thousands
        if not {"moov", "meta"} & places.keys():  # FFmpeg looks for it among what is damaged, and takes what it gets
            return "its index is damaged: no moov in it"
        if "moov" not in places or places["moov"][2] - places["moov"][1] > LARGEST:
            return ""  # a still picture, or longer than can be looked at
        if places["moov"][2] > size:
            return "its index is cut off"
        movie = mp4.content(file, places["moov"])
        try:
            parts = movie_fragments(path, size, time) if any(box[0] == "mvex" for box in mp4.boxes(movie)) else None
            if parts and _lost_beginning(file, size, parts):
                return "the beginning of its fragments is damaged, and with it the time of all others"
            clock = clock_fault(parts) if parts else ""
            return _contradiction(movie, data) or (clock and clock + MEND)
        except (struct.error, IndexError, KeyError, ValueError, OverflowError):
            return "its index is damaged"


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
    table = mp4.content(file, ("mfra", size - length + 8, size))
    rows = [place for box in mp4.boxes(table) if box[0] == "tfra" for place in _fragments(table[box[1] : box[2]])]
    later = sum(len(table) + 8 for table, end in movie.indices if end <= first.place)
    return bool(rows) and min(rows) not in (first.place, first.place - later)  # FFmpeg 5 puts ``sidx`` in afterwards


def _fragments(table: bytes) -> list[int]:
    """Where fragments begin, by a ``tfra`` box."""
    version, sizes, count = table[0], int.from_bytes(table[8:12], "big"), int.from_bytes(table[12:16], "big")
    row = (16 if version else 8) + sum(((sizes >> shift) & 3) + 1 for shift in (0, 2, 4))
    form = ">8xQ" if version else ">4xI"
    return [struct.unpack_from(form, table, 16 + k * row)[0] for k in range(count) if 16 + (k + 1) * row <= len(table)]


def _contradiction(movie: bytes, data: list[mp4.Box]) -> str:
    parts = list(mp4.boxes(movie))
    head = next((movie[begin:end] for name, begin, end in parts if name == "mvhd"), b"")
    if _absurd(head, 36):
        return "its index is damaged: it shows pictures immensely large, or as a line"
    scale = mp4.clock(head)[0]
    fragments = any(name == "mvex" for name, _, _ in parts)
    exact = b"Lavf" in movie  # FFmpeg shows all that it writes, but for what comes before the first picture
    spans = []
    for name, begin, end in parts:
        if name != "trak":
            continue
        tables = mp4.tables(movie, begin, end)
        if "hdlr" not in tables:
            return "its index is damaged: no hdlr in it"
        if tables["hdlr"][8:12] not in (b"vide", b"soun"):
            continue
        if fault := _track_fault(tables, 0 if fragments else scale, exact and tables["hdlr"][8:12] == b"vide"):
            return fault
        if not fragments and "stsz" in tables and int.from_bytes(tables["stsz"][8:12], "big") <= MOST:
            spans.append(_samples(tables))
    return _overlap(np.concatenate(spans, axis=1), data) if spans else ""


def _absurd(head: bytes, place: int) -> bool:
    """Whether ``mvhd`` or ``tkhd``, whose matrix is at ``place``, later in its second version, shows absurd sizes."""
    a, b, _, c, d = np.frombuffer(head, ">i4", 5, place + 12 * (head[0] == 1)) / 65536
    line = a * d == b * c and any((a, b, c, d))  # all that is shown lies on it; some programs leave all zero
    return bool(line or max(map(abs, (a, b, c, d))) > LARGEST_SCALE)


def _rows(table: bytes, columns: int, skip: int = 4) -> Int64[np.ndarray, "R C"]:
    count = int.from_bytes(table[skip : skip + 4], "big")
    rows = np.frombuffer(table, ">u4", min(count * columns, (len(table) - skip - 4) // 4), skip + 4)
    if len(rows) < count * columns:
        raise ValueError("a table that is shorter than it says")
    return rows.astype(np.int64).reshape(count, columns)


def _sizes(tables: dict[str, bytes]) -> Int64[np.ndarray, " N"]:
    table = tables["stsz"]
    size, count = struct.unpack_from(">II", table, 4)
    return np.full(count, size, np.int64) if size else _rows(table, 1, 8)[:, 0]


def _track_fault(tables: dict[str, bytes], movie_scale: int, exact: bool) -> str:
    """``movie_scale`` is 0 where samples are in fragments, and nothing sums up; with ``exact`` all is shown."""
    if "stz2" in tables:
        return ""  # sizes of 4 bits: nobody writes them
    if absent := [name for name in TIMED if name not in tables]:
        return f"its index is damaged: no {absent[0]} in it"
    if _absurd(tables["tkhd"], 40):
        return "its index is damaged: it shows pictures immensely large, or as a line"
    scale, length = mp4.clock(tables["mdhd"])
    steps = _rows(tables["stts"], 2)
    count, total = int(steps[:, 0].sum()), int((steps[:, 0] * steps[:, 1]).sum())
    if not count or not scale or not movie_scale:
        return ""
    sizes = int(struct.unpack_from(">I", tables["stsz"], 8)[0])
    if count != sizes:
        return f"its index contradicts itself: {count} times for {sizes} samples"
    sums = f"its index contradicts itself: samples of {total / scale:.2f} s in a track of {length / scale:.2f} s"
    wrong_length = length >= 0 and abs(total - length) > TOLERANCE * scale + total / count
    if count > MOST:
        return sums if wrong_length else ""
    starts = np.concatenate([[0], np.cumsum(np.repeat(steps[:, 1], steps[:, 0]))])
    late = np.zeros(count, np.int64)
    if "ctts" in tables:
        offsets = _rows(tables["ctts"], 2)
        if int(offsets[:, 0].sum()) != count:
            return f"its index contradicts itself: {int(offsets[:, 0].sum())} delays for {count} samples"
        late = np.repeat(offsets[:, 1].astype(np.uint32).astype(np.int32).astype(np.int64), offsets[:, 0])
    last, end = int((starts[:-1] + late).max()) / scale, int((starts[1:] + late).max()) / scale
    edits = _edits(tables["elst"], movie_scale, scale) if "elst" in tables else []
    shown = max((begin + seconds for begin, seconds in edits if begin >= 0 and seconds > 0), default=None)
    tolerance = TOLERANCE / 2 + total / count / scale
    if wrong_length and (shown is None or not last - tolerance < shown < end + tolerance):  # else only the length is
        return sums
    if shown is not None and (shown > end + tolerance or (exact and shown < last - tolerance)):
        return f"its index contradicts itself: its samples end at {end:.2f} s, what is shown of them at {shown:.2f} s"
    return ""


def _edits(table: bytes, movie_scale: int, scale: int) -> list[tuple[float, float]]:
    """Seconds of the track at which each edit begins, negative for an empty one, and how many it takes."""
    count, form, row = int.from_bytes(table[4:8], "big"), *((">Qq", 20) if table[0] else (">Ii", 12))
    edits = [struct.unpack_from(form, table, 8 + k * row) for k in range(count)]
    return [(begin / scale, length / movie_scale) for length, begin in edits]


def _samples(tables: dict[str, bytes]) -> Int64[np.ndarray, "2 N"]:
    """Where the samples of a track begin and end in the file."""
    sizes = _sizes(tables)
    if "co64" in tables:
        count = int.from_bytes(tables["co64"][4:8], "big")
        chunks = np.frombuffer(tables["co64"], ">u8", count, 8).astype(np.int64)
    else:
        chunks = _rows(tables["stco"], 1)[:, 0]
    runs = _rows(tables["stsc"], 3)
    per_chunk = np.repeat(runs[:, 1], np.diff(np.append(runs[:, 0], len(chunks) + 1)))
    last = np.cumsum(per_chunk)
    if not len(last) or last[-1] < len(sizes):
        raise ValueError("samples without a chunk")
    chunk = np.searchsorted(last, np.arange(len(sizes)), side="right")
    before = np.concatenate([[0], np.cumsum(sizes)])
    begins = chunks[chunk] + before[:-1] - before[(last - per_chunk)[chunk]]
    return np.stack([begins, begins + sizes])


def _overlap(samples: Int64[np.ndarray, "2 N"], data: list[mp4.Box]) -> str:
    begins, ends = samples[:, np.lexsort(samples)]
    shared = (ends[:-1] > begins[1:]) & (begins[:-1] != begins[1:])
    bounds = np.array(sorted((begin, end) for _, begin, end in data))
    home = np.searchsorted(bounds[:, 0], begins, side="right") - 1 if len(bounds) else np.full(len(begins), -1)
    outside = (home < 0) | (ends > bounds[home, 1]) if len(bounds) else home < 0
    if shared.any() or outside[ends > begins].any():
        return "its index contradicts itself: samples that share bytes, or lie outside of its data"
    return ""
