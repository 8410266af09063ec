"""Choosing the best of several: exact counts against every set written out, and formulas against draws."""

import itertools
import math

import numpy as np
import pytest

from vatt_edu.evaluation.protocols.selection import (
    Spreads,
    best_of,
    expected_best,
    gallery_spread,
    spreads,
    winner,
)


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_best_of_is_the_mean_over_all_sets(k: int) -> None:
    random = np.random.default_rng(k)
    val, test = random.normal(size=(2, 7))
    pairs = []
    for group in itertools.combinations(range(7), k):
        best = max(group, key=lambda run: val[run])
        pairs.append((val[best], test[best]))
    assert best_of(val, test, k) == pytest.approx(tuple(np.mean(pairs, axis=0)), abs=1e-12)


def test_runs_that_are_equal_share_their_chances() -> None:
    """In whatever order they stand, each of the tied is as likely to be taken."""
    val, test = np.array([1.0, 2.0, 2.0, 2.0]), np.array([0.0, 3.0, 6.0, 9.0])
    pairs = []
    for group in itertools.combinations(range(4), 2):
        top = max(val[run] for run in group)
        pairs.append(np.mean([test[run] for run in group if val[run] == top]))
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        assert best_of(val[order], test[order], 2)[1] == pytest.approx(np.mean(pairs), abs=1e-12)


@pytest.mark.parametrize("k", [0, 4])
def test_more_runs_than_there_are(k: int) -> None:
    with pytest.raises(ValueError, match=f"the best of {k} among 3 runs"):
        best_of(np.arange(3.0), np.arange(3.0), k)


def test_the_largest_of_a_few_normals() -> None:
    """Closed forms: 0, 1/√π, 3/(2√π); and what 200,000 draws of 16 give, within five of their standard errors."""
    assert expected_best(1) == pytest.approx(0, abs=1e-9)
    assert expected_best(2) == pytest.approx(1 / math.sqrt(math.pi), abs=1e-9)
    assert expected_best(3) == pytest.approx(1.5 / math.sqrt(math.pi), abs=1e-9)
    largest = np.random.default_rng(0).normal(size=(200_000, 16)).max(1)
    assert expected_best(16) == pytest.approx(largest.mean(), abs=5 * largest.std() / 200_000**0.5)
    with pytest.raises(ValueError, match="the best of 0"):
        expected_best(0)


@pytest.mark.parametrize(
    "parts", [Spreads(0.0, 0.0, 3.0), Spreads(0.0, 2.0, 3.0), Spreads(2.0, 1.0, 1.0), Spreads(3.0, 0.0, 0.0)]
)
def test_the_winner_is_what_draws_give(parts: Spreads) -> None:
    random, k, times = np.random.default_rng(1), 8, 40_000
    recipe, seed, gallery = (
        size * random.normal(size=(times, k)) for size in (parts.recipe, parts.seed, parts.gallery)
    )
    best = (recipe + seed + gallery).argmax(1)[:, None]
    drawn = [np.take_along_axis(x, best, 1)[:, 0] for x in (recipe + seed + gallery, recipe + seed, recipe)]
    for value, sample in zip(winner(k, parts), drawn, strict=True):
        assert value == pytest.approx(sample.mean(), abs=max(1e-9, 5 * sample.std() / times**0.5))


def test_what_the_winner_keeps() -> None:
    assert winner(16, Spreads(0.0, 0.0, 0.0)) == (0, 0, 0)
    chosen, same_model, fresh_seed = winner(16, Spreads(0.0, 2.0, 3.0))
    assert chosen > same_model > fresh_seed == 0  # equal recipes: with another seed nothing is left
    losses = [
        winner(k, Spreads(1.0, 2.0, 3.0)).chosen - winner(k, Spreads(1.0, 2.0, 3.0)).fresh_seed for k in (1, 2, 8, 64)
    ]
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(0, abs=1e-9)


def test_gallery_spread_is_that_of_a_coin() -> None:
    assert gallery_spread(0.5, 100) == pytest.approx(5)
    hits = np.random.default_rng(0).random((20_000, 256)) < 0.2
    drawn = 100 * hits.mean(1)
    # The standard error of a deviation from n draws is about itself divided by the root of 2n.
    assert gallery_spread(0.2, 256) == pytest.approx(drawn.std(), abs=5 * drawn.std() / 40_000**0.5)


def test_spreads_are_read_off_runs() -> None:
    """Of 4,000 recipes with 4 seeds: each part within 5 % of what was put in, which is five standard errors or more."""
    random, true = np.random.default_rng(2), Spreads(2.0, 1.5, 3.0)
    model = true.recipe * random.normal(size=(4_000, 1)) + true.seed * random.normal(size=(4_000, 4))
    val, test = (model + shift + true.gallery * random.normal(size=model.shape) for shift in (20.0, 12.0))
    parts = spreads(val, test)
    for name in ("recipe", "seed", "gallery"):
        assert getattr(parts, name) == pytest.approx(getattr(true, name), rel=0.05), name


def test_equal_runs_have_no_spread() -> None:
    constant = np.full((5, 3), 7.0)
    assert spreads(constant, constant) == Spreads(0.0, 0.0, 0.0)
