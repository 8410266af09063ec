"""Retrieval on val during training: measured at the right weights, without a trace in them, and kept by a resume."""

import shutil
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.config import Config
from vatt_edu.config.serialize import from_json
from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.retrieval import evaluate_retrieval
from vatt_edu.files import read_json
from vatt_edu.training.checkpoint import read_tensors
from vatt_edu.training.pretrain import pretrain
from vatt_edu.training.run_folder import read_log

FIELDS = {"train__steps": 6, "train__checkpoint_every": 3}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.corpus(
        tmp_path_factory.mktemp("world") / "corpus", narrated=3, text_free=3, splits=("val", "test_iid")
    )


@pytest.fixture(scope="module")
def measured(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    return runs.pretrain(world, out, **FIELDS, train__eval_every=2)


def test_lines_come_after_the_steps_asked_for(measured: Path) -> None:
    assert [line["step"] for line in read_log(measured, "val.jsonl")] == [2, 4, 6]
    assert {"text_to_video", "video_to_audio", "audio_to_text"} < set(read_log(measured, "val.jsonl")[0])


def test_the_last_line_is_what_evaluate_says(world: Path, measured: Path) -> None:
    trained = evaluate_retrieval(measured, open_source(world), "val", quiet=True)["splits"]["val"]["trained"]
    last = read_log(measured, "val.jsonl")[-1]
    for direction, scores in trained.items():
        assert {name: last[direction][name] for name in scores} == scores


def test_measuring_changes_nothing(world: Path, measured: Path, tmp_path: Path) -> None:
    plain = runs.pretrain(world, tmp_path / "plain", **FIELDS)
    assert not (plain / "val.jsonl").exists()
    ours, theirs = (read_tensors(run / "model.safetensors") for run in (measured, plain))
    assert all((ours[name] == theirs[name]).all() for name in theirs)
    assert [line["loss"] for line in read_log(measured)] == [line["loss"] for line in read_log(plain)]


def test_a_resume_repeats_no_line_and_loses_none(world: Path, measured: Path, tmp_path: Path) -> None:
    """As if the run had been killed after step 4: the last checkpoint is that of step 3."""
    out = tmp_path / "run"
    shutil.copytree(measured, out)
    shutil.rmtree(next((out / "checkpoints").glob("*6")))
    (out / "LAST").unlink()
    (out / "model.safetensors").unlink()
    assert main(runs.words(world, out, "--resume", **FIELDS, train__eval_every=2)) == 0
    assert read_log(out, "val.jsonl") == read_log(measured, "val.jsonl")


def test_without_a_split_val_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips.write(tmp_path / "data" / "a.mp4", audio=clips.tone(440))
    assert main(runs.words(tmp_path / "data", tmp_path / "run", train__eval_every=2)) == 2
    assert not (tmp_path / "run").exists()
    assert capsys.readouterr().err.count("\n") == 1


def test_the_library_needs_what_measures(world: Path, measured: Path, tmp_path: Path) -> None:
    config = from_json(Config, read_json(measured / "config.json")["config"])
    with pytest.raises(UserError, match="validate=validator"):
        pretrain(config, [str(world)], tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()
