"""Graders of the exercises in *Ablations*."""

import math

import numpy as np
from scipy import stats

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def interval(answer: Function) -> None:
    """``answer(after, before)``: ends of the 95 % interval of the mean difference, scores paired by their seeds."""

    def around(differences: np.ndarray, degree: float | None = None, ddof: int = 1, root: bool = True) -> np.ndarray:
        count = len(differences)
        factor = stats.t.ppf(0.975, count - 1) if degree is None else degree
        half = factor * np.std(differences, ddof=ddof) / (math.sqrt(count) if root else 1)
        return np.mean(differences) + np.array([-half, half])

    def right(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return around(a - b)

    def unpaired(a: np.ndarray, b: np.ndarray, degrees: int = 2) -> np.ndarray:
        error = math.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / len(a))
        half = stats.t.ppf(0.975, degrees * (len(a) - 1)) * error
        return np.mean(a - b) + np.array([-half, half])

    mistakes = [
        Mistake(unpaired,
                "each recipe scatters on its own there. The seeds are the same, so take the difference of each pair "
                "first; what a seed does to both then cancels."),
        Mistake(lambda a, b: unpaired(a, b, 1),
                "each recipe scatters on its own there. Take the difference of each pair first."),
        Mistake(lambda a, b: around(a - b, 1.96),
                "1.96 is for a deviation that is known. Yours was measured on a few seeds: take the quantile of t."),
        Mistake(lambda a, b: around(a - b, stats.t.ppf(0.95, len(a) - 1)),
                "that leaves 5% at each end. Asked for is 95% in all, so 2.5% at each end."),
        Mistake(lambda a, b: around(a - b, stats.t.ppf(0.975, len(a))),
                "n differences around their own mean leave n - 1 degrees of freedom."),
        Mistake(lambda a, b: around(a - b, ddof=0),
                "the deviation is too small: it is around the seeds' own mean, so divide squares by n - 1 (ddof=1)."),
        Mistake(lambda a, b: around(a - b, root=False),
                "that is where one more seed would fall. The mean of n seeds varies less, by the root of n."),
        Mistake(lambda a, b: right(b, a), "the sign is the other way round: after less before."),
        Mistake(lambda a, b: right(a, b) - np.mean(a - b) + a.max() - b.max(),
                "it is centered on the best seed of each. Which seed is best is luck; take the mean difference."),
        Mistake(lambda a, b: np.array([np.mean(a - b), np.ptp(right(a, b)) / 2]),
                "those are the middle and half the width. Asked for are the two ends."),
        Mistake(lambda a, b: np.array([np.min(a - b), np.max(a - b)]),
                "that is the range of the seeds, which grows with more of them. How uncertain is their mean?"),
        Mistake(lambda a, b: np.sort(right(a, b))[::-1], "the lower end comes first."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    inputs = []
    for seeds in (5, 5, 8):
        shared = random.normal(60, 4, seeds)
        inputs.append((shared + random.normal(2, 1, seeds), shared + random.normal(0, 1, seeds)))
    print(grade(answer, right, inputs, mistakes))


def selected(answer: Function) -> None:
    """``answer(val, test)``: test score of the recipe that is best on val; both tables are recipes by seeds."""

    def right(val: np.ndarray, test: np.ndarray) -> float:
        return float(test[val.mean(1).argmax()].mean())

    def of_best_run(val: np.ndarray, test: np.ndarray) -> float:
        return float(test.ravel()[val.argmax()])

    mistakes = [
        Mistake(lambda v, t: t.mean(1).max(),
                "the recipe was chosen on the test, which then is a test no more. Choose on val, and look at the test "
                "once."),
        Mistake(lambda v, t: t.max(), "that is the best of all runs on the test: recipe and seed were chosen there."),
        Mistake(lambda v, t: v.mean(1).max(),
                "that is the score by which it was chosen. It carries the luck of the choice."),
        Mistake(of_best_run,
                "one run was chosen, with its seed. Whoever uses the recipe gets another seed: choose by the mean over "
                "seeds, and return a mean."),
        Mistake(lambda v, t: t[v.max(1).argmax()].mean(),
                "the recipe of the luckiest run was chosen. Choose by the mean of its seeds."),
        Mistake(lambda v, t: t[v.mean(1).argmax()].max(), "the recipe is right, but you report its best seed."),
        Mistake(lambda v, t: t[:, v.mean(0).argmax()].mean(),
                "rows are recipes and columns are seeds: you chose a seed."),
        Mistake(lambda v, t: t.mean(), "that is the mean over all recipes; nothing is chosen."),
        Mistake(lambda v, t: t[(v.mean(1) + t.mean(1)).argmax()].mean(), "the test had a say in the choice."),
    ]  # fmt: skip
    random = np.random.default_rng(1)
    inputs = []
    for recipes, seeds in ((6, 5), (12, 3), (5, 4), (20, 5), (8, 5), (16, 2)):
        worth = random.normal(60, 2, (recipes, 1)) + random.normal(0, 3, (recipes, seeds))
        inputs.append((worth + random.normal(0, 4, worth.shape), worth + random.normal(-5, 4, worth.shape)))
    print(grade(answer, right, inputs, mistakes))
