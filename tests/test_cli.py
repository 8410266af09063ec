"""The command line: what it answers, its exit codes, and a whole round: train, evaluate, embed."""

import importlib.metadata
import json
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import clips, runs

import vatt_edu as vatt
from vatt_edu.cli import COMMANDS, main
from vatt_edu.config import PRESETS
from vatt_edu.evaluation.metrics import DIRECTIONS
from vatt_edu.training.run_folder import read_log

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus with one more split for evaluation; do not write here."""
    root = clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=2, text_free=2, evaluation=5)
    (root / "eval/test_bg.json").write_text(json.dumps(json.loads((root / "eval/test_iid.json").read_text())[:2]))
    return root


@pytest.fixture(scope="module")
def run(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runs.pretrain(world, tmp_path_factory.mktemp("run") / "run", "--seed", "5")


def leaves(config: Any, where: str = "") -> list[str]:
    names = []
    for field in fields(config):
        value, name = getattr(config, field.name), f"{where}{field.name.replace('_', '-')}"
        names += leaves(value, f"{name}.") if is_dataclass(value) else [name]
    return names


def film(world: Path, number: int = 0) -> str:
    return str(world / f"eval/test_iid/test_iid_{number:05d}.mp4")


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0), (["-h"], 0), (["evaluate", "--help"], 0)])
def test_the_commands_are_listed(words: list[str], code: int, capsys: Capture) -> None:
    assert main(words) == code
    shown = capsys.readouterr()
    assert all(" ".join(name) in shown.out for name in COMMANDS)
    assert shown.err == ""


@pytest.mark.parametrize("words", [["dance"], ["evaluate"], ["evaluate", "dance", "run"], ["data"], ["--version"]])
def test_an_unknown_command_is_answered_in_a_line(words: list[str], capsys: Capture) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    names = ", ".join(" ".join(name) for name in COMMANDS)
    assert names.startswith("data minitube, ")
    assert shown.err == f"vatt: no command {' '.join(words[:2])!r}; there are: {names}\n"


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0)])
def test_pretrain_lists_its_presets(words: list[str], code: int, capsys: Capture) -> None:
    assert main(["pretrain", *words]) == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(PRESETS)


def test_help_of_a_preset_lists_every_field_with_its_value(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["pretrain", "toy", "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    names = {*leaves(PRESETS["toy"]()), "data", "out", "resume", "cache", "quiet"}
    assert {"seed", "optim.lr", "model.video.encoder.ff-width", "data.augment.audio-gain"} <= names
    assert [name for name in sorted(names) if f"--{name}" not in shown] == []
    place = shown.index("--train.steps")
    assert "(default: 1100)" in shown[place : place + 200]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: tuple[str, ...], capsys: Capture) -> None:
    if command == ("pretrain",):
        assert main(["pretrain", "--help"]) == 0
    else:
        with pytest.raises(SystemExit) as end:
            main([*command, "--help"])
        assert end.value.code == 0
    assert f"usage: vatt {' '.join(command)}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        (["--data", "x", "--out", "y", "--optim.speed", "3"], ["--optim.speed"]),
        (["--data", "x", "--out", "y", "--optim.lr", "fast"], ["--optim.lr", "'fast'"]),
        (["--data", "x", "--out", "y", "--train.steps", "2.5"], ["--train.steps", "'2.5'"]),
        (["--data", "x", "--out", "y", "--optim.name", "sgd"], ["--optim.name", "adamw"]),
        (["--data", "x", "--out", "y", "--model.video.tubelet", "4", "8"], ["--model.video.tubelet"]),
        (["--data", "x"], ["--out"]),
        (["--out", "y"], ["--data"]),
    ],
)
def test_a_wrong_flag_is_tyros_to_explain(
    words: list[str], mentions: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["pretrain", "toy", *words])
    assert end.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [word for word in mentions if word not in shown.err] == []
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []


def test_pretrain_writes_a_run(world: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = runs.pretrain(world, tmp_path / "deep" / "run", "--seed", "5")
    shown = capfd.readouterr()
    assert shown.err == ""
    first, last = shown.out.splitlines(keepends=True)
    assert first == ("note: to learn from: 4 clips with picture, 4 with sound, 2 with words; 0 of 96 words unknown\n")
    assert last == f"{run}: trained to step 3; next: vatt evaluate retrieval {run} --data SOURCE\n"
    record = json.loads((run / "config.json").read_text())
    assert (record["preset"], record["data"], record["config"]["seed"]) == ("toy", [str(world)], 5)
    assert record["config"]["model"]["video"]["tubelet"] == [4, 12, 12]
    assert record["config"]["optim"]["lr"] == PRESETS["toy"]().optim.lr
    lines = read_log(run)
    assert [line["step"] for line in lines] == [0, 1, 2]
    assert {"step", "loss", "nce", "mil_nce", "lr", "clips_per_s", "data_wait", "skipped"} <= set(lines[0])
    assert lines[0]["loss"] == pytest.approx((lines[0]["nce"] + lines[0]["mil_nce"]) / 2)
    assert (run / "skipped.jsonl").read_text() == ""
    assert (run / "LAST").read_text() == "step-00000003\n"
    checkpoints = sorted(folder.name for folder in (run / "checkpoints").iterdir())
    assert checkpoints == ["step-00000000", "step-00000002", "step-00000003"]
    assert {path.suffix for path in run.rglob("*") if path.is_file()} <= {".json", ".jsonl", ".safetensors", ""}


def test_bars_are_drawn_unless_quiet(world: Path, run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    evaluate = ["evaluate", "retrieval", str(run), "--data", str(world), "--split", "test_bg"]
    loud = [word for word in runs.words(world, tmp_path / "run", data__short_side=30) if word != "--quiet"]
    for words, bars in ((loud, ("decode corpus", "pretrain")), (evaluate, ("embed test_bg trained",))):
        assert main(words) == 0
        shown = capfd.readouterr().err
        assert [bar for bar in bars if f"{bar}: 100%" not in shown] == []
    assert main(runs.words(world, tmp_path / "other", data__short_side=29)) == 0
    assert main([*evaluate, "--quiet"]) == 0
    assert capfd.readouterr().err == ""


def test_evaluate_prints_and_keeps_the_same_json(world: Path, run: Path, capsys: Capture) -> None:
    (run / "retrieval.json").unlink(missing_ok=True)
    words = ["evaluate", "retrieval", str(run), "--data", str(world), "--json"]
    assert main([*words, "--split", "test_bg"]) == 0
    first = json.loads(capsys.readouterr().out)  # nothing but JSON, with the progress bar on
    assert set(first["splits"]) == {"test_bg"}
    assert main([*words, "--split", "test_iid", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    results = json.loads(shown.out)
    assert results == json.loads((run / "retrieval.json").read_text())
    assert results["splits"]["test_bg"] == first["splits"]["test_bg"]
    assert set(results) == {
        "preset", "seed", "steps", "train_seconds", "machine", "versions", "commit", "splits",
    }  # fmt: skip
    assert (results["preset"], results["seed"], results["steps"]) == ("toy", 5, 3)
    assert results["train_seconds"] > 0
    assert results["versions"]["torch"] == importlib.metadata.version("torch")
    assert {"python", "numpy", "av"} <= set(results["versions"])
    assert set(results["splits"]) == {"test_iid", "test_bg"}
    for name, clip_count in (("test_iid", 5), ("test_bg", 2)):
        split = results["splits"][name]
        assert set(split) == {"n", "n_sound", "trained", "random_init", "chance", "interval", "ranks"}
        assert split["n_sound"] == split["n"]
        assert split["n"] == clip_count
        for model in ("trained", "random_init", "chance"):
            assert set(split[model]) == {
                "text_to_video", "video_to_text", "video_to_audio", "audio_to_video", "audio_to_text", "text_to_audio",
            }  # fmt: skip
            for values in split[model].values():
                assert set(values) == {"R@1", "R@5", "R@10", "MedR"}
                assert 0 <= values["R@1"] <= values["R@5"] == values["R@10"] == 1
                assert 1 <= values["MedR"] <= clip_count
        assert split["chance"]["text_to_video"]["R@1"] == pytest.approx(1 / clip_count, abs=1e-6)
    assert results["splits"]["test_iid"]["chance"]["audio_to_video"]["MedR"] == 3


def test_evaluate_prints_a_table(world: Path, run: Path, capsys: Capture) -> None:
    (run / "retrieval.json").unlink(missing_ok=True)
    assert main(["evaluate", "retrieval", str(run), "--data", str(world), "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "test_bg: 2 clips; R@1 R@5 R@10 in %, median rank", "test_iid: 5 clips; R@1 R@5 R@10 in %, median rank",
    ]  # fmt: skip
    table = [line.split() for line in lines if line.startswith("  ")]
    assert [row[0] for row in table] == [*DIRECTIONS] * 2
    assert table[-1][-5:] == ["chance", "20.0", "100.0", "100.0", "3.0"]


def test_embed_writes_what_the_library_embeds(world: Path, run: Path, tmp_path: Path, capsys: Capture) -> None:
    files, out = [film(world, 1), film(world, 0)], tmp_path / "found.npz"
    model = vatt.load(run)
    for words, embed, space in (
        (["--space", "vt"], model.embed_video, "vt"),
        (["--space", "va", "--modality", "video"], model.embed_video, "va"),
        (["--space", "va", "--modality", "audio"], model.embed_audio, "va"),
    ):
        assert main(["embed", str(run), *files, "--out", str(out), *words]) == 0
        modality = embed.__name__.removeprefix("embed_")
        assert capsys.readouterr().out == f"{out}: 2 embeddings of width 128 in space {space}: 2 of {modality}\n"
        with np.load(out) as arrays:
            assert arrays["files"].tolist() == files
            assert arrays["modalities"].tolist() == [modality] * 2
            wanted = np.stack([embed(path, space=space).numpy() for path in files])
            assert (arrays["embeddings"] == wanted).all()
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(("name", "codec"), [("song.mp3", "mp3"), ("song.flac", "flac"), ("song.wav", "pcm_s16le")])
def test_a_file_with_sound_alone_is_embedded_as_sound(
    name: str, codec: str, world: Path, run: Path, tmp_path: Path, capsys: Capture
) -> None:
    song, out = tmp_path / name, tmp_path / "out.npz"
    clips.write(song, duration=2, video=None, audio=clips.tone(440, duration=2), codec=codec)
    mute = clips.write(tmp_path / "mute.mp4", duration=2, fps=10, size=(36, 48))
    files = [str(song), film(world, 0), str(mute)]
    assert main(["embed", str(run), *files, "--out", str(out), "--space", "va"]) == 0
    assert capsys.readouterr().out == f"{out}: 3 embeddings of width 128 in space va: 2 of video, 1 of audio\n"
    model = vatt.load(run)
    wanted = [model.embed_audio(song, "va"), model.embed_video(files[1], "va"), model.embed_video(mute, "va")]
    with np.load(out) as arrays:
        assert arrays["modalities"].tolist() == ["audio", "video", "video"]
        assert (arrays["embeddings"] == np.stack([row.numpy() for row in wanted])).all()


@pytest.mark.parametrize("modality", ["video", "audio"])
def test_embed_without_a_space_is_where_files_compare(
    modality: str, world: Path, run: Path, tmp_path: Path, capsys: Capture
) -> None:
    """Of a command that embeds files alone: pictures and sounds compare in va, whatever the files hold."""
    out = tmp_path / "out.npz"
    assert main(["embed", str(run), film(world, 0), "--out", str(out), "--modality", modality]) == 0
    assert "in space va" in capsys.readouterr().out
    model = vatt.load(run)
    rows = {space: getattr(model, f"embed_{modality}")(film(world, 0), space).numpy() for space in ("va", "vt")}
    with np.load(out) as arrays:
        assert (arrays["embeddings"][0] == rows["va"]).all()
    assert abs(rows["va"] - rows["vt"]).max() > 1e-3


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["pretrain", "tiny"], "vatt: unknown preset 'tiny'; there are: toy, "),
        (["pretrain", "toy", "--data", "x", "--out", "y", "--data.fps", "0"], "vatt: fps = 0.0 must be positive"),
    ],
)
def test_the_program_ends_with_code_2(words: list[str], line: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vatt_edu.cli", *words]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith(line)
    assert process.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
