"""One small interface to media files: probe, read frames, read sound.

Both readers share one clock: time 0 is where the file's first stream starts, and a frame and a sample of the same time
belong together. decord decodes video (PyAV where decord is missing, or when asked), PyAV decodes audio, torchaudio
resamples it. Everything is opened, read and closed within a call: nothing is inherited over a fork.
"""

from dataclasses import dataclass
from os import PathLike
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vatt_edu.errors import UserError

Decoder = Literal["decord", "pyav"]


class MediaError(UserError):
    """A file that cannot be decoded.

    Attributes:
        path: The file.
        reason: Why, in one line.
    """

    def __init__(self, path: str | PathLike[str], reason: str) -> None:
        self.path, self.reason = str(path), " ".join(str(reason).split())
        super().__init__(f"cannot decode {self.path}: {self.reason}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.path, self.reason)


@dataclass(frozen=True)
class MediaInfo:
    """What a file holds.

    Attributes:
        duration: Seconds: of the video where there is one, else of the audio.
        has_video: Whether there is a video stream (a cover picture is none).
        has_audio: Whether there is an audio stream; it may still be silent.
        fps: Frames per second, on average; 0 without video.
        width: Pixels; 0 without video.
        height: Pixels; 0 without video.
        sample_rate: Audio samples per second in the file; 0 without audio.
        channels: Audio channels in the file; 0 without audio.
    """

    duration: float
    has_video: bool
    has_audio: bool
    fps: float = 0.0
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0


def probe(path: str | PathLike[str]) -> MediaInfo:
    """What ``path`` holds, without decoding it.

    Raises:
        MediaError: If it is missing, not a media file, or cut off.
    """
    raise NotImplementedError


def read_video(
    path: str | PathLike[str], start: float, frames: int, fps: float, short_side: int, decoder: Decoder | None = None
) -> NDArray[np.uint8]:
    """The ``frames`` frames nearest in time to ``start + k / fps``.

    Args:
        path: A file with a video stream.
        start: Seconds, at least 0.
        frames: How many; past the end the last one is repeated.
        fps: Frames per second to read at, whatever the file's own rate.
        short_side: Pixels of the shorter side of the result; the decoder resizes, the aspect ratio stays.
        decoder: Default: ``$VATT_DECODER``, else decord if it is installed, else PyAV.

    Returns:
        uint8 in 0..255, (frames, height, width, 3), RGB.

    Raises:
        MediaError: If the file cannot be decoded or has no video.
    """
    raise NotImplementedError


def read_audio(path: str | PathLike[str], start: float, samples: int, sample_rate: int) -> NDArray[np.float32] | None:
    """The waveform from ``start`` on: mono, resampled, in sync with the video's clock.

    Values lie on the 16-bit grid (multiples of 1 / 32768), as the decoded cache stores them.

    Args:
        path: A file.
        start: Seconds, at least 0; rounded to a sample.
        samples: How many; zeros past the end.
        sample_rate: Samples per second of the result.

    Returns:
        float32 in [-1, 1], (samples,); None where the file has no audio stream.

    Raises:
        MediaError: If the file cannot be decoded.
    """
    raise NotImplementedError
