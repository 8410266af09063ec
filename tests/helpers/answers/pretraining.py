"""Answers to the exercises of ``pretraining``."""

import math
import statistics

import numpy as np

from vatt_edu.config import OptimConfig
from vatt_edu.teach.checks import pretraining as checks
from vatt_edu.training import schedule


def learning_rate(step: int, peak: float, last: float, warmup: int, steps: int) -> float:
    """By the package."""
    return schedule.learning_rate(step, OptimConfig(lr=peak, final_lr=last, warmup_steps=warmup), steps)


def t_value(scores: list[float], target: float) -> float:
    """By the standard library."""
    return (statistics.fmean(scores) - target) / (statistics.stdev(scores) / math.sqrt(len(scores)))


def after(start: int, decay):
    """A schedule with the right warm-up and another way down."""

    def rate(step: int, peak: float, last: float, warmup: int, steps: int) -> float:
        if step < warmup:
            return peak * step / warmup
        return last + (peak - last) * decay(step - start * warmup, steps - start * warmup)

    return rate


def half(done: float, length: float) -> float:
    return 0.5 + 0.5 * math.cos(math.pi * min(done / length, 1.0))


def quarter(done: float, length: float) -> float:
    return math.cos(math.pi * min(done / length, 1.0) / 2)


def cold(step: int, peak: float, last: float, warmup: int, steps: int) -> float:
    return last + (peak - last) * half(step, steps)


def early(step: int, peak: float, last: float, warmup: int, steps: int) -> float:
    return (step + 1) * peak / warmup if step < warmup else learning_rate(step, peak, last, warmup, steps)


def stretched(step: int, peak: float, last: float, warmup: int, steps: int) -> float:
    return learning_rate(step, peak, last, warmup, steps + warmup)


def spread(scores: list[float], target: float, ddof: int = 1, power: float = 0.5, root: float = 0.5) -> float:
    squares = sum((x - np.mean(scores)) ** 2 for x in scores) / (len(scores) - ddof)
    return float((np.mean(scores) - target) / (squares**power / len(scores) ** root))


def centered(center):
    return lambda x, g: (center(x) - g) / (statistics.stdev(x) / len(x) ** 0.5)


REFERENCES = [(checks.learning_rate, learning_rate), (checks.t_value, t_value)]

WRONG = [
    (checks.learning_rate, cold, "there is no warm-up"),
    (checks.learning_rate, after(0, half), "jumps where the warm-up ends"),
    (checks.learning_rate, lambda s, p, e, w, n: learning_rate(s, p, 0.0, w, n), "it ends at 0"),
    (checks.learning_rate, after(1, quarter), "a quarter of a period"),
    (checks.learning_rate, after(1, lambda a, b: 0.5 + 0.5 * math.cos(math.pi * a / b)), "rises again"),
    (checks.learning_rate, after(1, lambda a, b: max(1 - a / b, 0.0)), "a straight line; asked for is half a cosine"),
    (checks.learning_rate, early, "one step ahead"),
    (checks.learning_rate, stretched, "stretched over all steps"),
    (checks.t_value, lambda x, g: spread(x, g, ddof=0), "ddof=1"),
    (checks.t_value, lambda x, g: spread(x, g, root=0), "deviations of one seed"),
    (checks.t_value, lambda x, g: -t_value(x, g), "the other way round"),
    (checks.t_value, lambda x, g: abs(t_value(x, g)), "from one side only"),
    (checks.t_value, centered(statistics.median), "not the median"),
    (checks.t_value, centered(max), "the best seed"),
    (checks.t_value, lambda x, g: spread(x, g, power=1), "divided by a variance"),
    (checks.t_value, lambda x, g: spread(x, g, root=1), "the root of n, not by n"),
    (checks.t_value, lambda x, g: statistics.fmean(x) - g, "the distance alone"),
]
