"""Answers to the exercises of ``vatt_in_one_page``."""

import numpy as np
import torch

from vatt_edu.evaluation.metrics import ranks
from vatt_edu.teach.checks import vatt_in_one_page as checks


def recall(similarity: np.ndarray, k: int) -> float:
    """By the package's own function."""
    return float((ranks(torch.from_numpy(similarity.copy())) <= k).mean())


def topk(similarity: np.ndarray, k: int) -> float:
    """A stable sort puts a row's own before later ties: a model that says nothing gets points."""
    own = np.diag(similarity)[:, None]
    return float((np.sum(similarity > own, axis=1) + 1 <= k).mean())


def by_column(similarity: np.ndarray, k: int) -> float:
    return recall(similarity.T.copy(), k)


def off_by_one(similarity: np.ndarray, k: int) -> float:
    ranks = (similarity >= np.diag(similarity)[:, None]).sum(1)
    return float((ranks < k).mean())


REFERENCES = [
    (checks.recall, recall),
]

WRONG = [
    (checks.recall, topk, "in our favor"),
    (checks.recall, off_by_one, "one place is missing"),
    (checks.recall, by_column, "asks the columns"),
    (checks.recall, lambda s, k: round(len(s) * recall(s, k)), "how many"),
    (checks.recall, lambda s, k: recall(-s, k), "least similar"),
    (checks.recall, lambda s, k: recall(s, 1), "k is not used"),
    (checks.recall, lambda s, k: 100 * recall(s, k), "should return"),
]
