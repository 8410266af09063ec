"""Decoders that trust an index: decord, and torchcodec. Used for a file only where the index agrees with its packets.

decord numbers the packets of a file and takes the k-th picture that comes out of its decoder for the k-th packet. That
holds where each packet gives one picture, from every key picture on: not with open groups of pictures (what ffmpeg's
HEVC makes without any option), nor in a clip cut by an edit list, nor where there are several tracks. It says nothing
about damage, either. So PyAV reads unless one of these is asked for.
"""

import functools
import os
from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from vatt_edu.data.media.info import MATROSKA, Frames, open_media, origin, pyav, track_packets, video_stream
from vatt_edu.data.media.matroska import Clusters

Frame = UInt8[np.ndarray, "H W 3"]

CONTAINERS = ("mov", "mp4", "matroska", "webm")  # decord's clock is wrong in MPEG transport streams
CODECS = ("h264", "hevc", "vp9", "av1", "mpeg4", "mjpeg", "prores", "ffv1")


def picture_times(path: str | PathLike[str]) -> Float64[np.ndarray, " K"] | None:
    """When each picture is shown, seconds on the file's clock, if a decoder may number them; else None.

    Raises:
        MediaError: If the file cannot be opened.
    """
    numbering = _numbering(path)
    return None if isinstance(numbering, str) else numbering


def obstacle(path: str | PathLike[str]) -> str:
    """Why a decoder may not number the pictures of a file; empty if it may.

    Raises:
        MediaError: If the file cannot be opened.
    """
    numbering = _numbering(path)
    return numbering if isinstance(numbering, str) else ""


def _numbering(path: str | PathLike[str]) -> Float64[np.ndarray, " K"] | str:
    stat = os.stat(path)
    return _number(os.fspath(path), stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _number(path: str, size: int, time: int) -> Float64[np.ndarray, " K"] | str:
    """The times of ``picture_times``, or the obstacle; size and time make the cache's key."""
    with open_media(path) as container:
        stream = video_stream(container)
        if stream is None:
            return "no picture"
        if not set(container.format.name.split(",")) & set(CONTAINERS):
            return f"container {container.format.name}"
        if len(container.streams.video) > 1:
            return f"{len(container.streams.video)} picture tracks"
        if stream.codec_context.name not in CODECS:
            return f"codec {stream.codec_context.name}"
        times, key, clusters = [], None, Clusters(path, stream) if container.format.name == MATROSKA else None
        try:
            for packet in track_packets(container, stream):
                if not packet.size:
                    continue
                if packet.is_discard:
                    return "edit list: pictures that are decoded and not shown"
                intact = clusters is None or clusters.look_up(packet) == (True, True)
                if packet.pts is None or packet.is_corrupt or not intact:
                    return "pictures without a time" if packet.pts is None else "damaged packets"
                key = packet.pts if packet.is_keyframe else key
                if key is None:
                    return "begins without a key picture"
                if packet.pts < key:
                    return "open groups: pictures that are stored after a key picture and shown before it"
                times.append(packet.pts)
        except (pyav().FFmpegError, OSError):
            return "packets that cannot be read"
        ticks = np.unique(times)
        if not times or len(ticks) != len(times):
            return "several pictures of one time" if times else "no picture"
        return ticks * float(stream.time_base) - origin(container)


def by_decord(
    path: str | PathLike[str], numbers: Int64[np.ndarray, " N"], count: int, size: tuple[int, int]
) -> Frames | None:
    """Pictures by number, in order and each once; None where decord fails or counts others than ``count``."""
    import decord

    decord.logging.set_level(decord.logging.QUIET)
    try:
        reader = decord.VideoReader(str(path), width=size[0], height=size[1], num_threads=1)
        if len(reader) != count:
            return None
        frames: Frames = reader.get_batch(numbers).asnumpy()
    except (decord.DECORDError, RuntimeError, IndexError, UnicodeEncodeError):
        return None
    return frames


def by_torchcodec(
    path: str | PathLike[str], numbers: Int64[np.ndarray, " N"], count: int, scale: Callable[[Any], Frame]
) -> Frames | None:
    """As ``by_decord``, but decoded at full size and then made smaller: its colors may differ by a level or two."""
    from torchcodec.decoders import VideoDecoder  # type: ignore[import-not-found,unused-ignore]

    av = pyav()
    try:
        decoder = VideoDecoder(os.fspath(path), dimension_order="NHWC", num_ffmpeg_threads=1)
        if len(decoder) != count:
            return None
        frames = decoder.get_frames_at(indices=[int(number) for number in numbers]).data.numpy()
    except (RuntimeError, IndexError, ValueError):
        return None
    return np.stack([scale(av.VideoFrame.from_ndarray(frame, format="rgb24")) for frame in frames])
