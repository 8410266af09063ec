"""Experiments: what their arms differ in, that a run is taken up where it was left, and what a row holds."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import clips

from vatt_edu import config
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.errors import UserError
from vatt_edu.experiments import run
from vatt_edu.experiments.catalog import EXPERIMENTS, get_experiment
from vatt_edu.experiments.departures import DEPARTURES
from vatt_edu.training.run_folder import read_log


def different(ours: config.Config, theirs: config.Config) -> set[str]:
    return set(differences(to_json(ours), to_json(theirs)))


def test_each_departure_is_taken_alone() -> None:
    """Together they are all that tells ``toy`` from ``toy_plain``, but for how the masked mean is taken."""
    toy, plain = config.toy(), config.toy_plain()
    parts = [different(change(toy, plain), toy) for change in DEPARTURES.values()]
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)), "two departures change the same field"
    assert set.union(*parts) == different(toy, plain) - {"loss.mask_mean"}
    for change, part in zip(DEPARTURES.values(), parts, strict=True):
        assert different(change(plain, toy), plain) == part


def test_every_experiment_says_what_it_compares() -> None:
    for name in EXPERIMENTS:
        experiment = get_experiment(name)
        labels = [arm.label for arm in experiment.arms]
        assert experiment.name == name
        assert experiment.question.endswith("?")
        assert len(set(labels)) == len(labels) >= 1
    with pytest.raises(UserError, match="departures"):
        get_experiment("nothing")


def test_hash_follows_any_field() -> None:
    experiment = get_experiment("toy")
    arm = experiment.arms[0]
    other = replace(arm, config=replace(arm.config, optim=replace(arm.config.optim, lr=1.1e-3)))
    assert experiment.config_hash == get_experiment("toy").config_hash
    assert replace(experiment, arms=(other, *experiment.arms[1:])).config_hash != experiment.config_hash


def test_what_is_named_like_its_default_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a field added later, off by default, makes no result stale."""
    arm = get_experiment("toy").arms[0]
    before = arm.key
    written = run.to_json

    def with_a_new_field(tree: object) -> dict:
        return written(tree) | {"a_new_option": False}

    monkeypatch.setattr(run, "to_json", with_a_new_field)
    assert arm.key == before
    assert get_experiment("toy").row_hash(arm) != get_experiment("plain").row_hash(replace(arm, label="other"))


def test_equal_arms_share_a_run() -> None:
    """The toy is trained once, for whichever experiment asks first."""
    cuts, toy = get_experiment("shortcut").arms[0], get_experiment("toy").arms[0]
    assert cuts.key == toy.key
    assert get_experiment("shortcut").arms[1].key != toy.key


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> run.Experiment:
    """Two arms of a few steps on a corpus of a few clips."""
    corpus = clips.corpus(tmp_path / "corpus", narrated=2, text_free=2)
    monkeypatch.setattr(run.Corpus, "ensure", lambda self, quiet=False: corpus)
    experiment = get_experiment("log_mel").twin()
    encoder = replace(config.toy().model.video.encoder, layers=1)

    def thin(arm: run.Arm) -> run.Arm:
        model = arm.config.model
        model = replace(model, video=replace(model.video, encoder=encoder), tokenizer_init="official")
        return replace(arm, config=replace(arm.config, model=model))

    return replace(experiment, arms=tuple(map(thin, experiment.arms)), splits=("test_iid",))


def test_rows_and_resuming(small: run.Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = run.run(small, seeds=1, runs=tmp_path / "runs", results=tmp_path / "results", quiet=True)
    assert [row["label"] for row in results["rows"]] == ["waveform", "log_mel"]
    assert set(run.Results.__annotations__) == set(results)
    row = results["rows"][0]
    assert set(run.ExperimentRow.__annotations__) == set(row)
    assert row["steps"] == 6
    log = read_log(next((tmp_path / "runs").glob("*")))
    assert [step for step, *_ in row["curve"]] == [line["step"] for line in log]
    assert 0 <= row["metrics"]["test_iid"]["text_to_video"]["R@5"] <= 1
    assert json.loads((tmp_path / "results" / "log_mel.json").read_text()) == results

    def never(*_: object, **__: object) -> None:
        raise AssertionError("what is done is not done again")

    monkeypatch.setattr(run, "measure_arm", never)
    again = run.run(small, seeds=1, runs=tmp_path / "elsewhere", results=tmp_path / "results", quiet=True)
    assert again["rows"] == results["rows"]
    changed = replace(small, arms=(replace(small.arms[0], label="other"), small.arms[1]))
    with pytest.raises(AssertionError, match="not done again"):
        run.run(changed, seeds=1, runs=tmp_path / "runs", results=tmp_path / "results", quiet=True)


def test_a_run_is_taken_up_where_it_was_left(
    small: run.Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run.run(small, seeds=1, runs=tmp_path / "runs", results=tmp_path / "one", quiet=True)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("what is trained is not trained again")

    monkeypatch.setattr(run, "pretrain", never)
    again = run.run(small, seeds=1, runs=tmp_path / "runs", results=tmp_path / "two", quiet=True)
    assert [row["metrics"] for row in again["rows"]] == [row["metrics"] for row in first["rows"]]
    assert [row["train_seconds"] for row in again["rows"]] == [row["train_seconds"] for row in first["rows"]]


def test_medians_over_seeds() -> None:
    def row(seed: int, value: float) -> dict:
        metrics = {"val": {name: {"R@5": value} for name in ("text_to_video", "video_to_audio")}}
        return {"label": "toy", "seed": seed, "metrics": metrics}

    rows = [row(0, 0.5), row(1, 0.1), row(2, 0.3)]
    ((label, split, scores),) = run.medians(rows)
    assert (label, split) == ("toy", "val")
    assert scores["text_to_video"] == (0.3, 0.1, 0.5)


def test_a_curve_is_the_mean_of_stretches() -> None:
    log = [{"step": step, "nce": float(step), "mil_nce": 2.0 * step} for step in range(100)]
    assert run.curve(log, 4) == [[24, 12.0, 24.0], [49, 37.0, 74.0], [74, 62.0, 124.0], [99, 87.0, 174.0]]
