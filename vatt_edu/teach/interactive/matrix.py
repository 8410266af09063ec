"""The game of eight as a table of cosines, and the loss that the model would have for it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float

from vatt_edu.teach.interactive.base import Live


def losses(cosines: Float[np.ndarray, "n n"], temperature: float) -> list[float]:
    """NCE of each clip: its row and its column of the table stand in the denominator.

    Args:
        cosines: One row a clip, one column a sound; what belongs together is on the diagonal.
        temperature: By which cosines are divided.
    """
    table = torch.from_numpy(np.asarray(cosines, np.float64)) / temperature
    return (torch.cat([table, table.T], 1).logsumexp(1) - table.diagonal()).tolist()


def _rounded(table: Float[np.ndarray, "n n"]) -> list[list[float]]:
    return np.round(np.asarray(table, np.float64), 3).tolist()


class Matrix(Live):
    """Cosines of a few sounds and pictures by several models, with the loss of one clip and the mean of all.

    Inputs: ``stage``, the number of the model; ``clip``, the number of the clip whose row and column are lit;
    ``temperature``. Outputs: ``loss`` of that clip and ``mean`` of all.

    Attributes:
        names: Of the models.
        cosines: For each model, the table.
    """

    script = "matrix.js"
    names: Any = traitlets.List().tag(sync=True)
    cosines: Any = traitlets.List().tag(sync=True)
    stage = traitlets.Int(0).tag(sync=True)
    clip = traitlets.Int(0).tag(sync=True)
    temperature = traitlets.Float(0.2).tag(sync=True)
    loss = traitlets.Float(0.0).tag(sync=True)
    mean = traitlets.Float(0.0).tag(sync=True)

    def __init__(self, cosines: Mapping[str, Float[np.ndarray, "n n"]], temperature: float = 0.2) -> None:
        """Makes the figure; the last model is shown first.

        Args:
            cosines: By the model's name: one row a clip, one column a sound.
            temperature: At first.
        """
        rounded = [_rounded(table) for table in cosines.values()]
        super().__init__(names=list(cosines), cosines=rounded, stage=len(cosines) - 1, temperature=temperature)
        self.observe(self._count, ["stage", "clip", "temperature"])
        self._count()

    def add(self, name: str, cosines: Float[np.ndarray, "n n"], place: int) -> None:
        """Adds a model, also when the figure stands further up in the page; what is shown stays.

        Args:
            name: Of the model.
            cosines: One row a sound, one column a picture.
            place: Before which of those that are there.
        """
        names, tables = list(self.names), list(self.cosines)
        names.insert(place, name)
        tables.insert(place, _rounded(cosines))
        stage = self.stage + (place <= self.stage)
        with self.hold_sync():
            self.cosines, self.names, self.stage = tables, names, stage

    def _count(self, _: Any = None) -> None:
        each = losses(np.array(self.cosines[self.stage]), self.temperature)
        self.loss, self.mean = each[self.clip], sum(each) / len(each)
