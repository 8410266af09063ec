"""Names that are not UTF-8, colons, blanks, links; places that may only be read, without flock, or that are full."""

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.training.run_folder import read_log

Capture = pytest.CaptureFixture[str]
SMALL = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
WORDS = "WEBVTT\n\n00:00.500 --> 00:02.000\nknead the dough\n"


def corpus(root: Path, names: list[str]) -> Path:
    """Narrated films of these names, and one that is broken and has words."""
    plain = clips.write(root.parent / "plain.mp4", audio=clips.tone(610, rate=16_000), **SMALL)
    try:
        root.mkdir()
        for name in names:
            (root / f"{name}.mp4").write_bytes(plain.read_bytes())
            (root / f"{name}.vtt").write_text(WORDS)
    except (OSError, UnicodeError):
        pytest.skip("this disk has no such names")
    (root / f"{names[-1]}.mp4").write_bytes(b"\x00\x01" * 900)
    return root


NAMES = [["caf\udce9", "b", "br\udcff"], ["a:1", "-b", "c: d"], ["two words", " b ", "c"], ["né", "日", "🎬"]]


@pytest.mark.parametrize("names", NAMES, ids=ascii)
def test_files_of_any_name_train(names: list[str], tmp_path: Path, capsys: Capture) -> None:
    """What is broken is named as it is called, and every file that is left is UTF-8."""
    data, out = corpus(tmp_path / f"in {names[0]}", names), tmp_path / "run"
    runs.pretrain(data, out, train__steps=1)
    assert "2 clips with picture, 2 with sound, 2 with words, 1 that cannot be decoded" in capsys.readouterr().out
    skips = read_log(out, "skipped.jsonl")
    assert {row["path"] for row in skips} == {str(data / f"{names[-1]}.mp4")}
    for path in (*out.glob("*.json*"), *data.glob("cache/*/index.jsonl")):
        path.read_bytes().decode()
    runs.pretrain(data, out, "--resume", train__steps=2)
    assert json.loads((out / "config.json").read_text())["data"] == [str(data)]


@pytest.mark.slow
def test_an_output_that_takes_utf8_alone(tmp_path: Path) -> None:
    data = corpus(tmp_path / "in", ["caf\udce9", "b", "br\udcff"])
    command = [sys.executable, "-m", "vatt_edu.cli", *runs.words(data, tmp_path / "run", train__steps=1)]
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    result = subprocess.run(command, capture_output=True, timeout=120, env=strict)
    assert (result.returncode, result.stderr) == (0, b"")
    assert "1 files cannot be decoded from beginning to end: br\\udcff.mp4" in result.stdout.decode()


def test_a_folder_is_described_whatever_its_files_are_called(tmp_path: Path, capsys: Capture) -> None:
    data = corpus(tmp_path / "in", ["x\udcfe", "y", "z\udcff"])
    assert main(["data", "describe", str(data), "--quiet"]) == 0
    assert "z\\xff.mp4" in (data / "card.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["data", "describe", str(data), "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"]["damaged"]["names"][0]["file"] == "z\\xff.mp4"


def test_a_card_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    data = corpus(tmp_path / "in", ["x", "y"])
    monkeypatch.setattr("vatt_edu.data.card.measure.probe_media", None)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != data and access(path, mode))
    assert main(["data", "describe", str(data), "--quiet"]) == 2
    line = f"vatt: cannot write {data / 'card.html'}: its folder may only be read; name another file with --out\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_disk_without_locks_and_folders_that_cannot_be_synced(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    sync = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(handle)

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(os, "fsync", fsync)
    data = corpus(tmp_path / "in", ["x", "y", "z"])
    runs.pretrain(data, tmp_path / "run", train__steps=1)
    runs.pretrain(data, tmp_path / "run", "--resume", train__steps=2)
    assert [row["step"] for row in read_log(tmp_path / "run")] == [0, 1]
    assert not list(tmp_path.rglob(".lock"))


def test_sound_alone_is_said_not_to_be_read(tmp_path: Path, capsys: Capture) -> None:
    for name in ("one.mp3", "two.flac"):
        clips.write(tmp_path / name, video=None, audio=clips.tone(300), codec=name[-4:].strip("."))
    assert main(["data", "describe", str(tmp_path)]) == 2
    assert "sound alone, read in audioset:DIR and esc50:DIR only" in capsys.readouterr().err
