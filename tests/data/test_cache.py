"""The decoded cache holds what the files hold, bit for bit, and is made once."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from helpers import clips

from vatt_edu.config import ClipSpec
from vatt_edu.data.clips import cache as module
from vatt_edu.data.clips.cache import CachedReader, key, open_cache
from vatt_edu.data.clips.reader import FileReader, read_window, usable_range
from vatt_edu.data.media import MediaError
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source, Video
from vatt_edu.errors import UserError


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Three files of different kinds, one with another frame rate, one without sound."""
    sound = clips.clicks(0.7, rate=44_100, channels=2, duration=3)
    clips.write(tmp_path / "a.mp4", duration=3, fps=25, audio=sound, rate=44_100)
    clips.write(tmp_path / "b.mkv", duration=2.3, fps=29.97, audio=clips.tone(440, duration=2.3))
    clips.write(tmp_path / "c.mp4", duration=1, size=(80, 48))
    return open_source(tmp_path)


def open_here(source: Source, spec: ClipSpec) -> CachedReader:
    return open_cache(source, source.videos, spec, quiet=True, processes=0)


def test_every_window_is_the_same_from_the_file(
    source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRAMES_AT_ONCE", 5)
    cached, files = open_here(source, spec), FileReader(spec)
    for video in source.videos:
        assert cached.track(video.path) == files.track(video.path)
        for first in range(files.track(video.path).frames + 2):
            for one, other in zip(
                read_window(cached, video.path, first, spec), read_window(files, video.path, first, spec), strict=True
            ):
                assert (one is None) == (other is None)
                assert one is None or (np.asarray(one) == other).all()


def test_it_is_made_once(source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    open_here(source, spec)
    monkeypatch.setattr(module, "decode_file", None)
    open_here(source, spec)
    assert sorted(path.name for path in (source.root / "cache").iterdir()) == [key(spec)]
    assert key(replace(spec, short_side=48)) != key(spec) != key(replace(spec, fps=6.0))


def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are decoded from now on."""
    seen, decode = [], module.decode_file
    monkeypatch.setattr(module, "decode_file", lambda job: (seen.append(job[1]), decode(job))[1])
    return seen


def test_an_interrupted_build_goes_on(source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = open_here(source, spec)
    index = source.root / "cache" / key(spec) / "index.jsonl"
    first, second, third = index.read_text().splitlines()
    index.write_text(f"{first}\n{second}\n{third[:40]}")
    seen = decoded(monkeypatch)
    again = open_here(source, spec)
    assert seen == [json.loads(third)["file"]]
    assert (again.frames(source.videos[2].path, 0, 5) == whole.frames(source.videos[2].path, 0, 5)).all()
    open_here(source, spec)
    assert len(seen) == 1


def test_a_changed_file_is_decoded_again(source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    open_here(source, spec)
    seen = decoded(monkeypatch)
    clips.write(source.root / "c.mp4", duration=2, audio=clips.tone(440, duration=2))
    reader = open_here(source, spec)
    assert seen == ["c.mp4"]
    assert reader.track(source.root / "c.mp4").frames == 10
    os.utime(source.root / "a.mp4", ns=(1, 1))
    open_here(source, spec)
    assert seen == ["c.mp4", "a.mp4"]


def test_lost_data_is_made_again(source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    open_here(source, spec)
    victim = next((source.root / "cache" / key(spec)).glob("*.frames"))
    victim.write_bytes(victim.read_bytes()[:-1])
    seen = decoded(monkeypatch)
    open_here(source, spec)
    assert len(seen) == 1


def test_damaged_files_are_remembered(source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    (source.root / "d.mp4").write_text("not a film")
    shutil.copy(source.root / "a.mp4", source.root / "e.mp4")
    content = bytearray((source.root / "e.mp4").read_bytes())
    content[len(content) // 3 : len(content) // 3 + 4000] = b"Z" * 4000
    (source.root / "e.mp4").write_bytes(content)
    source = open_source(source.root)
    reader = open_here(source, spec)
    assert [file for file, _ in reader.damaged] == ["d.mp4", "e.mp4"]
    with pytest.raises(MediaError, match=r"d\.mp4: not a media file"):
        reader.track(source.root / "d.mp4")
    seen = decoded(monkeypatch)
    reader = open_here(source, spec)
    assert seen == []
    files, outcomes = FileReader(spec), []
    for first in range(reader.track(source.root / "e.mp4").frames):
        reads = []
        for one in (reader, files):
            try:
                reads.append(one.frames(source.root / "e.mp4", first, 1).tobytes())
            except MediaError as error:
                reads.append(str(error))
        assert reads[0] == reads[1]
        outcomes.append(reads[0])
    assert any(isinstance(outcome, bytes) for outcome in outcomes)
    assert any(isinstance(outcome, str) for outcome in outcomes)


def test_several_processes_make_the_same(source: Source, spec: ClipSpec, tmp_path: Path) -> None:
    one = open_here(source, spec)
    frames = [np.array(one.frames(video.path, 0, 5)) for video in source.videos]
    shutil.rmtree(source.root / "cache")
    two = open_cache(source, source.videos, spec, quiet=True, processes=2)
    assert all((two.frames(video.path, 0, 5) == kept).all() for video, kept in zip(source.videos, frames, strict=True))


def test_a_file_that_kills_its_process_is_damaged(spec: ClipSpec, tmp_path: Path) -> None:
    from vatt_edu.data.workers import CRASH, run_all

    outcomes = dict(run_all(die_of_seven, [5, 6, 7, 8], 2, "die", quiet=True))
    assert outcomes == {5: 25, 6: 36, 7: CRASH, 8: 64}


def die_of_seven(number: int) -> int:
    if number == 7:
        os.abort()
    return number * number


def test_parts_of_a_file(source: Source, spec: ClipSpec) -> None:
    track = FileReader(spec).track(source.root / "a.mp4")
    assert usable_range(Video("x", source.root / "a.mp4"), track, spec) == (0, 15)
    assert usable_range(Video("x", source.root / "a.mp4", start=1.0, end=2.0), track, spec) == (5, 5)
    assert usable_range(Video("x", source.root / "a.mp4", start=2.5, end=9.0), track, spec) == (13, 2)
    assert usable_range(Video("x", source.root / "a.mp4", start=50.0), track, spec) == (14, 1)


def test_a_full_disk_is_one_line_and_the_complete_part_stays(
    source: Source, spec: ClipSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cache(source, source.videos[:1], spec, quiet=True, processes=0)
    kept = {path.name: path.read_bytes() for path in (source.root / "cache").rglob("*.frames")}
    assert len(kept) == 1

    def full(*_: object) -> tuple[int, ...]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_blocks", full)
    with pytest.raises(UserError, match=r"the disk is full: no room for the decoded cache .*--no-cache") as caught:
        open_cache(source, source.videos, spec, quiet=True, processes=0)
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in (source.root / "cache").rglob("*.frames")} == kept
    assert not open_cache(source, source.videos, spec, quiet=True, processes=0).damaged


KILLED = """
import os, signal, sys
from pathlib import Path
from vatt_edu.config import ClipSpec
from vatt_edu.data.clips import cache
from vatt_edu.data.sources.open import open_source

written, write = 0, os.write
class Torn:
    def __init__(self, file): self.file = file
    def __getattr__(self, name): return getattr(self.file, name)
    def __enter__(self): self.file.__enter__(); return self
    def __exit__(self, *_): return self.file.__exit__(*_)
    def write(self, data):
        global written
        self.file.write(data); self.file.flush()
        written += 1
        if written == int(sys.argv[2]): os.kill(os.getpid(), signal.SIGKILL)
plain = open
cache.open = lambda *a, **k: Torn(plain(*a, **k))
source = open_source(sys.argv[1])
cache.open_cache(source, source.videos, ClipSpec(**eval(sys.argv[3])), quiet=True, processes=0)
"""


@pytest.mark.parametrize("at", [1, 2, 4, 6])
def test_a_build_that_is_killed_while_it_writes_is_completed(
    source: Source, spec: ClipSpec, tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL right after the first, second … piece of a file was written: nothing half written is ever read."""
    files = FileReader(spec)
    command = [sys.executable, "-c", KILLED, str(source.root), str(at), repr(asdict(spec))]
    assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
    cached = open_here(source, spec)
    for video in source.videos:
        track = files.track(video.path)
        assert cached.track(video.path) == track
        assert (cached.frames(video.path, 0, track.frames) == files.frames(video.path, 0, track.frames)).all()
    assert not list((source.root / "cache" / key(spec)).glob(".*.frames.*"))
