"""Who may go on with a run: the same data wherever it lies and however it is spelled, more steps, one process."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.locks import locked
from vatt_edu.training.checkpoint import read_tensors
from vatt_edu.training.run_folder import read_config, read_log

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world") / "videos"
    small = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
    for number in range(3):
        clips.write(root / f"part {number % 2}/{number}.mp4", audio=clips.tone(330 + 50 * number, rate=16_000), **small)
        lines = "\n\n".join(f"00:0{k}.000 --> 00:0{k}.900\nstep {k} of {number}" for k in range(3))
        (root / f"part {number % 2}/{number}.vtt").write_text(f"WEBVTT\n\n{lines}\n")
    return root


@pytest.fixture(scope="module")
def half(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps, done; do not write here."""
    return runs.pretrain(world, tmp_path_factory.mktemp("half") / "run", train__steps=2)


@pytest.fixture
def run(half: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(half, tmp_path / "run"))


def steps(run: Path) -> list[int]:
    return [row["step"] for row in read_log(run)]


@pytest.mark.parametrize("spelling", ["slash", "relative", "link", "kind", "weight", "moved", "dots"])
def test_the_same_data_spelled_otherwise(
    spelling: str, world: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.parent)
    (tmp_path / "link").symlink_to(world)
    moved = shutil.copytree(world, tmp_path / "other disk", ignore=shutil.ignore_patterns("cache"))
    data = {
        "slash": f"{world}/", "relative": "videos", "link": str(tmp_path / "link"), "kind": f"folder:{world}",
        "weight": f"{world}:1", "moved": str(moved), "dots": f"{world}/../videos",
    }[spelling]  # fmt: skip
    runs.pretrain(data, run, "--resume", train__steps=3)
    assert steps(run) == [0, 1, 2]
    assert read_config(run)[1]["data"] == [str(world)]


def test_longer_and_with_other_threads_workers_and_checkpoints(world: Path, run: Path, tmp_path: Path) -> None:
    changes = {"train__checkpoint_every": 1, "train__threads": 1, "train__workers": 1, "train__keep_checkpoints": 2}
    runs.pretrain(world, run, "--resume", train__steps=5, **changes)
    assert steps(run) == [0, 1, 2, 3, 4]
    config, _ = read_config(run)
    assert (config.train.steps, config.train.checkpoint_every, config.train.threads) == (5, 1, 1)
    assert sorted(path.name[-1] for path in (run / "checkpoints").iterdir()) == ["0", "4", "5"]
    final = read_tensors(run / "checkpoints/step-00000005/state.safetensors")
    for name, value in read_tensors(run / "model.safetensors").items():
        assert (value == final[f"model.{name}"]).all()
    straight = runs.pretrain(world, tmp_path / "straight", train__steps=5, **changes)
    shown = [[(row["nce"], row["mil_nce"]) for row in read_log(out)][:3] for out in (run, straight)]
    assert shown[0][0] == shown[1][0]  # the same clips; later the learning rate was another


def test_fewer_steps_than_are_done_are_refused(world: Path, run: Path, capsys: Capture) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert main(runs.words(world, run, "--resume", train__steps=1)) == 2
    assert capsys.readouterr().err == f"vatt: {run} is at step 2, train.steps = 1: give at least that many steps\n"
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("a file more", "data.videos of {} is 4, there it was 3"),
        ("a file less", "data.videos of {} is 2, there it was 3"),
        ("another file", "data.files of {} differ (names or sizes of the files)"),
        ("another name", "data.files of {} differ (names or sizes of the files)"),
        ("another word", "data.captions of {} differ (captions)"),
        ("another weight", "data.weight of {} is 2.0, there it was 1.0"),
        ("twice", "1 sources there, 2 here"),
    ],
)
def test_other_data_is_refused_with_what_differs(
    change: str, message: str, world: Path, run: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = shutil.copytree(world, tmp_path / "other")
    film, words = other / "part 0/2.mp4", other / "part 0/2.vtt"
    data = [str(other)]
    if change == "a file more":
        shutil.copy(film, other / "new.mp4")
    elif change == "a file less":
        film.unlink()
    elif change == "another file":
        shutil.copy(other / "part 1/1.mp4", film)
    elif change == "another name":
        film.rename(film.with_name("3.mp4"))
        words.rename(words.with_name("3.vtt"))
    elif change == "another word":
        words.write_text(words.read_text().replace("step 1", "stop 1"))
    elif change == "another weight":
        data = [f"{other}:2"]
    elif change == "twice":
        data = [str(other), str(other)]
    capsys.readouterr()
    flags = runs.words("DATA", run, "--resume", train__steps=3)
    place = flags.index("DATA")
    assert main([*flags[:place], *data, *flags[place + 1 :]]) == 2
    shown = capsys.readouterr().err
    assert shown == (
        f"vatt: {run} holds a run on other data ({world}): {message.format(other)}; choose another --out\n"
    )
    assert steps(run) == [0, 1]


def test_what_is_not_trained_on_may_change(run: Path, tmp_path: Path) -> None:
    corpus = clips.corpus(tmp_path / "corpus", narrated=2, text_free=1, evaluation=2)
    out = runs.pretrain(corpus, tmp_path / "out", train__steps=1)
    (corpus / "eval/test_iid/test_iid_00000.mp4").unlink()
    runs.pretrain(corpus, out, "--resume", train__steps=2)
    assert steps(out) == [0, 1]


def test_a_run_of_an_older_version_knows_its_folder(world: Path, run: Path, tmp_path: Path, capsys: Capture) -> None:
    record = json.loads((run / "config.json").read_text())
    del record["sources"]
    (run / "config.json").write_text(json.dumps(record))
    capsys.readouterr()
    copy = shutil.copytree(world, tmp_path / "copy")
    assert main(runs.words(copy, run, "--resume", train__steps=3)) == 2
    assert f"holds a run on other data ({world}): other folders" in capsys.readouterr().err
    runs.pretrain(f"{world}/.", run, "--resume", train__steps=3)
    assert steps(run) == [0, 1, 2]


@pytest.mark.parametrize("resume", [[], ["--resume"]])
@pytest.mark.parametrize("fresh", [True, False])
def test_a_second_process_is_refused_by_the_name_of_the_first(
    resume: list[str], fresh: bool, world: Path, run: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "new" if fresh else run
    if not fresh and not resume:
        resume = ["--resume"]
    with locked(out / ".lock"):
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        capsys.readouterr()
        assert main(runs.words(world, out, *resume, train__steps=3)) == 2
        line = capsys.readouterr().err
        assert line.startswith(f"vatt: {out} is being written to by process {os.getpid()} on {socket.gethostname()} ")
        assert "one process trains in a folder" in line
        assert line.count("\n") == 1
        assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    runs.pretrain(world, out, *resume, train__steps=3)
    assert steps(out) == [0, 1, 2]
    assert not (out / ".lock").exists()


def test_a_lock_of_a_dead_process_is_in_nobodys_way(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / ".lock").write_text("1234567\nsomewhere\n2026-01-01 00:00:00\n")
    runs.pretrain(world, out, train__steps=1)
    assert not (out / ".lock").exists()


@pytest.mark.slow
def test_two_at_once(world: Path, run: Path, tmp_path: Path) -> None:
    """One trains, one is refused; each step is logged once."""
    out = tmp_path / "both"
    command = [sys.executable, "-m", "vatt_edu.cli", *runs.words(world, out, train__steps=60)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [process.communicate(timeout=120)[1].decode() for process in both]
    assert sorted(process.returncode for process in both) == [0, 2]
    (error,) = [text for text in errors if text]
    assert "is being written to by process" in error or "already holds this run; add --resume" in error
    assert steps(out) == list(range(60))
