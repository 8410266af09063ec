"""Makes small files of which each has one fault, for the tests of the check: about a second of pictures and a tone."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from helpers import clips, numbered

SECONDS, FPS = 1.2, 20
COUNT = int(SECONDS * FPS)


def whole(path: Path, structure: numbered.Structure | str = "plain", sound: float = SECONDS) -> Path:
    """A file without a fault."""
    return numbered.write(path, "h264", structure, COUNT, FPS, sound=sound, noise=40).path


def distinct(original: Path, path: Path, number: int) -> Path:
    """A copy of an mp4 with other bytes: a box that says nothing."""
    path.write_bytes(original.read_bytes() + b"\x00\x00\x00\x10free" + number.to_bytes(8, "big"))
    return path


def packets_out(path: Path, kind: str, first: float, last: float, count: int) -> Path:
    """Of ``count`` pictures and their sound, without the packets of one kind between two times, seconds."""
    structure = numbered.Structure(gop=1)
    numbered.write(path.with_suffix(".whole.mp4"), "h264", structure, count, FPS, sound=count / FPS)
    with av.open(str(path.with_suffix(".whole.mp4"))) as old, av.open(str(path), "w") as new:
        targets = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == kind and first <= float(packet.pts * packet.time_base) < last:
                continue
            packet.stream = targets[packet.stream_index]
            new.mux(packet)
    path.with_suffix(".whole.mp4").unlink()
    return path


def noise_in(path: Path, kind: str, share: float = 0.5, count: int = 40, **kwargs: object) -> Path:
    """With wrong bytes in the packets of one kind, in the middle or elsewhere."""
    whole(path, **kwargs)  # type: ignore[arg-type]
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(**{kind: 0}) if p.size > 8]
        places = [(packet.pos, packet.size) for packet in packets]
    position, size = places[int(share * len(places))]
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(count)
    begin, stop = position + min(8, size // 4), position + size
    data[begin:stop] = bytes(int(value) for value in rng.integers(0, 256, stop - begin))
    path.write_bytes(bytes(data))
    return path


def cut(path: Path, share: float, **kwargs: object) -> Path:
    """Only the first part of its bytes."""
    whole(path, **kwargs)  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def _sized(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _picture(path: Path) -> Path:
    frame = av.VideoFrame.from_ndarray(clips.pattern(1, 48, 64), format="rgb24")
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 64, 48, "rgb24", Fraction(1, 20)
    return _sized(path, b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)]))


def _zeros_in_the_middle(path: Path) -> Path:
    data = bytearray(whole(path).read_bytes())
    begin, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[begin:end] = bytes(end - begin)
    return _sized(path, bytes(data))


FRONT = numbered.STRUCTURES["index first"]
FAULTS: dict[str, tuple[str, str, Callable[[Path], Path]]] = {
    "empty": (".mp4", "the file is empty", lambda p: _sized(p, b"")),
    "text": (".mp4", "not a media file", lambda p: _sized(p, b"404 not available\n" * 50)),
    "without index": (".mp4", "not a media file, or cut off", lambda p: cut(p, 0.7)),
    "cut, index first": (".mp4", "cut off: .* bytes of at least", lambda p: cut(p, 0.7, structure=FRONT)),
    "cut mkv": (".mkv", "cut off: it ends at|damaged", lambda p: cut(p, 0.3, sound=4.0)),
    "cut ts": (".ts", "picture damaged", lambda p: cut(p, 0.701)),
    "wrong bytes, picture": (".mp4", "picture damaged from 0.6", lambda p: noise_in(p, "video")),
    "wrong bytes, mkv": (".mkv", "picture damaged from", lambda p: noise_in(p, "video", 0.25)),
    "wrong bytes, last key": (".mp4", "picture damaged from 0.6.* to 1.2", lambda p: noise_in(p, "video", 0.5)),
    "wrong bytes, sound": (".mp4", "sound damaged from", lambda p: noise_in(p, "audio")),
    "zeros": (".mp4", "damaged", _zeros_in_the_middle),
    "hole": (".mkv", "no picture from 0.2", lambda p: packets_out(p, "video", 0.3, 1.0, 30)),
    "hole in sound": (".mp4", "no sound from 1.5", lambda p: packets_out(p, "audio", 1.5, 3.5, 100)),
    "mute": (".mp4", "no sound", lambda p: whole(p, sound=0.0)),
    "silent": (".mp4", "silent", lambda p: clips.write(p, SECONDS, audio=clips.tone(440, duration=SECONDS, level=0))),
    "sound alone": (".mp4", "no picture",
                    lambda p: clips.write(p, SECONDS, audio=clips.tone(440, duration=SECONDS), video=None)),
    "short": (".mp4", "too short: 0.[34]", lambda p: numbered.write(p, count=7, sound=0.35).path),
    "a picture": (".mp4", "a still picture", _picture),
    "stands still": (".mp4", "its picture ends at 1.2 s and stands still", lambda p: whole(p, sound=4.0)),
    "no words": (".mp4", "no words", whole),
    "late lines": (".mp4", "1 of 2 lines begin after its end", whole),
}  # fmt: skip
"""Suffix, what is said of it, and what makes it."""

CAPTIONS = "1\n00:00:00,100 --> 00:00:00,900\nthe {} is poured\n"
LATE = CAPTIONS + "\n2\n00:01:00,000 --> 00:01:01,000\nand served\n"


def make(folder: Path, name: str, title: str) -> Path:
    """A file with one fault, and captions beside it where words are no fault."""
    suffix, _, write = FAULTS[name]
    path = write(folder / f"{title}{suffix}")
    if name != "no words":
        text = LATE if name == "late lines" else CAPTIONS
        path.with_suffix(".srt").write_text(text.format(title))
    return path
