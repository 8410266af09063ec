"""Files in results/: they say how they were made, and are of what the code compares now."""

import json
from pathlib import Path

import pytest

from vatt_edu.experiments.run import NAMES, named

RESULTS = sorted((Path(__file__).parent.parent / "results").glob("*.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_says_how_it_was_made(path: Path) -> None:
    found = json.loads(path.read_text())
    assert {"command", "machine", "versions", "commit", "rows"} <= set(found)
    assert "/home" not in path.read_text()
    if path.stem in NAMES:
        experiment = named(path.stem)
        assert found["config_hash"] == experiment.config_hash, f"stale: {found['command']}"
        assert {row["config_hash"] for row in found["rows"]} <= {experiment.row_hash(arm) for arm in experiment.arms}
        assert {"corpus", "seeds", "question"} <= set(found)
        assert all(row["metrics"] and row["seed"] in found["seeds"] for row in found["rows"])
    else:
        assert found["command"].startswith(("python benchmarks/", "make "))


def test_benchmark_of_droptoken() -> None:
    """Keeping half of 1,568 tokens makes a training step at least 1.7 times as fast."""
    (path,) = [path for path in RESULTS if path.stem == "benchmark_droptoken"]
    rows = {row["keep"]: row for row in json.loads(path.read_text())["rows"]}
    assert rows[1.0]["tokens"] == 1568
    assert rows[0.5]["tokens"] == 784
    assert rows[0.5]["speedup"] >= 1.7


def test_parity_was_recorded_within_its_bounds(root: Path) -> None:
    """For each file of tests/golden; ``make parity`` writes it, ``make test`` makes the comparisons anew."""
    rows = {row["file"]: row for row in json.loads((root / "results" / "parity.json").read_text())["rows"]}
    assert set(rows) == {path.stem for path in (root / "tests" / "golden").iterdir()}
    assert all(0 <= row["worst_share_of_bound"] <= 1 and row["comparisons"] > 0 for row in rows.values())
