"""A writer of TensorFlow checkpoints, independent of the reader: plain loops, as the format is described."""

import struct
from pathlib import Path

import numpy as np

TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10,
         "float16": 19}  # fmt: skip


def slow_crc32c(data: bytes) -> int:
    register = 0xFFFFFFFF
    for octet in data:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    checksum = slow_crc32c(data)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def varints(data: bytes, count: int) -> list[int]:
    numbers = [0]
    shift = 0
    for octet in data:
        numbers[-1] |= (octet & 127) << shift
        shift += 7
        if octet < 128:
            if len(numbers) == count:
                return numbers
            numbers.append(0)
            shift = 0
    raise ValueError("not so many numbers")


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Entries, restart array, type and checksum; a new key is written in full every sixteen entries."""
    out, restarts, before = b"", [], b""
    for place, (key, value) in enumerate(entries):
        shared = 0
        if place % 16:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        else:
            restarts.append(len(out))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    restarts = restarts or [0]
    out += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts)) + b"\0"
    return out + struct.pack("<I", masked(out))


def table(entries: list[tuple[bytes, bytes]], per_block: int = 20) -> bytes:
    out, index = b"", []
    for start in range(0, len(entries), per_block):
        chunk = entries[start : start + per_block]
        data = block(chunk)
        index.append((chunk[-1][0], varint(len(out)) + varint(len(data) - 5)))
        out += data
    handles = b""
    for data in (block([]), block(index)):
        handles += varint(len(out)) + varint(len(data) - 5)
        out += data
    return out + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def entry(array: np.ndarray, shard: int, offset: int, *, kind: int | None = None, extra: bytes = b"") -> bytes:
    shape = b"".join(message(2, number(1, size)) for size in array.shape)
    out = number(1, TYPES[str(array.dtype)] if kind is None else kind) + message(2, shape)
    out += number(3, shard) if shard else b""  # as protocol buffers do: zero is not written
    out += number(4, offset) if offset else b""
    out += number(5, array.nbytes)
    return out + varint(6 << 3 | 5) + struct.pack("<I", masked(array.tobytes())) + extra


def write(prefix: Path, tensors: dict[str, np.ndarray], shards: int = 1, header: bytes = b"") -> None:
    """A checkpoint whose tensors go round the data files."""
    data = [b""] * shards
    entries = [(b"", number(1, shards) + header)]
    for place, key in enumerate(sorted(tensors)):
        shard = place % shards
        entries.append((key.encode(), entry(tensors[key], shard, len(data[shard]))))
        data[shard] += tensors[key].tobytes()
    Path(f"{prefix}.index").write_bytes(table(entries))
    for shard, octets in enumerate(data):
        Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}").write_bytes(octets)
