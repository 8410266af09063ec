"""Sound in blocks of 30 seconds, each decoded from the same place whatever window is read.

A decoder that starts in the middle of a stream may give other samples than one that comes from its beginning (noise
substitution in AAC depends on what went before). So every read goes through the same blocks: a window read from the
file and the same window read from the cache are equal bit for bit.
"""

import functools
import importlib
import math
import os
import sys
import types
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch
from jaxtyping import Shaped

from vatt_edu.data.media.info import (
    MediaError,
    Pcm,
    Wave,
    audio_stream,
    decoded_packets,
    open_media,
    origin,
    pyav,
)
from vatt_edu.errors import missing

BLOCK_SECONDS = 30
MARGIN_SECONDS = 1  # on both sides of a block, for the resampling filter
PREROLL_SECONDS = 1.0  # decoded before the margin and thrown away: a decoder's first packet is not exact
GAP_SECONDS = 0.05  # a larger step between packets is a gap, a smaller one is rounding of their times
HOLE_SECONDS = 1.0  # without a packet, in the middle of the sound, are a hole and no silence
DAMAGE_SECONDS = 0.1  # on both sides of a packet that cannot be decoded: codecs overlap their packets
LARGEST_KERNEL = 4_000_000  # elements of a resampling kernel; rates that share no divisor would need billions


class Block(NamedTuple):
    """Samples of a block, and the seconds of the file (from, to) at which its sound is damaged or missing."""

    pcm: Pcm
    damage: tuple[tuple[float, float], ...]


def read_pcm(path: str | PathLike[str], first: int, samples: int, sample_rate: int) -> Pcm:
    """Samples ``first`` to ``first + samples - 1`` of the file's sound, mono, at ``sample_rate``; zeros past its end.

    Raises:
        MediaError: If the sound cannot be decoded there.
    """
    out = np.zeros(samples, np.int16)
    size = BLOCK_SECONDS * sample_rate
    try:
        stat = os.stat(path)
    except OSError:
        raise MediaError(path, "no such file") from None
    for number in range(first // size, (first + samples - 1) // size + 1):
        block = decoded_block(os.fspath(path), stat.st_size, stat.st_mtime_ns, number, sample_rate)
        for begin, end in block.damage:
            if begin < (first + samples) / sample_rate and end > first / sample_rate:
                raise MediaError(path, f"its sound is damaged or missing from {max(0.0, begin):.2f} s on")
        begin = max(first, number * size)
        part = block.pcm[begin - number * size : first + samples - number * size]
        out[begin - first : begin - first + len(part)] = part
    return out


@functools.lru_cache(maxsize=32)  # a megabyte each; a batch of the toy reads of 16 videos
def decoded_block(path: str, size: int, time: int, number: int, sample_rate: int) -> Block:
    """Block ``number`` as int16; shorter, or empty, where the sound ends (size and time only make the cache's key)."""
    begin = number * BLOCK_SECONDS
    try:
        wave, rate, damage = _mono(path, begin - MARGIN_SECONDS, begin + BLOCK_SECONDS + MARGIN_SECONDS)
    except (pyav().FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, f"its sound: {error}") from None
    wave = resample(wave, rate, sample_rate)[
        MARGIN_SECONDS * sample_rate : (MARGIN_SECONDS + BLOCK_SECONDS) * sample_rate
    ]
    return Block(np.clip(np.rint(wave * 32768), -32768, 32767).astype(np.int16), damage)


def _mono(path: str, begin: int, end: int) -> tuple[Wave, int, tuple[tuple[float, float], ...]]:
    """The sound between two times (seconds), zeros before the file begins, cut where it ends; its rate; its damage."""
    with open_media(path) as container:
        stream = audio_stream(container)
        assert stream is not None
        rate: int = stream.rate
        names = [channel.name for channel in stream.layout.channels]
        damage: list[tuple[float, float]] = []
        runs: list[tuple[int, list[Shaped[np.ndarray, "C S"]]]] = []  # where packets without a gap begin, and they
        place = 0
        for time, samples in decoded_sound(container, stream, begin - PREROLL_SECONDS):
            if samples is None:
                damage.append((time - DAMAGE_SECONDS, time + DAMAGE_SECONDS))
                continue
            exact = round((time - begin) * rate)
            if not runs or abs(exact - place) > GAP_SECONDS * rate:
                if runs and exact - place > HOLE_SECONDS * rate:
                    damage.append((begin + place / rate, time))
                place = exact
                runs.append((place, []))
            if place >= (end - begin) * rate:
                break
            runs[-1][1].append(samples)
            place += samples.shape[1]
    wave, filled = _joined(runs, (end - begin) * rate)
    if filled <= 0:
        return np.zeros(0, np.float32), rate, tuple(damage)
    return downmix(wave[:, : (math.ceil(filled / rate) + MARGIN_SECONDS) * rate], names), rate, tuple(damage)


def _joined(
    runs: list[tuple[int, list[Shaped[np.ndarray, "_ _"]]]], length: int
) -> tuple[Shaped[np.ndarray, "C S"], int]:
    """Runs of packets in their places among ``length`` samples, zeros between; and where the last one ends."""
    packets = [packet for _, run in runs for packet in run]
    if not packets:
        return np.zeros((1, 0), np.float32), 0
    wave, filled = np.zeros((len(packets[0]), length), packets[0].dtype), 0
    for place, run in runs:
        if run:
            samples = np.concatenate(run, axis=1)
            stop = place + samples.shape[1]
            wave[:, max(0, place) : max(0, stop)] = samples[:, max(0, -place) : max(0, length - place)]
            filled = max(filled, stop)
    return wave, filled


def decoded_sound(
    container: Any, stream: Any, first: float
) -> Iterator[tuple[float, Shaped[np.ndarray, "_ _"] | None]]:
    """Times (seconds on the file's clock) and samples (channels, S) from about ``first`` on; None for damaged ones."""
    zero, channels = origin(container), len(stream.layout.channels)
    if first > 0:
        container.seek(int(Fraction(first + zero) / stream.time_base), stream=stream)
    time, tick = 0.0, float(stream.time_base)  # a fraction a packet costs more than decoding one
    for packet, frames in decoded_packets(container, stream):
        if frames is None:
            if packet is not None and packet.pts is not None:
                time = packet.pts * tick - zero
            yield time, None
        for frame in frames or ():
            if frame.pts is not None:
                time = frame.pts * tick - zero
            yield time, _samples(frame, channels)
            time += frame.samples / frame.sample_rate


def _samples(frame: Any, channels: int) -> Shaped[np.ndarray, "C S"]:
    """A frame's samples; of one channel of floats without a copy, which most packets of most files are."""
    if channels == 1 and frame.format.name == "fltp":
        return np.frombuffer(frame.planes[0], np.float32, frame.samples)[None]
    samples = frame.to_ndarray()
    return samples if frame.format.is_planar else samples.reshape(-1, channels).T


def downmix(samples: Shaped[np.ndarray, "C S"], names: list[str]) -> Wave:
    """The mean of all channels but the low-frequency one, in [-1, 1]."""
    if len(names) > 1:
        samples = samples[[row for row, name in enumerate(names) if name != "LFE"]]
    wave = samples.astype(np.float32, copy=False)
    if samples.dtype == np.uint8:
        wave = wave / np.float32(128) - np.float32(1)
    elif np.issubdtype(samples.dtype, np.integer):
        wave = wave / np.float32(2 ** (8 * samples.dtype.itemsize - 1))
    mono: Wave = wave[0] if len(wave) == 1 else wave.mean(axis=0)
    return mono


def resample(wave: Wave, rate: int, new_rate: int) -> Wave:
    """``wave`` at another rate, by windowed-sinc interpolation; sample 0 stays at its time.

    Args:
        wave: (S,) at ``rate``.
        rate: Samples per second of ``wave``.
        new_rate: Samples per second of the result.
    """
    if rate == new_rate or not len(wave):
        return wave
    shared = math.gcd(rate, new_rate)
    if (rate // shared) * (new_rate // shared) > LARGEST_KERNEL:
        rate = max(25, round(rate / 25) * 25)
    resampled: torch.Tensor = torchaudio().functional.resample(torch.from_numpy(wave), rate, new_rate)
    return resampled.numpy()


def to_float(pcm: Pcm) -> Wave:
    """16-bit samples as float32 in [-1, 1)."""
    return pcm.astype(np.float32) * np.float32(1 / 32768)


@functools.cache
def torchaudio() -> Any:
    """The module ``torchaudio``.

    PyPI's wheel links CUDA libraries that CPU builds of torch lack. torchaudio runs without its extension, which
    holds nothing that is needed here, so where it cannot be loaded a stub takes its place.

    Raises:
        UserError: If torchaudio is not installed.
    """
    try:
        return importlib.import_module("torchaudio")
    except ModuleNotFoundError:
        raise missing("torchaudio", "data") from None
    except (OSError, RuntimeError, ImportError):
        for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _stub()
        return importlib.import_module("torchaudio")


def _stub() -> types.ModuleType:
    def unavailable(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("torchaudio's compiled extension is not available")

    stub: Any = types.ModuleType("torchaudio._extension")
    stub._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stub._IS_ALIGN_AVAILABLE = False
    stub._check_cuda_version = lambda: None
    stub.fail_if_no_align = lambda function: unavailable
    return stub
