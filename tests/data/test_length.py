"""A file is as long as its packets, whatever its header says, and what cannot be read of it is said."""

import struct
from pathlib import Path

import numpy as np
import pytest
from helpers import clips, numbered

from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video


def streamed(path: Path, **changes: float) -> Path:
    """A WebM as a browser records it: written to a pipe, so that no length stands in its header."""
    import io

    import av

    file = io.BytesIO()
    pipe = type("Pipe", (), {"write": lambda self, data: file.write(data)})()
    with av.open(pipe, "w", format="webm") as container:
        stream = numbered.add_pictures(container, "vp8", numbered.STRUCTURES["plain"], 20, (64, 96))
        structure = numbered.Structure(late=changes.get("late", 0.0))
        for packet in numbered.packets(structure, 90, 20, stream):
            container.mux(packet)
    path.write_bytes(file.getvalue())
    return path


def test_a_browsers_recording_has_no_length_in_it(tmp_path: Path) -> None:
    import av

    path = streamed(tmp_path / "recording.webm")
    with av.open(str(path)) as container:
        assert not container.duration  # else this test tests nothing
    info = probe_media(path)
    assert info.duration == pytest.approx(4.5, abs=0.06)
    assert info.remarks == ()
    assert numbered.numbers(read_video(path, 3.0, 4, 5.0, 48)) == [60, 64, 68, 72]


def test_a_clock_that_starts_late(tmp_path: Path) -> None:
    path = streamed(tmp_path / "late.webm", late=3600.0)
    assert probe_media(path).duration == pytest.approx(4.5, abs=0.06)
    assert numbered.numbers(read_video(path, 0.0, 3, 5.0, 48)) == [0, 4, 8]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize(("picture", "sound"), [(2.0, 7.0), (0.05, 4.0), (3.0, 3.3), (5.0, 2.0)])
def test_sound_that_goes_on_after_the_picture(tmp_path: Path, suffix: str, picture: float, sound: float) -> None:
    codec = "vp9" if suffix == "webm" else "h264"
    film = numbered.write(tmp_path / f"film.{suffix}", codec, count=max(1, round(20 * picture)), sound=sound)
    info = probe_media(film.path)
    assert info.duration == pytest.approx(max(picture, sound) if sound > picture + 1 else picture, abs=0.1)
    assert bool(info.remarks) == (sound > picture + 1)
    assert all("stands still" in remark for remark in info.remarks)
    if info.remarks:
        wave = read_audio(film.path, sound - 1.0, 8_000, 16_000)
        assert wave is not None
        assert np.abs(wave).max() > 0.2
        assert numbered.numbers(read_video(film.path, sound - 0.5, 2, 5.0, 48)) == [film.shown[-1]] * 2


@pytest.mark.parametrize("suffix", ["mkv", "webm", "ts", "flv"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_cut_off_ends_where_its_packets_do(tmp_path: Path, suffix: str, share: float) -> None:
    codec = "vp9" if suffix == "webm" else "h264"
    film = numbered.write(tmp_path / f"whole.{suffix}", codec, count=200, sound=10.0)
    content = film.path.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(content[: int(share * len(content))])
    info = probe_media(cut)
    assert info.duration == pytest.approx(10 * share, abs=2.5)
    if suffix != "ts" and info.duration < 8.9:  # a transport stream has no header that claims a length
        (remark,) = info.remarks
        assert float(remark.split("ends at ")[1].split(" s of")[0]) == pytest.approx(info.duration, abs=0.11)
        assert "cut off: it ends at" in remark
    times = np.arange(0, info.duration - 0.3, 0.2)
    shown = numbered.numbers(read_video(cut, 0.0, len(times), 5.0, 48))
    offset = 0.05 if suffix in ("ts", "flv") else 0.03  # the sound's first packet begins the clock
    for time, number in zip(times, shown, strict=True):
        assert abs(number / 20 - time) <= offset + 0.026


def test_an_mp4_cut_off_behind_its_index_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "whole.mp4", "h264", "index first", count=200, sound=10.0)
    content = film.path.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) // 2])
    info = probe_media(cut)
    assert 2.0 < info.duration < 8.0
    (remark,) = info.remarks
    assert remark.startswith(f"cut off: {len(content) // 2} bytes of at least ")
    shown = numbered.numbers(read_video(cut, 0.0, 8, 5.0, 48))
    assert shown == list(range(0, 32, 4))
    assert len(numbered.numbers(read_video(cut, info.duration - 1.0, 4, 5.0, 48))) == 4


def test_an_absurd_header(tmp_path: Path) -> None:
    """The movie and its tracks claim to last for days: the packets know better."""
    path = clips.write(tmp_path / "film.mp4", duration=3, audio=clips.tone(440, duration=3))
    content = bytearray(path.read_bytes())
    changed = 0
    for box, place in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        at = content.find(box)
        while at >= 0:
            head = at + 4
            assert content[head] == 0  # version 0: 32 bits
            struct.pack_into(">I", content, head + place, 2**31 - 1)
            changed += 1
            at = content.find(box, head)
    assert changed == 5
    path.write_bytes(content)
    assert probe_media(path).duration == pytest.approx(3.0, abs=0.1)


def test_a_header_alone(tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "whole.mp4", "h264", "index first", count=40)
    content = film.path.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: content.index(b"mdat") + 8])
    with pytest.raises(MediaError, match="cut off: "):
        probe_media(cut)


def test_sound_whose_length_is_guessed_by_its_first_packets(tmp_path: Path) -> None:
    """An MP3 without a table of contents: FFmpeg guesses its length from the rate of the first packets."""
    import av

    path = tmp_path / "speech.mp3"
    wave = np.concatenate([np.zeros((1, 48_000 * 3), np.float32), clips.tone(440, duration=6)], axis=1)
    noise = np.random.default_rng(0).normal(0, 0.2, wave.shape).astype(np.float32)
    wave[:, 48_000 * 5 :] += noise[:, 48_000 * 5 :]
    with av.open(str(path), "w", container_options={"write_xing": "0"}) as file:
        stream = file.add_stream("libmp3lame", rate=48_000, layout="mono", options={"q": "4"})
        clips.write_sound(file, stream, wave, 48_000, 0.0)
    assert probe_media(path).duration == pytest.approx(9.0, abs=0.1)
