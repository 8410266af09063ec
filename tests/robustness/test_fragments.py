"""MP4 in fragments: those that people have are read, and one that says two things about its times is not.

`test_damage.py` changes bytes blindly; here each field is changed by itself, and what is undamaged comes as ffmpeg,
browsers, cameras and packagers write it.
"""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from helpers import numbered

from vatt_edu.data.media import MediaError, probe_media, read_video
from vatt_edu.data.media.headers import inner_boxes, top_boxes, track_tables
from vatt_edu.data.media.mp4 import h264
from vatt_edu.data.media.mp4.fragments import movie_fragments
from vatt_edu.data.media.video import EARLY_SECONDS

BROWSER = "frag_keyframe+empty_moov+default_base_moof"
FLAGS = {
    "browser": BROWSER,
    "plain": "frag_keyframe",
    "index first": "frag_keyframe+empty_moov+delay_moov",
    "dash": "dash+frag_keyframe+empty_moov",
    "one sidx": "frag_keyframe+empty_moov+default_base_moof+global_sidx",
    "cmaf": "cmaf+frag_keyframe+empty_moov",
    "each picture": "frag_every_frame+empty_moov",
    "no trailer": "frag_keyframe+empty_moov+skip_trailer",
    "offsets": "frag_keyframe+empty_moov+omit_tfhd_offset",
    "negative": "frag_keyframe+empty_moov+negative_cts_offsets",
}
TIMES: dict[str, Callable[[int], float] | None] = {
    "even": None,
    "uneven": lambda k: k / 20 + 0.4 * (k // 7) + 0.013 * (k % 3),
    "dropped": lambda k: (k + 5 * (k // 9)) / 20,
    "a second lost": lambda k: k / 20 + (1.0 if k >= 36 else 0.0),
    "slower and slower": lambda k: k / 20 + k * k / 600,
}
NEAR = 20 * EARLY_SECONDS + 0.5  # pictures: one that is lost may be replaced by one so near


def film(
    path: Path,
    flags: str = BROWSER,
    codec: str = "h264",
    times: str = "even",
    late: float = 0.0,
    sound: float = 0.0,
    container: dict[str, str] | None = None,
    b: int = 2,
) -> numbered.Film:
    """A film of three seconds in fragments of 0.6."""
    structure = numbered.Structure(
        b=b, late=late, times=TIMES[times], container={"movflags": flags, **(container or {})}
    )
    return placed(numbered.write(path, codec, structure, 60, 20, sound=sound))


def placed(made: numbered.Film) -> numbered.Film:
    """Its times beside sound: without an edit list the first picture comes as much later as decoding needs."""
    return numbered.Film(made.path, made.times - made.times[0] + probe_media(made.path).video_start, made.shown)


def numbers(path: Path, start: float, count: int = 4) -> list[int]:
    return numbered.numbers(read_video(path, start, count, 5.0, 48))


def assert_read(made: numbered.Film) -> None:
    for start in (0.0, 0.7, 1.9):
        shown = numbers(made.path, start)
        times = start + np.arange(4) / 5
        assert all(number in right for number, right in zip(shown, made.nearest(times), strict=True)), (start, shown)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("sound", [0.0, 3.0, 1.0, 9.0])
def test_fragments_as_ffmpeg_writes_them_are_read(flags: str, sound: float, tmp_path: Path) -> None:
    if flags != "each picture":
        assert_read(film(tmp_path / "film.mp4", FLAGS[flags], sound=sound))
    else:  # ffmpeg then writes times that run backward for B pictures, and beside sound a late second picture
        numbers(film(tmp_path / "film.mp4", FLAGS[flags], sound=sound, b=0).path, 0.7)


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("late", [0.0, 0.7])
@pytest.mark.parametrize("sound", [0.0, 4.0])
def test_rates_that_vary_and_late_starts_are_read(times: str, late: float, sound: float, tmp_path: Path) -> None:
    flags = FLAGS["index first"] if late else BROWSER  # else ffmpeg makes the first picture early
    made = film(tmp_path / "film.mp4", flags, times=times, late=late, sound=sound)
    if times != "a second lost":  # of which a window is a hole
        assert_read(made)


@pytest.mark.parametrize("container", [{"frag_duration": "300000"}, {"min_frag_duration": "1500000"},
                                       {"frag_size": "900"}, {"movie_timescale": "90000"}, {"brand": "iso6"},
                                       {"video_track_timescale": "600"}, {"video_track_timescale": "1000"},
                                       {"use_editlist": "1"}, {"frag_interleave": "4"}])  # fmt: skip
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_other_sizes_and_time_scales_are_read(container: dict[str, str], codec: str, tmp_path: Path) -> None:
    for sound in (0.0, 3.0):
        assert_read(film(tmp_path / f"film{sound}.mp4", codec=codec, sound=sound, container=container))


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 25, Fraction(30000, 1001), 60, Fraction(1199, 50), 7])
def test_a_copy_into_fragments_keeps_what_the_encoder_said(rate: Fraction | int, tmp_path: Path) -> None:
    """The time scale is another one in mkv and mp4, and the encoder's is that of the first file."""
    first = numbered.write(tmp_path / "first.mp4", "h264", numbered.Structure(b=2), 60, float(rate))
    for middle in ("mkv", "ts", "flv", "mp4"):
        between = numbered.copy(first, tmp_path / f"between.{middle}")
        path = tmp_path / f"{middle}.mp4"
        with av.open(str(between.path)) as old, av.open(str(path), "w", container_options={"movflags": BROWSER}) as new:
            stream = new.add_stream_from_template(old.streams.video[0])
            for packet in old.demux(old.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    new.mux(packet)
        assert probe_media(path).duration == pytest.approx(
            60 / float(rate), abs=3 / float(rate)
        )  # two B pictures may come after


def inside(content: bytes, box: bytes, nth: int = 0) -> int:
    """Where the content of the nth box of a name begins."""
    place = -1
    for _ in range(nth + 1):
        place = content.index(box, place + 1)
    return place + 4


def altered(made: numbered.Film, box: bytes, place: int, value: int, nth: int = 0, form: str = ">I") -> Path:
    content = bytearray(made.path.read_bytes())
    at = inside(content, box, nth) + place
    assert struct.unpack_from(form, content, at)[0] != value
    struct.pack_into(form, content, at, value)
    path = made.path.with_name("altered.mp4")
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("scale", [90_000 ^ 1 << bit for bit in (8, 12, 15, 16, 17, 20)] + [65_680, 90_112])
def test_a_time_scale_that_the_encoder_did_not_use(scale: int, tmp_path: Path) -> None:
    made = film(tmp_path / "film.mp4")
    with pytest.raises(MediaError, match=f"time scale, {scale} ticks a second, is damaged: .*has nothing to do with"):
        probe_media(altered(made, b"mdhd", 12, scale))


@pytest.mark.parametrize("scale", [45_000, 30_000, 180_000, 360_000])
@pytest.mark.parametrize("other", ["sound", "sidx", "length"])
def test_a_time_scale_that_programs_use_and_another_track_or_table_denies(
    other: str, scale: int, tmp_path: Path
) -> None:
    flags = FLAGS["dash"] if other == "sidx" else BROWSER
    made = film(tmp_path / "film.mp4", flags, "hevc" if other == "sidx" else "h264", sound=6.0 * (other == "sound"))
    structure = numbered.Structure(gop=24, b=2, container={"movflags": flags})
    if other == "sound":  # two films' length, so that sound and picture in one place are far apart
        made = placed(numbered.write(tmp_path / "film.mp4", "hevc", structure, 200, 20, sound=10.0))
    if other == "length":
        made = film(tmp_path / "film.mp4", flags, "hevc")
        made.path.rename(tmp_path / "before.mp4")
        altered(numbered.Film(tmp_path / "before.mp4", made.times, made.shown), b"mvhd", 16, 3_000).rename(made.path)
        if scale > 90_000:
            return  # shorter than it says: it may be cut off
    why = {"sound": "of pictures beside", "sidx": "its index of fragments gives", "length": "in a film of"}[other]
    assert_read(made)
    with pytest.raises(MediaError, match=f"time scale, {scale} ticks a second, is damaged: .*{why}"):
        probe_media(altered(made, b"mdhd", 12, scale))


def test_a_rate_that_the_encoder_did_not_use(tmp_path: Path) -> None:
    """As ffmpeg encodes: the unit of time is a picture."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w", container_options={"movflags": BROWSER}) as file:
        stream = numbered.add_pictures(file, "h264", numbered.STRUCTURES["b"], 25, (64, 96))
        stream.codec_context.time_base = Fraction(1, 25)
        for packet in numbered.packets(numbered.STRUCTURES["b"], 60, 25, stream):
            file.mux(packet)
    made = numbered.Film(path, np.arange(60) / 25, range(60))
    content = path.read_bytes()
    scale = int.from_bytes(content[(at := inside(content, b"mdhd") + 12) : at + 4], "big")
    assert numbers(path, 0.4) == [10, 15, 20, 25]
    with pytest.raises(MediaError, match=r"is damaged: a picture every \d+\.\d+ ms, by its encoder every 40\.00"):
        probe_media(altered(made, b"mdhd", 12, scale * 3 // 4))


def test_the_time_scale_of_sound(tmp_path: Path) -> None:
    made = film(tmp_path / "film.mp4", sound=3.0)
    with pytest.raises(MediaError, match=r"time scale of its sound is damaged: packets of \d+\.\d samples at 48000 Hz"):
        probe_media(altered(made, b"mdhd", 12, 48_000 ^ 1 << 13, nth=1))


@pytest.mark.parametrize("sound", [0.0, 3.0])
@pytest.mark.parametrize(
    ("box", "place", "value"),
    [
        (b"tfhd", 0, 0x020030),  # without the ticks of a sample
        (b"tfhd", 8, 64 << 24),  # these
        (b"tfhd", 8, 9),
        (b"tfdt", 4, 1),
        (b"tfdt", 8, 3_000_000),
        (b"trun", 0, 0x000201),  # which columns it has
        (b"trun", 4, 3),  # how many rows
        (b"trun", 8, 1 << 20),  # where the data lie
        (b"trun", 20, 50 * 90_000),  # how late its first picture is shown
        (b"trun", 20, 9_000 + 10 * 4_500 + 900),
        (b"trun", -4, int.from_bytes(b"trus", "big")),  # its name
        (b"traf", -4, int.from_bytes(b"\0raf", "big")),
    ],
)
def test_a_fragment_that_contradicts_itself_or_its_neighbors(
    box: bytes, place: int, value: int, sound: float, tmp_path: Path
) -> None:
    """It is damaged, and no other is; the first one is the clock of the file."""
    made = film(tmp_path / "film.mp4", sound=sound)
    tracks = 1 + (sound > 0)
    for nth in (2, 3):  # not the last: it has none after it that would say when it ends
        path = altered(made, box, place, value, nth * tracks)
        assert_right_or_refused(path, made)
        movie = movie_fragments(str(path), path.stat().st_size, nth)
        assert movie is not None
        assert [k for k, fragment in enumerate(movie.fragments) if not fragment.intact] == [nth]
    with pytest.raises(MediaError, match="the beginning of its fragments is damaged, and with it"):
        probe_media(altered(made, box, place, value))


def test_a_picture_before_the_beginning(tmp_path: Path) -> None:
    """Of a later fragment; time is counted from it."""
    made = film(tmp_path / "film.mp4")
    with pytest.raises(MediaError, match="the beginning of its fragments is damaged"):
        probe_media(altered(made, b"trun", 20, 1 << 31, 2))


def assert_right_or_refused(path: Path, made: numbered.Film) -> None:
    refused, starts, end = 0, (0.0, 0.5, 1.1, 1.4, 1.9, 2.3), probe_media(path).duration
    for start in starts:
        try:
            shown = numbers(path, start, 2)
        except MediaError:
            refused += 1
            continue
        for time, number in zip(start + np.arange(2) / 5, shown, strict=True):
            assert time > end or min(abs(number - right) for right in made.nearest(np.array([time]))[0]) <= NEAR
    assert 0 < refused < len(starts)


def test_what_the_encoder_says_is_what_it_was_given(tmp_path: Path) -> None:
    for width, height, rate in ((96, 64, 25), (90, 50, Fraction(30000, 1001)), (176, 144, 5)):
        made = numbered.write(tmp_path / "film.mp4", "h264", "plain", 3, float(rate), size=(height, width))
        with made.path.open("rb") as file:
            box = next(box for box in top_boxes(file, made.path.stat().st_size) if box[0] == "moov")
            movie = made.path.read_bytes()[box[1] : box[2]]
        track = next(track_tables(movie, begin, end) for name, begin, end in inner_boxes(movie) if name == "trak")
        entry = track["stsd"][8:]
        record = entry[entry.index(b"avcC") + 4 :]
        shown = h264.description(record)
        assert shown is not None
        assert (shown.width, shown.height) == (width, height)
        assert Fraction(*shown.tick) == Fraction(1, 2 * numbered.TICKS)
        with pytest.raises(ValueError, match="shorter than it says"):
            h264.description(record[:16])


def test_a_list_of_fragments_that_was_put_in_afterwards(tmp_path: Path) -> None:
    """FFmpeg 5 writes ``mfra`` before it makes room for ``sidx``: all its places are too early by that."""
    made = film(tmp_path / "film.mp4", FLAGS["one sidx"])
    content = bytearray(made.path.read_bytes())
    place = content.index(b"sidx") - 4
    size = int.from_bytes(content[place : place + 4], "big")
    row = inside(content, b"tfra") + 16  # of tfra's first place, after its time
    version, first = content[row - 16], content.index(b"moof") - 4
    form = ">Q" if version else ">I"
    at = row + struct.calcsize(form)
    for shift, right in ((0, True), (size, True), (size + 4, False), (-8, False)):
        struct.pack_into(form, content, at, first - shift)
        path = tmp_path / f"shifted{shift}.mp4"
        path.write_bytes(content)
        if right:
            assert numbers(path, 0.7) == [14, 18, 22, 26]
        else:
            with pytest.raises(MediaError, match="the beginning of its fragments is damaged"):
                probe_media(path)


@pytest.mark.parametrize("box", [b"moof", b"mdat"])
def test_cut_off_at_the_first_fragment(box: bytes, tmp_path: Path) -> None:
    made = film(tmp_path / "film.mp4")
    content = made.path.read_bytes()
    for shift in (-4, 0, 4, 40):
        path = tmp_path / f"cut{shift}.mp4"
        path.write_bytes(content[: inside(content, box) + shift])
        with pytest.raises(MediaError):
            read_video(path, 0.7, 4, 5.0, 48)
