"""Which places of a picture have positions that are alike: a place to choose, and its cosine with all others."""

from collections.abc import Mapping
from typing import Any

import torch
import traitlets
from jaxtyping import Float, Int

from vatt_edu.positions import AxisPositions
from vatt_edu.teach.interactive.base import Live


@torch.no_grad()
def similarities(positions: AxisPositions, places: int) -> Float[torch.Tensor, "{places} {places}"]:
    """Cosines of the positions of the first ``places`` tokens: of one moment, where time is the slowest axis."""
    normalized = torch.nn.functional.normalize(positions()[:places].double(), dim=-1)
    return normalized @ normalized.T


def hundredths(cosines: Float[torch.Tensor, "*shape"]) -> Int[torch.Tensor, "*shape"]:
    """What the figure stores of a cosine."""
    return (100 * cosines).round().long()


class Places(Live):
    """A grid of places, colored by how much the position of each resembles that of the chosen one.

    Inputs: ``place``, and ``kind``, the number of the positions that are shown. Output: ``cosines`` with every place,
    in hundredths.
    """

    script = "places.js"
    names: Any = traitlets.List().tag(sync=True)
    rows = traitlets.Int().tag(sync=True)
    columns = traitlets.Int().tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)
    kind = traitlets.Int(0).tag(sync=True)
    cosines: Any = traitlets.List().tag(sync=True)

    def __init__(self, kinds: Mapping[str, AxisPositions], grid: tuple[int, int], place: int = 0) -> None:
        """Makes the figure.

        Args:
            kinds: Positions by the name that the figure gives them.
            grid: Rows and columns of places at one moment.
            place: That is chosen first.
        """
        self._kinds = list(kinds.values())
        rows, columns = grid
        table = [hundredths(similarities(positions, rows * columns)).tolist() for positions in self._kinds]
        super().__init__(names=list(kinds), rows=rows, columns=columns, place=place, table={"cosines": table})
        self.observe(self._compare, ["place", "kind"])
        self._compare()

    def _compare(self, _: Any = None) -> None:
        every = similarities(self._kinds[self.kind], self.rows * self.columns)
        self.cosines = hundredths(every[self.place]).tolist()
