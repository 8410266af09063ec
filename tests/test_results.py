"""Files in results/: they say how they were made, and are of what the code compares now."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers import lanes

from tools import covered, mutation
from vatt_edu.experiments.catalog import EXPERIMENTS, get_experiment

ROOT = Path(__file__).parent.parent
RESULTS = [path for folder in ("results", "results/gpu") for path in sorted((ROOT / folder).glob("*.json"))]


def result(name: str) -> dict[str, Any]:
    (path,) = [path for path in RESULTS if path.stem == name]
    record: dict[str, Any] = json.loads(path.read_text())
    return record


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_says_how_it_was_made(path: Path) -> None:
    record = json.loads(path.read_text())
    assert {"command", "machine", "versions", "commit", "rows"} <= set(record)
    assert "/home" not in path.read_text()
    if path.stem in EXPERIMENTS:
        experiment = get_experiment(path.stem)
        assert record["config_hash"] == experiment.config_hash, f"stale: {record['command']}"
        assert {row["config_hash"] for row in record["rows"]} <= {experiment.row_hash(arm) for arm in experiment.arms}
        assert {"corpus", "seeds", "question"} <= set(record)
        runs = record.get("runs", record["rows"])  # rows may sum up runs
        assert all(row["metrics"] and row["seed"] in record["seeds"] for row in runs)
    elif record["command"].startswith("make "):
        target = record["command"].removeprefix("make ")
        assert re.search(rf"^{target}: ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    else:
        assert record["command"].startswith(("python benchmarks/", "make "))


def test_benchmark_of_droptoken() -> None:
    """Keeping half of 1,568 tokens makes a training step at least 1.7 times as fast."""
    rows = {row["keep"]: row for row in result("benchmark_droptoken")["rows"]}
    assert rows[1.0]["tokens"] == 1568
    assert rows[0.5]["tokens"] == 784
    assert rows[0.5]["speedup"] >= 1.7


def test_a_step_is_no_slower_than_that_of_other_programs() -> None:
    """At equal work and equal kept tokens, for each at its fastest: intervals are narrow, and ratios at least 1."""
    record = result("benchmark_peers")
    assert record["products"] == "oneDNN"  # faster, and as exact, for all of them
    rows = {(row["name"], row["keep"]): row for row in record["rows"]}
    for name in ("videomae", "timm"):
        for keep in (1.0, 0.5):
            assert rows[name, keep]["ratio"] >= 1.0
            assert rows[name, keep]["half_width"] <= 0.03
    assert rows["naive", 0.5]["ratio"] >= 3.0
    assert rows["vit_3d", 1.0]["ratio"] >= 1.6  # it has no way to drop tokens
    assert all(entry["flops"] == 1 for entry in record["equal"].values())


def test_the_toy_of_one_gpu_stays_within_what_is_promised() -> None:
    """Eight GB, ten minutes (on a larger GPU than is promised: a smaller one was not at hand)."""
    (run,) = result("toy_gpu")["rows"]
    assert result("toy_gpu")["machine"]["gpu"]
    assert run["train_seconds"] <= 600
    peaks = [row["peak_gib"] for row in result("benchmark_gpu_step")["rows"] if row["preset"] == "toy_gpu"]
    assert len(peaks) == 4
    assert max(peaks) <= 8


def test_activations_on_a_gpu_are_what_cost_says() -> None:
    """In float32, within 5 %: tokenizers and heads, which ``cost`` leaves out, weigh most in small models."""
    shares = [row["of_cost"] for row in result("benchmark_gpu_step")["rows"] if row["precision"] == "fp32"]
    assert len(shares) == 10
    assert all(1 <= share <= 1.05 for share in shares)


def test_parity_was_recorded_within_its_bounds(root: Path) -> None:
    """For each file of tests/golden; ``make parity`` writes it, ``make test`` makes the comparisons anew."""
    rows = {row["file"]: row for row in json.loads((root / "results" / "parity.json").read_text())["rows"]}
    assert set(rows) == {path.stem for path in (root / "tests" / "golden").iterdir()}
    assert all(0 <= row["worst_share_of_bound"] <= 1 and row["comparisons"] > 0 for row in rows.values())
    # From float32's rounding to the official spline's (2e-3, in pos_interp alone).
    assert all(1e-6 <= row["bounds"][0] <= row["bounds"][1] <= 2e-3 for row in rows.values())
    assert [name for name, row in rows.items() if row["bounds"][1] > 1e-3] == ["pos_interp"]


def test_coverage_of_single_concepts() -> None:
    """At least 95 % of the lines and of the branches of each module; a module that is new is not passed over."""
    rows = result("coverage")["rows"]
    assert covered.LEAST == 95
    assert [row["module"] for row in rows] == covered.modules(), "stale: make coverage"
    assert covered.lacking(rows) == []


def test_a_module_below_in_lines_or_in_branches_is_named() -> None:
    counts = {"num_statements": 20, "covered_lines": 20, "num_branches": 20, "covered_branches": 20}
    changes = {
        "fits": {"covered_lines": 19, "covered_branches": 19},
        "lines": {"covered_lines": 18},
        "branches": {"covered_branches": 18},
        "straight": {"num_branches": 0, "covered_branches": 0},
    }
    rows = [covered.row(name, counts | change) for name, change in changes.items()]
    assert covered.lacking(rows) == ["lines", "branches"]


def test_mutants_are_killed_or_explained() -> None:
    """At least 85 % of the sample; whoever survives is explained, and the page says what the rows say."""
    record = result("mutation")
    rows, settings, reasons = record["rows"], record["settings"], json.loads(mutation.REASONS.read_text())
    assert len(rows) == mutation.SAMPLE == 150
    assert settings["seed"] == mutation.SEED
    assert {row["module"] for row in rows} == set(mutation.MODULES) == set(settings["modules"])
    assert settings["tests"] == list(mutation.TESTS)
    assert record["totals"] == mutation.totals(rows)
    assert record["totals"]["killed_share"] >= 0.85
    for row in rows:
        if row["outcome"] == "survived":
            assert mutation.reason(row, reasons) is not None, row
            before = [line.removeprefix("- ") for line in row["change"] if line.startswith("- ")]
            lines = [line.strip() for line in (ROOT / row["module"]).read_text().splitlines()]
            assert set(before) <= set(lines), f"stale: make mutation; {row}"
    assert mutation.page(record, reasons) == mutation.RESULT.with_suffix(".md").read_text()


def test_the_fast_lane_kills_most_mutants() -> None:
    """At least 80 % of the sample, by the first test that failed on each; ``make check`` runs it."""
    killers = [row["by"].split("::")[0] for row in result("mutation")["rows"] if row["by"]]
    fast = [path for path in killers if (ROOT / path).exists() and not lanes.is_slow(path.removeprefix("tests/"))]
    assert len(fast) >= 0.8 * mutation.SAMPLE


def test_what_is_not_mutated() -> None:
    """Annotations, types and strings; what is computed is, also a default and what lies between strings."""
    source = (
        "Kept = A | B\n"
        "_SIGN = 1 - 2\n"
        "def f(x: A | B, y: int = 3 - 4) -> A | B:\n"
        '    """5 - 6"""\n'
        "    z: A | B = 7 - 8\n"
        '    return x == "9 - 9" and f"{1 - 1}"\n'
    )
    spans = mutation.left_out(source)

    def counts(text: str) -> list[bool]:
        """For each place of a text in the source, whether it is mutated."""
        lines = source.splitlines()
        places = [(n, m.start()) for n, line in enumerate(lines, 1) for m in re.finditer(re.escape(text), line)]
        ends = [(line, column + len(text)) for line, column in places]
        return [not any(a <= p and q <= b for a, b in spans) for p, q in zip(places, ends, strict=True)]

    assert counts("A | B") == [False] * 4
    assert [counts(text) for text in ("1 - 2", "3 - 4", "7 - 8", "==")] == [[True]] * 4
    assert [counts(text) for text in ("5 - 6", "9 - 9", "1 - 1")] == [[False]] * 3


def test_a_change_is_told_as_a_diff() -> None:
    assert mutation.difference("\n@b\na\n  c = 1\n", "a\n  c = 2\n") == ("- @b", "- c = 1", "+ c = 2")
    assert mutation.is_python('x is "a"')
    assert not mutation.is_python("def f(a, +, b): pass")
