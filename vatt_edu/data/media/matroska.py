"""Checksums in Matroska (.mkv), which FFmpeg writes and does not read: what does not match them is not shown.

FFmpeg begins each element of the top level with the CRC-32 of the rest of it: Info (the clock), Tracks (how to decode)
and every Cluster, which holds some seconds of packets. A file whose Info or Tracks do not match is refused; packets of
a Cluster that does not match are damaged. WebM, and what other programs write, mostly has no checksums, and is read as
it is.

Source: RFC 8794 (EBML), sections 4 to 6 and 11.3.1; RFC 9559 (Matroska), section 5.1.
"""

import functools
import os
import zlib
from os import PathLike
from typing import Any, BinaryIO, NamedTuple

EBML, SEGMENT, CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
INFO, TRACKS, VOID = b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\xec"
SEEK_HEAD, CUES, TAGS = b"\x11\x4d\x9b\x74", b"\x1c\x53\xbb\x6b", b"\x12\x54\xc3\x67"
CHAPTERS, ATTACHMENTS = b"\x10\x43\xa7\x70", b"\x19\x41\xa4\x69"
CHECKSUM = b"\xbf\x84"
"""Name and size of a CRC-32, which comes first where it is there."""
WITHOUT_PACKETS = (CHECKSUM[:1], INFO, TRACKS, VOID, SEEK_HEAD, CUES, TAGS, CHAPTERS, ATTACHMENTS)

START_SECONDS = 0.1
"""At which nearly all files begin, but for what encoders put before; where packets are lost, the first one is later."""
SEARCHED = 1 << 20
"""Bytes, from where the header ends, among which a Cluster shows whether this file's have checksums."""
BLOCK = 1 << 20
"""Bytes that are read at once."""


class Element(NamedTuple):
    """Where an element's content lies; ``end`` is None where its size is left open, as in a stream."""

    name: bytes
    begin: int
    end: int | None


class Header(NamedTuple):
    """What comes before the Clusters.

    Attributes:
        fault: Why the file cannot be trusted; empty if it can.
        first: Where the first Cluster should be.
        checked: Whether Clusters have checksums.
        cut: Whether the file ends before it should.
    """

    fault: str
    first: int
    checked: bool
    cut: bool


def checksum_fault(path: str | PathLike[str], start: float) -> str:
    """Why a Matroska file's own description of itself cannot be trusted; empty if nothing speaks against it.

    Args:
        path: The file.
        start: Seconds of its first packet that can be read, which are time 0 of the file's clock.
    """
    key = _key(path)
    header = _header(*key)
    if header.fault or not header.checked or header.cut or abs(start) <= START_SECONDS:
        return header.fault
    with open(path, "rb") as file:
        element = _element(file, header.first)
    if element is not None and (element.end is None or (element.name == CLUSTER and _matches(*key, *element))):
        return ""
    return "its first packets are damaged, and with them the time of all others"


class Clusters:
    """Which packets of one track of an open container, as they come, lie in a Cluster that is as it was written."""

    def __init__(self, path: str | PathLike[str], stream: Any) -> None:
        self._key, self._stream = _key(path), stream
        self._header = _header(*self._key)
        self._begin = self._end = -1  # of the Cluster of the last packet
        self._intact = True

    def look_up(self, packet: Any) -> tuple[bool, bool]:
        """Whether a packet may be used, and whether none before it is lost; both where there are no checksums."""
        position = -1 if packet.pos is None else packet.pos
        if not self._header.checked or position < 0 or self._begin <= position < self._end:
            return self._intact, True
        whole, end = True, self._end
        if end >= 0:  # a Cluster that is passed, since no packet of it can be read, is the damaged one
            whole = self._walk(end, position)
        if end < 0 or not self._begin <= position < self._end:
            starts = [entry.pos for entry in self._stream.index_entries if entry.pos <= position]
            self._walk(max(starts, default=self._header.first), position)
        if not self._begin <= position < self._end:
            self._begin, self._end, self._intact = position, position + 1, False
        return self._intact, whole

    def _walk(self, start: int, position: int) -> bool:
        """From an element's beginning to the Cluster that holds ``position``; whether all that it passes is intact."""
        path, size, _ = self._key
        whole = True
        with open(path, "rb") as file:
            while start <= position:
                element = _element(file, start)
                if element is None:
                    return False
                if element.end is None or (element.end > size and self._header.cut):
                    self._begin, self._end, self._intact = (
                        start,
                        size,
                        True,
                    )  # left open, or cut off
                    return whole
                intact = element.name in WITHOUT_PACKETS or bool(_matches(*self._key, *element))
                if position < element.end:
                    self._begin, self._end, self._intact = start, element.end, intact and element.name == CLUSTER
                    return whole
                whole, start = whole and intact, element.end
        return False


def _key(path: str | PathLike[str]) -> tuple[str, int, int]:
    stat = os.stat(path)
    return os.fspath(path), stat.st_size, stat.st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _header(path: str, size: int, time: int) -> Header:
    """Size and time are the cache's key."""
    verdicts: dict[bytes, bool | None] = {INFO: None, TRACKS: None}
    with open(path, "rb") as file:
        place, end = 0, None
        while (element := _element(file, place)) is not None and element.name in (EBML, VOID):
            place = element.end or size
        if element is None or element.name != SEGMENT:
            return Header("its header is damaged: no Segment in it", 0, False, False)
        place, end = element.begin, element.end
        while (element := _element(file, place)) is not None and element.name in WITHOUT_PACKETS:
            if element.end is None or element.end > size:
                break
            if element.name in verdicts:
                verdicts[element.name] = _matches(path, size, time, *element)
            place = element.end
        file.seek(place)
        checked = _have_checksums(file.read(SEARCHED))
    for name, verdict in verdicts.items():
        if verdict is False or (checked and verdict is None):
            part = {INFO: "Info", TRACKS: "Tracks"}[name]
            return Header(f"its header is damaged: {part} does not match its checksum", place, checked, False)
    return Header("", place, checked, end is None or end > size)


def _have_checksums(content: bytes) -> bool:
    place = content.find(CLUSTER)
    while place >= 0:
        size = content[place + 4 : place + 5]
        length = 9 - size[0].bit_length() if size else 0
        if content[place + 4 + length : place + 6 + length] == CHECKSUM:
            return True
        place = content.find(CLUSTER, place + 1)
    return False


def _element(file: BinaryIO, place: int) -> Element | None:
    """The element that begins at ``place``; None where no element can."""
    file.seek(place)
    head = file.read(12)  # at most 4 bytes of name and 8 of size, each with its length in the first bits
    letters = 9 - head[0].bit_length() if head else 9
    if letters > 4 or len(head) <= letters:
        return None
    digits = 9 - head[letters].bit_length()
    if digits > 8 or len(head) < letters + digits:
        return None
    size = int.from_bytes(head[letters : letters + digits], "big") & ((1 << 7 * digits) - 1)
    begin = place + letters + digits
    return Element(head[:letters], begin, None if size == (1 << 7 * digits) - 1 else begin + size)


@functools.lru_cache(maxsize=256)
def _matches(path: str, size: int, time: int, name: bytes, begin: int, end: int) -> bool | None:
    """Whether an element is as its checksum says; None without one (size, time and name are the cache's key)."""
    with open(path, "rb") as file:
        file.seek(begin)
        head = file.read(6)
        if head[:2] != CHECKSUM:
            return None
        crc, left = 0, end - begin - 6
        while left > 0 and (block := file.read(min(left, BLOCK))):
            crc, left = zlib.crc32(block, crc), left - len(block)
    return left == 0 and crc == int.from_bytes(head[2:], "little")
