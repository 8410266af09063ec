"""Frames at given times: which picture belongs to a time, and the pictures of a file, none that was not encoded.

A decoder repairs what it can: it leaves a damaged picture out, or paints over it with the one before, and says
nothing. Here it may not: an error, a picture that is marked as corrupt, or a packet that gives no picture, is a hole
that the reader sees, and so is everything that depends on it, up to the next key picture.
"""

import contextlib
import functools
import importlib
import math
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from os import PathLike
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
from jaxtyping import Float64, UInt8

from vatt_edu.data.media.indexed import by_decord, by_torchcodec, picture_times
from vatt_edu.data.media.info import (
    Frames,
    MediaError,
    MediaInfo,
    decoded_packets,
    open_media,
    origin,
    probe_media,
    put_back,
    pyav,
    take_media,
    track_packets,
    video_stream,
)
from vatt_edu.errors import UserError, missing

Decoder = Literal["pyav", "decord", "torchcodec"]
Times = Float64[np.ndarray, " T"]

TIE_SECONDS = 1e-4  # of two frames equally near to within this, the earlier is taken
EARLY_SECONDS = 0.25  # a picture is given at most so long before it is shown: it may stand still for minutes
HOLE_SECONDS = 0.5  # without a picture, though the file says none stands still, are a hole
PREROLL_FRAMES = 6  # by which a seek goes back where it ended too late: key pictures are sought by decoding time
PREROLL_SECONDS = (2.0, 12.0)  # where that was too little: H.264 may err after an open key picture, up to the next one
LATE = ("av1", "vp8")  # nothing in a picture of these tells of damage: an error is often the second damaged one
VARIABLE_SHARE = 0.1  # of intervals over twice the median: the rate varies, and pictures stand still


class Picture(NamedTuple):
    """A picture at its time: seconds on the file's clock, how long the file says it is shown, None if it is lost."""

    time: float
    duration: float
    frame: Any | None


class Scaler:
    """libswscale as decord calls it: bilinear, straight to RGB."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._shape: tuple[int, int, str] | None = None
        self._graph: Any = None

    def __call__(self, frame: Any) -> UInt8[np.ndarray, "H W 3"]:
        """The frame as RGB of this size."""
        shape = (frame.width, frame.height, frame.format.name)
        if shape != self._shape:  # the first one, or one of another size: browsers record such films
            self._shape, self._graph = shape, self._make_graph(frame)
        self._graph.push(frame)
        pixels: UInt8[np.ndarray, "H W 3"] = self._graph.pull().to_ndarray()
        return pixels

    def _make_graph(self, frame: Any) -> Any:
        graph = pyav().filter.Graph()
        graph.threads = 1  # as many as cores otherwise, started for each graph
        nodes = [
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)),
            graph.add("scale", f"{self._size[0]}:{self._size[1]}:flags=bilinear"),
            graph.add("format", "rgb24"),
            graph.add("buffersink"),
        ]
        graph.link_nodes(*nodes).configure()
        return graph


def select_decoder(decoder: Decoder | None) -> Decoder:
    """The decoder to use: the one given, else ``$VATT_DECODER``, else PyAV, which alone reports damage.

    Raises:
        UserError: If it is missing or cannot be loaded, or the name is unknown.
    """
    name = decoder or os.environ.get("VATT_DECODER", "") or "pyav"
    if name not in get_args(Decoder):
        raise UserError(f"VATT_DECODER = {name!r}: there are {', '.join(get_args(Decoder))}")
    if name != "pyav":
        try:
            importlib.import_module(name)
        except ImportError:
            raise missing(name, "data") from None
        except (OSError, RuntimeError) as error:
            raise UserError(f"VATT_DECODER = {name!r} cannot be loaded: {str(error).splitlines()[0]}") from None
    return cast("Decoder", name)


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
    """The frame nearest to each of ``times``; one that stands still for longer is the one on the screen.

    Args:
        path: A file with video.
        times: Seconds on the file's clock, not decreasing: (T,).
        short_side: Pixels of the result's shorter side.
        decoder: See ``select_decoder``; PyAV reads where its index does not agree with the file's packets.
        info: What ``probe_media`` says, where that is at hand.

    Returns:
        uint8 (T, H, W, 3), RGB.

    Raises:
        MediaError: If the file has no video, or a frame that is wanted cannot be decoded or lies in a hole.
    """
    info = info or probe_media(path)
    if not info.has_video:
        raise MediaError(path, "no video in it")
    name, size = select_decoder(decoder), scaled_size(info, short_side)
    if name != "pyav" and not info.turns and (starts := picture_times(path)) is not None:
        wanted = np.searchsorted(switches(starts), times - TIE_SECONDS, side="left")
        unique, back = np.unique(wanted, return_inverse=True)
        if name == "decord":
            frames = by_decord(path, unique, len(starts), size)
        else:
            frames = by_torchcodec(path, unique, len(starts), Scaler(size))
        if frames is not None:
            return frames if len(unique) == len(wanted) else frames[back]
    frames = _by_pyav(path, times, size[::-1] if info.turns % 2 else size, info)
    return np.ascontiguousarray(np.rot90(frames, info.turns, axes=(1, 2)))


def switches(starts: Float64[np.ndarray, " K"]) -> Float64[np.ndarray, " K-1"]:
    """The times up to which each picture but the last is given: halfway to the next one, or shortly before it."""
    return starts[1:] - np.minimum(np.diff(starts) / 2, EARLY_SECONDS)


def _by_pyav(path: str | PathLike[str], times: Times, size: tuple[int, int], info: MediaInfo) -> Frames:
    out = np.empty((len(times), size[1], size[0], 3), np.uint8)
    stat = os.stat(path)
    scale = _scaler(os.fspath(path), stat.st_size, stat.st_mtime_ns, threading.get_ident(), size)
    for preroll in (0.0, PREROLL_FRAMES / max(info.fps, 1.0), *PREROLL_SECONDS, math.inf):
        if _fill(path, times, scale, out, preroll, info.video_end):
            return out
    raise MediaError(path, "no frame of its video can be decoded")


@functools.lru_cache(maxsize=8)
def _scaler(path: str, size: int, time: int, thread: int, shape: tuple[int, int]) -> Scaler:
    """For all windows of a file (size, time and thread are the cache's key)."""
    return Scaler(shape)


def _fill(path: str | PathLike[str], times: Times, scale: Scaler, out: Frames, preroll: float, end: float) -> bool:
    """Decode into ``out``; False if the seek landed after the first wanted frame, or on nothing that can be decoded."""
    first = max(0.0, float(times[0]) - preroll)
    shown, done = None, 0
    for picture in pictures(path, first):
        if shown is None and first > 0 and (picture.frame is None or picture.time > times[0] + TIE_SECONDS):
            return False
        if shown is not None:
            gap = picture.time - shown.time
            early = min(gap / 2, EARLY_SECONDS) if shown.frame is not None else 2 * TIE_SECONDS  # more may be lost
            if picture.time - early + TIE_SECONDS >= times[done]:
                stop = int(np.searchsorted(times, picture.time - early + TIE_SECONDS, side="right"))
                if gap > HOLE_SECONDS and times[stop - 1] > shown.time + EARLY_SECONDS and is_hole(path, shown, gap):
                    raise MediaError(path, f"no picture from {shown.time:.2f} to {picture.time:.2f} s")
                out[done:stop] = _pixels(path, shown, scale)
                done = stop
            if done == len(times):
                return True
        shown = picture
    if shown is None:
        return False
    if end > shown.time + max(shown.duration, HOLE_SECONDS) and times[-1] > shown.time + EARLY_SECONDS:
        raise MediaError(path, f"its pictures break off at {shown.time:.2f} s")
    out[done:] = _pixels(path, shown, scale)
    return True


def _pixels(path: str | PathLike[str], picture: Picture, scale: Scaler) -> UInt8[np.ndarray, "H W 3"]:
    if picture.frame is None:
        raise MediaError(path, f"its picture at {picture.time:.2f} s is damaged")
    try:
        return scale(picture.frame)
    except (pyav().FFmpegError, OSError) as error:
        raise MediaError(path, f"its picture at {picture.time:.2f} s: {error}") from None


def is_hole(path: str | PathLike[str], shown: Picture, gap: float) -> bool:
    """Whether pictures are missing after ``shown``: not where the file says it stands still, or its rate varies."""
    if shown.duration > 0.9 * gap:
        return False
    stat = os.stat(path)
    usual, variable = _rhythm(os.fspath(path), stat.st_size, stat.st_mtime_ns)
    return gap > 2 * usual and not variable


@functools.lru_cache(maxsize=1024)
def _rhythm(path: str, size: int, time: int) -> tuple[float, bool]:
    """The usual time from picture to picture, seconds, and whether it varies (size and time are the cache's key)."""
    intervals = np.diff(packet_times(path))
    if not len(intervals):
        return 0.0, False
    usual = float(np.median(intervals))
    return usual, bool((intervals > 2 * usual).mean() >= VARIABLE_SHARE)


def pictures(path: str | PathLike[str], first: float) -> Iterator[Picture]:
    """The pictures from a key picture at or before ``first`` on (seconds); from the beginning for 0.

    Raises:
        MediaError: If the file cannot be opened.
    """
    container, intact = take_media(path) if first > 0 else open_media(path), False
    try:
        stream, zero = video_stream(container), origin(container)
        assert stream is not None
        if not stream.codec_context.is_open:
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"err_detect": "crccheck+bitstream+buffer+explode"}
        if first > 0:
            try:
                container.seek(int(Fraction(first + zero) / stream.time_base), stream=stream)
            except (pyav().FFmpegError, OSError):
                return  # it can only be read from its beginning
        if container.format.name == "avi":
            yield from _counted(path, container, stream)
            return
        tick, whole = float(stream.time_base), True
        for time, duration, frame in _strict(container, stream, first <= 0):
            whole = whole and frame is not None
            intact = whole
            yield Picture(time * tick - zero, duration * tick, frame)
            intact = False  # if this goes on to an error, or to the end
    finally:
        put_back(container, intact)


def _strict(container: Any, stream: Any, whole: bool) -> Iterator[tuple[int, int, Any]]:
    """Times and durations (ticks) and frames, None if lost; with ``whole`` also before the first key picture."""
    near, longest = _nearness(stream), _longest(container, stream)
    clean: int | None = None  # time of the key picture since which all is well; None: waiting for one
    begin = -math.inf if whole else math.inf  # time of the first key picture: those before it are not missed
    waiting: dict[int, int] = {}  # packets that gave no picture yet: time to duration
    held: tuple[int, int, Any] | None = None  # the last picture, until the next one shows that its time was right
    last = 0  # time of the one before it
    for packet, frames in decoded_packets(container, stream):
        if packet is not None and packet.pts is not None:
            if packet.is_keyframe and clean is None:
                clean, begin = packet.pts, min(begin, packet.pts)
            if packet.pts >= begin and not packet.is_discard:  # an edit list discards what is only decoded
                waiting[packet.pts] = packet.duration or 0
        if packet is not None and packet.is_corrupt:
            frames = None  # the container knows that bytes are missing
        if frames is None and (packet is None or packet.pts is None or clean is None or packet.pts >= clean):
            clean = None  # else it was shown before the key picture, and lacks its past
            if held is not None and stream.codec_context.codec.canonical_name in LATE:
                held = held[0], held[1], None
        for frame in frames or ():
            if held is not None and frame.pts is not None and frame.pts <= held[0]:
                clean, held = None, (last + near + 1, 0, None)  # time runs backward: one of the two is wrong
            if held is not None and frame.pts is not None and frame.pts - held[0] > longest:
                waiting.setdefault(held[0] + near + 1, 0)  # packets are missing
                clean = frame.pts if frame.key_frame else None  # what follows needs them
            if frame.is_corrupt:
                clean = None
            if clean is None or frame.pts is None or frame.pts < clean:
                continue
            if held is not None:
                yield held
                last = held[0]
            for time in sorted(time for time in waiting if time < frame.pts - near):
                yield time, waiting.pop(time), None
            waiting = {time: duration for time, duration in waiting.items() if time > frame.pts + near}
            held = frame.pts, frame.duration or 0, frame
        if packet is None:
            waiting.setdefault((held[0] if held else last) + near + 1, 0)  # what follows a break is lost
    if held is not None:
        yield held
    for time in sorted(waiting):
        yield time, waiting[time], None


def _nearness(stream: Any) -> int:
    """Ticks within which a packet and a picture are one: half of an interlaced picture may have its own packet."""
    rates = [float(rate) for rate in (stream.average_rate, (stream.base_rate or 0) / 2) if rate]
    return int(0.6 / max(rates) / stream.time_base) if rates else 0


def _longest(container: Any, stream: Any) -> float:
    """Ticks from one picture to the next at most: a stream of one rate does not say that packets are gone."""
    average, base = float(stream.average_rate or 0), float(stream.base_rate or 0)
    if container.format.name not in ("mpegts", "flv") or not average or not math.isclose(average, base, rel_tol=0.02):
        return math.inf
    return float(1.5 / average / stream.time_base)


def _counted(path: str | PathLike[str], container: Any, stream: Any) -> Iterator[Picture]:
    """The pictures of an AVI file, which has no times: they are counted, at a constant rate.

    A packet is a picture, in the order of decoding. The decoder hands pictures over in the order of showing, each as
    many packets late as the first one, so the packet's number tells the picture's.
    """
    stat = os.stat(path)
    late = _avi_delay(os.fspath(path), stat.st_size, stat.st_mtime_ns)
    step = float(stream.time_base)
    indexed = {entry.timestamp for entry in stream.index_entries}  # without empty packets, as captures have them
    latest, broken, empty = -1, True, False
    for packet, frames in decoded_packets(container, stream):
        broken = broken or frames is None
        empty = empty or (packet is not None and packet.dts is not None and not packet.size)
        for frame in frames or ():
            number = latest + 1 if frame.dts is None else frame.dts - late
            if latest >= 0 and (broken or not empty):  # an empty packet is a picture that stands still
                for lost in [n for n in range(latest + 1, number) if broken or not indexed or n in indexed]:
                    yield Picture(lost * step, step, None)
            broken = (broken and (latest >= 0 or not frame.key_frame)) or frame.is_corrupt
            if number <= latest:
                continue
            latest = number
            yield Picture(number * step, step, None if broken else frame)
    if broken:
        yield Picture((latest + 1) * step, step, None)


def packet_times(path: str | PathLike[str]) -> Float64[np.ndarray, " K"]:
    """When the pictures of a file are shown, seconds, by its packets: not decoded, in order."""
    with open_media(path) as container:
        stream = video_stream(container)
        assert stream is not None
        times = []
        with contextlib.suppress(pyav().FFmpegError, OSError, IndexError):  # what comes before a break counts
            for packet in track_packets(container, stream):
                times += [] if packet.pts is None else [packet.pts]
        return np.sort(np.array(times, np.float64)) * float(stream.time_base) - origin(container)


@functools.lru_cache(maxsize=1024)
def _avi_delay(path: str, size: int, time: int) -> int:
    """Packets from a picture's own to the one at which it is handed over (size and time are the cache's key)."""
    with open_media(path) as container:
        frames = (frame for _, frames in decoded_packets(container, video_stream(container)) for frame in frames or ())
        frame = next(frames, None)
    return int(frame.dts or 0) if frame is not None else 0
