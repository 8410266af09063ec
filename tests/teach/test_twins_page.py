"""Toy twins of the paper's tables: no claim without five paired seeds, and verdicts that follow from the rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.teach.twins import (
    INHERITED,
    MARGIN,
    TWINS,
    Twin,
    judge,
    points,
    read_results,
    summary,
    table,
    verdict_in_words,
)

TWIN = Twin("Table 0", "One is better.", "one or other", "made", "after", "before", "text_to_video", "more")


def row(label: str, seed: int, share: float, queries: int = 400) -> dict[str, Any]:
    """A run that ranks about so many of its queries among the first five; queries are as hard for every run."""
    luck = np.random.default_rng(seed).normal(0, 0.01)
    ranks = np.where(np.arange(queries) < (share + luck) * queries, 1, 9)
    scores = {"text_to_video": {"R@5": float((ranks <= 5).mean())}}
    return {
        "label": label,
        "seed": seed,
        "metrics": {"test_iid": scores},
        "ranks": {"test_iid": {"text_to_video": ranks.tolist()}},
    }


def rows(after: float, before: float, seeds: int = 5) -> dict[str, list[dict[str, Any]]]:
    return {"made": [row(label, seed, share) for seed in range(seeds)
                     for label, share in (("after", after), ("before", before))]}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "after", "status"),
    [
        ("more", 0.8, "agrees"), ("less", 0.8, "disagrees"), ("less", 0.4, "agrees"), ("more", 0.4, "disagrees"),
        ("more", 0.6, "open"), ("equal", 0.6, "agrees"), ("equal", 0.8, "disagrees"), ("equal", 0.65, "open"),
    ],
)  # fmt: skip
def test_verdicts_follow_from_the_rows(expected: Any, after: float, status: str) -> None:
    twin = Twin(**vars(TWIN) | {"expected": expected})
    judgment = judge(twin, rows(after, 0.6))
    assert (judgment.status, judgment.seeds) == (status, 5)
    assert judgment.change.mean == pytest.approx(100 * (after - 0.6), abs=0.26)  # a query is a quarter of a point


def test_four_pairs_are_no_claim_however_large_the_difference() -> None:
    judgment = judge(TWIN, rows(0.9, 0.1, seeds=4))
    assert verdict_in_words(judgment) == "4 seeds: no claim"
    assert "[" not in points(judgment.change)
    assert verdict_in_words(judge(TWIN, rows(0.9, 0.1, seeds=1))) == "1 seed: no claim"


def test_only_common_seeds_are_pairs() -> None:
    made = rows(0.8, 0.6)["made"]
    made = [one for one in made if not (one["label"] == "before" and one["seed"] > 2)]
    assert judge(TWIN, {"made": made}).seeds == 3
    assert judge(TWIN, {"made": [one for one in made if one["label"] == "after"]}).status == "not run yet"
    assert judge(TWIN, {"made": []}).status == "not run yet"


def test_rows_without_ranks_have_a_mean_and_claim_nothing() -> None:
    made = rows(0.8, 0.6)
    for one in made["made"]:
        del one["ranks"]
    judgment = judge(TWIN, made)
    assert judgment.status == "no claim"
    assert judgment.change.mean == pytest.approx(20, abs=0.26)
    assert points(judgment.change) == "+20.0"


def test_table_and_summary_count_the_same(tmp_path: Path) -> None:
    (tmp_path / "made.json").write_text(json.dumps({"rows": rows(0.8, 0.6)["made"]}))
    twins = (TWIN, Twin(**vars(TWIN) | {"name": "absent"}), Twin("Table 1", "Labels.", "none here"))
    results = read_results(twins, tmp_path)
    text = table(twins, results)
    assert [line.split("|")[4].strip() for line in text.splitlines()[2:]] == [
        "**agrees**",
        "not run yet",
        "no twin",
    ]
    text_below = summary(twins, results)
    assert text_below.startswith("2 of 3 lines have a twin. 1 of these can be judged")
    assert "1 agree, 0 disagree, 0 open" in text_below
    assert "not run yet: 1. If the two recipes of each of the 1 judged orders were equal, 0.05 false" in text_below


@pytest.mark.parametrize(
    "twin", [one for one in (*TWINS, *INHERITED) if one.name], ids=lambda one: f"{one.name}-{one.after}"
)
def test_a_twin_names_arms_that_there_are(twin: Twin) -> None:
    """And they differ in nothing but what the experiment varies, so the catalog is where they come from."""
    labels = {arm.label for arm in get_experiment(twin.name).arms}
    assert {twin.after, twin.before} <= labels
    assert twin.after != twin.before


def test_the_margin_is_what_queries_leave_open() -> None:
    """1.96 deviations of a share of 256 queries, for shares that the toy reaches in the harder search."""
    assert pytest.approx(196 * (0.2 * 0.8 / 256) ** 0.5, abs=0.2) == MARGIN
