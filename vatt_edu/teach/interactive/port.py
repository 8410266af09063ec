"""A model carried to another framework with one mistake in it: where it first shows, and which tests would miss it."""

import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from vatt_edu.encoder import EncoderLayer, FeedForward
from vatt_edu.teach.interactive.base import Live
from vatt_edu.towers import RawTower

# Places on the way through a tower, by the names that the recorded numbers have, and what the figure calls them.
STAGES = {
    "tokens": "tokens",
    "tx_input": "with positions",
    "layer0_out": "layer 1",
    "layer1_out": "layer 2",
    "encoder_out": "last norm",
    "features_pooled": "feature",
}


def _layers(tower: RawTower) -> list[EncoderLayer]:
    return [layer for layer in tower.encoder.layers if isinstance(layer, EncoderLayer)]


def _epsilon(tower: RawTower) -> None:
    for module in tower.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = 1e-5


def _tanh(tower: RawTower) -> None:
    for layer in _layers(tower):
        assert isinstance(layer.ff, FeedForward)
        layer.ff.activation = functools.partial(F.gelu, approximate="tanh")


def _not_transposed(tower: RawTower) -> None:
    for layer in _layers(tower):
        layer.attention.v.weight.data = layer.attention.v.weight.data.T


def _axes(tower: RawTower) -> None:
    assert tower.positions is not None
    _, rows, columns = tower.positions.tables
    rows.data, columns.data = columns.data, rows.data


def _channels_first(tower: RawTower) -> None:
    weight = tower.tokenizer.weight
    weight.data = weight.data.unflatten(1, (-1, 3)).transpose(1, 2).flatten(1)


def _norm_after(tower: RawTower) -> None:
    for layer in _layers(tower):
        layer.norm_first = False


MISTAKES: dict[str, Callable[[RawTower], None]] = {
    "no mistake": lambda tower: None,
    "epsilon of the norms 1e-5, not 1e-6": _epsilon,
    "GELU by the tanh formula": _tanh,
    "rows and columns exchanged": _axes,
    "value matrices not transposed": _not_transposed,
    "pixels of a patch channel by channel": _channels_first,
    "norms after the sum, not before": _norm_after,
}


def stages(tower: RawTower, signal: Float[Tensor, "B T H W 3"]) -> dict[str, Float[Tensor, "..."]]:
    """What a tower holds at each of ``STAGES``, in eval mode.

    Args:
        tower: A video tower of two layers.
        signal: A batch of clips.
    """
    states: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda _m, _i, out, n=number: states.__setitem__(f"layer{n}_out", out))
        for number, layer in enumerate(_layers(tower))
    ]
    hooks.append(tower.tokenizer.register_forward_hook(lambda _m, _i, out: states.__setitem__("tokens", out)))
    hooks.append(
        tower.encoder.register_forward_hook(lambda _m, args, out: states.update(tx_input=args[0], encoder_out=out))
    )
    with torch.no_grad():
        states["features_pooled"], _ = tower.eval()(signal)
    for hook in hooks:
        hook.remove()
    return states


class Port(Live):
    """Deviations from the official numbers along a tower, for a mistake to choose; a bound to move.

    Inputs: ``mistake``, a number of ``MISTAKES``, and ``bound``, the power of ten of a test's tolerance. Outputs:
    ``deviations``, at each stage the largest difference by the largest official value; ``passes``, the numbers of the
    mistakes whose feature a test with that bound would let through.
    """

    script = "port.js"
    names: Any = traitlets.List(list(MISTAKES)).tag(sync=True)
    stages: Any = traitlets.List(list(STAGES.values())).tag(sync=True)
    mistake = traitlets.Int(1).tag(sync=True)
    bound = traitlets.Float(-5.0).tag(sync=True)
    deviations: Any = traitlets.List().tag(sync=True)
    passes: Any = traitlets.List().tag(sync=True)

    def __init__(
        self, tower: RawTower, signal: Float[Tensor, "B T H W 3"], official: Mapping[str, Shaped[np.ndarray, "..."]]
    ) -> None:
        """Makes the figure.

        Args:
            tower: A video tower of two layers with official weights.
            signal: The recorded clips.
            official: What the official code made of them, at each of ``STAGES``.
        """
        self._tower, self._signal, self._official = tower, signal, official
        rows = [self._broken(number) for number in range(len(MISTAKES))]
        super().__init__(table={"deviations": rows})
        self.observe(self._choose, ["mistake", "bound"])
        self._choose()

    def _broken(self, mistake: int) -> list[float]:
        tower = copy.deepcopy(self._tower)
        list(MISTAKES.values())[mistake](tower)
        ours = stages(tower, self._signal)
        return [_deviation(ours[name], self._official[name]) for name in STAGES]

    def _choose(self, _: Any = None) -> None:
        self.deviations = self._broken(self.mistake)
        self.passes = passing(self.table["deviations"], 10**self.bound)


def passing(deviations: Sequence[Sequence[float]], bound: float) -> list[int]:
    """Numbers of the mistakes whose last deviation is within a bound; the first row is no mistake and not counted."""
    return [number for number, row in enumerate(deviations) if number and row[-1] <= bound]


def _deviation(ours: Tensor, official: np.ndarray) -> float:
    theirs = torch.from_numpy(np.asarray(official)).reshape(ours.shape)
    return float(f"{((ours - theirs).abs().max() / theirs.abs().max()).item():.3g}")
