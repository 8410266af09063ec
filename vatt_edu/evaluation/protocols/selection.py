"""Choosing the best of several: how much of its gain is the recipe, how much the seed, how much the gallery.

Whoever tries several recipes and prints the best has chosen its luck along with it (chapter *Ablations*). On another
gallery the luck of the gallery is gone, with another seed that of the seed; the recipe remains (the winner's curse). Of
runs that are there, ``best_of`` counts it exactly; ``winner`` says it of scores that are sums of three normal parts,
whose sizes ``spreads`` reads off the runs.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

POINTS, REACH = 2_001, 9.0
"""Points of the integral over a normal distribution, and how many deviations to either side it goes."""


def best_of(val: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"], k: int) -> tuple[float, float]:
    """Of the best of ``k`` runs by ``val``: its ``val``, and its ``other``, as means over all sets of ``k`` runs.

    No set is drawn. The run at place j of n by ``val``, from 1 for the worst, is the best of as many sets as ``k - 1``
    others can be chosen from the j - 1 below it. Runs that are equal on ``val`` share their chances.

    Args:
        val: A score for each run, by which one is chosen.
        other: The same runs, where nothing is chosen.
        k: How many runs are looked at, from 1 to all.

    Raises:
        ValueError: If there are fewer runs.
    """
    if not 1 <= k <= len(val):
        raise ValueError(f"the best of {k} among {len(val)} runs")
    order = np.argsort(val, kind="stable")
    ranked, there = np.asarray(val, np.float64)[order], np.asarray(other, np.float64)[order]
    every = math.comb(len(ranked), k)
    chances = np.array([math.comb(place, k - 1) / every for place in range(len(ranked))])
    for value in np.unique(ranked):
        chances[ranked == value] = chances[ranked == value].mean()
    return float(chances @ ranked), float(chances @ there)


def expected_best(k: int) -> float:
    """How many deviations the largest of ``k`` normal numbers lies above their mean, on average.

    Args:
        k: At least 1.

    Raises:
        ValueError: If there is none.
    """
    if k < 1:
        raise ValueError(f"the best of {k}")
    z = np.linspace(-REACH, REACH, POINTS)
    below = np.array([NormalDist().cdf(x) for x in z])
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float((z * k * density * below ** (k - 1)).sum() * (z[1] - z[0]))


def gallery_spread(share: float, queries: int) -> float:
    """Deviation of a share of independent queries, in points: what other queries alone would change.

    Args:
        share: Of the queries that are answered, in [0, 1].
        queries: How many, at least 1.
    """
    return 100 * math.sqrt(share * (1 - share) / queries)


@dataclass(frozen=True)
class Spreads:
    """Deviations of the three parts of a score, in points.

    Attributes:
        recipe: Of what recipes are worth, over recipes.
        seed: Of what a trained model is worth, over seeds of one recipe.
        gallery: Of what a gallery adds to or takes from one model.
    """

    recipe: float
    seed: float
    gallery: float


class Winner(NamedTuple):
    """What the best of k has, each as points above the mean of all candidates.

    Attributes:
        chosen: Where it was chosen.
        same_model: The same weights on another gallery.
        fresh_seed: The same recipe, trained with another seed, on another gallery.
    """

    chosen: float
    same_model: float
    fresh_seed: float


def winner(k: int, parts: Spreads) -> Winner:
    """What to expect of the best of ``k`` candidates, one run each, all of one mean, their parts normal.

    With the variance v of a score and a part with variance w in it, the best of k lies ``expected_best(k)`` roots of v
    above the mean, and w / v of that belongs to the part.

    Args:
        k: Candidates.
        parts: Deviations of the three parts.
    """
    recipe, seed, gallery = parts.recipe**2, parts.seed**2, parts.gallery**2
    whole = recipe + seed + gallery
    if whole == 0:
        return Winner(0.0, 0.0, 0.0)
    unit = expected_best(k) / math.sqrt(whole)
    return Winner(unit * whole, unit * (recipe + seed), unit * recipe)


def spreads(val: Float[np.ndarray, "K S"], test: Float[np.ndarray, "K S"]) -> Spreads:
    """The three parts, from recipes with several seeds each on two galleries.

    Two runs of one recipe with different seeds, on different galleries, share the recipe alone: their covariance over
    recipes is its variance. One run on two galleries shares the seed, too. What is left of the variance on ``val`` is
    the gallery's. A variance that comes out negative is 0.

    Args:
        val: A score for each of K recipes and S seeds, at least two each.
        test: The same runs on another gallery.
    """
    a = np.asarray(val, np.float64) - np.mean(val, axis=0)
    b = np.asarray(test, np.float64) - np.mean(test, axis=0)
    cross = a.T @ b / (len(a) - 1)  # covariance of seed i on val and seed j on test
    seeds = len(cross)
    same = float(np.trace(cross)) / seeds
    recipe = (float(cross.sum()) - seeds * same) / (seeds * (seeds - 1))
    whole = float((a**2).sum()) / (len(a) - 1) / seeds
    return Spreads(*(math.sqrt(max(part, 0.0)) for part in (recipe, same - recipe, whole - same)))
