"""What a file says twice about how it is to be read: one that contradicts itself is not read by one half of it.

MP4 has no checksums. But the times of its samples (``stts``) sum up to the length of their track (``mdhd``), what is
shown (``elst``) lies within it, as many samples have times as have sizes, no two of them share bytes, the first
fragment ends where the second begins, and where there is a list of fragments at the end (``mfra``), one begins at each
of its places. AVI has its rate in two places, and a
raw stream begins with a picture. Only what no program writes is a fault: a table that may be absent is not missed.

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

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
RAW = {"mjpeg": b"\xff\xd8", "h264": b"\0\0", "hevc": b"\0\0", "m4v": b"\0\0", "mpegvideo": b"\0\0"}
"""How streams without a container begin, by FFmpeg's names."""
HEAD = 1 << 16
"""Bytes in which AVI's headers lie."""
AVI_TOLERANCE = 0.05
"""By which rates and lengths may differ: they are rounded, and sound ends a little later."""

Box = tuple[str, int, int]
"""Name, and where the content begins and ends."""

TOLERANCE = 0.25
"""Seconds by which sums may differ: a last picture has no next one that would say how long it is shown."""
TIMED = ("tkhd", "mdhd", "stts", "stsz", "stsc", "stsd")
OPEN = 1 << 62
"""The end of a box that goes on to the end of its file."""
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
        boxes = dict[str, Box]()
        places = list[Box]()
        for box in _top(file, size):
            boxes.setdefault(box[0], box)
            places.append(box)
            if "moov" in boxes and [name for name, _, _ in places].count("moof") >= 2:
                break  # there may be thousands
        if not {"moov", "meta"} & boxes.keys():  # FFmpeg looks for it among what is damaged, and takes what it gets
            return "its index is damaged: no moov in it"
        if "moov" not in boxes or boxes["moov"][2] - boxes["moov"][1] > LARGEST:
            return ""  # a still picture, or longer than can be looked at
        if boxes["moov"][2] > size:
            return "its index is cut off"
        movie = _content(file, boxes["moov"])
        try:
            if any(name == "mvex" for name, _, _ in _boxes(movie)) and _fragment_fault(file, size, movie, places):
                return "its first fragment is damaged, and with it the time of all others"
            if overlap := _fragments_overlap(file, size, movie, [box for box in places if box[0] == "moof"]):
                return f"its fragments contradict each other: the first lasts {overlap:.2f} s into the second"
            return _contradiction(movie, [box for box in places if box[0] == "mdat"])
        except (struct.error, IndexError, KeyError, ValueError):
            return "its index is damaged"


def _fragment_fault(file: Any, size: int, movie: bytes, places: list[Box]) -> bool:
    """Whether what comes first, after the index, is no whole fragment: FFmpeg leaves out what it does not know."""
    after = places[[box[0] for box in places].index("moov") + 1 :]
    after = after[: next((k + 1 for k, box in enumerate(after) if box[0] == "moof"), len(after))]
    if any(box[0] == "mdat" for box in after):
        return not _sampled(movie)  # what was before it is not known as a fragment
    if not after or after[-1][0] != "moof" or after[-1][2] > size:
        return False  # nothing comes, or not all of it
    fragment = _content(file, after[-1])
    tracks = [{name for name, _, _ in _boxes(fragment, *box[1:])} for box in _boxes(fragment) if box[0] == "traf"]
    if not any("trun" in names for names in tracks) or any("tfhd" not in names for names in tracks):
        return True
    file.seek(size - 16)
    tail = file.read(16)
    length = int.from_bytes(tail[12:], "big")
    if tail[4:8] != b"mfro" or not 16 < length <= size:
        return False
    table = _content(file, ("mfra", size - length + 8, size))
    offsets = [place for box in _boxes(table) if box[0] == "tfra" for place in _fragments(table[box[1] : box[2]])]
    return bool(offsets) and min(offsets) != after[-1][1] - 8


def _fragments_overlap(file: Any, size: int, movie: bytes, fragments: list[Box]) -> float:
    """Seconds by which the samples of a track in the first fragment go on after they begin in the second; else 0."""
    if len(fragments) < 2 or any(box[2] > size for box in fragments):
        return 0.0
    scales, usual = dict[int, int](), dict[int, int]()
    for name, begin, end in _boxes(movie):
        if name == "trak" and {"tkhd", "mdhd"} <= (tables := _tables(movie, begin, end)).keys():
            place = 20 if tables["tkhd"][0] else 12
            scales[int.from_bytes(tables["tkhd"][place : place + 4], "big")] = _scale(tables["mdhd"])[0]
        for part, first, _ in _boxes(movie, begin, end) if name == "mvex" else ():
            if part == "trex":
                track, _, step = struct.unpack_from(">3I", movie, first + 4)
                usual[track] = step
    try:
        one, two = (_spans(_content(file, box), usual) for box in fragments[:2])
    except (struct.error, ValueError):
        return 0.0  # damaged in itself, which its pictures will show
    late = [(one[track][1] - two[track][0]) / scales[track] for track in one.keys() & two.keys() if scales.get(track)]
    return max((seconds for seconds in late if seconds > TOLERANCE), default=0.0)


def _spans(fragment: bytes, usual: dict[int, int]) -> dict[int, tuple[int, int]]:
    """When each track's samples begin and end, ticks, in the content of a ``moof`` that says both."""
    spans = {}
    for name, *bounds in _boxes(fragment):
        parts = (
            [(part, fragment[begin:end]) for part, begin, end in _boxes(fragment, *bounds)] if name == "traf" else []
        )
        tables = dict(parts)
        if not {"tfhd", "tfdt"} <= tables.keys():
            continue
        head, (flags, track) = tables["tfhd"], struct.unpack_from(">II", tables["tfhd"])
        step = usual.get(track, 0)
        if flags & 8:
            step = struct.unpack_from(">I", head, 8 + 8 * (flags & 1) + 2 * (flags & 2))[0]
        begin = struct.unpack_from(">Q" if tables["tfdt"][0] else ">I", tables["tfdt"], 4)[0]
        spans[track] = begin, begin + sum(_length(run, step) for part, run in parts if part == "trun")
    return spans


def _length(run: bytes, step: int) -> int:
    """Ticks of a ``trun``, whose samples take ``step`` each where it does not say how many."""
    flags, count = struct.unpack_from(">II", run)
    if not flags & 0x100:
        return count * step
    columns = sum(bool(flags & flag) for flag in (0x100, 0x200, 0x400, 0x800))
    first = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 4)
    return int(np.frombuffer(run, ">u4", count * columns, first)[::columns].astype(np.int64).sum())


def _sampled(movie: bytes) -> bool:
    """Whether an index lists samples itself, besides fragments."""
    tracks = [_tables(movie, begin, end) for name, begin, end in _boxes(movie) if name == "trak"]
    return any(int.from_bytes(tables.get("stsz", b"")[8:12], "big") for tables in tracks)


def _top(file: Any, size: int) -> Iterator[Box]:
    place = 0
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


def _content(file: Any, box: Box) -> bytes:
    file.seek(box[1])
    content: bytes = file.read(box[2] - box[1])
    return content


def _boxes(content: bytes, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    end = len(content) if end is None else end
    while begin + 8 <= end:
        length = int.from_bytes(content[begin : begin + 4], "big")
        if not 8 <= length <= end - begin:
            return
        yield content[begin + 4 : begin + 8].decode("latin-1"), begin + 8, begin + length
        begin += length


def _fragments(table: bytes) -> list[int]:
    """Where fragments begin, by a ``tfra`` box."""
    version, sizes, count = table[0], int.from_bytes(table[8:12], "big"), int.from_bytes(table[12:16], "big")
    row = (16 if version else 8) + sum(((sizes >> shift) & 3) + 1 for shift in (0, 2, 4))
    form = ">8xQ" if version else ">4xI"
    return [struct.unpack_from(form, table, 16 + k * row)[0] for k in range(count) if 16 + (k + 1) * row <= len(table)]


def _contradiction(movie: bytes, data: list[Box]) -> str:
    boxes = list(_boxes(movie))
    head = next((movie[begin:end] for name, begin, end in boxes if name == "mvhd"), b"")
    if _enlarged(head, 36):
        return "its index is damaged: it shows pictures immensely large"
    scale = _scale(head)[0]
    fragments = any(name == "mvex" for name, _, _ in boxes)
    exact = b"Lavf" in movie  # FFmpeg shows all that it writes, but for what comes before the first picture
    spans = []
    for name, begin, end in boxes:
        if name != "trak":
            continue
        tables = _tables(movie, begin, end)
        if "hdlr" not in tables:
            return "its index is damaged: no hdlr in it"
        if tables["hdlr"][8:12] not in (b"vide", b"soun"):
            continue
        if fault := _track_fault(tables, 0 if fragments else scale, exact and tables["hdlr"][8:12] == b"vide"):
            return fault
        if not fragments and "stsz" in tables and int.from_bytes(tables["stsz"][8:12], "big") <= MOST:
            spans.append(_samples(tables))
    return _overlap(np.concatenate(spans, axis=1), data) if spans else ""


def _tables(movie: bytes, begin: int, end: int) -> dict[str, bytes]:
    tables: dict[str, bytes] = {}
    for name, first, last in _boxes(movie, begin, end):
        if name == "minf":  # QuickTime has a second hdlr in it
            tables |= {name: table for name, table in _tables(movie, first, last).items() if name != "hdlr"}
        elif name in ("mdia", "stbl", "edts"):
            tables |= _tables(movie, first, last)
        else:
            tables[name] = movie[first:last]
    return tables


def _scale(head: bytes) -> tuple[int, int]:
    """Ticks per second, and how many there are, of ``mvhd`` or ``mdhd``; -1 where that is left open."""
    scale, length = struct.unpack_from(">IQ", head, 20) if head[0] else struct.unpack_from(">II", head, 12)
    return scale, length if length and length not in (2**32 - 1, 2**64 - 1) else -1


def _enlarged(head: bytes, place: int) -> bool:
    """Whether ``mvhd`` or ``tkhd``, whose matrix is at ``place``, later in its second version, shows absurd sizes."""
    matrix = np.frombuffer(head, ">i4", 5, place + 12 * (head[0] == 1))
    return bool(np.abs(matrix[[0, 1, 3, 4]] / 65536).max() > LARGEST_SCALE)


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
    if _enlarged(tables["tkhd"], 40):
        return "its index is damaged: it shows pictures immensely large"
    scale, length = _scale(tables["mdhd"])
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
