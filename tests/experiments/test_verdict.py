"""Verdicts: of eight, how many, against counting by hand; intervals that hold what they should; equal recipes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.evaluation import metrics
from vatt_edu.experiments import verdict


def right_by_drawing(similarity: np.ndarray, choices: int) -> float:
    """Every way to show a query its own item and others, one after the other; ties count against us."""
    items = len(similarity)
    shares = []
    for query in range(items):
        others = [n for n in range(items) if n != query]
        ways = list(itertools.combinations(others, choices - 1))
        right = sum(all(similarity[query, query] > similarity[query, n] for n in shown) for shown in ways)
        shares.append(right / len(ways))
    return choices * float(np.mean(shares))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), items=st.integers(4, 9))
def test_of_eight_is_what_drawing_gives(seed: int, items: int) -> None:
    """With ties among the similarities, too, which are rounded; of four, so that all ways can be tried."""
    import torch

    similarity = np.round(np.random.default_rng(seed).normal(size=(items, items)) + np.eye(items), 1)
    ranks = metrics.ranks(torch.from_numpy(similarity))
    assert metrics.of_eight(ranks, choices=4) == pytest.approx(right_by_drawing(similarity, 4), abs=1e-12)


@pytest.mark.parametrize("items", [8, 9, 256])
def test_guessing_gets_one_of_eight(items: int) -> None:
    assert metrics.of_eight(np.arange(1, items + 1)) == pytest.approx(1)
    assert metrics.of_eight(np.ones(items, int)) == 8
    assert metrics.of_eight(np.full(items, items)) == 0


def test_the_mean_of_the_queries_is_of_eight() -> None:
    ranks = {seed: np.random.default_rng(seed).integers(1, 65, 64).tolist() for seed in range(3)}
    rows = verdict.right_of_eight(ranks)
    assert rows.shape == (3, 64)
    for row, values in zip(rows, ranks.values(), strict=True):
        assert row.mean() == pytest.approx(metrics.of_eight(np.array(values)))


def runs(seeds: range, best: int, queries: int = 128) -> dict[int, list[int]]:
    """Ranks drawn from 1 to ``best``."""
    return {seed: np.random.default_rng([seed, best]).integers(1, best + 1, queries).tolist() for seed in seeds}


def test_a_difference_is_that_of_the_means_and_its_interval_holds_it() -> None:
    good, bad = runs(range(3), 20), runs(range(3), 128)
    change = verdict.difference(good, bad)
    means = [verdict.right_of_eight(one).mean() for one in (good, bad)]
    assert change.mean == pytest.approx(means[0] - means[1])
    assert 0 < change.low < change.mean < change.high
    assert change.verdict == "more"
    assert verdict.difference(bad, good).verdict == "less"
    assert change.seeds == 3


def test_the_same_runs_do_not_differ() -> None:
    """Seeds and queries are drawn together, so a row against itself is zero in every draw."""
    row = runs(range(3), 60)
    assert verdict.difference(row, row) == verdict.Difference(0.0, 0.0, 0.0, 3)


def test_one_seed_is_no_verdict() -> None:
    good, bad = runs(range(1), 10), runs(range(1), 128)
    change = verdict.difference(good, bad)
    assert change.low > 0
    assert change.verdict == "open"


def test_only_common_seeds_count() -> None:
    """Five seeds against three: the three."""
    five, three = runs(range(5), 30), runs(range(3), 90)
    assert verdict.difference(five, three) == verdict.difference({s: five[s] for s in range(3)}, three)


def test_intervals_follow_the_spread_of_seeds() -> None:
    """Where all queries are alike, the interval is that of the bootstrap of the seeds alone."""
    before = {seed: [1] * 16 for seed in range(4)}
    after = {seed: [1 if seed % 2 else 16] * 16 for seed in range(4)}  # all right, or none
    change = verdict.difference(after, before)
    assert change.mean == -4
    assert change.low == -8  # only bad seeds drawn: one time in sixteen
    assert change.high == 0


def test_equal_runs_are_split_in_all_ways() -> None:
    equal = runs(range(10), 40)
    wrong, splits = verdict.false_verdicts(equal)
    assert splits == 126
    assert 0 <= wrong <= splits // 2
    apart = {seed: ([1] if seed < 5 else [128]) * 128 for seed in range(10)}
    assert verdict.false_verdicts(apart)[0] > 1  # not equal at all: any split with a clear majority shows it
