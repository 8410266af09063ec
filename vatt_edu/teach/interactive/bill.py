"""The bill of the paper's training, on hardware that the reader chooses."""

from typing import Any

import traitlets

from vatt_edu import cost
from vatt_edu.config import preset
from vatt_edu.teach.interactive.base import Live

MODELS = {
    "Base": "base_base_small",
    "Medium": "medium_base_small",
    "Large": "large_base_small",
    "Agnostic Medium": "agnostic_medium",
}
"""By the name in the figure, the preset."""

RATES = tuple(n / 20 for n in range(1, 21))
"""Keep rates that can be set."""

STEPS = 500_000


def table() -> dict[str, list[list[float]]]:
    """Of each model and keep rate: FLOPs of a clip's forward pass, bytes of its activations, bytes of the state."""
    rows: dict[str, list[list[float]]] = {}
    for name, model in MODELS.items():
        parts = [cost.cost(preset(model), 1, keep) for keep in RATES]
        rows[name] = [
            [float(one["flops"]["total"]["here"]), float(one["activations"]["total"]), float(one["state"])]
            for one in parts
        ]
    return rows


class Bill(Live):
    """Bars of compute and decoding, and what the slower of the two costs.

    Inputs: ``model``, ``keep``, ``batch``, ``chip`` (its number), ``count``, ``utilization``, ``price``, ``cores`` for
    each chip and ``clips_a_second`` of a core. Outputs: ``compute_hours``, ``decode_hours``, ``energy`` in
    kilowatt-hours, ``money`` in dollars and ``memory`` in bytes for a chip.
    """

    script = "bill.js"
    models: Any = traitlets.List(list(MODELS)).tag(sync=True)
    chips: Any = traitlets.List(
        [[one.name, one.peak, one.memory, one.watts] for one in cost.ACCELERATORS]
    ).tag(sync=True)  # fmt: skip
    steps = traitlets.Int(STEPS).tag(sync=True)
    model = traitlets.Unicode("Medium").tag(sync=True)
    keep = traitlets.Float(0.5).tag(sync=True)
    batch = traitlets.Int(2048).tag(sync=True)
    chip = traitlets.Int(1).tag(sync=True)
    count = traitlets.Int(8).tag(sync=True)
    utilization = traitlets.Float(0.18).tag(sync=True)
    price = traitlets.Float(3.0).tag(sync=True)
    cores = traitlets.Int(16).tag(sync=True)
    clips_a_second = traitlets.Float(10.0).tag(sync=True)
    compute_hours = traitlets.Float().tag(sync=True)
    decode_hours = traitlets.Float().tag(sync=True)
    energy = traitlets.Float().tag(sync=True)
    money = traitlets.Float().tag(sync=True)
    memory = traitlets.Float().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(table=table(), **traits)
        self.observe(
            self._count,
            ["model", "keep", "batch", "chip", "count", "utilization", "price", "cores", "clips_a_second"],
        )
        self._count()

    def _count(self, _: Any = None) -> None:
        run = cost.run_cost(
            preset(MODELS[self.model]), cost.ACCELERATORS[self.chip], self.count, steps=self.steps, batch=self.batch,
            keep=self.keep, utilization=self.utilization, price=self.price, cores=self.cores,
            clips_a_second=self.clips_a_second,
        )  # fmt: skip
        for name in ("compute_hours", "decode_hours", "energy", "money", "memory"):
            setattr(self, name, run[name])
