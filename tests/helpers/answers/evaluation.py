"""Answers to the exercises of ``evaluation``."""

import numpy as np
import torch

from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.protocols import roles, ties
from vatt_edu.teach.checks import evaluation as checks

Array = np.ndarray


def recall(similarity: Array, k: int) -> float:
    return float((metrics.ranks(torch.from_numpy(similarity)) <= k).mean())


def by_rule(rule: str):
    return lambda similarity, k: ties.recall(torch.from_numpy(similarity), rule, k)


def not_less_of_ties_only(similarity: Array, k: int) -> float:
    """A loop that counts what is equal, and forgets what is no number."""
    own = similarity.diagonal()
    return float(np.mean([sum(x >= own[n] for x in row) <= k for n, row in enumerate(similarity)]))


def choice(similarity: Array, partner: Array, share_of_ties: float = 0.5) -> float:
    """By the package's ranks of two, where a tie is lost."""
    ranks, tied = roles.ranks_of_two(torch.from_numpy(similarity), partner)
    return float((ranks == 1).mean()) + share_of_ties * tied


def pairs_at_once(similarity: Array, partner: Array) -> float:
    ranks, _ = roles.ranks_of_two(torch.from_numpy(similarity), partner)
    return float(np.mean([ranks[n] == ranks[partner[n]] == 1 for n in range(len(ranks))]))


REFERENCES = [
    (checks.recall, recall),
    (checks.who_does_what, choice),
]

WRONG = [
    (checks.recall, by_rule("ties for us"), "equal scores count for you"),
    (checks.recall, not_less_of_ties_only, "a broken model is perfect"),
    (checks.recall, by_rule("order of the file"), "stands first in the file"),
    (checks.recall, lambda s, k: recall(s.T.copy(), k), "queries are rows"),
    (checks.recall, lambda s, k: 100 * recall(s, k), "in per cent"),
    (checks.recall, lambda s, k: recall(s, k - 1), "still among the first k"),
    (checks.recall, lambda s, k: float(metrics.ranks(torch.from_numpy(s)).mean()), "the mean rank"),
    (checks.recall, lambda s, k: 1 - recall(s, k), "should return"),
    (checks.who_does_what, lambda s, p: choice(s, p, 0.0), "a tie counts as wrong"),
    (checks.who_does_what, lambda s, p: choice(s, p, 1.0), "a tie counts as right"),
    (checks.who_does_what, lambda s, p: choice(s.T.copy(), p), "rows are clips"),
    (checks.who_does_what, lambda s, p: float((s.argmax(1) == np.arange(len(s))).mean()), "in the whole gallery"),
    (checks.who_does_what, pairs_at_once, "both clips of a pair at once"),
    (checks.who_does_what, lambda s, p: 1 - choice(s, p), "wrong choices"),
    (checks.who_does_what, lambda s, p: 100 * choice(s, p), "in per cent"),
    (checks.who_does_what, lambda s, p: 0.5, "should return"),
]
