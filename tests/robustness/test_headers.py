"""What a file says twice, or has a checksum of: where it contradicts itself it is refused, else it is read.

Each field that tells how a file is to be read is changed by itself here; `test_damage.py` does so blindly.
"""

import struct
from pathlib import Path

import numpy as np
import pytest
from helpers import clips, numbered

from vatt_edu.data.media import MediaError, probe_media, read_video
from vatt_edu.data.media.matroska import CLUSTER, checksum_fault
from vatt_edu.data.media.video import packet_times

STARTS = (0.2, 0.9, 1.7, 2.3)


def windows(path: Path) -> list[list[int] | None]:
    """The numbers that each window shows; None where it is refused."""
    shown: list[list[int] | None] = []
    for start in STARTS:
        try:
            shown.append(numbered.numbers(read_video(path, start, 3, 5.0, 48)))
        except MediaError:
            shown.append(None)
    return shown


def altered(film: numbered.Film, box: bytes, place: int, value: int, form: str = ">I") -> Path:
    """The file with another value at ``place`` after a box's name."""
    content = bytearray(film.path.read_bytes())
    at = content.index(box) + len(box) + place
    assert struct.unpack_from(form, content, at)[0] != value
    struct.pack_into(form, content, at, value)
    path = film.path.with_name(f"altered{film.path.suffix}")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("box", "place", "value"),
    [
        (b"mdhd", 12, 45_000),  # ticks per second
        (b"mdhd", 12, 120_000),
        (b"stts", 12, 9_000),  # ticks per picture
        (b"stts", 8, 61),  # pictures of so many ticks
        (b"stsz", 12 + 4 * 20, 4_000),  # bytes of a picture
        (b"stsz", 8, 59),  # pictures
        (b"ctts", 8, 70),  # pictures of one delay
        (b"elst", 12, 45_000),  # where what is shown begins
        (b"stco", 8, 20),  # where the pictures lie
        (b"tkhd", 40, 200 << 24),  # how the picture is turned
        (b"mvhd", 36, 200 << 24),
    ],
)
@pytest.mark.parametrize("structure", ["b", "index first"])
def test_an_index_that_contradicts_itself(structure: str, box: bytes, place: int, value: int, tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "film.mp4", "h264", structure, 60, 20)
    assert None not in windows(film.path)
    with pytest.raises(MediaError, match=r"its index (contradicts itself|is damaged): \w+"):
        probe_media(altered(film, box, place, value, ">i" if value < 2**31 else ">I"))


@pytest.mark.parametrize("name", [b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"stts", b"stsz", b"stsc", b"stco"])
def test_a_table_that_has_lost_its_name(name: bytes, tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "film.mp4", "h264", "b", 40, 20)
    path = altered(film, name, -4, int.from_bytes(b"junk", "big"))
    with pytest.raises(MediaError):
        probe_media(path)


@pytest.mark.parametrize("name", [b"moof", b"traf", b"trun"])
def test_the_first_fragment_is_the_clock(name: bytes, tmp_path: Path) -> None:
    """FFmpeg leaves out what it does not know, and takes the second one's time for the beginning."""
    film = numbered.write(tmp_path / "film.mp4", "h264", "fragments", 60, 20)
    assert None not in windows(film.path)
    with pytest.raises(MediaError, match="the beginning of its fragments is damaged, and with it"):
        probe_media(altered(film, name, -4, int.from_bytes(b"junk", "big")))


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        (b"tfhd", 8, 80_000),  # ticks that each sample takes: 512
        (b"tfdt", 8, 90_000),  # when the fragment begins: 0; its second half of 8 bytes
        (b"tfdt", 4, 7),
    ],
)
def test_a_first_fragment_that_goes_on_after_the_second_begins(
    name: bytes, place: int, value: int, tmp_path: Path
) -> None:
    film = numbered.write(tmp_path / "film.mp4", "h264", "fragments", 60, 20, sound=3.0)
    assert None not in windows(film.path)
    with pytest.raises(MediaError, match="the beginning of its fragments is damaged, and with it"):
        probe_media(altered(film, name, place, value))


def test_fragments_after_an_index_of_samples(tmp_path: Path) -> None:
    """Without ``empty_moov`` the first pictures are listed by the index, and their data come before a fragment."""
    structure = numbered.Structure(b=2, container={"movflags": "frag_keyframe"})
    film = numbered.write(tmp_path / "film.mp4", "h264", structure, 60, 20)
    assert None not in windows(film.path)


def test_the_rate_of_an_avi(tmp_path: Path) -> None:
    silent = numbered.write(tmp_path / "silent.avi", "mpeg4", "plain", 60, 20)
    with pytest.raises(MediaError, match=r"a picture every 50\.0 and every 25\.0 ms"):
        probe_media(altered(silent, b"strh", 28, 40, "<I"))
    film = numbered.write(tmp_path / "film.avi", "mpeg4", "plain", 60, 20, sound=3.0)
    assert windows(altered(film, b"avih", 4, 25_000, "<I")) == windows(film.path)  # the sound says which one it is


def test_a_raw_stream_is_one_from_its_beginning(tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "film.mov", "mjpeg", "plain", 20, 20)
    content = bytearray(film.path.read_bytes())
    content[:200] = b"?" * 200
    film.path.write_bytes(content)
    with pytest.raises(MediaError):
        probe_media(film.path)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "aac"), ("m4v", "aac"), ("mov", "aac"), ("mp4", "flac"), ("mov", "pcm_s16le")]
)
def test_sound_beside_pictures_is_no_contradiction(suffix: str, codec: str, tmp_path: Path) -> None:
    audio = clips.tone(440, duration=2, rate=48_000)
    path = clips.write(tmp_path / f"film.{suffix}", duration=3, audio=audio, rate=48_000, codec=codec)
    assert probe_media(path).has_audio


@pytest.mark.parametrize("start", [0.25, 0.6, 1.55])
def test_a_cut_by_an_edit_list_is_no_contradiction(start: float, tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "film.mp4", "h264", "b", 60, 20)
    cut = numbered.copy(film, tmp_path / "cut.mp4", start)
    assert numbered.numbers(read_video(cut.path, 0.6, 3, 5.0, 48))[0] == cut.shown[int(0.6 * 20)]


def test_data_of_open_size_may_be_cut_off(tmp_path: Path) -> None:
    """A size of 0 says that the data go on to the file's end; a download that broke off has less than was meant."""
    film = numbered.write(tmp_path / "film.mp4", "h264", "index first", 60, 20)
    content = bytearray(film.path.read_bytes())
    data = content.index(b"mdat")
    content[data - 4 : data] = bytes(4)
    film.path.write_bytes(content[: data + (len(content) - data) * 2 // 3])
    assert numbered.numbers(read_video(film.path, 0.6, 3, 5.0, 48))[0] == film.shown[int(0.6 * 20)]


@pytest.fixture
def mkv(tmp_path: Path) -> numbered.Film:
    return numbered.write(tmp_path / "film.mkv", "vp8", "short clusters", 60, 20, size=(64, 96))


def clusters(path: Path) -> list[int]:
    content, places = path.read_bytes(), []
    at = content.find(CLUSTER, 300)
    while at >= 0:
        places.append(at)
        at = content.find(CLUSTER, at + 1)
    return places


def test_every_bit_of_info_and_tracks_counts(mkv: numbered.Film) -> None:
    content = mkv.path.read_bytes()
    assert checksum_fault(mkv.path, 0.0) == ""
    bad = mkv.path.with_name("bad.mkv")
    begin, end = content.index(b"\x15\x49\xa9\x66", 200), content.index(b"\x12\x54\xc3\x67", 200)
    accepted = []
    for bit in range(8 * begin, 8 * end):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        bad.unlink(missing_ok=True)
        bad.write_bytes(damaged)
        accepted += [bit] if not checksum_fault(bad, 0.0) else []
    assert accepted == []
    assert end - begin > 100


def test_a_flipped_bit_costs_its_cluster_and_no_other(mkv: numbered.Film) -> None:
    """VP8 would show it: it says nothing about flipped bits."""
    content, whole = mkv.path.read_bytes(), windows(mkv.path)
    assert None not in whole
    places = clusters(mkv.path)
    assert len(places) >= 4
    random = np.random.default_rng(0)
    for number, place in enumerate(places[1:-1], 1):
        damaged = bytearray(content)
        damaged[int(random.integers(place + 40, places[number + 1]))] ^= 1 << int(random.integers(8))
        path = mkv.path.with_name(f"damaged{number}.mkv")
        path.write_bytes(damaged)
        shown = windows(path)
        assert None in shown
        assert all(numbers in (None, right) for numbers, right in zip(shown, whole, strict=True))
        assert shown[0] == whole[0] or number == 1


def test_the_first_cluster_is_the_clock(mkv: numbered.Film) -> None:
    path = altered(mkv, CLUSTER, -4, 0x1F43B675 ^ 1)
    with pytest.raises(MediaError, match="its first packets are damaged, and with them the time of all others"):
        probe_media(path)


@pytest.mark.parametrize("change", ["webm", "stream", "none"])
def test_a_file_without_checksums_is_read(change: str, tmp_path: Path) -> None:
    options: dict[str, dict[str, str]] = {"webm": {}, "stream": {"live": "1"}, "none": {"write_crc32": "0"}}
    path = tmp_path / ("film.webm" if change == "webm" else "film.mkv")
    film = numbered.write(path, "vp8", numbered.Structure(container=options[change]), 60, 20)
    shown = windows(film.path)
    assert [numbers[0] for numbers in shown if numbers] == [round(20 * start) for start in STARTS]


def test_who_writes_checksums(mkv: numbered.Film, tmp_path: Path) -> None:
    """If PyAV's muxer ever stops to, all of this is worth nothing, and someone should know."""
    content = mkv.path.read_bytes()
    assert all(b"\xbf\x84" in content[place + 4 : place + 14] for place in clusters(mkv.path))


def test_decord_does_not_number_what_is_damaged(mkv: numbered.Film) -> None:
    from vatt_edu.data.media.indexed import obstacle

    film = numbered.write(mkv.path.with_name("vp9.mkv"), "vp9", "plain", 60, 20)
    assert obstacle(film.path) == ""
    content = bytearray(film.path.read_bytes())
    content[clusters(film.path)[-1] + 200] ^= 1
    film.path.with_name("bad.mkv").write_bytes(content)
    assert obstacle(film.path.with_name("bad.mkv")) == "damaged packets"


def test_times_of_packets_end_where_a_file_breaks(tmp_path: Path) -> None:
    """A packet of absurd size is a break, and not an error of its own, wherever times are looked up."""
    film = numbered.write(tmp_path / "film.mp4", "h264", "fragments", 60, 20)
    content = bytearray(film.path.read_bytes())
    place = content.index(b"trun", content.index(b"moof", content.index(b"moof") + 4))
    flags = int.from_bytes(content[place + 4 : place + 8], "big")
    assert flags & 0x200  # it says how large samples are, after how long
    place += 12 + 4 * bool(flags & 1) + 4 * bool(flags & 4) + 4 * bool(flags & 0x100)
    content[place : place + 4] = (0x7FFFFF00).to_bytes(4, "big")
    film.path.write_bytes(content)
    times = packet_times(film.path)
    assert 0 < len(times) < 60
    assert np.allclose(times, np.arange(len(times)) / 20, atol=1e-3)
