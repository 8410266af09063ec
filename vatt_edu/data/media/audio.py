"""Sound in blocks of 30 seconds, each decoded from the same place whatever window is read.

A decoder that starts in the middle of a stream may give other samples than one that comes from its beginning (noise
substitution in AAC depends on what went before). So every read goes through the same blocks: a window read from the
file and the same window read from the cache are equal bit for bit. A block is decoded only as far as a window needs
it, and what a window gets does not depend on how far that is: a packet changes nothing that lies before those that
came before it. Sums of a convolution are rounded otherwise for arrays of other sizes, so another rate is computed
second by second, each from an array of one size.
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
    put_back,
    pyav,
)
from vatt_edu.errors import missing

BLOCK_SECONDS = 30
MARGIN_SECONDS = 1  # before a block, for the resampling filter
AHEAD_SECONDS = 0.25  # after what is wanted: for the filter, rates that are rounded, and damage just behind
PREROLL_SECONDS = 1.0  # decoded before the margin and thrown away: a decoder's first packet is not exact
GAP_SECONDS = 0.05  # a larger step between packets is a gap, a smaller one is rounding of their times
HOLE_SECONDS = 1.0  # without a packet, in the middle of the sound, are a hole and no silence
DAMAGE_SECONDS = 0.1  # on both sides of a packet that cannot be decoded: codecs overlap their packets
LARGEST_KERNEL = 4_000_000  # elements of a resampling kernel; rates that share no divisor would need billions
NOWHERE = -(1 << 62)  # samples before any that there are


class Damage(NamedTuple):
    """Where sound is damaged or missing, seconds of the file, and how many samples of the block came before it."""

    begin: float
    end: float
    after: int


class Beginning(NamedTuple):
    """A block as far as it is decoded: mono, from ``MARGIN_SECONDS`` before the block on.

    Attributes:
        wave: (S,) at the file's rate; the sound ends where it ends.
        rate: Of the file.
        damage: In the order in which it was met.
        reach: Samples that stay as they are however far it is decoded; infinite at the end of the sound.
    """

    wave: Wave
    rate: int
    damage: tuple[Damage, ...]
    reach: float


def read_pcm(path: str | PathLike[str], first: int, samples: int, sample_rate: int) -> Pcm:
    """Samples ``first`` to ``first + samples - 1`` of the file's sound, mono, at ``sample_rate``; zeros past its end.

    Raises:
        MediaError: If the sound cannot be decoded there.
    """
    out = np.zeros(samples, np.int16)
    try:
        stat = os.stat(path)
    except OSError:
        raise MediaError(path, "no such file") from None
    last, size = first + samples, BLOCK_SECONDS * sample_rate
    for number in range(first // size, (last - 1) // size + 1):
        begin, end = max(first, number * size), min(last, (number + 1) * size)
        seconds = range((begin - number * size) // sample_rate, -((number * size - end) // sample_rate))
        until = MARGIN_SECONDS + end / sample_rate - number * BLOCK_SECONDS + AHEAD_SECONDS
        block = _block(os.fspath(path), stat.st_size, stat.st_mtime_ns, number).decoded(until)
        for damage in block.damage:
            met = damage.after < until * block.rate
            if met and damage.begin < last / sample_rate and damage.end > first / sample_rate:
                raise MediaError(path, f"its sound is damaged or missing from {max(0.0, damage.begin):.2f} s on")
        for second in seconds:
            wave = resampled_second(block.wave, block.rate, sample_rate, MARGIN_SECONDS + second)
            place = number * size + second * sample_rate
            part = wave[max(0, begin - place) : end - place]
            start = max(begin, place) - first
            out[start : start + len(part)] = np.clip(np.rint(part * 32768), -32768, 32767)
    return out


class Block:
    """A block of a file's sound. The first window decodes it as far as it needs it, a later one that needs more all."""

    def __init__(self, path: str, number: int) -> None:
        self._path, self._number = path, number
        self._beginning: Beginning | None = None

    def decoded(self, seconds: float) -> Beginning:
        """Its beginning, at least so many seconds from ``MARGIN_SECONDS`` before the block on."""
        beginning = self._beginning
        if beginning is None or beginning.reach < seconds * beginning.rate:
            if beginning is not None:  # windows of a file often come in a row
                seconds = MARGIN_SECONDS + BLOCK_SECONDS + AHEAD_SECONDS
            try:
                beginning = _decode(self._path, self._number * BLOCK_SECONDS - MARGIN_SECONDS, seconds)
            except (pyav().FFmpegError, OSError, ValueError) as error:
                raise MediaError(self._path, f"its sound: {error}") from None
            self._beginning = beginning
        return beginning


@functools.lru_cache(maxsize=8)  # six megabytes each at 48 kHz; the windows of a video come one after the other
def _block(path: str, size: int, time: int, number: int) -> Block:
    """Block ``number`` of a file (size and time only make the cache's key)."""
    return Block(path, number)


def forget_blocks() -> None:
    """Decode anew what is read next."""
    _block.cache_clear()


def _decode(path: str, begin: int, seconds: float) -> Beginning:
    """The sound from ``begin`` (seconds of the file) on; zeros before the file begins and where packets are missing.

    No packet changes what lies before the end of those that came before it, so a longer one begins as a shorter one.
    """
    container, intact = open_media(path), False
    try:
        stream = audio_stream(container)
        assert stream is not None
        rate: int = stream.rate
        names = [channel.name for channel in stream.layout.channels]
        wave: Shaped[np.ndarray, "C S"] | None = None  # from ``begin`` on: at once, so that a decoder's memory is free
        damage: list[Damage] = []
        wanted = math.ceil(seconds * rate)
        written = 0
        place = filled = NOWHERE  # where the last packet ended, and the farthest one
        try:
            for time, samples in decoded_sound(container, stream, begin - PREROLL_SECONDS):
                if samples is None:
                    damage.append(Damage(time - DAMAGE_SECONDS, time + DAMAGE_SECONDS, filled))
                    place = NOWHERE  # what follows is at its own time, and not where the lost packet would begin
                    continue
                exact = round((time - begin) * rate)
                if abs(exact - place) > GAP_SECONDS * rate:
                    if filled > NOWHERE and abs(exact - filled) > HOLE_SECONDS * rate:
                        damage.append(_hole(begin + filled / rate, time, filled))
                    place = exact
                start, stop = max(place, filled, 0), place + samples.shape[1]
                if start < min(stop, wanted):
                    if wave is None:
                        wave = np.empty((len(samples), wanted), samples.dtype)
                    if samples.dtype != wave.dtype or len(samples) != len(wave):
                        raise ValueError("another number of channels, or kind of samples")
                    if start > written:
                        wave[:, written:start] = 128 if wave.dtype == np.uint8 else 0  # of unsigned samples, the middle
                    wave[:, start:stop] = samples[:, start - place : wanted - place]
                    written = min(stop, wanted)
                place, filled = stop, max(filled, stop)
                if filled >= wanted:
                    break
            intact = not damage
        except (pyav().FFmpegError, OSError, ValueError):
            if filled == NOWHERE:
                raise
            damage.append(Damage(begin + filled / rate, math.inf, filled))
    finally:
        put_back(container, intact)
    reach = math.inf if filled < wanted else wanted
    mono = np.zeros(0, np.float32) if wave is None else downmix(wave[:, :written], names)
    return Beginning(mono, rate, tuple(damage), reach)


def _hole(end: float, begin: float, after: int) -> Damage:
    """Between a packet's end and the next one's beginning; if time runs backward, the place where it does."""
    if begin > end:
        return Damage(end, begin, after)
    return Damage(end - DAMAGE_SECONDS, end + DAMAGE_SECONDS, after)


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


def to_float(pcm: Pcm) -> Wave:
    """16-bit samples as float32 in [-1, 1)."""
    return pcm.astype(np.float32) * np.float32(1 / 32768)


def resampled_second(wave: Wave, rate: int, new_rate: int, second: int) -> Wave:
    """One second of ``wave`` at another rate, by windowed-sinc interpolation; sample 0 stays at its time.

    Args:
        wave: (S,) at ``rate``; zeros before it and after it.
        rate: Samples per second of ``wave``.
        new_rate: Samples per second of the result.
        second: Which one, from 0.

    Returns:
        (new_rate,); shorter, or empty, past the end of ``wave``.
    """
    if rate == new_rate:
        return wave[second * rate : (second + 1) * rate]
    shared = math.gcd(rate, new_rate)
    if (rate // shared) * (new_rate // shared) > LARGEST_KERNEL:
        rate = max(25, round(rate / 25) * 25)
    filters, reach, step = _filters(rate, new_rate)
    first = second * rate - reach
    if first >= len(wave):
        return wave[:0]
    around = np.zeros(rate + 2 * reach, np.float32)
    part = wave[max(0, first) : first + len(around)]
    around[max(0, -first) : max(0, -first) + len(part)] = part
    resampled: Wave = torch.conv1d(torch.from_numpy(around)[None, None], filters, stride=step)[0].T.flatten().numpy()
    return resampled


@functools.lru_cache(maxsize=16)
def _filters(rate: int, new_rate: int) -> tuple[torch.Tensor, int, int]:
    """A filter for each new sample of a period, how far they reach to both sides of it, and samples of a period."""
    resampler = torchaudio().transforms.Resample(rate, new_rate, dtype=torch.float32)
    return resampler.kernel, resampler.width, rate // math.gcd(rate, new_rate)


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
