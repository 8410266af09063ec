"""Pictures that carry their number, in many containers, codecs and structures: what is read is what was drawn.

An independent check: nothing here compares one decoder with another.
"""

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import numbered

from vatt_edu.data.media import read_video
from vatt_edu.data.media.indexed import picture_times
from vatt_edu.data.media.info import MediaError
from vatt_edu.data.media.video import EARLY_SECONDS

MAKERS = {
    "mp4": ("h264", "hevc", "av1", "mpeg4", "vp9"),
    "mov": ("h264", "prores", "mjpeg"),
    "mkv": ("h264", "hevc", "vp8", "vp9", "mpeg4", "mpeg2", "ffv1"),
    "webm": ("vp8", "vp9", "av1"),
    "avi": ("mpeg4", "mjpeg", "h264"),
    "ts": ("h264", "hevc", "mpeg2"),
    "flv": ("h264",),
    "mpg": ("mpeg2",),
}
COUNT, FPS, FRAMES, WINDOWS = 60, 20, 10, 11
CONSTANT = ("mpeg4", "mpeg2", "mjpeg")  # their clock is their rate, so they are neither late nor uneven
INTRA = ("mjpeg", "prores", "ffv1")  # every picture is a key picture: one structure tells as much as all


def makers() -> Iterator[tuple[str, str, str]]:
    """Container, codec, structure."""
    for container, codecs in MAKERS.items():
        for codec in codecs:
            for name, structure in numbered.STRUCTURES.items():
                timed = structure.late or structure.times
                if structure.container and container not in ("mp4", "mov"):
                    continue
                if timed and (codec in CONSTANT or container in ("avi", "mpg")):
                    continue
                if codec in INTRA and not (name == "plain" or timed):
                    continue
                if codec in ("vp8", "vp9", "av1") and structure.open_gop:
                    continue
                yield container, codec, name


def test_there_are_enough_makers() -> None:
    every = list(makers())
    assert len(every) >= 90
    assert all(len({maker[k] for maker in every}) >= least for k, least in enumerate((5, 4, 3)))


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    """How many frames each decoder read, over the module: printed at its end."""
    counts: Counter[str] = Counter()
    yield counts
    if os.environ.get("PYTEST_XDIST_WORKER") is None:
        print(dict(counts))


@pytest.mark.parametrize(("container", "codec", "structure"), list(makers()))
def test_what_is_read_is_what_was_drawn(
    container: str, codec: str, structure: str, tmp_path: Path, counts: Counter[str]
) -> None:
    # In a program stream only the first picture of a packet has a time, so its pictures are made large enough.
    large = {"noise": 80, "size": (128, 160)} if container == "mpg" else {"size": (128, 192)} if codec == "av1" else {}
    film = numbered.write(tmp_path / f"film.{container}", codec, structure, COUNT, FPS, **large)
    random = np.random.default_rng([len(container), len(codec), len(structure)])
    indexed = picture_times(film.path) is not None
    for decoder in ("pyav", "decord"):
        counts[decoder if decoder == "pyav" or indexed else "decord refused"] += WINDOWS * FRAMES
        for start in [0.0, *random.uniform(0, film.times[-1], WINDOWS - 1)]:
            rate = float(random.choice([2.5, 5, 10, 25]))
            times = start + np.arange(FRAMES) / rate
            shown = numbered.numbers(read_video(film.path, start, FRAMES, rate, 48, decoder))
            wrong = [
                (round(float(time), 3), number, allowed)
                for time, number, allowed in zip(times, shown, film.nearest(times, EARLY_SECONDS), strict=True)
                if number not in allowed
            ]
            assert not wrong, (decoder, wrong[:3])


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize(("codec", "structure"), [("h264", "b"), ("h264", "open"), ("hevc", "open"), ("mpeg4", "b")])
@pytest.mark.parametrize("start", [0.35, 1.0, 1.62])
def test_a_clip_cut_without_decoding_begins_where_a_player_begins(
    container: str, codec: str, structure: str, start: float, tmp_path: Path
) -> None:
    film = numbered.write(tmp_path / "long.mp4", codec, structure, COUNT, FPS)
    cut = numbered.copy(film, tmp_path / f"cut.{container}", start)
    for decoder in ("pyav", "decord"):
        times = np.arange(8) / 10
        shown = numbered.numbers(read_video(cut.path, 0.0, 8, 10.0, 48, decoder))
        for number, allowed in zip(shown, cut.nearest(times, tie=5e-3), strict=True):
            assert number in allowed


@pytest.mark.parametrize(("old", "new"), [("avi", "mkv"), ("mp4", "ts"), ("mov", "mp4"), ("ts", "mp4"), ("mp4", "flv")])
def test_packets_in_another_container_are_the_same_pictures(old: str, new: str, tmp_path: Path) -> None:
    codec = "mpeg4" if old == "avi" else "h264"
    film = numbered.write(tmp_path / f"a.{old}", codec, "plain" if old == "avi" else "b", COUNT, FPS)
    other = numbered.copy(film, tmp_path / f"b.{new}")
    shown = numbered.numbers(read_video(other.path, 0.3, 8, 5.0, 48))
    for number, allowed in zip(shown, film.nearest(0.3 + np.arange(8) / 5), strict=True):
        assert number in allowed


def test_a_picture_that_stands_still_is_the_one_on_the_screen(tmp_path: Path) -> None:
    """A screen recording: three pictures at once, then one that stands for two seconds."""
    still = numbered.Structure(times=lambda k: [0.0, 0.1, 0.2, 2.2, 2.3, 2.4, 5.0, 5.1, 5.2, 9.0][k])
    for suffix in ("mp4", "mkv", "webm"):
        codec = "vp9" if suffix == "webm" else "h264"
        film = numbered.write(tmp_path / f"screen.{suffix}", codec, still, 10, FPS)
        assert numbered.numbers(read_video(film.path, 1.5, 3, 2.0, 48)) == [2, 3, 5]  # 1.5, 2.0 (0.2 s early), 2.5 s
        assert numbered.numbers(read_video(film.path, 4.0, 2, 1.0, 48)) == [5, 6]


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_a_hole_is_no_repeated_picture(tmp_path: Path, suffix: str) -> None:
    hole = numbered.Structure(times=lambda k: k / 20 + (2.0 if k >= 40 else 0.0))
    film = numbered.write(tmp_path / f"hole.{suffix}", "h264", hole, 100, FPS)
    assert numbered.numbers(read_video(film.path, 0.5, 5, 5.0, 48)) == [10, 14, 18, 22, 26]
    assert numbered.numbers(read_video(film.path, 4.5, 3, 5.0, 48)) == [50, 54, 58]
    with pytest.raises(MediaError, match=r"no picture from 1\.9\d to 4\.00 s"):
        read_video(film.path, 1.0, 12, 5.0, 48)


def test_of_two_tracks_the_default_one_is_read(tmp_path: Path) -> None:
    """The first track is large and not the default one; what is probed is what is read."""
    import av

    from vatt_edu.data.media import probe_media

    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as file:
        streams = [numbered.add_pictures(file, "h264", numbered.STRUCTURES["plain"], FPS, size)
                   for size in ((128, 192), (64, 96))]  # fmt: skip
        streams[0].disposition, streams[1].disposition = av.stream.Disposition(0), av.stream.Disposition.default
        encoded = [list(numbered.packets(numbered.STRUCTURES["plain"], 40, FPS, stream)) for stream in streams]
        for packet in sorted(itertools.chain(*encoded), key=lambda packet: packet.dts):
            file.mux(packet)
    info = probe_media(path)
    assert (info.width, info.height) == (96, 64)
    for decoder in ("pyav", "decord"):
        assert numbered.numbers(read_video(path, 0.0, 5, 5.0, 48, decoder)) == [0, 4, 8, 12, 16]


def test_pixels_that_are_not_square_are_shown_square(tmp_path: Path) -> None:
    from fractions import Fraction

    import av

    from vatt_edu.data.media import probe_media

    path = tmp_path / "wide.mp4"
    with av.open(str(path), "w") as file:
        stream = numbered.add_pictures(file, "h264", numbered.STRUCTURES["plain"], FPS, (96, 120))
        stream.codec_context.sample_aspect_ratio = Fraction(12, 11)
        for packet in numbered.packets(numbered.STRUCTURES["plain"], 20, FPS, stream):
            file.mux(packet)
    info = probe_media(path)
    assert (info.width, info.height) == (131, 96)  # 120 x 12 / 11 = 130.9
    for decoder in ("pyav", "decord"):
        frames = read_video(path, 0.0, 3, 5.0, 48, decoder)
        assert frames.shape == (3, 48, 66, 3)
        assert numbered.numbers(frames) == [0, 4, 8]
