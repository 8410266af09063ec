"""Answers to the exercises of ``ablations``."""

import math
import statistics

import numpy as np
from scipy import stats

from vatt_edu.teach.checks import ablations as checks


def interval(after: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    """By scipy's own test of paired samples."""
    low, high = stats.ttest_rel(after, before).confidence_interval(0.95)
    return float(low), float(high)


def by_hand(after: np.ndarray, before: np.ndarray, factor: float, over: float, ddof: int = 1) -> tuple[float, float]:
    differences = [a - b for a, b in zip(after, before, strict=True)]
    middle = statistics.fmean(differences)
    spread = math.sqrt(sum((x - middle) ** 2 for x in differences) / (len(differences) - ddof))
    return middle - factor * spread / over, middle + factor * spread / over


def t(share: float, degrees: int) -> float:
    return float(stats.t.ppf(share, degrees))


def unpaired(after: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    low, high = stats.ttest_ind(after, before).confidence_interval(0.95)
    return float(low), float(high)


def best_seeds(after: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    low, high = interval(after, before)
    middle, half = max(after) - max(before), (high - low) / 2
    return middle - half, middle + half


def halves(after: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    low, high = interval(after, before)
    return (low + high) / 2, (high - low) / 2


def swapped_ends(after: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    low, high = interval(after, before)
    return high, low


def spare_seed(after: np.ndarray, before: np.ndarray) -> tuple[float, float]:
    error = math.sqrt((statistics.variance(after.tolist()) + statistics.variance(before.tolist())) / len(after))
    middle, half = statistics.fmean(after) - statistics.fmean(before), t(0.975, len(after) - 1) * error
    return middle - half, middle + half


def selected(val: np.ndarray, test: np.ndarray) -> float:
    """With lists."""
    means = [statistics.fmean(row) for row in val]
    return statistics.fmean(test[means.index(max(means))])


def best_run(val: np.ndarray, test: np.ndarray) -> float:
    row, column = np.unravel_index(np.argmax(val), val.shape)
    return float(test[row, column])


def luckiest(val: np.ndarray, test: np.ndarray) -> float:
    tops = [max(row) for row in val]
    return statistics.fmean(test[tops.index(max(tops))])


REFERENCES = [(checks.interval, interval), (checks.selected, selected)]

WRONG = [
    (checks.interval, unpaired, "difference of each pair first; what a seed does"),
    (checks.interval, spare_seed, "Take the difference of each pair"),
    (checks.interval, lambda a, b: by_hand(a, b, 1.96, len(a) ** 0.5), "1.96 is for a deviation that is known"),
    (checks.interval, lambda a, b: by_hand(a, b, t(0.95, len(a) - 1), len(a) ** 0.5), "5% at each end"),
    (checks.interval, lambda a, b: by_hand(a, b, t(0.975, len(a)), len(a) ** 0.5), "degrees of freedom"),
    (checks.interval, lambda a, b: by_hand(a, b, t(0.975, len(a) - 1), len(a) ** 0.5, 0), "ddof=1"),
    (checks.interval, lambda a, b: by_hand(a, b, t(0.975, len(a) - 1), 1), "one more seed would fall"),
    (checks.interval, lambda a, b: interval(b, a), "the other way round"),
    (checks.interval, best_seeds, "the best seed of each"),
    (checks.interval, halves, "the middle and half the width"),
    (checks.interval, lambda a, b: (min(a - b), max(a - b)), "the range of the seeds"),
    (checks.interval, swapped_ends, "the lower end comes first"),
    (checks.selected, lambda v, t: max(statistics.fmean(row) for row in t), "chosen on the test, which then is"),
    (checks.selected, lambda v, t: float(np.max(t)), "the best of all runs on the test"),
    (checks.selected, lambda v, t: max(statistics.fmean(row) for row in v), "the score by which it was chosen"),
    (checks.selected, best_run, "one run was chosen, with its seed"),
    (checks.selected, luckiest, "the recipe of the luckiest run"),
    (checks.selected, lambda v, t: max(t[list(v.mean(1)).index(max(v.mean(1)))]), "you report its best seed"),
    (checks.selected, lambda v, t: statistics.fmean(t[:, np.argmax(v.sum(0))]), "you chose a seed"),
    (checks.selected, lambda v, t: float(np.mean(t)), "nothing is chosen"),
    (checks.selected, lambda v, t: statistics.fmean(t[np.argmax(v.sum(1) + t.sum(1))]), "the test had a say"),
]
