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
from collections.abc import Iterator
from os import PathLike
from typing import Any

import numpy as np
from jaxtyping import Int64

Box = tuple[str, int, int]
"""Name, and where the content begins and ends."""
OPEN = 1 << 62
"""The end of a box that goes on to the end of its file."""
TOLERANCE = 0.25
"""Seconds by which sums may differ: a last picture has no next one that would say how long it is shown."""

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
RAW = {"mjpeg": b"\xff\xd8", "h264": b"\0\0", "hevc": b"\0\0", "m4v": b"\0\0", "mpegvideo": b"\0\0"}
"""How streams without a container begin, by FFmpeg's names."""
HEAD = 1 << 16
"""Bytes in which AVI's headers lie."""
AVI_TOLERANCE = 0.05
"""By which rates and lengths may differ: they are rounded, and sound ends a little later."""

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


def in_fragments(path: str | PathLike[str], form: str) -> bool:
    """Whether a file of a container is an MP4 that says that its samples may be in fragments."""
    stat = os.stat(path)
    return form == MP4 and _has_fragments(os.fspath(path), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _has_fragments(path: str, size: int, time: int) -> bool:
    """Size and time are the cache's key."""
    with open(path, "rb") as file:
        movie = next((box for box in top_boxes(file, size) if box[0] == "moov"), None)
        header = box_content(file, movie) if movie and movie[2] - movie[1] <= LARGEST else b""
    return any(name == "mvex" for name, _, _ in inner_boxes(header))


@functools.lru_cache(maxsize=4096)
def _fault(path: str, size: int, time: int, form: str) -> str:
    """Size and time are the cache's key."""
    if form == MP4:
        return _mp4_fault(path, size)
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


def _mp4_fault(path: str, size: int) -> str:
    with open(path, "rb") as file:
        places = dict[str, Box]()
        data = list[Box]()
        for box in top_boxes(file, size):
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
        movie = box_content(file, places["moov"])
        try:
            return _contradiction(movie, data)
        except (struct.error, IndexError, KeyError, ValueError, OverflowError):
            return "its index is damaged"


def _contradiction(movie: bytes, data: list[Box]) -> str:
    parts = list(inner_boxes(movie))
    head = next((movie[begin:end] for name, begin, end in parts if name == "mvhd"), b"")
    if _absurd(head, 36):
        return "its index is damaged: it shows pictures immensely large, or as a line"
    scale = time_scale(head)[0]
    fragments = any(name == "mvex" for name, _, _ in parts)
    exact = b"Lavf" in movie  # FFmpeg shows all that it writes, but for what comes before the first picture
    spans = []
    for name, begin, end in parts:
        if name != "trak":
            continue
        tables = track_tables(movie, begin, end)
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
    scale, length = time_scale(tables["mdhd"])
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


def _overlap(samples: Int64[np.ndarray, "2 N"], data: list[Box]) -> str:
    begins, ends = samples[:, np.lexsort(samples)]
    shared = (ends[:-1] > begins[1:]) & (begins[:-1] != begins[1:])
    bounds = np.array(sorted((begin, end) for _, begin, end in data))
    home = np.searchsorted(bounds[:, 0], begins, side="right") - 1 if len(bounds) else np.full(len(begins), -1)
    outside = (home < 0) | (ends > bounds[home, 1]) if len(bounds) else home < 0
    if shared.any() or outside[ends > begins].any():
        return "its index contradicts itself: samples that share bytes, or lie outside of its data"
    return ""


def top_boxes(file: Any, size: int, place: int = 0) -> Iterator[Box]:
    """The boxes of a file of ``size`` bytes that are in no other one, from ``place`` on."""
    while place + 8 <= size:
        file.seek(place)
        head = file.read(16)
        length, begin = int.from_bytes(head[:4], "big"), place + 8
        if length == 1:
            length, begin = int.from_bytes(head[8:16], "big"), place + 16
        end = place + length if length else OPEN  # cut off or not, all that follows is in it
        yield head[4:8].decode("latin-1"), begin, end
        if end < begin:
            return
        place = end


def box_content(file: Any, box: Box) -> bytes:
    """What is in a box of a file."""
    file.seek(box[1])
    inner: bytes = file.read(box[2] - box[1])
    return inner


def inner_boxes(inner: bytes, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes in the content of another one, up to the first that cannot be one."""
    end = len(inner) if end is None else end
    while begin + 8 <= end:
        length = int.from_bytes(inner[begin : begin + 4], "big")
        if not 8 <= length <= end - begin:
            return
        yield inner[begin + 4 : begin + 8].decode("latin-1"), begin + 8, begin + length
        begin += length


def track_tables(movie: bytes, begin: int, end: int) -> dict[str, bytes]:
    """The content of each box of a track, by name; those in it that hold only others are opened."""
    contents: dict[str, bytes] = {}
    for name, first, last in inner_boxes(movie, begin, end):
        if name == "minf":  # QuickTime has a second hdlr in it
            contents |= {name: table for name, table in track_tables(movie, first, last).items() if name != "hdlr"}
        elif name in ("mdia", "stbl", "edts"):
            contents |= track_tables(movie, first, last)
        else:
            contents[name] = movie[first:last]
    return contents


def time_scale(head: bytes) -> tuple[int, int]:
    """Ticks per second, and how many there are, of ``mvhd`` or ``mdhd``; -1 where that is left open."""
    scale, length = struct.unpack_from(">IQ", head, 20) if head[0] else struct.unpack_from(">II", head, 12)
    return scale, length if length and length not in (2**32 - 1, 2**64 - 1) else -1
