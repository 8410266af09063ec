"""Metrics of retrieval (paper, Table 4) and of classification (Tables 1 and 2)."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

AT = (1, 5, 10)

# Queries and items of each direction of retrieval, by modality and space.
DIRECTIONS = {
    "text_to_video": ("text_vt", "video_vt"),
    "video_to_text": ("video_vt", "text_vt"),
    "video_to_audio": ("video_va", "audio_va"),
    "audio_to_video": ("audio_va", "video_va"),
    "audio_to_text": ("audio_vt", "text_vt"),  # never trained: audio sent through the video's map
    "text_to_audio": ("text_vt", "audio_vt"),
}


def ranks(similarity: Float[Tensor, "Q Q"]) -> Int[np.ndarray, " Q"]:
    """The rank of each query's own item, from 1; items that are as similar as it stand before it.

    Counting ties against ourselves means that a collapsed model, for which everything is equal, gets the last rank.
    """
    own = similarity.diagonal()[:, None]
    return (~(similarity < own)).sum(1).cpu().numpy()  # what is not less counts, so a NaN counts against us too


def retrieval(similarity: Float[Tensor, "Q Q"]) -> dict[str, float]:
    """Recall at 1, 5 and 10 (fractions) and the median rank, from the similarity of query i and item j."""
    return from_ranks(ranks(similarity))


def from_ranks(ranks: Int[np.ndarray, " Q"]) -> dict[str, float]:
    """Recall at 1, 5 and 10 and the median of given ranks."""
    recalls = {f"R@{k}": float((ranks <= k).mean()) for k in AT}
    return {**recalls, "MedR": float(np.median(ranks))}


def bootstrap(
    ranks: Int[np.ndarray, " Q"], resamples: int = 2_000, seed: int = 0, level: float = 0.95
) -> dict[str, list[float]]:
    """Percentile intervals of the same numbers when the queries are drawn anew, with replacement.

    It says how much other queries would have changed a number, in the same gallery and with the same weights; what
    another seed of training changes is not in it. A recall of 0 or of 1 gets an interval without width.

    Args:
        ranks: From 1.
        resamples: How many times Q of them are drawn.
        seed: Of the draws.
        level: Share of the draws that lie within.

    Returns:
        ``[low, high]`` of each name in ``from_ranks``.
    """
    random = np.random.default_rng(seed)
    samples = ranks[random.integers(len(ranks), size=(resamples, len(ranks)))]
    values = {f"R@{k}": (samples <= k).mean(1) for k in AT} | {"MedR": np.median(samples, 1)}
    ends = [(1 - level) / 2, (1 + level) / 2]
    return {name: [float(end) for end in np.quantile(value, ends)] for name, value in values.items()}


def chance(items: int) -> dict[str, float]:
    """What guessing gives on average: every rank from 1 to ``items`` is equally likely."""
    return from_ranks(np.arange(1, items + 1))


def similarities(queries: Float[Tensor, "Q D"], items: Float[Tensor, "Q D"]) -> Float[Tensor, "Q Q"]:
    """Cosines, in float64 and each summed in the same order, so that ties are ties of the embeddings, not of rounding.

    A matrix product adds in an order that may depend on the place in the matrix, so that on some processors two equal
    items come out a bit apart.
    """
    queries, items = (torch.nn.functional.normalize(x.double(), dim=1) for x in (queries, items))
    return torch.stack([(query * items).sum(1) for query in queries])


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


# Classification -------------------------------------------------------------------------------------------------------


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
    hits, seen = hits[ends], ends.double() + 1
    gained = torch.diff(hits, prepend=hits.new_zeros(1))
    return float((gained * hits / seen).sum() / hits[-1])


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
    told = [int(c) for c in ((counts > 0) & (counts < len(labels))).nonzero()[:, 0]]
    if not told:
        return {"mAP": float("nan"), "AUC": float("nan"), "d_prime": float("nan"), "classes": 0}
    precision = [average_precision(scores[:, c], labels[:, c]) for c in told]
    auc = [area_under_roc(scores[:, c], labels[:, c]) for c in told]
    return {
        "mAP": sum(precision) / len(told),
        "AUC": sum(auc) / len(told),
        "d_prime": sum(map(d_prime, auc)) / len(told),
        "classes": len(told),
    }


def _ends(ordered: Float[Tensor, " B"]) -> Int[Tensor, " groups"]:
    """The last place of each group of equal values."""
    last = torch.ones(len(ordered), dtype=torch.bool)
    last[:-1] = ordered[:-1] != ordered[1:]
    return last.nonzero()[:, 0]
