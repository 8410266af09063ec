"""Retrieval where more than one item is right, by what is true of them and not by who was paired with whom."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def equal(labels: Sequence[str], others: Sequence[str] | None = None) -> Bool[Tensor, "Q N"]:
    """Which labels are the same, of queries and items: what ``ranks`` and ``average_precision`` take as right.

    Args:
        labels: Of the queries.
        others: Of the items; those of the queries if None.
    """
    rows, columns = np.asarray(labels), np.asarray(labels if others is None else others)
    return torch.from_numpy(rows[:, None] == columns[None])


def ranks(similarity: Float[Tensor, "Q N"], right: Bool[Tensor, "Q N"]) -> Int[np.ndarray, " Q"]:
    """The rank of the first right item, from 1: wrong items that are at least as similar stand before it.

    With one right item in each row it is ``metrics.ranks``.

    Args:
        similarity: Of query i and item j.
        right: Which items answer a query; at least one in each row.

    Raises:
        ValueError: If a query has no right item.
    """
    _require_answers(right)
    best = similarity.masked_fill(~right, -torch.inf).amax(1, keepdim=True)
    return (1 + (~(similarity < best) & ~right).sum(1)).cpu().numpy()


def average_precision(similarity: Float[Tensor, "Q N"], right: Bool[Tensor, "Q N"]) -> Float[np.ndarray, " Q"]:
    """Of each query: the share of right items among the first r, averaged over the places r of its right items.

    1 if all right items come first. Of equal scores, wrong items come first.

    Args:
        similarity: Of query i and item j.
        right: Which items answer a query; at least one in each row.

    Raises:
        ValueError: If a query has no right item.
    """
    _require_answers(right)
    wrong_first = right.int().argsort(dim=1, stable=True)
    order = similarity.gather(1, wrong_first).argsort(dim=1, descending=True, stable=True)
    hits = right.gather(1, wrong_first.gather(1, order)).double()
    precision = hits.cumsum(1) / torch.arange(1, hits.shape[1] + 1)
    return ((precision * hits).sum(1) / hits.sum(1)).cpu().numpy()


def _require_answers(right: Bool[Tensor, "Q N"]) -> None:
    if not bool(right.any(1).all()):
        number = int((~right.any(1)).nonzero()[0])
        raise ValueError(f"query {number} has no right item")
