"""``vatt data check``: what is wrong with each file, what mends it, and that nothing is decoded twice."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from helpers import clips, faults, numbered

from vatt_edu.cli import main
from vatt_edu.data import Line, MediaError, Video, open_source, read_audio, read_video
from vatt_edu.data.check.decode import FileCheck, TrackCheck, check_file, united
from vatt_edu.data.check.mend import copy_packets, encode_anew, quoted, rename
from vatt_edu.data.check.summary import check_source
from vatt_edu.data.check.verdict import IN_PART, OK, UNUSABLE, judge
from vatt_edu.data.workers import CRASH, SLOW

ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the commands need ffmpeg")


def shell(command: str) -> None:
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, f"{command}\n{run.stderr}"


def verdict(path: Path, seconds: float = 1.0) -> Any:
    return judge(path, check_file(path), (), seconds, expected=("picture", "sound"))


@pytest.mark.parametrize("name", [name for name in faults.FAULTS if name not in ("no words", "late lines")])
def test_each_fault_is_named(tmp_path: Path, name: str) -> None:
    path = faults.make(tmp_path, name, "bunny 7")
    answer = verdict(path)
    assert answer.word in (IN_PART, UNUSABLE)
    assert re.search(faults.FAULTS[name][1], answer.why), answer.why


WHOLE = [(s, suffix) for s in ("plain", "b", "open", "intra", "late", "uneven") for suffix in (".mp4", ".mkv", ".ts")]


@pytest.mark.parametrize(("structure", "suffix"), [*WHOLE, ("fragments", ".mp4")])
def test_a_whole_file_is_ok(tmp_path: Path, structure: str, suffix: str) -> None:
    film = numbered.write(tmp_path / f"whole{suffix}", "h264", structure, 40, 20, sound=2.0)
    answer, check = verdict(film.path), check_file(film.path)
    assert (answer.word, answer.why) == (OK, "")
    assert check.picture is not None
    length = film.times[-1] - film.times[0] + 0.05
    assert check.picture.usable == pytest.approx(length, abs=0.06)
    assert check.sound is not None
    assert check.sound.usable == pytest.approx(2.0, abs=0.15)  # encoders begin with some silence


def test_an_empty_packet_of_an_avi_is_a_picture_that_stands_still(tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "capture.avi", "mpeg4", "plain", 40, 20, sound=2.0)
    with av.open(str(film.path)) as container:
        stored = [packet.dts for packet in container.demux(video=0) if packet.size]
    assert stored[:3] == [0, 2, 3]  # as the muxer has it: nothing is kept for number 1
    assert verdict(film.path).word == OK
    assert numbered.numbers(read_video(film.path, 0.0, 4, 20.0, 64)) == [0, 0, 1, 2]


def test_spans_are_where_the_reader_refuses(tmp_path: Path) -> None:
    path = numbered.write(tmp_path / "w.mp4", structure=numbered.Structure(gop=10), count=100, sound=5.0, noise=30).path
    with av.open(str(path)) as container:
        place = [packet for packet in container.demux(video=0) if packet.size][43]
        position = place.pos
    data = bytearray(path.read_bytes())
    data[position : position + 4] = b"\xff" * 4  # the length of its first unit
    path.write_bytes(bytes(data))
    check = check_file(path)
    assert check.picture is not None
    ((start, end),) = check.picture.damaged
    assert (start, end) == (pytest.approx(43 / 20, abs=1e-3), pytest.approx(50 / 20, abs=1e-3))
    assert check.picture.usable == pytest.approx(5.0 - 0.35, abs=1e-3)
    for number in range(100):
        if start <= number / 20 < end - 1e-3:
            with pytest.raises(MediaError, match="damaged"):
                read_video(path, number / 20, 1, 20.0, 32)
        else:
            assert numbered.numbers(read_video(path, number / 20, 1, 20.0, 64)) == [number]
    assert check.sound is not None
    assert not check.sound.damaged


def test_damage_of_the_sound_is_where_the_reader_refuses(tmp_path: Path) -> None:
    path = faults.noise_in(tmp_path / "hiss.mp4", "audio")
    check = check_file(path)
    assert check.sound is not None
    assert check.picture is not None
    assert not check.picture.damaged
    ((start, end),) = check.sound.damaged
    assert 0.4 < start < 0.6 < end < 0.9
    with pytest.raises(MediaError, match="sound is damaged"):
        read_audio(path, start + 0.02, 400, 16_000)
    assert read_audio(path, end + 0.01, 1600, 16_000) is not None


def line(start: float) -> Line:
    return Line(start, start + 1.0, "pour", 1)


def test_parts_and_words_are_judged(tmp_path: Path) -> None:
    track = TrackCheck(0, 0.0, 20.0)
    check = FileCheck("", 20.0, track, track)
    path = tmp_path / "x.mp4"
    parts = [Video("a", path, (line(1.0),), start=2.0, end=12.0), Video("b", path, start=19.0, end=29.0)]
    short = judge(path, check, parts, 3.2, expected=("picture", "words"))
    assert (short.word, short.why) == (IN_PART, "too short: 1.00 s of the 3.2 s of a window")
    assert judge(path, check, parts[:1], 3.2, expected=("picture", "words")).word == OK
    assert judge(path, check, parts[1:], 0.5, expected=()).word == OK
    assert judge(path, check, parts[1:], 0.5, expected=("picture", "words")).why == "no words"
    assert judge(path, check, [Video("c", path, captions=("pour",))], 3.2, expected=("picture", "words")).word == OK
    late = judge(
        path, check, [Video("d", path, (line(19.9), line(20.0), line(30.0)))], 3.2, expected=("picture", "words")
    )
    assert late.why == "2 of 3 lines begin after its end at 20.00 s, the last at 30.00 s"


def test_what_is_lost_twice_is_lost_once() -> None:
    damaged, holes = ((2.0, 4.0), (8.0, 9.0)), ((3.0, 5.0),)
    track = TrackCheck(0, 1.0, 11.0, damaged, holes)
    assert track.usable == pytest.approx(6.0)
    answer = judge(Path("x.mkv"), FileCheck("", 11.0, track, TrackCheck(1, 0.0, 11.0)), (), 3.2, expected=())
    assert answer.why == "picture damaged from 2.00 to 4.00 s, from 8.00 to 9.00 s; no picture from 3.00 to 5.00 s"
    assert "-map 0:0 -map 0:1 " in answer.command


def test_a_track_that_is_damaged_throughout_spoils_the_other() -> None:
    whole, lost = TrackCheck(0, 0.0, 9.0), TrackCheck(1, 0.0, 9.0, ((0.0, 9.0),))
    for check in (FileCheck("", 9.0, whole, lost), FileCheck("", 9.0, lost, whole)):
        assert judge(Path("x.mov"), check, (), 3.2, expected=()).word == UNUSABLE
    silent = TrackCheck(1, 0.0, 9.0, silent=True)
    assert judge(Path("x.mov"), FileCheck("", 9.0, whole, silent), (), 3.2, expected=()).word == IN_PART
    assert judge(Path("x.mov"), FileCheck("", 9.0, None, silent), (), 3.2, expected=()).word == UNUSABLE


def test_what_no_file_has_is_missed_in_none(tmp_path: Path) -> None:
    for number in range(3):
        clips.write(tmp_path / f"mute {number}.mp4", 1.0)
    report = check_source(open_source(tmp_path), tmp_path, 1.0, 1, quiet=True)
    assert report["counts"]["verdicts"][OK] == 3
    assert report["counts"]["with"] == {"picture": 3, "sound": 0, "words": 0}
    for number in range(4):
        clips.write(tmp_path / f"loud {number}.mp4", 1.0, audio=clips.tone(500, duration=1.0))
    report = check_source(open_source(tmp_path), tmp_path, 1.0, 1, quiet=True)
    assert report["counts"]["faults"] == {"no sound": 3}


def test_crashes_and_hangs_become_lines(tmp_path: Path) -> None:
    for reason in (CRASH, SLOW):
        answer = judge(tmp_path / "x.mp4", FileCheck(reason), (), 3.2, expected=("picture", "words"))
        assert (answer.word, answer.why, answer.command) == (UNUSABLE, reason, "")


def test_spans_are_united() -> None:
    assert united([(3.0, 4.0), (1.0, 2.0), (1.5, 3.0), (6.0, 7.0)]) == [(1.0, 4.0), (6.0, 7.0)]


@ffmpeg
@pytest.mark.parametrize("name", ["wrong bytes, picture", "wrong bytes, sound", "stands still"])
def test_encoding_anew_mends(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "it's $HOME; 100 %"
    folder.mkdir()
    path = faults.make(folder, name, "-a:b 'c' [x]")
    answer = verdict(path)
    assert answer.command.count(str(faults.SECONDS)) == (name == "stands still")
    shell(answer.command)
    assert verdict(path).word == OK
    assert path.with_name(f"{path.name}.broken").exists()
    (video,) = open_source(folder).videos
    assert video.lines  # the captions are still its own
    shown = numbered.numbers(read_video(path, 0.0, 10, 20.0, 64))
    assert shown == list(range(10))


@ffmpeg
@pytest.mark.parametrize("name", ["cut, index first", "cut mkv"])
def test_copying_the_packets_mends(tmp_path: Path, name: str) -> None:
    path = faults.make(tmp_path, name, "кот 1")
    answer = verdict(path)
    (fault,) = [fault for fault in answer.faults if fault.kind == "cut off"]
    assert fault.command == copy_packets(path)
    shell(fault.command)
    mended = path.with_suffix(".mkv")
    assert not [fault for fault in verdict(mended).faults if fault.kind == "cut off"]
    assert numbered.numbers(read_video(mended, 0.0, 5, 20.0, 64)) == list(range(5))


@ffmpeg
@pytest.mark.parametrize("kind", ["open groups", "edit list", "container avi", "2 picture tracks"])
def test_encoding_anew_helps_decoders_that_trust_an_index(tmp_path: Path, kind: str) -> None:
    films = {
        "open groups": lambda: numbered.write(tmp_path / "o.mkv", "hevc", "open", 40, sound=2.0),
        "edit list": lambda: numbered.copy(
            numbered.write(tmp_path / "whole.mp4", "h264", numbered.Structure(gop=30, b=2), 60), tmp_path / "e.mp4", 0.5
        ),
        "container avi": lambda: numbered.write(tmp_path / "o.avi", "mpeg4", "plain", 40),
        "2 picture tracks": lambda: _two_tracks(tmp_path / "o.mp4"),
    }
    film = films[kind]()
    check = check_file(film.path)
    assert kind in check.obstacle
    assert check.picture is not None
    command = encode_anew(film.path, check.picture.number, check.sound.number if check.sound else None)
    shell(command)
    mended = film.path if film.path.suffix in (".mp4", ".mkv") else film.path.with_suffix(".mp4")
    assert check_file(mended).obstacle == ""
    assert verdict(mended).word == verdict(film.path.with_name(f"{film.path.name}.broken")).word
    times = np.array([0.1, 0.4, 0.85, 1.2])
    for decoder in ("pyav", "decord"):
        if decoder == "decord":
            pytest.importorskip("decord")
        for moment, allowed in zip(times, film.nearest(times), strict=True):
            (shown,) = numbered.numbers(read_video(mended, float(moment), 1, 20.0, 64, decoder))  # type: ignore[arg-type]
            assert shown in allowed


def _two_tracks(path: Path) -> numbered.Film:
    with av.open(str(path), "w") as file:
        streams = [numbered.add_pictures(file, "h264", numbered.STRUCTURES["plain"], 20, (64, 96)) for _ in range(2)]
        for packet in [p for stream in streams for p in numbered.packets(numbered.STRUCTURES["plain"], 40, 20, stream)]:
            file.mux(packet)
    return numbered.Film(path, np.arange(40) / 20, list(range(40)))


def test_letters_and_names_are_mended(tmp_path: Path) -> None:
    for name in ("Fjæring del 1", "soup"):
        clips.write(tmp_path / f"{name}.mp4", 1.0, audio=clips.tone(300, duration=1.0))
    (tmp_path / "Fjæring_del_1.srt").write_text(faults.CAPTIONS.format("saft"))
    legacy = tmp_path / "soup.srt"
    legacy.write_bytes(faults.CAPTIONS.format("brød – på").encode("cp1252"))
    report = check_source(open_source(tmp_path), tmp_path, 1.0, 1, quiet=True)
    for row in [*report["captions"], *report["unused"]]:
        shell(row["mend"])
    assert legacy.read_text(encoding="utf-8") == faults.CAPTIONS.format("brød – på")
    source = open_source(tmp_path)
    assert not source.legacy
    assert not source.unused
    assert {video.lines[0].text for video in source.videos} == {"the saft is poured", "the brød – på is poured"}


def test_names_that_only_seem_alike_are_left_alone(tmp_path: Path) -> None:
    for name in ("lesson-1", "Part_2", "part 2"):
        clips.write(tmp_path / f"{name}.mp4", 1.0)
    for name in ("lesson-2", "part-2"):
        (tmp_path / f"{name}.srt").write_text(faults.CAPTIONS)
    assert rename(open_source(tmp_path)) == {}


@pytest.mark.parametrize("name", [b"plain.mp4", b"-v 'a' $b `c`.mp4", b"caf\xe9 \\ '1.mp4", "日本\n2.mp4".encode()])
def test_a_quoted_path_is_that_path(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_text("here")
    shell(f"test $(cat {quoted(path)}) = here")


@ffmpeg
def test_names_of_any_bytes_are_checked_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / os.fsdecode(b"r\xe9sum\xe9s")
    root.mkdir()
    path = root / os.fsdecode(b"-caf\xe9:1 \xe2\x98\x95.mp4")
    faults.noise_in(path, "video")
    assert main(["data", "check", str(root), "--seconds", "1", "--workers", "1", "--quiet", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert row["file"] == "-caf\\xe9:1 ☕.mp4"
    assert escape(row["mend"]) in (root / "check/check.html").read_text(encoding="utf-8")
    shell(row["mend"])
    assert verdict(path).word == OK


def test_a_sound_clock_that_jumps_back_is_told_where_the_reader_refuses(tmp_path: Path) -> None:
    once = clips.write(tmp_path / "once.ts", video=None, audio=clips.tone(440, duration=6), duration=6)
    path = tmp_path / "twice.ts"
    path.write_bytes(once.read_bytes() * 2)  # two recordings, joined by bytes: times begin anew
    check = check_file(path)
    assert check.sound is not None
    assert not check.sound.damaged
    ((start, end),) = check.sound.jumps
    assert start < 6.0 < end
    judged = judge(path, check, [], 3.2, ())
    assert (judged.word, [fault.kind for fault in judged.faults]) == (IN_PART, ["clock of the sound"])
    assert FileCheck.from_json(json.loads(json.dumps(asdict(check)))) == check
    assert read_audio(path, start - 1.0, 8_000, 16_000) is not None
    with pytest.raises(MediaError, match="sound is damaged or missing"):
        read_audio(path, start, 1_600, 16_000)
    sound = check_file(once).sound
    assert sound is not None
    assert not sound.jumps
