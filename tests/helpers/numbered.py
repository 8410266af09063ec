"""Makes media files whose pictures show their number, in many containers, codecs and structures.

A picture's number is written in it as large blocks, black or white, which survive any codec, and checked by others. So
a test reads frames and knows which ones they are: it compares with what was drawn, not with another decoder.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 64, 96
TICKS = 90_000  # per second: divisible by all rates used here

CODECS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"crf": "14", "preset": "veryfast"}),
    "hevc": ("libx265", {"crf": "14", "preset": "ultrafast"}),
    "vp8": ("libvpx", {"crf": "8", "b": "2M", "deadline": "realtime", "cpu-used": "8"}),
    "vp9": ("libvpx-vp9", {"crf": "18", "b": "0", "deadline": "realtime", "cpu-used": "8"}),
    "av1": ("libsvtav1", {"crf": "8", "preset": "8"}),
    "mpeg4": ("mpeg4", {"b": "3M"}),
    "mpeg2": ("mpeg2video", {"b": "3M"}),
    "mjpeg": ("mjpeg", {"b": "4M"}),
    "ffv1": ("ffv1", {"level": "3", "slicecrc": "1"}),  # as archives do
    "prores": ("prores_ks", {}),
}  # fmt: skip
PIXELS = {"mjpeg": "yuvj420p", "prores": "yuv422p10le"}


@dataclass(frozen=True)
class Structure:
    """How pictures depend on one another and where they lie in time.

    Attributes:
        gop: Pictures from one key picture to the next.
        b: Pictures in a row that are predicted from both sides.
        open_gop: Whether pictures before a key picture may be predicted from it.
        late: Seconds before the first picture.
        times: Seconds of each picture from its number; None: a constant rate.
        flags: More options of the encoder.
        container: Options of the muxer.
        hash: 1: each picture of HEVC comes with its MD5.
    """

    gop: int = 12
    b: int = 0
    open_gop: bool = False
    late: float = 0.0
    times: Callable[[int], float] | None = None
    flags: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)
    hash: int = 0


def _uneven(number: int) -> float:
    return number / 20 + 0.4 * (number // 7) + 0.013 * (number % 3)


STRUCTURES = {
    "plain": Structure(),
    "b": Structure(b=3),
    "open": Structure(b=3, open_gop=True),
    "intra": Structure(gop=1),
    "long": Structure(gop=1000, b=2),
    "late": Structure(b=2, late=0.7),
    "uneven": Structure(b=2, times=_uneven),
    "fragments": Structure(b=2, container={"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    "short clusters": Structure(b=3, open_gop=True, container={"cluster_time_limit": "500"}),
    "hashes": Structure(b=3, hash=1),
    "index first": Structure(b=2, container={"movflags": "faststart"}),
}


def check(number: int) -> int:
    """Eight more bits, other ones for every number, so that a block in a wrong place does not go unnoticed."""
    return (151 * number + 89) & 255


def luma(number: int, height: int = HEIGHT, width: int = WIDTH, noise: int = 0) -> NDArray[np.uint8]:
    """A picture: blocks in four rows of four, white where a bit of ``number`` is 1, below them one of its ``check``.

    Args:
        number: 0 to 255.
        height: Pixels.
        width: Pixels.
        noise: How rough the blocks are, so that a picture costs bytes.
    """
    code = number | check(number) << 8
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    bits = (code >> (rows[:, None] * 4 + columns[None])) & 1
    grain = np.random.default_rng(number).integers(0, noise + 1, (height, width))
    return (16 + 219 * bits + grain * (1 - 2 * bits)).astype(np.uint8)


def numbers(frames: NDArray[np.uint8]) -> list[int]:
    """The numbers that frames (T, H, W, 3) show; -1 where the two halves contradict each other: no whole picture."""
    shown = []
    for picture in np.asarray(frames)[..., 1]:
        height, width = picture.shape
        blocks = [
            picture[
                r * height // 4 + height // 16 : (r + 1) * height // 4 - height // 16,
                c * width // 4 + width // 16 : (c + 1) * width // 4 - width // 16,
            ].mean()
            for r in range(4)
            for c in range(4)
        ]
        code = sum(int(block > 127) << bit for bit, block in enumerate(blocks))
        shown.append(code & 255 if check(code & 255) == code >> 8 else -1)
    return shown


@dataclass(frozen=True)
class Film:
    """A file and what was drawn into it.

    Attributes:
        path: The file.
        times: When each picture is shown, seconds on the file's clock.
        shown: The number of each.
    """

    path: Path
    times: NDArray[np.float64]
    shown: Sequence[int]

    def nearest(self, times: NDArray[np.float64], early: float = 0.25, tie: float = 1.5e-3) -> list[set[int]]:
        """The numbers that may be given for each of some times: the nearest, of two nearly so near either.

        Args:
            times: Seconds.
            early: How long before its time a picture is given at most, instead of the one on the screen.
            tie: Seconds by which containers round times.
        """
        answers = []
        for time in times:
            allowed = set()
            for shift in (-tie, 0.0, tie):
                switch = self.times[1:] - np.minimum(np.diff(self.times) / 2, early)
                allowed.add(self.shown[int(np.searchsorted(switch, time + shift, side="right"))])
            answers.append(allowed)
        return answers


def packets(structure: Structure, count: int, fps: float, stream: Any, noise: int = 0) -> Iterator[Any]:
    """The encoded pictures 0 to ``count - 1``."""
    for k in range(count):
        frame = av.VideoFrame(stream.width, stream.height, "yuv420p")
        picture = luma(k % 256, stream.height, stream.width, noise)
        frame.planes[0].update(np.pad(picture, ((0, 0), (0, frame.planes[0].line_size - stream.width))).copy())
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        if stream.pix_fmt != "yuv420p":
            frame = frame.reformat(format=stream.pix_fmt)
        time = structure.late + (structure.times(k) if structure.times else k / fps)
        frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def add_pictures(file: Any, codec: str, structure: Structure, fps: float, size: tuple[int, int]) -> Any:
    """A picture track of an open container."""
    name, options = CODECS[codec]
    stream = file.add_stream(name, rate=Fraction(fps).limit_denominator(1001))
    stream.height, stream.width = size
    stream.pix_fmt = PIXELS.get(codec, "yuv420p")
    context = stream.codec_context
    context.gop_size = structure.gop
    rated = codec in ("mpeg4", "mpeg2", "mjpeg") or file.format.name == "avi"  # their clock is the rate
    context.time_base = 1 / Fraction(fps).limit_denominator(1001) if rated else Fraction(1, TICKS)
    options = options | structure.flags
    if codec in ("h264", "mpeg4", "mpeg2"):
        context.max_b_frames = structure.b
    if codec == "h264":
        options["x264-params"] = f"open-gop={int(structure.open_gop)}:scenecut=0"
        options["bf"] = str(structure.b)
    elif codec == "hevc":
        options["x265-params"] = (
            f"log-level=none:keyint={structure.gop}:min-keyint={structure.gop}:scenecut=0:"
            f"open-gop={int(structure.open_gop)}:bframes={structure.b}:pools=1:frame-threads=1:hash={structure.hash}"
        )
    elif codec in ("vp8", "vp9") and structure.b:
        options |= {"auto-alt-ref": "1", "lag-in-frames": "12", "deadline": "good"}
    elif codec in ("mpeg4", "mpeg2") and not structure.open_gop:
        options |= {"flags": "+cgop", "sc_threshold": "1000000000"}
    elif codec == "av1":
        options["svtav1-params"] = f"keyint={structure.gop}"
    stream.options = options
    return stream


def write(
    path: Path,
    codec: str = "h264",
    structure: Structure | str = "plain",
    count: int = 60,
    fps: float = 20,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    sound: float = 0.0,
    noise: int = 0,
) -> Film:
    """A film of ``count`` pictures, with a tone of ``sound`` seconds where that is not 0."""
    structure = STRUCTURES[structure] if isinstance(structure, str) else structure
    with av.open(str(path), "w", container_options=structure.container) as file:
        stream = add_pictures(file, codec, structure, fps, size)
        track = None
        if sound:
            name = "libopus" if path.suffix == ".webm" else "libmp3lame" if path.suffix in (".avi", ".flv") else "aac"
            track = file.add_stream(name, rate=48_000, layout="mono")
        encoded = list(packets(structure, count, fps, stream, noise))
        for packet in encoded:
            file.mux(packet)
        if track is not None:
            _tone(file, track, sound)
    late = 0.0 if not sound else structure.late
    clock = np.array([structure.times(k) if structure.times else k / fps for k in range(count)])
    return Film(path, clock + late, [k % 256 for k in range(count)])


def _tone(file: Any, stream: Any, seconds: float) -> None:
    wave = (0.3 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * 48_000)) / 48_000)).astype(np.float32)
    resampler = av.AudioResampler(format=stream.codec_context.format.name, layout="mono", rate=48_000, frame_size=960)
    frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), 0
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def copy(film: Film, path: Path, start: float = 0.0) -> Film:
    """The same packets in another container; with ``start``, cut there as ``ffmpeg -ss START -c copy`` does.

    A cut begins with the key picture before ``start``, at a negative time, and players start at ``start``.
    """
    with (
        av.open(str(film.path)) as old,
        av.open(
            str(path), "w", container_options={"use_editlist": "1"} if path.suffix in (".mp4", ".mov") else {}
        ) as new,
    ):
        source = old.streams.video[0]
        target = new.add_stream_from_template(source)
        if start:
            old.seek(int(max(0.0, start - 0.6) / source.time_base), stream=source)  # an open group needs the one before
        shift = int(start / source.time_base)
        for packet in old.demux(source):
            if packet.dts is None:
                continue
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = target
            new.mux(packet)
    kept = film.times >= start - 1e-6
    return Film(path, film.times[kept] - start, [n for n, keep in zip(film.shown, kept, strict=True) if keep])
