"""TensorFlow checkpoints ("tensor bundles") read with numpy alone.

A checkpoint named ``PREFIX`` is an index, ``PREFIX.index``, and one or more files of raw bytes,
``PREFIX.data-00000-of-00001`` and so on. The index is a sorted table in LevelDB's format: blocks of entries whose keys
leave out what they share with the key before. The key ``""`` holds the header, every other one is a tensor's name; its
value, a protocol buffer, says type, shape, file, place and checksum. Every block and every tensor that is read is
checked against its CRC-32C. Nothing is executed: these files hold no code.
"""

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8

from vatt_edu.errors import UserError
from vatt_edu.interop.crc32c import crc32c, unmasked

_FOOTER, _TRAILER, _MAGIC = 48, 5, 0xDB4775248B80FB57
_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?", 19: "<f2"}  # DataType to numpy's
_DATA = re.compile(r"\.data-\d+-of-\d+$")


class _Damage(Exception):
    """What is wrong with the bytes of a file."""


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies and what it is.

    Attributes:
        kind: TensorFlow's number of the data type.
        shape: Of the tensor.
        shard: Number of the data file.
        offset: Of its first byte there.
        size: In bytes.
        checksum: CRC-32C of its bytes, masked.
        sliced: Whether the tensor is stored in parts (a partitioned variable).
    """

    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


class TensorFlowCheckpoint:
    """A checkpoint, by key; a tensor is read when it is asked for.

    Attributes:
        prefix: The checkpoint's name.
        entries: What the index says about each key, in its order.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Reads the index.

        Args:
            path: The prefix, its ``.index``, one of its ``.data-…`` files, or a folder with one checkpoint or with the
                file ``checkpoint``, which names the latest.

        Raises:
            UserError: If there is no checkpoint, or its index is damaged.
        """
        self.prefix = find_prefix(Path(path))
        index = Path(f"{self.prefix}.index")
        try:
            table = dict(_table(index.read_bytes()))
            self._shards = _header(table.pop(b""))
            self.entries = {key.decode(): _entry(value) for key, value in table.items()}
        except (_Damage, KeyError, UnicodeDecodeError) as error:
            why = f" ({error})" if isinstance(error, _Damage) else ""
            raise UserError(f"{index} is damaged or no index of a TensorFlow checkpoint{why}: copy it again") from None
        except OSError as error:
            raise UserError(f"cannot read {index} ({error.strerror})") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __getitem__(self, key: str) -> Shaped[np.ndarray, "..."]:
        """The tensor of that key.

        Raises:
            KeyError: If there is none.
            UserError: If its data file is missing, too short or damaged, or it is of a kind that is not read (text).
        """
        entry = self.entries[key]
        if entry.sliced or entry.kind not in _TYPES:
            why = "is stored in parts" if entry.sliced else f"is of TensorFlow's data type {entry.kind}"
            raise UserError(f"{self.prefix}: {key} {why}; only whole tensors of numbers are read")
        octets = self._octets(key, entry)
        if crc32c(octets) != unmasked(entry.checksum):
            raise UserError(f"{self._file(entry.shard)} is damaged (checksum of {key}): copy it again")
        tensor: np.ndarray = octets.view(_TYPES[entry.kind]).reshape(entry.shape)
        return tensor

    def check_files(self) -> None:
        """Makes sure that every data file is there and as long as the index says; reads none of them.

        Raises:
            UserError: If one is missing or cut off, also where only optimizer slots are lost.
        """
        for key in sorted(self.entries, key=lambda key: self.entries[key].offset, reverse=True):
            self._check_file(key)

    def _check_file(self, key: str) -> Path:
        entry = self.entries[key]
        path, end = self._file(entry.shard), entry.offset + entry.size
        if entry.shard >= self._shards:
            raise UserError(f"{self.prefix}.index contradicts itself about {key}: copy it again")
        try:
            if path.stat().st_size < end:
                raise UserError(f"{path} is cut off: {key} ends at byte {end}; copy it again")
        except FileNotFoundError:
            raise UserError(f"{path} is missing: it holds {key}; copy all {self._shards} data files") from None
        return path

    def _octets(self, key: str, entry: Entry) -> UInt8[np.ndarray, " O"]:
        path = self._check_file(key)
        expected = math.prod(entry.shape) * np.dtype(_TYPES[entry.kind]).itemsize
        if entry.size != expected:
            raise UserError(f"{self.prefix}.index contradicts itself about {key}: copy it again")
        try:
            return np.fromfile(path, np.uint8, entry.size, offset=entry.offset)
        except OSError as error:
            raise UserError(f"cannot read {path} ({error.strerror})") from None

    def _file(self, shard: int) -> Path:
        return Path(f"{self.prefix}.data-{shard:05d}-of-{self._shards:05d}")


def find_prefix(path: Path) -> Path:
    """The prefix that somebody means who writes ``path``.

    Raises:
        UserError: If there is no checkpoint there, or there are several and none is named as the latest.
    """
    if path.name == "checkpoint" and path.is_file():
        path = path.parent
    if path.is_dir():
        return _latest(path)
    name = _DATA.sub("", path.name).removesuffix(".index").rstrip(".")
    prefix = path.with_name(name) if name else path
    if Path(f"{prefix}.index").is_file():
        return prefix
    there = ", ".join(_prefixes(prefix.parent)[:5]) if prefix.parent.is_dir() else ""
    hint = f"there are: {there}" if there else "a checkpoint is a .index file with .data-… files beside it"
    raise UserError(f"no TensorFlow checkpoint {prefix}: there is no {prefix.name}.index in {prefix.parent}; {hint}")


def _latest(folder: Path) -> Path:
    """What the file ``checkpoint`` names, by its last part (it may hold a path of another machine), or the only one."""
    prefixes = _prefixes(folder)
    pointer = folder / "checkpoint"
    if pointer.is_file():
        match = re.search(r'^model_checkpoint_path: "(.*)"', pointer.read_text(errors="replace"), re.MULTILINE)
        name = re.split(r"[/\\]", match[1])[-1] if match else ""
        if name in prefixes:
            return folder / name
        if len(prefixes) != 1:
            raise UserError(f"{pointer} names {name or 'no checkpoint'}, which is not there; give the prefix itself")
    if not prefixes:
        raise UserError(f"no TensorFlow checkpoint in {folder}: there is no .index file; give its prefix")
    if len(prefixes) > 1:
        raise UserError(
            f"{folder} holds {len(prefixes)} checkpoints ({', '.join(prefixes[:5])}); give the prefix of one"
        )
    return folder / prefixes[0]


def _prefixes(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".index") for path in folder.glob("*.index"))


# The table ------------------------------------------------------------------------------------------------------------


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All entries of a sorted table."""
    if len(data) < _FOOTER or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise _Damage("its end is not that of a table")
    footer = data[-_FOOTER:]
    numbers, position = [], 0
    for _ in range(4):  # offset and size of the metaindex (not needed), then of the index
        number, position = _varint(footer, position)
        numbers.append(number)
    for _, handle in _block(data, numbers[2], numbers[3]):
        offset, position = _varint(handle, 0)
        yield from _block(data, offset, _varint(handle, position)[0])


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """The entries of one block."""
    end = offset + size
    if size < 4 or end + _TRAILER > len(data) - _FOOTER:
        raise _Damage("a block lies beyond its end")
    compression, checksum = struct.unpack_from("<BI", data, end)
    if crc32c(data[offset : end + 1]) != unmasked(checksum):
        raise _Damage("checksum of a block")
    if compression:
        raise _Damage("a block is compressed, which TensorFlow does not do")
    restarts = struct.unpack_from("<I", data, end - 4)[0]
    block = data[offset : max(end - 4 * (restarts + 1), offset)]
    position, key = 0, b""
    while position < len(block):
        shared, position = _varint(block, position)
        added, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + _bytes(block, position, added)
        yield key, _bytes(block, position + added, length)
        position += added + length


def _header(message: bytes) -> int:
    """How many data files there are."""
    fields = dict(_fields(message))
    if fields.get(2, 0):
        raise _Damage("it was written on a big-endian machine")
    shards = fields.get(1, 0)
    if not isinstance(shards, int) or shards < 1:
        raise _Damage("it names no data file")
    return shards


def _entry(message: bytes) -> Entry:
    shape: list[int] = []
    numbers = dict.fromkeys((1, 3, 4, 5, 6), 0)
    sliced = False
    for field, value in _fields(message):
        if field == 2 and isinstance(value, bytes):
            shape = [_size(dimension) for number, dimension in _fields(value) if number == 2]
        elif field == 7:
            sliced = True
        elif field in numbers and isinstance(value, int):
            numbers[field] = value
    kind, shard, offset, size, checksum = numbers.values()
    return Entry(kind, tuple(shape), shard, offset, size, checksum, sliced)


def _size(dimension: int | bytes) -> int:
    size = dict(_fields(dimension)).get(1, 0) if isinstance(dimension, bytes) else None
    if not isinstance(size, int) or size >= 1 << 63:
        raise _Damage("the shape of a tensor")
    return size


# Protocol buffers -----------------------------------------------------------------------------------------------------


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a message's fields, in order; what they mean is the caller's business."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == 0:
            number, position = _varint(message, position)
            yield tag >> 3, number
        elif kind == 2:
            length, position = _varint(message, position)
            yield tag >> 3, _bytes(message, position, length)
            position += length
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            yield tag >> 3, int.from_bytes(_bytes(message, position, length), "little")
            position += length
        else:
            raise _Damage("a field of an unknown kind")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the position after it."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        octet = data[position]
        position += 1
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            return number, position
    raise _Damage("a number has no end")


def _bytes(data: bytes, position: int, length: int) -> bytes:
    octets = data[position : position + length]
    if len(octets) < length:
        raise _Damage("an entry has no end")
    return octets
