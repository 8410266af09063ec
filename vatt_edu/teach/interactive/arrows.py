"""The gradient of a step as an arrow beside the right one, for each way to compute it on several processes."""

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from vatt_edu.teach.interactive.base import Live
from vatt_edu.teach.one_step import Gradient, compare

WORLDS = (1, 2, 4)
PIECES = (1, 2, 4)


class Arrows(Live):
    """Direction and length of a step's gradient, against that of the whole batch on one process.

    Inputs: the numbers of ``way``, ``world`` and ``pieces`` in their lists, and ``heads``, of the model's heads.
    A way that takes all clips of a process at once has no micro-batches to choose.
    Outputs: ``cosine`` and ``length`` of the towers' and heads' gradient, and ``temperature``, that of the temperature.

    Attributes:
        ways: Names of the ways.
        models: Names of the heads.
        worlds: Numbers of processes.
        cuts: Numbers of micro-batches.
        uncut: Numbers of the ways that have none.
        table: ``values``: by heads, way, processes and micro-batches: cosine, length, temperature.
    """

    script = "arrows.js"
    ways: Any = traitlets.List().tag(sync=True)
    models: Any = traitlets.List().tag(sync=True)
    worlds: Any = traitlets.List(list(WORLDS)).tag(sync=True)
    cuts: Any = traitlets.List(list(PIECES)).tag(sync=True)
    uncut: Any = traitlets.List().tag(sync=True)
    way = traitlets.Int(0).tag(sync=True)
    world = traitlets.Int(1).tag(sync=True)
    pieces = traitlets.Int(2).tag(sync=True)
    heads = traitlets.Int(0).tag(sync=True)
    cosine = traitlets.Float(1.0).tag(sync=True)
    length = traitlets.Float(1.0).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)

    def __init__(
        self,
        gradients: Mapping[tuple[str, str, int, int], Gradient],
        right: str,
        ways: Sequence[str],
        uncut: Sequence[str] = (),
    ) -> None:
        """Makes the figure.

        Args:
            gradients: By heads, way, processes and micro-batches, each from ``one_step``.
            right: The way that is right; on one process in one piece it is what all others are compared with.
            ways: In the order in which they are shown.
            uncut: Those of them that do not know micro-batches.
        """
        self._gradients, self._right = gradients, right
        models = list(dict.fromkeys(heads for heads, *_ in gradients))
        super().__init__(ways=list(ways), models=models, uncut=[list(ways).index(way) for way in uncut])
        self.table = {
            "values": [
                [[[self._values(h, w, n, k) for k in PIECES] for n in WORLDS] for w in ways] for h in models
            ]
        }  # fmt: skip
        self.observe(self._look, ["way", "world", "pieces", "heads"])
        self._look()

    def _values(self, heads: str, way: str, world: int, pieces: int) -> list[float]:
        right = self._gradients[heads, self._right, 1, 1]
        measured = compare(self._gradients[heads, way, world, pieces], right)
        return [round(x, 5) for x in (measured.cosine, measured.length, measured.temperature)]

    def _look(self, _: Any = None) -> None:
        values = self._values(
            self.models[self.heads], self.ways[self.way], WORLDS[self.world], PIECES[self.pieces]
        )  # fmt: skip
        with self.hold_sync():
            self.cosine, self.length, self.temperature = values
