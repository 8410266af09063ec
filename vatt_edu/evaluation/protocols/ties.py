"""Four rules by which public code ranks a query's own item, and what each makes of equal scores.

Where no two scores of a row are equal, all four agree. Where a model has collapsed, every score is equal, and they give
100%, 1/N, many more ranks than queries, and 0.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from vatt_edu.evaluation import metrics


def optimistic(similarity: Float[Tensor, "Q Q"]) -> Int[np.ndarray, " Q"]:
    """One more than how many items are more alike: what is as alike stands behind the query's own item."""
    own = similarity.diagonal()[:, None]
    return (1 + (similarity > own).sum(1)).cpu().numpy()


def in_order(similarity: Float[Tensor, "Q Q"]) -> Int[np.ndarray, " Q"]:
    """The place of the own item after a stable sort: of equal items the one that stands first in the file is first."""
    order = np.argsort(-similarity.cpu().numpy(), axis=1, kind="stable")
    return 1 + np.argmax(order == np.arange(len(order))[:, None], axis=1)


def every_place(similarity: Float[Tensor, "Q Q"]) -> Int[np.ndarray, " R"]:
    """Every place of the sorted row that holds the own item's score: R ≥ Q ranks, several for a query with ties.

    Code of this form is in many repositories; https://github.com/ArrowLuo/CLIP4Clip/issues/80 is about it.
    """
    scores = similarity.cpu().numpy()
    ordered = -np.sort(-scores, axis=1)
    return 1 + np.nonzero(ordered == np.diag(scores)[:, None])[1]


Rule = Callable[[Float[Tensor, "Q Q"]], Int[np.ndarray, " R"]]

RULES: dict[str, Rule] = {
    "ties for us": optimistic,
    "order of the file": in_order,
    "every equal place": every_place,
    "ties against us": metrics.ranks,
}
"""By the name that the book gives them; the last one is this package's own."""


def recall(similarity: Float[Tensor, "Q Q"], rule: str, k: int) -> float:
    """Share of the ranks that a rule gives which are at most ``k``.

    Args:
        similarity: Of query i and item j; what belongs together is on the diagonal.
        rule: A name in ``RULES``.
        k: From 1.
    """
    return float((RULES[rule](similarity) <= k).mean())
