"""What a media file holds, found without decoding it."""

import os
from dataclasses import dataclass
from os import PathLike
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float32, Int16, UInt8

from vatt_edu.errors import UserError, missing

# Of arrays whose sizes change on the way; a function that keeps them says so by letters of its own.
Frames = UInt8[np.ndarray, "_ _ _ 3"]
"""Time, height, width, RGB: pixels in 0..255."""
Pcm = Int16[np.ndarray, "_"]
"""Mono samples of 16 bits."""
Wave = Float32[np.ndarray, "_"]
"""Mono samples in [-1, 1]."""


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
        duration: Seconds on the file's clock: to the end of the video where there is one, else of the audio.
        has_video: Whether there is a video stream (a cover picture is none).
        has_audio: Whether there is an audio stream; it may still be silent.
        fps: Frames per second, on average; 0 without video.
        width: Pixels as shown; 0 without video.
        height: Pixels as shown; 0 without video.
        sample_rate: Audio samples per second in the file; 0 without audio.
        channels: Audio channels in the file; 0 without audio.
        video_start: Seconds on the file's clock at which the first frame is shown.
        turns: Quarter turns, counterclockwise, by which a player turns the stored pictures (phones held upright).
    """

    duration: float
    has_video: bool
    has_audio: bool
    fps: float = 0.0
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    channels: int = 0
    video_start: float = 0.0
    turns: int = 0


def pyav() -> ModuleType:
    """The module ``av``, quiet.

    Raises:
        UserError: If it is not installed.
    """
    try:
        import av
    except ModuleNotFoundError:
        raise missing("av", "data") from None
    return av


def open_media(path: str | PathLike[str]) -> Any:
    """An open PyAV container; use it in a ``with``.

    Raises:
        MediaError: If the file is missing, is not a media file, or ends before its index says.
    """
    av = pyav()
    try:
        container = av.open(f"file:{os.fspath(path)}")  # a colon in a name is no protocol, a dash no option
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, _why(path, error)) from None
    try:
        _check_complete(path, container)
    except MediaError:
        container.close()
        raise
    return container


def _why(path: str | PathLike[str], error: Exception) -> str:
    if not os.path.exists(path):
        return "no such file"
    if os.path.isdir(path):
        return "it is a directory"
    if not os.path.getsize(path):
        return "the file is empty"
    return f"not a media file, or cut off ({getattr(error, 'strerror', None) or error})"


def _check_complete(path: str | PathLike[str], container: Any) -> None:
    """A file whose index points past its end was cut off: its decoder would repeat the last good frame."""
    size = os.path.getsize(path)
    needed = max((stream.index_entries[-1] for stream in container.streams if len(stream.index_entries)),
                 key=lambda entry: entry.pos + entry.size, default=None)  # fmt: skip
    if needed is not None and needed.pos + needed.size > size:
        raise MediaError(path, f"cut off: {size} bytes of at least {needed.pos + needed.size}")


def video_stream(container: Any) -> Any | None:
    """The first video stream that is not a cover picture."""
    av = pyav()
    cover = av.stream.Disposition.attached_pic
    return next((stream for stream in container.streams.video if not stream.disposition & cover), None)


def audio_stream(container: Any) -> Any | None:
    """The first audio stream that can be decoded."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


def origin(container: Any) -> float:
    """The time in the container that is time 0 of the file's clock, seconds."""
    return float(container.start_time or 0) / 1e6


def probe_media(path: str | PathLike[str]) -> MediaInfo:
    """What ``path`` holds; of its pictures only the first is decoded.

    Raises:
        MediaError: If it is missing, not a media file, or cut off.
    """
    with open_media(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        if video is None and audio is None:
            raise MediaError(path, "neither video nor audio in it")
        if video is not None and video.codec_context is None:
            raise MediaError(path, "its pictures have a codec that FFmpeg does not know")
        zero = origin(container)
        end = _end(container, video if video is not None else audio) - zero
        if end <= 0:
            raise MediaError(path, "it has no length")
        width, height, turns = _shape(container, video) if video is not None else (0, 0, 0)
        return MediaInfo(
            duration=end,
            has_video=video is not None,
            has_audio=audio is not None,
            fps=float(video.average_rate or 0) if video is not None else 0.0,
            width=width,
            height=height,
            sample_rate=audio.rate if audio is not None else 0,
            channels=audio.channels if audio is not None else 0,
            video_start=_start(video) - zero if video is not None else 0.0,
            turns=turns,
        )


def _shape(container: Any, stream: Any) -> tuple[int, int, int]:
    """Width and height as shown, and quarter turns; only a decoded frame knows of the turns."""
    stream.codec_context.thread_count = 1
    try:
        frame = next(container.decode(stream), None)
    except (pyav().FFmpegError, OSError):
        frame = None
    turns = round((frame.rotation if frame is not None else 0) / 90) % 4
    width, height = stream.width, stream.height
    return (height, width, turns) if turns % 2 else (width, height, turns)


def _start(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)


def _end(container: Any, stream: Any) -> float:
    """Seconds at which ``stream`` ends: its own word, else the container's (mkv and webm say it only once)."""
    if stream.duration:
        return _start(stream) + float(stream.duration * stream.time_base)
    return float((container.start_time or 0) + (container.duration or 0)) / 1e6
