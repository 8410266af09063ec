"""Metrics of classification (paper, Tables 1 and 2), and of retrieval from several windows of a video."""

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vatt_edu.evaluation.metrics import similarities


def windowed_similarities(
    queries: Float[Tensor, "Q D"], items: Float[Tensor, "Q W D"], average: Literal["embeddings", "cosines"]
) -> Float[Tensor, "Q Q"]:
    """Cosines of queries and items that are seen through several windows each, in float64.

    Args:
        queries: One row each.
        items: The windows of each.
        average: As released, over the windows' embeddings before they are normalized, or over their cosines.
    """
    if average == "embeddings":
        return similarities(queries, items.double().mean(1))
    queries, items = (torch.nn.functional.normalize(x.double(), dim=-1) for x in (queries, items))
    return torch.einsum("qd,iwd->qi", queries, items) / items.shape[1]


def top_k(scores: Float[Tensor, "B classes"], labels: Int[Tensor, " B"], k: int) -> float:
    """Share of rows whose label is among the ``k`` largest scores; a tie counts against us, as in ``ranks``."""
    own = scores.gather(1, labels[:, None])
    return float(((~(scores < own)).sum(1) <= k).double().mean())


def average_precision(scores: Float[Tensor, " B"], positive: Bool[Tensor, " B"]) -> float:
    """Precision averaged over the recalls reached at each threshold (scikit-learn's definition, no interpolation).

    Equal scores are one threshold. NaN if nothing is positive.
    """
    order = scores.argsort(descending=True, stable=True)
    hits = positive[order].double().cumsum(0)
    ends = _ends(scores[order])
    hits, retrieved = hits[ends], ends.double() + 1
    gains = torch.diff(hits, prepend=hits.new_zeros(1))
    return float((gains * hits / retrieved).sum() / hits[-1])


def area_under_roc(scores: Float[Tensor, " B"], positive: Bool[Tensor, " B"]) -> float:
    """The chance that a positive row scores higher than a negative one, a tie for half; NaN if one kind is absent."""
    _, place, counts = scores.unique(return_inverse=True, return_counts=True)
    below = counts.cumsum(0) - counts
    middle = (below + (counts + 1) / 2.0).double()[place]  # mean rank from 1 of each group of ties
    hits, misses = positive.double().sum(), (~positive).double().sum()
    return float((middle[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def d_prime(auc: float) -> float:
    """√2 Φ⁻¹(AUC): how far two normal distributions of variance 1 lie apart that have this AUC. Infinite at 1."""
    return float(2**0.5 * torch.special.ndtri(torch.tensor(auc, dtype=torch.float64)))


def multi_label(scores: Float[Tensor, "B classes"], labels: Bool[Tensor, "B classes"]) -> dict[str, float]:
    """mAP, AUC and d′ as released: each a mean over the classes, d′ too (not that of the mean AUC).

    Classes that no row has, or every row, tell nothing and are left out; ``classes`` says how many are in.
    """
    counts = labels.sum(0)
    classes = [int(c) for c in ((counts > 0) & (counts < len(labels))).nonzero()[:, 0]]
    if not classes:
        return {"mAP": float("nan"), "AUC": float("nan"), "d_prime": float("nan"), "classes": 0}
    precision = [average_precision(scores[:, c], labels[:, c]) for c in classes]
    auc = [area_under_roc(scores[:, c], labels[:, c]) for c in classes]
    return {
        "mAP": sum(precision) / len(classes),
        "AUC": sum(auc) / len(classes),
        "d_prime": sum(map(d_prime, auc)) / len(classes),
        "classes": len(classes),
    }


def _ends(ordered: Float[Tensor, " B"]) -> Int[Tensor, " groups"]:
    """The last place of each group of equal values."""
    last = torch.ones(len(ordered), dtype=torch.bool)
    last[:-1] = ordered[:-1] != ordered[1:]
    return last.nonzero()[:, 0]
