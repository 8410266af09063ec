"""Graders of the exercises in *Pre-training*."""

import math

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def learning_rate(answer: Function) -> None:
    """``answer(step, peak, last, warmup, steps)``: from 0 up to ``peak``, then half a cosine down to ``last``."""

    def share(step: int, warmup: int, steps: int) -> float:
        return min((step - warmup) / (steps - warmup), 1.0)

    def schedule(step: int, peak: float, last: float, warmup: int, decay: float) -> float:
        return peak * step / warmup if step < warmup else last + (peak - last) * decay

    def half(progress: float) -> float:
        return (1 + math.cos(math.pi * progress)) / 2

    def right(step: int, peak: float, last: float, warmup: int, steps: int) -> float:
        return schedule(step, peak, last, warmup, half(share(step, warmup, steps)))

    mistakes = [
        Mistake(lambda s, p, e, w, n: e + (p - e) * half(min(s / n, 1.0)),
                "there is no warm-up: at step 0 the rate should be 0, and rise in a straight line."),
        Mistake(lambda s, p, e, w, n: schedule(s, p, e, w, half(min(s / n, 1.0))),
                "the rate jumps where the warm-up ends: the cosine should begin there, not at step 0."),
        Mistake(lambda s, p, e, w, n: schedule(s, p, 0.0, w, half(share(s, w, n))),
                "it ends at 0, whatever the last rate should be."),
        Mistake(lambda s, p, e, w, n: schedule(s, p, e, w, math.cos(math.pi / 2 * share(s, w, n))),
                "that is a quarter of a period, as the paper says. Asked for is what the released code does: half of "
                "one, which leaves the peak as gently as it arrives at the end."),
        Mistake(lambda s, p, e, w, n: schedule(s, p, e, w, half((s - w) / (n - w))),
                "beyond the last step the cosine rises again: the rate should stay where it ended."),
        Mistake(lambda s, p, e, w, n: schedule(s, p, e, w, 1 - share(s, w, n)),
                "that falls in a straight line; asked for is half a cosine."),
        Mistake(lambda s, p, e, w, n: p * (s + 1) / w if s < w else right(s, p, e, w, n),
                "the warm-up is one step ahead: step 0 should have the rate 0."),
        Mistake(lambda s, p, e, w, n: schedule(s, p, e, w, half(min((s - w) / n, 1.0))),
                "the cosine is stretched over all steps and is not done at the last: what is left after the warm-up is "
                "shorter."),
    ]  # fmt: skip
    # A peak of 1, so that a rate that is a little off is not lost in the tolerance.
    inputs = [(step, 1.0, 0.2, 80, 1_100) for step in (0, 40, 79, 80, 300, 590, 1_099, 1_100, 1_500)]
    print(grade(answer, right, inputs, mistakes))


def t_value(answer: Function) -> None:
    """``answer(scores, target)``: how many standard errors the mean of some seeds lies above a target."""

    def right(scores: list[float], target: float) -> float:
        return (float(np.mean(scores)) - target) / error(scores)

    def error(scores: list[float]) -> float:
        return float(np.std(scores, ddof=1)) / math.sqrt(len(scores))

    mistakes = [
        Mistake(lambda x, g: (np.mean(x) - g) / (np.std(x) / math.sqrt(len(x))),
                "the spread is too small: it is measured around the seeds' own mean, so divide the squares by one less "
                "than there are seeds (ddof=1)."),
        Mistake(lambda x, g: (np.mean(x) - g) / np.std(x, ddof=1),
                "that is measured in deviations of one seed. A mean of n seeds varies less, by the root of n."),
        Mistake(lambda x, g: (g - np.mean(x)) / error(x),
                "the sign is the other way round: above the target should be positive."),
        Mistake(lambda x, g: abs(np.mean(x) - g) / error(x),
                "a mean below its target gets the same value as one above it. Records are asked from one side only."),
        Mistake(lambda x, g: (np.median(x) - g) / error(x), "the rules ask for the mean of the seeds, not the median."),
        Mistake(lambda x, g: (max(x) - g) / error(x), "that is the best seed. Which one is best is luck."),
        Mistake(lambda x, g: (np.mean(x) - g) / (np.var(x, ddof=1) / math.sqrt(len(x))),
                "divided by a variance; the deviation is its root."),
        Mistake(lambda x, g: (np.mean(x) - g) / (np.std(x, ddof=1) / len(x)),
                "a mean of n seeds varies less by the root of n, not by n."),
        Mistake(lambda x, g: np.mean(x) - g, "that is the distance alone. How much of it can seeds explain?"),
    ]  # fmt: skip
    inputs = [
        ([0.94, 0.96, 0.95, 0.97, 0.93], 0.9),
        ([0.16, 0.14, 0.15, 0.17, 0.14], 0.15),
        ([0.8, 0.86, 0.91, 0.88], 0.9),
    ]
    print(grade(answer, right, inputs, mistakes))
