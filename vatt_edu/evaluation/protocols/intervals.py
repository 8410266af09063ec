"""How uncertain is a share of queries, and how uncertain a difference between two models?"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

RESAMPLES, LEVEL = 2_000, 0.95


class Interval(NamedTuple):
    """A number and where it may lie.

    Attributes:
        value: What was measured.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether zero lies outside."""
        return not self.low <= 0 <= self.high


def wilson(hits: int, queries: int, level: float = LEVEL) -> Interval:
    """The share of hits among independent queries, with Wilson's interval (1927).

    All true shares that would not be rejected by what was seen. It stays within 0 and 1, and has a width at 0 and at 1,
    where a bootstrap has none.

    Args:
        hits: From 0 to ``queries``.
        queries: At least 1.
        level: How often such an interval holds the true share, about.

    Raises:
        ValueError: If there are no queries, or more hits than queries.
    """
    if not 0 <= hits <= queries or queries < 1:
        raise ValueError(f"{hits} hits of {queries} queries are no share")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, extra = hits / queries, z * z / queries
    middle = (share + extra / 2) / (1 + extra)
    half = z * math.sqrt(share * (1 - share) / queries + extra / (4 * queries)) / (1 + extra)
    return Interval(share, middle - half if hits else 0.0, middle + half if hits < queries else 1.0)


def paired(
    after: Float[np.ndarray, " Q"], before: Float[np.ndarray, " Q"], seed: int = 0, level: float = LEVEL
) -> Interval:
    """The mean difference over queries that both were asked, with a bootstrap interval: queries are drawn in pairs.

    What makes a query easy for both cancels, so it is narrower than two intervals side by side suggest.

    Args:
        after: A number for each query, such as whether its own item was among the first five.
        before: The same of what it is compared with.
        seed: Of the draws.
        level: Share of the draws that lie within.
    """
    difference = np.asarray(after, np.float64) - np.asarray(before, np.float64)
    draws = np.random.default_rng(seed).integers(len(difference), size=(RESAMPLES, len(difference)))
    low, high = np.quantile(difference[draws].mean(1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(difference.mean()), float(low), float(high))
