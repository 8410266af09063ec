"""Graders of the exercises in *Evaluation*."""

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def recall(answer: Function) -> None:
    """``answer(similarity, k)``: share of queries whose own item is among the first k, everything against us."""

    def right(s: np.ndarray, k: int) -> float:
        return float(((~(s < np.diag(s)[:, None])).sum(1) <= k).mean())

    def in_order(s: np.ndarray, k: int) -> float:
        order = np.argsort(-s, axis=1, kind="stable")[:, :k]
        return float((order == np.arange(len(s))[:, None]).any(1).mean())

    mistakes = [
        Mistake(lambda s, k: ((s > np.diag(s)[:, None]).sum(1) < k).mean(),
                "equal scores count for you. A model that gives everything the same score would have 100%."),
        Mistake(lambda s, k: ((s >= np.diag(s)[:, None]).sum(1) <= k).mean(),
                "a score that is not a number is not larger and not equal, so it puts nothing before the own item, and "
                "a broken model is perfect. Ask which scores are *not less*."),
        Mistake(in_order, "of equal scores the one that stands first in the file wins. Nothing in the model says so."),
        Mistake(lambda s, k: right(s.T, k),
                "queries are rows here. You let the items look for their queries: another direction, another number."),
        Mistake(lambda s, k: 100 * right(s, k), "that is in per cent. Asked for is a share, from 0 to 1."),
        Mistake(lambda s, k: right(s, k - 1), "ranks count from 1, and the k-th place is still among the first k."),
        Mistake(lambda s, k: float((~(s < np.diag(s)[:, None])).sum(1).mean()), "that is the mean rank."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    coarse = random.integers(0, 4, (9, 9)) / 4
    broken = random.normal(size=(6, 6))
    broken[2] = np.nan
    inputs = [(random.normal(size=(8, 8)), 2), (coarse, 1), (coarse, 5), (np.ones((5, 5)), 1), (broken, 1)]
    print(grade(answer, right, inputs, mistakes))


def who_does_what(answer: Function) -> None:
    """``answer(similarity, partner)``: share of clips that are nearer to their caption than to their partner's."""

    def right(s: np.ndarray, partner: np.ndarray) -> float:
        own, other = np.diag(s), s[np.arange(len(s)), partner]
        return float((own > other).mean() + (own == other).mean() / 2)

    def of(s: np.ndarray, partner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.diag(s), s[np.arange(len(s)), partner]

    def both(s: np.ndarray, partner: np.ndarray) -> float:
        own, other = of(s, partner)
        return float(((own > other) & (own > other)[partner]).mean())

    mistakes = [
        Mistake(lambda s, p: (np.subtract(*of(s, p)) > 0).mean(),
                "a tie counts as wrong. A bag of words has ties only, and it should get what guessing gets."),
        Mistake(lambda s, p: (np.subtract(*of(s, p)) >= 0).mean(),
                "a tie counts as right. A bag of words has ties only, and would know all roles."),
        Mistake(lambda s, p: right(s.T, p),
                "rows are clips, columns captions. You let a caption choose between two clips."),
        Mistake(lambda s, p: (s.argmax(1) == np.arange(len(s))).mean(),
                "that is R@1 in the whole gallery. Only two captions are asked for: its own and its partner's."),
        Mistake(both, "you ask for both clips of a pair at once. Each chooses on its own, and guessing gives 1/2."),
        Mistake(lambda s, p: 1 - right(s, p), "that is the share of wrong choices."),
        Mistake(lambda s, p: 100 * right(s, p), "that is in per cent. Asked for is a share, from 0 to 1."),
    ]  # fmt: skip
    random = np.random.default_rng(1)
    inputs = []
    for pairs, levels in ((6, 0), (8, 3), (5, 1)):
        count = 2 * pairs
        values = random.integers(levels, size=(count, count)) / levels if levels else random.normal(size=(count, count))
        inputs.append((np.asarray(values, float), np.arange(count) ^ 1))
    print(grade(answer, right, inputs, mistakes))
