"""Metrics of retrieval (paper, Table 4)."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

AT = (1, 5, 10)
CHOICES = 8  # of the book's game

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


def of_eight(ranks: Int[np.ndarray, " Q"], choices: int = CHOICES) -> float:
    """How many of eight the model gets right when it is asked eight times and shown eight items each time.

    Expected over all ways to draw the other seven from the gallery: a query whose own item has rank r finds it first
    if none of the r - 1 items before it is drawn. Guessing gives 1, whatever the size of the gallery.

    Args:
        ranks: From 1, in a gallery of as many items as there are queries, at least eight.
        choices: How many items are shown.
    """
    items = len(ranks)
    first = [math.comb(items - int(rank), choices - 1) for rank in ranks]
    return choices * sum(first) / (math.comb(items - 1, choices - 1) * items)


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
