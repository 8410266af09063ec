"""A table of scores that becomes equal step by step, and what four rules of ranking make of it."""

from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from torch import Tensor

from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.protocols.ties import RULES, recall
from vatt_edu.teach.interactive.base import Live

STEPS = 10
"""So many steps from the model as it is to one that gives every clip and every sentence the same vector."""
DECIMALS = 2
"""Of the scores, as a file or half precision would keep them."""


def scores(queries: Float[Tensor, "n D"], items: Float[Tensor, "n D"], share: float) -> Float[np.ndarray, "n n"]:
    """Cosines with two decimals after every vector has moved toward one and the same direction.

    Args:
        queries: Row i belongs to row i of the items.
        items: In the same space.
        share: How much of each vector is that direction, in [0, 1]; at 1 the model has collapsed.
    """
    queries, items = (torch.nn.functional.normalize(x.double(), dim=1) for x in (queries, items))
    shared = torch.nn.functional.normalize(torch.cat([queries, items]).mean(0), dim=0)
    mixed = (torch.nn.functional.normalize((1 - share) * x + share * shared, dim=1) for x in (queries, items))
    return np.round(metrics.similarities(*mixed).numpy(), DECIMALS) + 0.0  # no minus zero


class Ties(Live):
    """A table of cosines of sentences and clips; how far the model has collapsed, and by which rule it is ranked.

    Inputs: ``step``, from 0 (the model as it is) to ``STEPS`` (everything equal); ``rule``, the number of the rule.
    Outputs: ``recall``, R@1 by that rule, and ``ranks``, those that it gives.

    Attributes:
        rules: Their names.
        table: By step: the scores, and by rule R@1 and for each row the lowest and highest rank that it gives.
    """

    script = "ties.js"
    rules: Any = traitlets.List(list(RULES)).tag(sync=True)
    step = traitlets.Int(STEPS).tag(sync=True)
    rule = traitlets.Int(0).tag(sync=True)
    recall = traitlets.Float(0.0).tag(sync=True)
    ranks: Any = traitlets.List().tag(sync=True)

    def __init__(self, queries: Float[Tensor, "n D"], items: Float[Tensor, "n D"]) -> None:
        """Makes the figure; it shows the collapsed model first.

        Args:
            queries: Embeddings of a few sentences.
            items: Of their clips.
        """
        super().__init__()
        self.queries, self.items = queries, items
        tables = [scores(queries, items, step / STEPS) for step in range(STEPS + 1)]
        self.table = {
            "scores": [table.tolist() for table in tables],
            "recalls": [[recall(torch.from_numpy(table), rule, 1) for rule in RULES] for table in tables],
            "ranks": [[_by_row(table, rule) for rule in RULES] for table in tables],
        }
        self.observe(self._count, ["step", "rule"])
        self._count()

    def _count(self, _: Any = None) -> None:
        name = self.rules[self.rule]
        table = torch.from_numpy(scores(self.queries, self.items, self.step / STEPS))
        with self.hold_sync():
            self.recall = recall(table, name, 1)
            self.ranks = RULES[name](table).tolist()


def _by_row(table: Float[np.ndarray, "n n"], rule: str) -> list[list[int]]:
    """For each row the lowest and highest rank that its own item gets; only by ``every equal place`` do they differ."""
    if rule != "every equal place":
        return [[int(rank), int(rank)] for rank in RULES[rule](torch.from_numpy(table))]
    first = RULES["ties for us"](torch.from_numpy(table))
    last = RULES["ties against us"](torch.from_numpy(table))
    return [[int(a), int(b)] for a, b in zip(first, last, strict=True)]
