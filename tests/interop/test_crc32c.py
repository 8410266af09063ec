"""CRC-32C against published values and against the loop that defines it."""

import numpy as np
import pytest
from helpers.tensor_bundle import masked, slow_crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.interop.crc32c import crc32c, unmasked


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_values(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


@given(data=st.binary(max_size=3_000))
@settings(max_examples=60, deadline=None)
def test_the_lanes_join_to_what_a_loop_finds(data: bytes) -> None:
    assert crc32c(data) == slow_crc32c(data)
    assert unmasked(masked(data)) == slow_crc32c(data)


def test_segments_join() -> None:
    data = np.random.default_rng(0).integers(0, 256, 5_001, np.uint8)
    whole = crc32c(data)
    assert whole == slow_crc32c(data.tobytes())
    assert crc32c(data, lanes=8, segment_bytes=1_024) == whole
