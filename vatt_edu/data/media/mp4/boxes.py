"""The boxes of which MP4 and QuickTime files are made: a size, a name of four letters, and content, or more boxes.

Source: ISO/IEC 14496-12, sections 4.2, 8.2.2, 8.3.2 and 8.4.2.
"""

import struct
from collections.abc import Iterator
from typing import Any

Box = tuple[str, int, int]
"""Name, and where the content begins and ends."""
OPEN = 1 << 62
"""The end of a box that goes on to the end of its file."""


def top(file: Any, size: int, place: int = 0) -> Iterator[Box]:
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


def content(file: Any, box: Box) -> bytes:
    """What is in a box of a file."""
    file.seek(box[1])
    inner: bytes = file.read(box[2] - box[1])
    return inner


def boxes(inner: bytes, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes in the content of another one, up to the first that cannot be one."""
    end = len(inner) if end is None else end
    while begin + 8 <= end:
        length = int.from_bytes(inner[begin : begin + 4], "big")
        if not 8 <= length <= end - begin:
            return
        yield inner[begin + 4 : begin + 8].decode("latin-1"), begin + 8, begin + length
        begin += length


def tables(movie: bytes, begin: int, end: int) -> dict[str, bytes]:
    """The content of each box of a track, by name; those in it that hold only others are opened."""
    contents: dict[str, bytes] = {}
    for name, first, last in boxes(movie, begin, end):
        if name == "minf":  # QuickTime has a second hdlr in it
            contents |= {name: table for name, table in tables(movie, first, last).items() if name != "hdlr"}
        elif name in ("mdia", "stbl", "edts"):
            contents |= tables(movie, first, last)
        else:
            contents[name] = movie[first:last]
    return contents


def clock(head: bytes) -> tuple[int, int]:
    """Ticks per second, and how many there are, of ``mvhd`` or ``mdhd``; -1 where that is left open."""
    scale, length = struct.unpack_from(">IQ", head, 20) if head[0] else struct.unpack_from(">II", head, 12)
    return scale, length if length and length not in (2**32 - 1, 2**64 - 1) else -1
