"""What a media file holds, found without decoding it: an open container, its tracks, and where they end.

A file ends where its packets do, whatever its header says: a browser's recording has no length in it, and a file that
was cut off has a wrong one. The header's word is checked where that is cheap, against an index of packets or against
the last seconds of the file; only where it does not hold, all packets are read.
"""

import contextlib
import math
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int16, UInt8

from vatt_edu.data.media.headers import MP4, header_fault, in_fragments
from vatt_edu.data.media.matroska import Clusters, checksum_fault
from vatt_edu.data.media.mp4.clocks import fragment_fault
from vatt_edu.data.media.mp4.fragments import Fragments
from vatt_edu.errors import UserError, missing

TOLERANCE = 1.0  # seconds by which tracks, and headers, may differ without a word
MATROSKA = "matroska,webm"
SEEKABLE = (MP4, MATROSKA)  # a seek leads to the same place, whatever was read before
RAW_SOUND = ("mp3", "aac", "ac3", "eac3", "amr", "loas")  # their length is guessed from the rate of the first packets

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
        MediaError: If the file is missing, or is not a media file.
    """
    av = pyav()
    if not os.path.isfile(path):  # FFmpeg would wait for what comes through a pipe
        raise MediaError(path, _why(path, OSError()))
    try:
        container = av.open(f"file:{os.fspath(path)}")  # a colon in a name is no protocol, a dash no option
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, _why(path, error)) from None
    form = container.format.name
    fault = checksum_fault(path, origin(container)) if form == MATROSKA else header_fault(path, form)
    if fault or (in_fragments(path, form) and (fault := fragment_fault(path))):
        container.close()
        raise MediaError(path, fault)
    return container


_kept: dict[int, Any] = {}  # of the threads within ``keeping_open``: the container that is open, or None


@contextlib.contextmanager
def keeping_open() -> Iterator[None]:
    """In it, the file read last stays open for the next reader: an opening costs as much as fifteen small pictures."""
    _kept[threading.get_ident()] = None
    try:
        yield
    finally:
        put_back(_kept.pop(threading.get_ident(), None), False)


def take_media(path: str | PathLike[str]) -> Any:
    """A container for one who seeks first, to be given to ``put_back``: others may have read from it."""
    container = _kept.get(threading.get_ident())
    if container is None or container.name != f"file:{os.fspath(path)}":
        return open_media(path)
    _kept[threading.get_ident()] = None
    return container


def put_back(container: Any, intact: bool) -> None:
    """Closes a container; within ``keeping_open`` the one before, if no damage was met in this one."""
    thread = threading.get_ident()
    if intact and thread in _kept and container.format.name in SEEKABLE:
        container, _kept[thread] = _kept[thread], container
    if container is not None:
        container.close()


def _why(path: str | PathLike[str], error: Exception) -> str:
    if not os.path.exists(path):
        return "no such file"
    if os.path.isdir(path):
        return "it is a directory"
    if not os.path.isfile(path):
        return "no plain file"
    if not os.path.getsize(path):
        return "the file is empty"
    return f"not a media file, or cut off ({getattr(error, 'strerror', None) or error})"


def video_stream(container: Any) -> Any | None:
    """The video stream that a player shows: the first default one, else the first; a cover picture is none."""
    cover = pyav().stream.Disposition.attached_pic
    return _default([stream for stream in container.streams.video if not stream.disposition & cover])


def audio_stream(container: Any) -> Any | None:
    """The audio stream that a player plays: the first default one, else the first, of those that can be decoded."""
    return _default([stream for stream in container.streams.audio if stream.codec_context is not None])


def _default(streams: Sequence[Any]) -> Any | None:
    default = pyav().stream.Disposition.default
    return next((stream for stream in streams if stream.disposition & default), streams[0] if streams else None)


def origin(container: Any) -> float:
    """The time in the container that is time 0 of the file's clock, seconds."""
    return float(container.start_time or 0) / 1e6


def strict_decoder(stream: Any) -> Any | None:
    """Another decoder than FFmpeg's own, where that lets damage pass: libvpx notices nearly all of it in 8-bit VP9."""
    av, codec = pyav(), stream.codec_context
    if codec.name != "vp9" or "libvpx-vp9" not in av.codecs_available or (codec.pix_fmt or "").endswith("le"):
        return None  # the last: of 10 or 12 bits, which many builds of libvpx refuse
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    decoder.thread_count = 1
    return decoder


def track_packets(container: Any, stream: Any) -> Iterator[Any]:
    """The packets of one track; those of others are not even read."""
    discard = pyav().stream.Discard
    for other in container.streams:
        other.discard = discard.default if other.index == stream.index else discard.all
    packets: Iterator[Any] = container.demux(stream)
    return packets


def decoded_packets(container: Any, stream: Any) -> Iterator[tuple[Any, list[Any] | None]]:
    """Packets and the frames that come out at each; None for a damaged packet, and where some are lost."""
    av = pyav()
    packets = track_packets(container, stream)
    decoder = strict_decoder(stream)
    path, form = container.name.removeprefix("file:"), container.format.name
    parts = Clusters(path, stream) if form == MATROSKA else Fragments(path) if in_fragments(path, form) else None
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.FFmpegError, OSError, IndexError):  # the last where damage makes tracks appear
            yield None, None
            return
        try:
            frames = packet.decode() if decoder is None else decoder.decode(packet if packet.size else None)
        except (av.FFmpegError, OSError):
            frames = None
        intact, whole = parts.look_up(packet) if parts is not None else (True, True)
        if not whole:
            yield None, None
        yield packet, frames if intact else None


@dataclass(frozen=True)
class MediaInfo:
    """What a file holds.

    Attributes:
        duration: Seconds on the file's clock: to the end of the picture where there is one, else of the sound; to the
            end of the sound where it goes on for more than a second after the picture.
        has_video: Whether there is a video stream (a cover picture is none).
        has_audio: Whether there is an audio stream; it may still be silent.
        fps: Frames per second, on average; 0 without video.
        width: Pixels as shown: square ones; 0 without video.
        height: Pixels as shown; 0 without video.
        sample_rate: Audio samples per second in the file; 0 without audio.
        channels: Audio channels in the file; 0 without audio.
        video_start: Seconds on the file's clock at which the first frame is shown.
        video_end: Seconds on the file's clock at which the last frame ends.
        subtitles: The codec of each track of subtitles; they are not read.
        turns: Quarter turns, counterclockwise, by which a player turns the stored pictures (phones held upright).
        remarks: What is wrong with it, though it can be read: cut off, a picture that ends before the sound.
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
    video_end: float = 0.0
    turns: int = 0
    subtitles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def probe_media(path: str | PathLike[str]) -> MediaInfo:
    """What ``path`` holds; of its pictures only the first is decoded.

    Raises:
        MediaError: If it is missing, not a media file, a still picture, or nothing of it can be read.
    """
    with open_media(path) as container:
        kind, piped = container.format.name.removesuffix("_pipe"), container.format.name.endswith("_pipe")
        if piped or kind == "image2":  # whatever its name ends with
            raise MediaError(path, f"it is a still picture{f' ({kind})' if piped else ''}, no film")
        video, audio = video_stream(container), audio_stream(container)
        if video is None and audio is None:
            raise MediaError(path, "neither video nor audio in it")
        if video is not None and video.codec_context is None:
            raise MediaError(path, "its pictures have a codec that FFmpeg does not know")
        width, height, turns = _shape(container, video) if video is not None else (0, 0, 0)
        if video is not None and not (width and height):
            raise MediaError(path, "its pictures have no size")
        ends, remarks = measure(path, container, [stream for stream in (video, audio) if stream is not None])
        zero = origin(container)
        picture = ends.get(video.index, 0.0) - zero if video is not None else 0.0
        sound = ends.get(audio.index, 0.0) - zero if audio is not None else 0.0
        if video is not None and sound > picture + TOLERANCE:
            remarks += (f"its picture ends at {picture:.1f} s and stands still, its sound goes on to {sound:.1f} s",)
        end = sound if video is None or sound > picture + TOLERANCE else picture
        if end <= 0:
            raise MediaError(path, "it has no length")
        return MediaInfo(
            duration=end,
            has_video=video is not None,
            has_audio=audio is not None,
            fps=float(video.average_rate or 0) if video is not None else 0.0,
            width=width,
            height=height,
            sample_rate=audio.rate if audio is not None else 0,
            channels=audio.channels if audio is not None else 0,
            video_start=float((video.start_time or 0) * video.time_base) - zero if video is not None else 0.0,
            video_end=max(0.0, picture),
            turns=turns,
            subtitles=tuple(_codec(stream) for stream in container.streams.subtitles),
            remarks=remarks,
        )


def _codec(stream: Any) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown"


def _shape(container: Any, stream: Any) -> tuple[int, int, int]:
    """Width and height as shown, and quarter turns; only a decoded frame knows of the turns."""
    stream.codec_context.thread_count = 1
    try:
        frame = next(container.decode(stream), None)
    except (pyav().FFmpegError, OSError):
        frame = None
    turns = round((frame.rotation if frame is not None else 0) / 90) % 4
    width, height = stream.width, stream.height
    if aspect := stream.sample_aspect_ratio:  # pixels that are not square: shown wider, or narrower, than stored
        width = max(1, round(width * aspect))
    return (height, width, turns) if turns % 2 else (width, height, turns)


class Length(NamedTuple):
    """Seconds in the container's own time: where each track ends (by index of the stream), and what is to be told."""

    ends: dict[int, float]
    remarks: tuple[str, ...]


def measure(path: str | PathLike[str], container: Any, streams: Iterable[Any]) -> Length:
    """Where the tracks ``streams`` of an open container end.

    Raises:
        MediaError: If no packet of them is there.
    """
    streams = list(streams)
    claims = {stream.index: _claim(container, stream) for stream in streams}
    size = os.path.getsize(path)
    cut = [entry for stream in streams for entry in list(stream.index_entries)[-1:] if entry.pos + entry.size > size]
    if cut:
        ends = {stream.index: _indexed_end(stream, size) for stream in streams if len(stream.index_entries)}
        if not any(end > _start(stream) for stream in streams for end in [ends.get(stream.index, -math.inf)]):
            raise MediaError(path, f"cut off: {size} bytes of at least {max(e.pos + e.size for e in cut)}")
        return Length(ends, (f"cut off: {size} bytes of at least {max(e.pos + e.size for e in cut)}",))
    indexed = set(container.format.name.split(",")) & {"mov", "mp4", "avi"}  # others list key pictures at most
    if indexed and all(_index_agrees(stream, claims[stream.index]) for stream in streams):
        return Length({index: claim for index, claim in claims.items() if claim is not None}, ())
    ends = _packet_ends(path, container, streams, claims)
    if not ends:
        raise MediaError(path, "no packet of its picture or sound can be read")
    remarks = []
    for stream in streams:  # a track's own word is finer than its packets', the container's may be of another track
        claim = claims[stream.index] if stream.duration else None
        if claim is not None and stream.index in ends and abs(ends[stream.index] - claim) <= TOLERANCE:
            ends[stream.index] = claim
    end, claim = max(ends.values()), max((claim for claim in claims.values() if claim is not None), default=None)
    if claim is not None and claim - end > TOLERANCE:
        zero = float(container.start_time or 0) / 1e6
        remarks.append(f"cut off: it ends at {end - zero:.1f} s of the {claim - zero:.1f} s that its header claims")
    return Length(ends, tuple(remarks))


def _start(stream: Any) -> float:
    return float((stream.start_time or 0) * stream.time_base)


def _claim(container: Any, stream: Any) -> float | None:
    """The header's word: of the stream, else of the container (mkv and webm say it only once); None if none."""
    if container.format.name in RAW_SOUND:
        return None
    if stream.duration and stream.duration > 0:
        return _start(stream) + float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        return float((container.start_time or 0) + container.duration) / 1e6
    return None


def _index_agrees(stream: Any, claim: float | None) -> bool:
    """Whether an index of all packets (mp4, mov, avi) ends where the header says."""
    entries = stream.index_entries
    if claim is None or len(entries) < 2:
        return False
    return abs(float(entries[-1].timestamp * stream.time_base) - claim) <= TOLERANCE


def _indexed_end(stream: Any, size: int) -> float:
    """The time of the first packet of an index that is not whole."""
    entries = stream.index_entries
    whole, total = 0, len(entries)
    while whole < total and entries[whole].pos + entries[whole].size <= size:
        whole += 1
    return float(entries[min(whole, total - 1)].timestamp * stream.time_base) if whole else -math.inf


def _packet_ends(
    path: str | PathLike[str], container: Any, streams: list[Any], claims: dict[int, float | None]
) -> dict[int, float]:
    """Where the last packets end: of the last seconds where a seek leads there, else of the whole file."""
    latest = max((claim for claim in claims.values() if claim is not None), default=None)
    if latest is not None and _seek(container, latest - 2 * TOLERANCE):
        ends = _demux(container, streams)
        if len(ends) == len(streams) and abs(max(ends.values()) - latest) <= TOLERANCE:
            return ends
    with open_media(path) as fresh:  # some files can be read from their beginning, and not be sent back to it
        return _demux(fresh, [fresh.streams[stream.index] for stream in streams])


def _seek(container: Any, seconds: float) -> bool:
    try:
        container.seek(max(container.start_time or 0, int(seconds * 1e6)))
    except (pyav().FFmpegError, OSError, OverflowError):
        return False
    return True


def _demux(container: Any, streams: list[Any]) -> dict[int, float]:
    """Where the last packet of each stream ends, from here to the end of the file or to where it breaks."""
    ends: dict[int, float] = {}
    with contextlib.suppress(pyav().FFmpegError, OSError, IndexError):  # what comes before a break counts
        for packet in container.demux(streams):
            time = packet.pts if packet.pts is not None else packet.dts
            if time is None or packet.is_discard:
                continue
            end = float((time + (packet.duration or 0)) * packet.time_base)
            ends[packet.stream_index] = max(end, ends.get(packet.stream_index, -math.inf))
    return ends
