"""Who does what: arms that differ in one thing, and the twin that stores the choice between partners beside R@k."""

from dataclasses import replace
from pathlib import Path

import pytest

from vatt_edu import config
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.experiments import run
from vatt_edu.experiments.catalog import get_experiment


def test_arms_differ_in_one_thing() -> None:
    bag, layers, together = get_experiment("who_does_what").arms
    changes = set(differences(to_json(bag.config), to_json(layers.config)))
    assert changes == {"model.video.encoder.layers", "model.audio.encoder.layers", "train.steps"}
    assert layers.config == together.config
    assert set(together.corpus.knobs.items()) - set(layers.corpus.knobs.items()) == {("partners", True)}
    assert bag.corpus == layers.corpus
    steps = layers.config.train.steps
    assert replace(layers.config, data=config.toy().data, train=config.toy().train) == config.toy()
    assert 500 < steps < bag.config.train.steps  # a bag is cheaper: more steps in equal seconds


@pytest.mark.timeout(300)
def test_the_twin_stores_the_choice_beside_retrieval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VATT_DATA", str(tmp_path))
    experiment = get_experiment("who_does_what").twin()
    results = run.run(experiment, runs=tmp_path / "runs", results=tmp_path / "results", quiet=True)
    assert [row["label"] for row in results["rows"]] == ["bag of placed patches", "two layers, partners in the batch"]
    for row in results["rows"]:
        scores = row["metrics"]["val"]
        assert {"swapped_captions", "swapped_clips", "among_others", "text_to_video"} <= set(scores)
        assert 0 <= scores["swapped_captions"]["accuracy"] <= 1
        ranks = row["ranks"]["val"]["swapped_captions"]
        assert len(ranks) == 8
        right = ranks.count(1) / 8 + scores["swapped_captions"]["ties"] / 2
        assert scores["swapped_captions"]["accuracy"] == pytest.approx(right)
    again = run.run(experiment, runs=tmp_path / "runs", results=tmp_path / "results", quiet=True)
    assert again["rows"] == results["rows"]
