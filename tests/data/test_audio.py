"""A block is decoded as far as a window needs it: the window is that of the whole file, and says what lies in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import clips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vatt_edu.data.media import MediaError
from vatt_edu.data.media import audio as sound
from vatt_edu.data.media.audio import resampled_second

SECONDS = 4
CODECS = [
    ("m4a", "aac", 1, 48_000), ("m4a", "aac", 6, 44_100), ("ts", "aac", 2, 22_050), ("mp3", "libmp3lame", 2, 44_100),
    ("mp3", "libmp3lame", 1, 16_000), ("opus", "libopus", 1, 48_000), ("webm", "libopus", 2, 48_000),
    ("ogg", "vorbis", 2, 44_100), ("mkv", "vorbis", 2, 32_000), ("flac", "flac", 6, 96_000),
    ("flac", "flac", 1, 11_025), ("wav", "pcm_s16le", 2, 8_000), ("wav", "pcm_u8", 1, 11_025),
    ("mov", "pcm_s24le", 1, 96_000),
    ("ac3", "ac3", 6, 48_000), ("mkv", "ac3", 2, 32_000),
]  # fmt: skip


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "BLOCK_SECONDS", 3)
    sound.forget_blocks()


def noise(channels: int, rate: int) -> np.ndarray:
    """Noise that comes and goes over a tone: where AAC substitutes, and every packet is another."""
    random = np.random.default_rng([channels, rate])
    level = 0.1 * np.abs(np.sin(np.arange(SECONDS * rate) / rate * 2))
    wave = random.normal(0, 1, (channels, SECONDS * rate)) * level
    return (wave + clips.tone(300, rate, SECONDS, channels=channels)).clip(-1, 1).astype(np.float32)


@pytest.mark.parametrize(("suffix", "codec", "channels", "rate"), CODECS)
def test_a_window_is_a_part_of_the_whole(tmp_path: Path, suffix: str, codec: str, channels: int, rate: int) -> None:
    new = 48_000 if rate == 32_000 else 16_000
    path = clips.write(tmp_path / f"a.{suffix}", video=None, audio=noise(channels, rate), rate=rate, codec=codec)
    whole = sound.read_pcm(path, 0, (SECONDS + 1) * new, new)
    assert np.abs(whole[: new * (SECONDS - 1)]).max() > 3_000
    random = np.random.default_rng(0)
    starts = [0, *sorted(int(first) for first in random.integers(0, SECONDS * new, 3))]
    for order in (starts, starts[::-1]):  # each needs more than the one before; each is there already
        sound.forget_blocks()
        for first in order:
            count = int(random.integers(1, 2 * new))
            assert (sound.read_pcm(path, first, count, new) == np.pad(whole, (0, 4 * new))[first : first + count]).all()
    for first in starts:
        sound.forget_blocks()
        assert (sound.read_pcm(path, first, 1000, new) == np.pad(whole, (0, new))[first : first + 1000]).all()


def test_a_window_decodes_no_more_than_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "BLOCK_SECONDS", 30)
    path = clips.write(tmp_path / "a.wav", video=None, audio=clips.tone(300, 8_000, 20), rate=8_000, codec="pcm_s16le")
    decoded, seconds = sound.decoded_sound, []

    def counted(*where: Any) -> Iterator[Any]:
        for time, samples in decoded(*where):
            seconds.append(samples.shape[1] / 8_000)
            yield time, samples

    monkeypatch.setattr(sound, "decoded_sound", counted)
    sound.read_pcm(path, 16_000, 16_000, 16_000)
    assert 2 < sum(seconds) < 2.6  # to the window's end, what is ahead, and a packet
    sound.read_pcm(path, 0, 8_000, 16_000)
    assert sum(seconds) < 2.6
    sound.read_pcm(path, 48_000, 16_000, 16_000)  # one that needs more: then all of the block
    assert 22 < sum(seconds) < 23
    sound.read_pcm(path, 200_000, 64_000, 16_000)
    assert sum(seconds) < 23


Packets = list[tuple[float, int | None]]
PACKETS = st.lists(st.tuples(st.floats(-0.5, 0.5) | st.floats(-3, 3), st.none() | st.integers(1, 800)), max_size=30)


@given(packets=PACKETS, starts=st.lists(st.integers(0, 3_000), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_windows_changes_what_they_are(
    packets: Packets, starts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever packets say of their times: gaps, jumps in both directions, damage. Each window alone is the oracle."""
    path = tmp_path / "a.wav"
    if not path.exists():
        clips.write(path, video=None, audio=clips.tone(300, 1_000, 1), rate=1_000, codec="pcm_s16le")
    random = np.random.default_rng(0)
    stream, time = [], 0.0
    for step, count in packets:
        time += step if abs(step) > 0.3 else 0.0
        samples = None if count is None else random.integers(-20_000, 20_000, (1, count)).astype(np.int16)
        stream.append((time, samples))
        time += 0.0 if count is None else count / 1_000
    monkeypatch.setattr(sound, "decoded_sound", lambda *_: iter(stream))
    monkeypatch.setattr(sound, "BLOCK_SECONDS", 30)

    def window(first: int) -> str:
        try:
            return str(sound.read_pcm(path, first, 400, 1_000).tolist())
        except MediaError as error:
            return error.reason

    alone = []
    for first in starts:
        sound.forget_blocks()
        alone.append(window(first))
    sound.forget_blocks()
    assert [window(first) for first in starts] == alone


def test_damage_behind_a_window_is_not_its_affair(tmp_path: Path) -> None:
    """A packet that cannot be decoded: windows before it and after it are read, in any order, those at it are not."""
    path = clips.write(tmp_path / "a.m4a", video=None, audio=noise(1, 48_000))
    good = sound.read_pcm(path, 0, 16_000 * SECONDS, 16_000)
    content = bytearray(path.read_bytes())
    import av

    with av.open(str(path)) as file:
        packet = next(packet for packet in file.demux(audio=0) if packet.pts is not None and packet.pts >= 1.5 * 48_000)
        time = float(packet.pts * packet.time_base)
        content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(content)
    sound.forget_blocks()
    for _ in range(2):  # the second time all of the block is there
        assert (sound.read_pcm(path, 0, 16_000, 16_000) == good[:16_000]).all()
        with pytest.raises(MediaError, match=rf"damaged or missing from {time - 0.1:.2f} s on"):
            sound.read_pcm(path, 16_000, 16_000, 16_000)
        after = sound.read_pcm(path, 30_000, 10_000, 16_000)
        assert np.corrcoef(after, good[30_000:40_000])[0, 1] > 0.9  # in its place, though its noise is another


def test_silence_of_unsigned_samples(tmp_path: Path) -> None:
    """8-bit sound that begins late: what lies before it is silence, and not the lowest value."""
    path = clips.write(tmp_path / "a.mkv", video=None, audio=clips.tone(300, 8_000, 2), rate=8_000, codec="pcm_u8")
    packets = [(0.0, np.full((1, 800), 128, np.uint8)), (0.6, np.full((1, 800), 128, np.uint8))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound, "decoded_sound", lambda *_: iter(packets))
        assert np.abs(sound.read_pcm(path, 0, 8_000, 8_000)).max() == 0


@pytest.mark.parametrize(("rate", "new"), [(48_000, 16_000), (44_100, 16_000), (8_000, 16_000), (44_099, 48_000)])
def test_seconds_are_those_of_the_whole(rate: int, new: int) -> None:
    """torchaudio's own function over all of it; float32 sums of up to some hundred products, in another order."""
    import torch

    from vatt_edu.data.media.audio import torchaudio

    wave = noise(1, 1000).repeat(rate // 1000 + 1, axis=1)[0, : 4 * rate]
    seconds = np.concatenate([resampled_second(wave, rate, new, k) for k in range(4)])
    rounded = rate if rate != 44_099 else 44_100
    whole = torchaudio().functional.resample(torch.from_numpy(wave), rounded, new).numpy()
    assert np.abs(seconds[: len(whole)] - whole[: len(seconds)]).max() < (1e-6 if rate == rounded else 2e-3)
    assert len(resampled_second(wave, rate, new, 7)) == 0
