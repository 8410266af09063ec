"""One file decoded once, whole, by the readers of training: what of it can be used, and what cannot."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vatt_edu.data.clips.reader import SILENCE
from vatt_edu.data.media.audio import DAMAGE_SECONDS, GAP_SECONDS, HOLE_SECONDS, decoded_sound, downmix
from vatt_edu.data.media.indexed import obstacle
from vatt_edu.data.media.info import MediaError, MediaInfo, audio_stream, open_media, probe_media, pyav, video_stream
from vatt_edu.data.media.video import HOLE_SECONDS as LONGEST_GAP
from vatt_edu.data.media.video import Picture, is_hole, pictures
from vatt_edu.data.workers import time_limit

Span = tuple[float, float]
"""Seconds of the file, from and to."""

BLOCK = 1 << 20
"""Bytes that are read at once."""

PATIENCE = 60.0
"""Seconds that a file may take, and twice its own length."""


@dataclass(frozen=True)
class TrackCheck:
    """The picture or the sound of a file.

    Attributes:
        number: Of the track in the file.
        start: Where it begins, seconds of the file.
        end: Where it ends.
        damaged: What cannot be decoded.
        holes: Where there is nothing to decode.
        jumps: Where its clock jumps back, by more than rounding: nothing there belongs to one time.
        silent: Digital silence from beginning to end.
    """

    number: int
    start: float
    end: float
    damaged: Sequence[Span] = ()
    holes: Sequence[Span] = ()
    jumps: Sequence[Span] = ()
    silent: bool = False

    @property
    def usable(self) -> float:
        """Seconds that can be decoded."""
        lost = sum(end - start for start, end in united([*self.damaged, *self.holes, *self.jumps]))
        return max(0.0, self.end - self.start - lost)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TrackCheck":
        """What ``dataclasses.asdict`` made a dictionary of."""
        names = ("damaged", "holes", "jumps")
        spans = {name: tuple((start, end) for start, end in value.get(name, ())) for name in names}
        return cls(**{**value, **spans})


@dataclass(frozen=True)
class FileCheck:
    """What decoding a file shows.

    Attributes:
        error: Why nothing of it can be read; empty if something can.
        seconds: Its length.
        picture: None without one.
        sound: None without one.
        remarks: Those of ``probe_media``.
        subtitles: The codecs of tracks of subtitles.
        obstacle: Why a decoder that numbers pictures would show wrong ones; empty if it would not.
        checksum: CRC-32 of its bytes when it was checked first; None if that was not reached.
        rotten: Whether its bytes are others now, though neither its size nor its time is.
    """

    error: str = ""
    seconds: float = 0.0
    picture: TrackCheck | None = None
    sound: TrackCheck | None = None
    remarks: Sequence[str] = ()
    subtitles: Sequence[str] = ()
    obstacle: str = ""
    checksum: int | None = None
    rotten: bool = False

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "FileCheck":
        """What ``dataclasses.asdict`` made a dictionary of."""
        tracks = {name: TrackCheck.from_json(value[name]) if value[name] else None for name in ("picture", "sound")}
        lists = {name: tuple(value.get(name, ())) for name in ("remarks", "subtitles")}
        return cls(**{**value, **tracks, **lists})


def check_file(path: Path) -> FileCheck:
    """Decodes a file from beginning to end. In a process of ``run_all``, that process dies where it takes too long."""
    time_limit(PATIENCE)
    try:
        info = probe_media(path)
        time_limit(PATIENCE + 2 * info.duration)
        picture = _picture(path, info) if info.has_video else None
        sound = _sound(path) if info.has_audio else None
        numbering = obstacle(path) if info.has_video else ""
        crc = checksum(path)
        return FileCheck("", info.duration, picture, sound, info.remarks, info.subtitles, numbering, crc)
    except MediaError as error:
        return FileCheck(error.reason)
    except (pyav().FFmpegError, OSError, ValueError) as error:  # of a file that changes, or a disk that fails
        return FileCheck(" ".join(str(error).split()))
    finally:
        time_limit(0.0)


def checksum(path: Path) -> int | None:
    """CRC-32 of a file's bytes; None where they cannot be read."""
    crc = 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                crc = zlib.crc32(block, crc)
    except OSError:
        return None
    return crc


def _picture(path: Path, info: MediaInfo) -> TrackCheck:
    with open_media(path) as container:
        stream = video_stream(container)
        assert stream is not None
        number = stream.index
    damaged: list[Span] = []
    holes: list[Span] = []
    first = end = lost = None
    shown: Picture | None = None
    step = 1 / info.fps if info.fps else 0.0
    for picture in pictures(path, 0.0):
        first = picture.time if first is None else first
        if picture.frame is None:
            lost = picture.time if lost is None else lost
        elif lost is not None:
            damaged.append((lost, picture.time))
            lost = None
        elif shown is not None and (gap := picture.time - shown.time) > LONGEST_GAP and is_hole(path, shown, gap):
            holes.append((shown.time, picture.time))
        end = picture.time + (picture.duration or step)
        shown = picture
    if first is None or end is None:
        raise MediaError(path, "no frame of its video can be decoded")
    if lost is not None:
        damaged.append((lost, max(end, lost + step)))
    return TrackCheck(number, round(first, 3), round(end, 3), _rounded(damaged), _rounded(holes))


def _sound(path: Path) -> TrackCheck:
    damaged: list[Span] = []
    holes: list[Span] = []
    jumps: list[Span] = []
    first = end = last = None  # where it begins, how far it goes, and where the last packet ended
    peak = 0.0
    with open_media(path) as container:
        stream = audio_stream(container)
        assert stream is not None
        number, rate = stream.index, stream.rate
        names = [channel.name for channel in stream.layout.channels]
        for time, samples in decoded_sound(container, stream, 0.0):
            if samples is None:
                damaged.append((max(0.0, time - DAMAGE_SECONDS), time + DAMAGE_SECONDS))
                last = None
                continue
            if end is not None and time - end > HOLE_SECONDS:
                holes.append((end, time))
            if end is not None and end - time > HOLE_SECONDS and (last is None or abs(time - last) > GAP_SECONDS):
                jumps.append((max(0.0, end - DAMAGE_SECONDS), end + DAMAGE_SECONDS))
            first = time if first is None else first
            last = time + samples.shape[1] / rate
            end = max(end or 0.0, last)
            if samples.size:
                peak = max(peak, float(np.abs(downmix(samples, names)).max()))
    start, stop = first or 0.0, max(end or 0.0, *(end for _, end in damaged), 0.0)
    silent = end is not None and round(peak * 32768) <= SILENCE
    return TrackCheck(
        number,
        round(start, 3),
        round(stop, 3),
        _rounded(united(damaged)),
        _rounded(holes),
        _rounded(united(jumps)),
        silent,
    )


def united(spans: Sequence[Span]) -> list[Span]:
    """Spans in order, those that touch as one."""
    apart: list[Span] = []
    for start, end in sorted(tuple(span) for span in spans):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _rounded(spans: Sequence[Span]) -> tuple[Span, ...]:
    return tuple((round(start, 3), round(end, 3)) for start, end in spans)
