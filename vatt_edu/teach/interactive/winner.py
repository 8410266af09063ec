"""The best of several: what its score promises, and what is left of it on another gallery and with another seed."""

from typing import Any

import traitlets

from vatt_edu.evaluation.protocols import selection
from vatt_edu.teach.interactive.base import Live


class Winner(Live):
    """Three curves over the number of candidates, and where the reader stands on them.

    Inputs: ``candidates``; ``recipe``, by which true scores of recipes differ, and ``seed``, by which those of seeds do
    (deviations, points); ``gallery``, its clips. Outputs, points above the mean of the candidates: ``chosen``, the
    score by which the best was chosen; ``same_model``, its score on another gallery; ``fresh_seed``, that of its
    recipe, trained anew.

    Attributes:
        share: Of the queries that a candidate answers, which sets how much a gallery changes.
    """

    script = "winner.js"
    share = traitlets.Float(0.2).tag(sync=True)
    candidates = traitlets.Int(16).tag(sync=True)
    recipe = traitlets.Float(0.0).tag(sync=True)
    seed = traitlets.Float(2.0).tag(sync=True)
    gallery = traitlets.Int(256).tag(sync=True)
    chosen = traitlets.Float().tag(sync=True)
    same_model = traitlets.Float().tag(sync=True)
    fresh_seed = traitlets.Float().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.observe(self._count, ["share", "candidates", "recipe", "seed", "gallery"])
        self._count()

    def _count(self, _: Any = None) -> None:
        parts = selection.Spreads(self.recipe, self.seed, selection.gallery_spread(self.share, self.gallery))
        with self.hold_sync():
            self.chosen, self.same_model, self.fresh_seed = selection.winner(self.candidates, parts)
