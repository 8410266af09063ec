"""Frames nearest to given times, by decord or by PyAV: the same frames, bit for bit."""

import os
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, UInt8

from vatt_edu.data.media.info import Frames, MediaError, MediaInfo, open_media, origin, probe_media, pyav, video_stream
from vatt_edu.errors import UserError, missing

Decoder = Literal["decord", "pyav"]
Times = Float64[np.ndarray, " T"]

# decord's clock is wrong in MPEG transport streams; and where a picture is to be turned, it resizes wrongly.
DECORD_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
TIE_SECONDS = 1e-4  # of two frames equally near to within this, the earlier is taken
PREROLL_SECONDS = 1.0  # that PyAV decodes before the first wanted frame


def select_decoder(decoder: Decoder | None) -> Decoder:
    """The decoder to use: the one given, else ``$VATT_DECODER``, else decord if it is installed, else PyAV.

    Raises:
        UserError: If decord is asked for and missing, or the name is unknown.
    """
    name = decoder or os.environ.get("VATT_DECODER", "")
    if name not in ("", "decord", "pyav"):
        raise UserError(f"VATT_DECODER = {name!r}: there are decord and pyav")
    if name == "pyav":
        return "pyav"
    try:
        import decord  # noqa: F401
    except ImportError:
        if name == "decord":
            raise missing("decord", "data") from None
        return "pyav"
    return "decord"


def scaled_size(info: MediaInfo, short_side: int) -> tuple[int, int]:
    """(width, height) with the shorter one equal to ``short_side`` and the aspect ratio kept."""
    scale = short_side / min(info.width, info.height)
    return max(short_side, round(info.width * scale)), max(short_side, round(info.height * scale))


def nearest_frames(
    path: str | PathLike[str],
    times: Times,
    short_side: int,
    decoder: Decoder | None = None,
    info: MediaInfo | None = None,
) -> Frames:
    """The frame nearest to each of ``times``.

    Args:
        path: A file with video.
        times: Seconds on the file's clock, not decreasing: (T,).
        short_side: Pixels of the result's shorter side.
        decoder: See ``select_decoder``.
        info: What ``probe_media`` says, where that is at hand.

    Returns:
        uint8 (T, H, W, 3), RGB.

    Raises:
        MediaError: If the file cannot be decoded or has no video.
    """
    info = info or probe_media(path)
    if not info.has_video:
        raise MediaError(path, "no video in it")
    size = scaled_size(info, short_side)
    if select_decoder(decoder) == "decord" and str(path).lower().endswith(DECORD_SUFFIXES) and not info.turns:
        frames = _by_decord(path, times, size, info)
        if frames is not None:
            return frames
    frames = _by_pyav(path, times, size[::-1] if info.turns % 2 else size)
    return np.ascontiguousarray(np.rot90(frames, info.turns, axes=(1, 2)))


def _by_decord(path: str | PathLike[str], times: Times, size: tuple[int, int], info: MediaInfo) -> Frames | None:
    """The frames; None where decord fails or its clock cannot be trusted: PyAV has the last word then."""
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(path), width=size[0], height=size[1], num_threads=1)
        spans = np.asarray(reader.get_frame_timestamp(np.arange(len(reader))), np.float64)
        starts = spans[:, 0] + info.video_start
        if abs(starts[-1] + 1 / max(info.fps, 1) - info.duration) > 0.5 or (np.diff(starts) <= 0).any():
            return None
        middles = (starts[1:] + starts[:-1]) / 2
        wanted = np.searchsorted(middles, times - TIE_SECONDS, side="left")
        unique, back = np.unique(wanted, return_inverse=True)
        frames: Frames = reader.get_batch(unique).asnumpy()
    except (decord.DECORDError, RuntimeError, IndexError, UnicodeEncodeError):
        return None
    return frames if len(unique) == len(wanted) else frames[back]


def _by_pyav(path: str | PathLike[str], times: Times, size: tuple[int, int]) -> Frames:
    av = pyav()
    out = np.empty((len(times), size[1], size[0], 3), np.uint8)
    try:
        for preroll in (PREROLL_SECONDS, float("inf")):
            if _fill(path, times, size, out, preroll):
                return out
    except (av.FFmpegError, OSError) as error:
        raise MediaError(path, f"{error}") from None
    raise MediaError(path, "no frame of its video can be decoded")


def _fill(path: str | PathLike[str], times: Times, size: tuple[int, int], out: Frames, preroll: float) -> bool:
    """Decode into ``out``; False if the seek landed after the first wanted frame, or nothing was there."""
    shown: tuple[float, Any] | None = None
    done = 0
    with open_media(path) as container:
        scale = _Scaler(video_stream(container), size)
        first = max(0.0, float(times[0]) - preroll)
        for time, frame in _decode(container, first):
            if shown is None and first > 0 and time > times[0] - TIE_SECONDS:
                return False
            if shown is not None:
                done = _emit(out, done, times, (shown[0] + time) / 2 + TIE_SECONDS, shown[1], scale)
            if done == len(times):
                return True
            shown = time, frame
        if shown is None:
            return False
        _emit(out, done, times, float("inf"), shown[1], scale)
    return True


def _emit(out: Frames, done: int, times: Times, until: float, frame: Any, scale: "_Scaler") -> int:
    """Write ``frame`` for every wanted time up to ``until``; returns how many times are done."""
    stop = int(np.searchsorted(times, until, side="right"))
    if stop > done:
        out[done:stop] = scale(frame)
    return max(done, stop)


def _decode(container: Any, first: float) -> Iterator[tuple[float, Any]]:
    stream, zero = video_stream(container), origin(container)
    assert stream is not None
    stream.codec_context.thread_count = 1
    if first > 0:
        container.seek(int(Fraction(first + zero) / stream.time_base), stream=stream)
    for frame in container.decode(stream):
        if frame.pts is not None:
            yield float(frame.pts * stream.time_base) - zero, frame


class _Scaler:
    """libswscale as decord calls it: bilinear, straight to RGB."""

    def __init__(self, stream: Any, size: tuple[int, int]) -> None:
        graph = pyav().filter.Graph()
        nodes = [
            graph.add_buffer(template=stream),
            graph.add("scale", f"{size[0]}:{size[1]}:flags=bilinear"),
            graph.add("format", "rgb24"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        self.graph = graph

    def __call__(self, frame: Any) -> UInt8[np.ndarray, "H W 3"]:
        self.graph.push(frame)
        pixels: UInt8[np.ndarray, "H W 3"] = self.graph.pull().to_ndarray()
        return pixels
