"""CRC-32C (RFC 3720, Castagnoli's polynomial) in numpy, fast enough for files of gigabytes.

A CRC register is linear over GF(2): what a byte does to it does not depend on its content. So the data are cut into
lanes that are read side by side, four bytes at a time by table, and the lanes' registers are joined at the end, two by
two: shift the left one past the bytes of the right one, and add. Zero bytes in front leave a register of zero at zero,
so the data may be padded on the left.
"""

import functools

import numpy as np
from jaxtyping import Shaped, UInt8, UInt32

_POLYNOMIAL = np.uint32(0x82F63B78)  # bits in reverse order
_ONES = 0xFFFFFFFF


def crc32c(
    data: bytes | memoryview | Shaped[np.ndarray, "..."], *, lanes: int = 4_096, segment_bytes: int = 1 << 26
) -> int:
    """The checksum of ``data``, any bytes: 0xE3069283 for ``b"123456789"``.

    Args:
        data: Bytes, or an array that lies in one piece.
        lanes: At most so many are read side by side: their tables and registers stay in the processor's cache.
        segment_bytes: Bytes that are laid out as lanes at a time.
    """
    octets = np.frombuffer(data, np.uint8)
    register = np.full(1, _ONES, np.uint32)
    for start in range(0, len(octets), segment_bytes):
        segment = octets[start : start + segment_bytes]
        register = _past_zeros(register, len(segment)) ^ _from_zero(segment, lanes)
    return int(register[0]) ^ _ONES


def unmasked(checksum: int) -> int:
    """The checksum as it was before TensorFlow (like LevelDB) rotated it, so that it may lie beside its own data."""
    rotated = (checksum - 0xA282EAD8) & _ONES
    return (rotated >> 17 | rotated << 15) & _ONES


def _from_zero(octets: UInt8[np.ndarray, " O"], most_lanes: int) -> UInt32[np.ndarray, "1"]:
    """What the register is after ``octets`` (at least one) if it was zero before."""
    words = -(-len(octets) // 4)
    lanes = min(1 << (words.bit_length() - 1) // 2, most_lanes)
    length = -(-words // lanes)
    padded = np.zeros(4 * lanes * length, np.uint8)
    padded[-len(octets) :] = octets
    low, high = _tables()
    registers = np.zeros(lanes, np.uint32)
    for word in np.ascontiguousarray(padded.view("<u4").reshape(lanes, length).T):
        registers ^= word
        registers = low[registers & 0xFFFF] ^ high[registers >> 16]
    span = 4 * length
    while len(registers) > 1:
        registers = _past_zeros(registers[::2], span) ^ registers[1::2]
        span *= 2
    return registers


@functools.cache
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """What four bytes make of the lower and of the upper half of a register."""
    halves = np.arange(1 << 16, dtype=np.uint32)
    return _past_zeros(halves, 4), _past_zeros(halves << 16, 4)


def _past_zeros(registers: UInt32[np.ndarray, " R"], count: int) -> UInt32[np.ndarray, " R"]:
    """What ``count`` zero bytes make of each register."""
    for power in range(count.bit_length()):
        if count >> power & 1:
            registers = _apply(_images(power), registers)
    return registers


@functools.cache
def _images(power: int) -> UInt32[np.ndarray, "32"]:
    """What ``2**power`` zero bytes make of each single bit of a register."""
    if power:
        half = _images(power - 1)
        return _apply(half, half)
    registers = np.left_shift(np.uint32(1), np.arange(32, dtype=np.uint32))
    for _ in range(8):
        registers = (registers >> 1) ^ ((registers & 1) * _POLYNOMIAL)
    return registers


def _apply(images: UInt32[np.ndarray, "32"], registers: UInt32[np.ndarray, " R"]) -> UInt32[np.ndarray, " R"]:
    """The linear map with these images of the single bits."""
    result = np.zeros_like(registers)
    for bit, image in enumerate(images):
        result ^= ((registers >> bit) & 1) * image
    return result
