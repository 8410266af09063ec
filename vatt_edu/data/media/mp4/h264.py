"""What the description of an H.264 track (``avcC``) says of its pictures: their size, and how long each is shown.

Source: ISO/IEC 14496-15, section 5.3.3.1; ITU-T H.264, sections 7.3.2.1.1 and E.1.1.
"""

from typing import NamedTuple

HIGH = (100, 110, 122, 244, 44, 83, 86, 118, 128)
"""Profiles that say more about their colors."""
EXTENDED = 255
"""The shape of pixels is written out."""


class Description(NamedTuple):
    """Of a sequence of pictures.

    Attributes:
        width: Pixels that are shown.
        height: Pixels that are shown.
        tick: Half of the usual time from picture to picture, as numerator and denominator, seconds; zeros if not said.
        fixed: Whether that holds for all pictures.
    """

    width: int
    height: int
    tick: tuple[int, int]
    fixed: bool


class _Bits:
    def __init__(self, unit: bytes) -> None:
        unit = unit.replace(b"\0\0\3", b"\0\0")
        self._digits, self._place = "".join(f"{byte:08b}" for byte in unit), 0

    def take(self, count: int) -> int:
        """The next bits as a number."""
        if self._place + count > len(self._digits):
            raise ValueError("a description that is shorter than it says")
        self._place += count
        return int(self._digits[self._place - count : self._place] or "0", 2)

    def number(self) -> int:
        """The next Exp-Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """The next Exp-Golomb code with a sign."""
        code = self.number()
        return (code + 1) // 2 if code % 2 else -code // 2


def description(record: bytes) -> Description | None:
    """Of the first sequence in an ``avcC``; None where there is none.

    Raises:
        ValueError: If it is damaged.
    """
    if len(record) < 8 or not record[5] & 31:
        return None
    unit = record[8 : 8 + int.from_bytes(record[6:8], "big")]
    if not unit or unit[0] & 31 != 7 or unit[1:4] != record[1:4]:
        raise ValueError("no description of a sequence, or one of another profile")
    bits = _Bits(unit[1:])
    profile = bits.take(8)
    bits.take(16)
    bits.number()
    chroma = 1
    if profile in HIGH:
        chroma = bits.number()
        separate = bits.take(1) if chroma == 3 else 0
        bits.number(), bits.number(), bits.take(1)
        if bits.take(1):
            for k in range(12 if chroma == 3 else 8):
                _skip_scaling(bits, 16 if k < 6 else 64)
        chroma = 0 if separate else chroma
    bits.number()
    order = bits.number()
    if order == 0:
        bits.number()
    elif order == 1:
        bits.take(1), bits.signed(), bits.signed()
        for _ in range(bits.number()):
            bits.signed()
    bits.number(), bits.take(1)
    columns, rows = bits.number() + 1, bits.number() + 1
    frames = bits.take(1)
    if not frames:
        bits.take(1)
    bits.take(1)
    width, height = 16 * columns, 16 * rows * (2 - frames)
    if bits.take(1):
        left, right, above, below = (bits.number() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (above + below) * (2 if chroma == 1 else 1) * (2 - frames)
    tick, fixed = _timing(bits) if bits.take(1) else ((0, 0), False)
    return Description(width, height, tick, fixed)


def _skip_scaling(bits: _Bits, count: int) -> None:
    last = follower = 8
    for _ in range(count if bits.take(1) else 0):
        if follower:
            follower = (last + bits.signed()) % 256
        last = follower or last


def _timing(bits: _Bits) -> tuple[tuple[int, int], bool]:
    if bits.take(1) and bits.take(8) == EXTENDED:
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    if bits.take(1):
        bits.take(4)
        if bits.take(1):
            bits.take(24)
    if bits.take(1):
        bits.number(), bits.number()
    if not bits.take(1):
        return (0, 0), False
    tick = bits.take(32), bits.take(32)
    return tick, bool(bits.take(1))
