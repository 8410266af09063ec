"""Is one row of an experiment better than another, or only luckier?

A difference is judged by a bootstrap over queries and seeds: both rows are asked the same queries, so those are drawn
together; seeds are drawn with replacement, the same ones for both rows where both have them. A row is *better* if the
interval of the difference lies above zero. Few seeds make such intervals too narrow, so what the rule says of equal
recipes is measured, too: ten runs of one recipe, split in all ways into two times five.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from vatt_edu.evaluation.metrics import CHOICES

RESAMPLES = 2_000
LEVEL = 0.95

Ranks = Mapping[int, Sequence[int]]
"""Of a row: seed → rank of each query's own item."""


@dataclass(frozen=True)
class Difference:
    """How many more of eight the one row gets right than the other.

    Attributes:
        mean: Over seeds and queries.
        low: Lower end of the interval.
        high: Upper end.
        seeds: How many the row with fewer has.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def verdict(self) -> Literal["more", "less", "open"]:
        """Whether the interval lies above zero, below it, or holds it; one seed is no verdict."""
        if self.seeds < 2 or self.low <= 0 <= self.high:
            return "open"
        return "more" if self.low > 0 else "less"


def right_of_eight(ranks: Ranks) -> Float[np.ndarray, "S Q"]:
    """For each seed and query, eight times the chance that it is answered rightly among seven others drawn.

    Its mean over the queries is ``metrics.of_eight``.
    """
    rows = []
    for _, values in sorted(ranks.items()):
        items = len(values)
        every = math.comb(items - 1, CHOICES - 1)
        rows.append([CHOICES * math.comb(items - rank, CHOICES - 1) / every for rank in values])
    return np.array(rows)


def difference(after: Ranks, before: Ranks, seed: int = 0) -> Difference:
    """How many more of eight ``after`` gets right than ``before``, with a bootstrap interval.

    Args:
        after: Of the row that is judged.
        before: Of the row it is compared with, for the same queries; only seeds that both have are used, unless they
            have none in common.
        seed: Of the draws.
    """
    common = sorted(set(after) & set(before))
    pairs = [{key: row[key] for key in common} if common else row for row in (after, before)]
    a, b = map(right_of_eight, pairs)
    return difference_of_scores(a, b, bool(common), seed)


def difference_of_scores(
    a: Float[np.ndarray, "S Q"], b: Float[np.ndarray, "P Q"], paired: bool = True, seed: int = 0
) -> Difference:
    """How much larger the mean of ``a`` is than that of ``b``, with an interval over queries and seeds.

    Args:
        a: A number for each seed and query.
        b: The same of what it is compared with.
        paired: Whether row i of both has the same seed: then seeds are drawn together.
        seed: Of the draws.
    """
    random = np.random.default_rng(seed)
    queries = _draws(random, a.shape[1])
    seeds_a = _draws(random, len(a))
    seeds_b = seeds_a if paired else _draws(random, len(b))
    samples = ((seeds_a @ a) * queries).sum(1) - ((seeds_b @ b) * queries).sum(1)
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Difference(float(a.mean() - b.mean()), float(low), float(high), min(len(a), len(b)))


def _draws(random: np.random.Generator, count: int) -> Float[np.ndarray, "R N"]:
    """Weights of ``count`` things, drawn that many times with replacement: a row for each resample."""
    return random.multinomial(count, [1 / count] * count, size=RESAMPLES) / count


def false_verdicts(equal: Ranks, group: int = 5) -> tuple[int, int]:
    """How many of the splits of equal runs into two groups get a verdict, and how many splits there are.

    Args:
        equal: Runs of one recipe.
        group: Runs on each side.
    """
    runs = sorted(equal)
    splits = wrong = 0
    for one in itertools.combinations(runs, group):
        for other in itertools.combinations([run for run in runs if run not in one], group):
            if one < other:  # each split once
                a, b = ({n: equal[run] for n, run in enumerate(side)} for side in (one, other))
                splits += 1
                wrong += difference(a, b).verdict != "open"
    return wrong, splits
