"""Training as it goes: one sentence among the clips of a gallery, at each moment at which the model was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float

from vatt_edu.evaluation import metrics
from vatt_edu.teach.interactive.base import Live


def ranks(cosines: Float[np.ndarray, "Q N"], own: Sequence[int]) -> list[int]:
    """The rank of each sentence's own clip, from 1 (``metrics.ranks``, ties against it).

    Args:
        cosines: One row a sentence, one column a clip.
        own: For each sentence, the number of its clip.
    """
    table = torch.from_numpy(np.asarray(cosines, np.float64))
    count = table.shape[1]
    square = torch.full((count, count), float("nan"), dtype=torch.float64)
    for row, clip in zip(table, own, strict=True):
        square[clip] = row
    return [int(metrics.ranks(square)[clip]) for clip in own]


class Learning(Live):
    """A slider over a training run: the curves of loss and retrieval, and where one sentence puts the gallery's clips.

    Inputs: ``moment``, the number of the measurement; ``query``, the number of the sentence. Outputs: ``rank`` of the
    sentence's own clip, ``loss`` and ``recall`` at that moment.

    Attributes:
        steps: At which the model was measured.
        losses: Mean of the two losses up to each of them.
        recalls: R@5 of the whole gallery, fractions.
        sentences: Some of its sentences.
        own: For each of them, the number of its clip.
        cosines: By moment and sentence, with every clip of the gallery.
    """

    script = "learning.js"
    steps: Any = traitlets.List().tag(sync=True)
    losses: Any = traitlets.List().tag(sync=True)
    recalls: Any = traitlets.List().tag(sync=True)
    sentences: Any = traitlets.List().tag(sync=True)
    own: Any = traitlets.List().tag(sync=True)
    cosines: Any = traitlets.List().tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    query = traitlets.Int(0).tag(sync=True)
    rank = traitlets.Int(0).tag(sync=True)
    loss = traitlets.Float(0.0).tag(sync=True)
    recall = traitlets.Float(0.0).tag(sync=True)

    def __init__(
        self,
        curves: Mapping[str, Sequence[float | int] | Float[np.ndarray, " n"]],
        cosines: Sequence[Float[np.ndarray, "Q N"]],
        sentences: Sequence[str],
        own: Sequence[int],
    ) -> None:
        """Makes the figure; the end of the run is shown first.

        Args:
            curves: ``steps``, ``losses`` and ``recalls``, a number a moment.
            cosines: A table a moment.
            sentences: A sentence a row of the tables.
            own: The number of each sentence's clip.
        """
        super().__init__(
            **{name: [round(float(value), 4) for value in values] for name, values in curves.items()},
            cosines=[np.round(np.asarray(table, np.float64), 4).tolist() for table in cosines],
            sentences=list(sentences),
            own=list(own),
            moment=len(cosines) - 1,
        )
        self.observe(self._count, ["moment", "query"])
        self._count()

    def _count(self, _: Any = None) -> None:
        self.rank = ranks(np.array(self.cosines[self.moment]), self.own)[self.query]
        self.loss, self.recall = self.losses[self.moment], self.recalls[self.moment]
