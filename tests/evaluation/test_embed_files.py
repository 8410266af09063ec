"""``vatt embed`` of many files: what cannot be embedded is left out and named, whatever files are called."""

import os
from pathlib import Path

import numpy as np
import pytest
from helpers import clips

import vatt_edu as vatt
from vatt_edu.cli import main
from vatt_edu.evaluation.embed import Embedder, load

Capture = pytest.CaptureFixture[str]
TOY = vatt.shipped("toy")
SMALL = {"duration": 4, "fps": 10, "size": (64, 80), "rate": 16_000, "gop": 10}


@pytest.fixture(scope="module")
def model() -> Embedder:
    return load(TOY)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def film(path: str | Path, mute: bool = False) -> str:
    clips.write(Path(path), audio=None if mute else clips.tone(480, rate=16_000), **SMALL)
    return str(path)


@pytest.mark.parametrize("modality", [None, "audio"])
def test_the_others_are_embedded(modality: str | None, folder: Path, model: Embedder, capsys: Capture) -> None:
    good, mute = film("good.mp4"), film("mute.mp4", mute=True)
    (folder / "notes.mkv").write_text("no film")
    (folder / "season 1").mkdir()
    files = ["season 1", good, "gone.webm", mute, "notes.mkv"]
    flags = ["--modality", modality] if modality else []
    assert main(["embed", str(TOY), *files, "--out", "rows.npz", *flags]) == 0
    shown = capsys.readouterr()
    names = [good, mute] if modality is None else [good]
    assert shown.err.startswith(f"note: {5 - len(names)} of 5 files left out, season 1: it is a directory; gone.webm: ")
    assert shown.err.count("\n") == 1
    assert ("mute.mp4: it has no audio stream" in shown.err) == (modality == "audio")
    kind = modality or "video"
    embed = model.embed_audio if modality else model.embed_video
    with np.load("rows.npz") as arrays:
        assert arrays["files"].tolist() == names
        assert arrays["modalities"].tolist() == [kind] * len(names)
        assert (arrays["embeddings"] == np.stack([embed(name, "va").numpy() for name in names])).all()
        left_out = dict(zip(arrays["left_out"].tolist(), arrays["reasons"].tolist(), strict=True))
    assert set(left_out) == set(files) - set(names)
    assert left_out["gone.webm"] == "no such file"


def test_many_bad_files_are_counted_and_the_first_named(folder: Path, capsys: Capture) -> None:
    good = film("good.mp4")
    bad = [f"{number:02d}.mp4" for number in range(14)]
    assert main(["embed", str(TOY), good, *bad, "--out", "rows.npz"]) == 0
    note = capsys.readouterr().err
    assert note.startswith("note: 14 of 15 files left out, 00.mp4: no such file; ")
    assert note.endswith("09.mp4: no such file; and 4 more\n")


def test_nothing_left_writes_nothing(folder: Path, capsys: Capture) -> None:
    (folder / "clips").mkdir()
    (folder / "rows.npz").write_bytes(b"of before")
    assert main(["embed", str(TOY), "clips", "--out", "rows.npz"]) == 2
    assert capsys.readouterr().err == "vatt: nothing to embed: 1 of 1 files left out, clips: it is a directory\n"
    assert (folder / "rows.npz").read_bytes() == b"of before"


NAMES = [
    "lecture:2.mp4",
    "http:x.mp4",
    "two words.mp4",
    "caf\udce9 1.mp4",
    "日本.mp4",
    "100%.mp4",
    "a'b\"c.mp4",
    "[1]*.mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name(name: str, folder: Path, model: Embedder, capsys: Capture) -> None:
    try:
        film(folder / "plain.mp4")
        os.rename("plain.mp4", name)
    except (OSError, UnicodeError):
        pytest.skip("this disk has no such names")
    assert main(["embed", str(TOY), name, "--out", "rows.npz"]) == 0
    with np.load("rows.npz") as arrays:
        assert arrays["files"].tolist() == [name]
    os.rename(name, "plain.mp4")
    with np.load("rows.npz") as arrays:
        assert (arrays["embeddings"][0] == model.embed_video("plain.mp4", "va").numpy()).all()


def test_a_bad_file_of_any_name_is_a_line(folder: Path, capsys: Capture) -> None:
    film("good.mp4")
    try:
        (folder / "br\udcff.mp4").write_text("?")
    except (OSError, UnicodeError):
        pytest.skip("this disk has no such names")
    assert main(["embed", str(TOY), "good.mp4", "br\udcff.mp4", "--out", "rows.npz"]) == 0
    assert "1 of 2 files left out, br" in capsys.readouterr().err


def test_a_name_that_begins_with_a_dash(folder: Path, capsys: Capture) -> None:
    film("-x.mp4")
    film("b.mp4")
    assert main(["embed", str(TOY), "-x.mp4", "b.mp4", "--out", "rows.npz"]) == 2
    assert capsys.readouterr().err == "vatt: -x.mp4 is a file, and would be read as a flag: write ./-x.mp4\n"
    for words in (["b.mp4", "./-x.mp4", "--out", "rows.npz"], ["--out", "rows.npz", "--", "b.mp4", "-x.mp4"]):
        assert main(["embed", str(TOY), *words]) == 0
        with np.load("rows.npz") as arrays:
            assert arrays["files"].tolist() == ["b.mp4", "-x.mp4"]
