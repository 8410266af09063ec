"""The passage from the video-audio to the video-text space, choked: which words come through a few components?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float, Shaped
from torch import Tensor

from vatt_edu.evaluation.metrics import ranks, similarities
from vatt_edu.teach.interactive.base import Live

ORDERS = ("keep only the largest", "throw away the largest")


def choke(vectors: Float[Tensor, "n D"], count: int, keep: bool = True) -> Float[Tensor, "n D"]:
    """The same vectors with only their ``count`` largest principal components, or with all but these.

    Args:
        vectors: At least as many as components that are counted.
        count: How many components.
        keep: Whether these are kept; otherwise they are what is thrown away.
    """
    mean = vectors.mean(0)
    directions = torch.linalg.svd(vectors - mean, full_matrices=False)[2][:count]
    along = (vectors - mean) @ directions.T @ directions
    return mean + along if keep else vectors - along


def right_words(similarity: Float[Tensor, "n n"], labels: Mapping[str, Shaped[np.ndarray, " n"]]) -> dict[str, float]:
    """For each factor, the share of sentences whose first clip has the value that the sentence's own clip has."""
    first = similarity.argmax(1).numpy()
    return {factor: float((values[first] == values).mean()) for factor, values in labels.items()}


def by_chance(values: Shaped[np.ndarray, " n"]) -> float:
    """The share for which a clip drawn at random has the value of the sentence's own."""
    counts = np.unique(values, return_counts=True)[1]
    return float(np.square(counts / len(values)).sum())


class Passage(Live):
    """How many of the sentences find a clip of the named color, action and material through a choked passage.

    Inputs: ``count``, of components; ``order``, which of ``ORDERS``. Outputs: ``shares``, of each factor and last of
    the sentences whose own clip is among the first five.
    """

    script = "passage.js"
    factors: Any = traitlets.List().tag(sync=True)
    chance: Any = traitlets.List().tag(sync=True)
    orders: Any = traitlets.List(list(ORDERS)).tag(sync=True)
    count = traitlets.Int(6).tag(sync=True)
    order = traitlets.Int(0).tag(sync=True)
    shares: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        va: Float[Tensor, "n D"],
        text: Float[Tensor, "n E"],
        to_vt: Callable[..., Float[Tensor, "n E"]],
        labels: Mapping[str, Shaped[np.ndarray, " n"]],
        most: int = 16,
    ) -> None:
        """Makes the figure.

        Args:
            va: Of the clips in the video-audio space.
            text: Of their sentences in the video-text space.
            to_vt: From the one to the other; its second argument says which rows are valid.
            labels: For each factor, the values of the clips.
            most: Components that the slider goes up to.
        """
        self._va, self._text, self._to_vt, self._labels = va, text, to_vt, labels
        self._computed: dict[tuple[int, int], list[float]] = {}
        counts = range(1, most + 1)
        table = {"shares": [[self._through(count, order) for count in counts] for order in range(len(ORDERS))]}
        chance = [round(by_chance(values), 4) for values in labels.values()]
        super().__init__(factors=list(labels), chance=chance, table=table)
        self.observe(self._choose, ["count", "order"])
        self._choose()

    def _choose(self, _: Any = None) -> None:
        self.shares = self._through(self.count, self.order)

    @torch.no_grad()
    def _through(self, count: int, order: int) -> list[float]:
        if (count, order) not in self._computed:
            passed = self._to_vt(choke(self._va, count, keep=order == 0), torch.ones(len(self._va), dtype=torch.bool))
            similarity = similarities(self._text, passed)
            recall = float((ranks(similarity) <= 5).mean())
            shares: Sequence[float] = [*right_words(similarity, self._labels).values(), recall]
            self._computed[count, order] = [round(share, 4) for share in shares]
        return self._computed[count, order]
