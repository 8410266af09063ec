"""Files on a grid: frame ``k`` belongs to time ``k / fps``, sample ``n`` to time ``n / sample_rate``.

A window starts on a frame of the grid. What a window holds depends on the file and the grid alone, so a reader that
decodes the window (here) and one that slices a track decoded earlier (``cache``) give the same bytes.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from vatt_edu.config import ClipSpec
from vatt_edu.data.media.audio import read_pcm
from vatt_edu.data.media.info import Frames, MediaError, MediaInfo, Pcm, probe_media
from vatt_edu.data.media.video import nearest_frames
from vatt_edu.data.sources.source import Video

SILENCE = 1  # largest 16-bit value that is still digital silence (rounding of zeros)


@dataclass(frozen=True)
class Track:
    """What a file has on the grid.

    Attributes:
        frames: How many frames, at least 1 (also for a file without video: its length).
        samples: How many samples.
        duration: Seconds.
        has_video: Whether there is a video stream.
        has_audio: Whether there is an audio stream.
        remarks: What is wrong with the file, though it can be read.
    """

    frames: int
    samples: int
    duration: float
    has_video: bool
    has_audio: bool
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, info: MediaInfo, spec: ClipSpec) -> "Track":
        """The track of a file that ``probe_media`` has seen."""
        frames = max(1, math.floor(info.duration * spec.fps + 1e-6))
        return cls(
            frames, round(info.duration * spec.sample_rate), info.duration, info.has_video, info.has_audio, info.remarks
        )


@runtime_checkable
class Reader(Protocol):
    """Where frames and samples come from. Every method raises ``MediaError`` if the file cannot be decoded."""

    def track(self, path: Path) -> Track:
        """What the file has on the grid."""

    def frames(self, path: Path, first: int, count: int) -> Frames:
        """Frames ``first`` to ``first + count - 1`` of the grid, all of them within the track: (count, H, W, 3)."""

    def pcm(self, path: Path, first: int, count: int) -> Pcm:
        """Samples of the grid, all of them within the track: (count,)."""


class FileReader:
    """Decodes every window when it is asked for."""

    def __init__(self, spec: ClipSpec) -> None:
        self._spec = spec
        self._infos: dict[str, MediaInfo | MediaError] = {}

    def _info(self, path: Path) -> MediaInfo:
        name = os.fspath(path)
        if name not in self._infos:
            try:
                self._infos[name] = probe_media(path)
            except MediaError as error:
                self._infos[name] = error
        info = self._infos[name]
        if isinstance(info, MediaError):
            raise MediaError(info.path, info.reason)
        return info

    def track(self, path: Path) -> Track:
        """What the file has on the grid."""
        return Track.of(self._info(path), self._spec)

    def frames(self, path: Path, first: int, count: int) -> Frames:
        """Frames ``first`` to ``first + count - 1`` of the grid."""
        times = np.arange(first, first + count) / self._spec.fps
        return nearest_frames(path, times, self._spec.short_side, info=self._info(path))

    def pcm(self, path: Path, first: int, count: int) -> Pcm:
        """Samples ``first`` to ``first + count - 1`` of the grid."""
        return read_pcm(path, first, count, self._spec.sample_rate)


def window_frames(spec: ClipSpec) -> int:
    """Grid frames that a window covers (more than ``spec.frames`` where the audio is longer than the video)."""
    return max(spec.frames, math.ceil(spec.seconds * spec.fps - 1e-6))


def usable_range(video: Video, track: Track, spec: ClipSpec) -> tuple[int, int]:
    """First grid frame of the usable part of a video, and how many there are (at least 1)."""
    begin = min(math.ceil(video.start * spec.fps - 1e-6), track.frames - 1)
    end = track.frames if video.end is None else min(track.frames, math.floor(video.end * spec.fps + 1e-6))
    return begin, max(1, end - begin)


def read_window(reader: Reader, path: Path, first: int, spec: ClipSpec) -> tuple[Frames | None, Pcm | None]:
    """One clip, uncropped.

    Args:
        reader: Where to read.
        path: The file.
        first: The grid frame that it starts with.
        spec: Sizes and rates.

    Returns:
        Frames (T, H, W, 3), the last one repeated past the end, or None without video; samples (S,), zeros past the
        end, or None without an audio stream or where the window is digital silence.

    Raises:
        MediaError: If the file cannot be decoded.
    """
    track = reader.track(path)
    pcm = _pcm(reader, path, first, track, spec) if track.has_audio else None  # first: it leaves the file open
    frames = _frames(reader, path, first, track, spec) if track.has_video else None
    return frames, pcm


def _frames(reader: Reader, path: Path, first: int, track: Track, spec: ClipSpec) -> Frames:
    first = min(first, track.frames - 1)
    count = min(spec.frames, track.frames - first)
    frames = reader.frames(path, first, count)
    if count == spec.frames:
        return frames
    return np.concatenate([frames, np.repeat(frames[-1:], spec.frames - count, axis=0)])


def _pcm(reader: Reader, path: Path, first: int, track: Track, spec: ClipSpec) -> Pcm | None:
    begin = round(first * spec.sample_rate / spec.fps)
    count = max(0, min(spec.samples, track.samples - begin))
    pcm = reader.pcm(path, begin, count) if count else np.zeros(0, np.int16)
    if not count or max(int(pcm.max()), -int(pcm.min())) <= SILENCE:
        return None
    return pcm if count == spec.samples else np.pad(pcm, (0, spec.samples - count))
