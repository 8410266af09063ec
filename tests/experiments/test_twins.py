"""Twins of experiments, trained again here: what is trained now is what was trained when the twin was recorded."""

import json
from pathlib import Path

import pytest

from vatt_edu.experiments import run
from vatt_edu.experiments.catalog import get_experiment

TWINS = Path(__file__).parents[2] / "results" / "twins"


@pytest.mark.parametrize("name", ["speedrun", "corpus_size", "crossing"])
def test_the_twin_reruns_within_its_band(name: str, tmp_path: Path) -> None:
    recorded = json.loads((TWINS / f"{name}.json").read_text())
    before = recorded.get("runs") or recorded["rows"]
    rerun = run.run(get_experiment(name).twin(), runs=tmp_path / "runs", results=tmp_path, quiet=True)["rows"]
    assert [row["label"] for row in rerun] == [row["label"] for row in before]
    for row, other in zip(rerun, before, strict=True):
        assert row["config_hash"] == other["config_hash"], f"stale: {recorded['command']}"
        for loss in ("nce", "mil_nce"):
            assert row[loss] == pytest.approx(other[loss], abs=run.TWIN_BAND), (row["label"], loss)
    losses = {(row["nce"], row["mil_nce"]) for row in rerun}
    assert len(losses) == len(rerun), "two arms train the same"
