"""Graders of the exercises in *VATT in one page*."""

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def recall(answer: Function) -> None:
    """``answer(similarity, k)``: share of rows whose own column, of the same number, is among the first ``k``.

    Ties count against us: a row has its own in the first ``k`` if fewer than ``k`` others are at least as similar.
    """

    def place(similarity: np.ndarray) -> np.ndarray:
        others = (similarity >= np.diag(similarity)[:, None]).sum(1) - 1
        return others + 1

    def right(similarity: np.ndarray, k: int) -> float:
        return float((place(similarity) <= k).mean())

    def kind(similarity: np.ndarray, k: int) -> float:
        return float(((similarity > np.diag(similarity)[:, None]).sum(1) < k).mean())

    mistakes = [
        Mistake(kind, "ties are counted in our favor: a model that says the same of everything would be perfect."),
        Mistake(lambda s, k: float((place(s) < k).mean()), "one place is missing: with k = 1 nothing can ever count."),
        Mistake(lambda s, k: right(s.T, k),
                "that asks the columns: each row is a question, and its answers lie along it."),
        Mistake(lambda s, k: int((place(s) <= k).sum()), "that is how many. Asked for is their share."),
        Mistake(lambda s, k: right(-s, k), "the least similar come first: larger is more similar."),
        Mistake(lambda s, k: right(s, 1), "k is not used."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    matrix = random.normal(size=(12, 12)) + 1.5 * np.eye(12)
    inputs = [(matrix, 1), (matrix, 3), (np.round(matrix), 3), (np.zeros((8, 8)), 5)]
    print(grade(answer, right, inputs, mistakes))
