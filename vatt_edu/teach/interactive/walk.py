"""Where each head of each layer of a trained video tower reads from, for a token that the reader chooses."""

import math
from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float, UInt8
from torch import Tensor

from vatt_edu.encoder import Attention
from vatt_edu.teach import inline
from vatt_edu.teach.interactive.base import Live
from vatt_edu.towers import RawTower

LEVELS = 15
"""Steps between no weight and the largest of a row, as the page stores them: half a byte each."""


@torch.no_grad()
def attention_weights(
    attention: Attention, x: Float[Tensor, "B N D"], bias: Float[Tensor, "#B #heads #N N"] | None = None
) -> Float[Tensor, "B heads N N"]:
    """What the fused kernel of ``Attention`` never shows: row n says where token n reads from, and sums to 1.

    Args:
        attention: A layer's attention.
        x: What enters it, normalized.
        bias: Added to the logits, as in ``Attention.forward``.
    """
    queries, keys = (
        project(x).unflatten(-1, (attention.heads, -1)).transpose(1, 2) for project in (attention.q, attention.k)
    )
    scale = queries.shape[-1] ** -0.5 if attention.scale is None else attention.scale
    logits = scale * queries @ keys.transpose(2, 3)
    return (logits if bias is None else logits + bias).softmax(-1)


def looks_at(weights: Float[Tensor, "*rows N"]) -> Float[Tensor, "*rows"]:
    """How many tokens a row of weights looks at: the exponential of its entropy, from 1 to N."""
    return (-torch.xlogy(weights, weights).sum(-1)).exp()


@torch.no_grad()
def tower_weights(
    tower: RawTower, signal: Float[Tensor, "B *S"] | UInt8[Tensor, "B *S"]
) -> list[Float[Tensor, "B heads N N"]]:
    """The weights ``(B, heads, N, N)`` of every layer of a tower, AGG first.

    Args:
        tower: In eval mode.
        signal: A batch of raw clips.
    """
    layers: list[Float[Tensor, "B heads N N"]] = []

    def record(attention: Any, inputs: tuple[Any, ...]) -> None:
        layers.append(attention_weights(attention, *inputs))

    attentions = [module for module in tower.encoder.modules() if isinstance(module, Attention)]
    hooks = [attention.register_forward_pre_hook(record) for attention in attentions]
    try:
        tower(signal)
    finally:
        for hook in hooks:
            hook.remove()
    return layers


class Walk(Live):
    """Four moments of a clip, a token to choose, and how much a head of a layer reads from every other.

    Inputs: ``place``, a tubelet of the moment ``time``, or -1 for AGG; ``layer`` and ``head``, from 0. Outputs:
    ``weights``, from AGG and then from each tubelet, and ``numbers``: how many tokens the row looks at, and its shares
    on AGG, on the token itself, and on the same place at other times.
    """

    script = "walk.js"
    strip = traitlets.Unicode().tag(sync=True)
    grid: Any = traitlets.List().tag(sync=True)
    heads = traitlets.Int().tag(sync=True)
    time = traitlets.Int().tag(sync=True)
    levels = traitlets.Int(LEVELS).tag(sync=True)
    packed = traitlets.Bytes().tag(sync=True)
    place = traitlets.Int(-1).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    head = traitlets.Int(0).tag(sync=True)
    weights: Any = traitlets.List().tag(sync=True)
    numbers: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        tower: RawTower,
        video: UInt8[np.ndarray, "T H W 3"],
        time: int,
        place: int,
        layer: int = 0,
        head: int = 0,
    ) -> None:
        """Makes the figure.

        Args:
            tower: A trained video tower.
            video: A clip of the size that it takes.
            time: Of the tubelets that can be chosen.
            place: Chosen at first, among those of that time.
            layer: At first.
            head: At first.
        """
        clip = torch.from_numpy(video.copy())[None]
        grid = tower.grid_of(clip)
        self._rows = [one[0] for one in tower_weights(tower, clip)]
        self._places = math.prod(grid[1:])
        layers, heads = len(self._rows), len(self._rows[0])
        choices = range(-1, self._places)
        numbers: list[list[list[list[float]]]] = [[] for _ in range(layers)]
        codes = []
        for one in range(layers):
            for two in range(heads):
                rows = torch.stack([self._row(one, two, time, choice) for choice in choices])
                codes.append((LEVELS * rows / rows.amax(1, keepdim=True)).round().to(torch.uint8).flatten())
                numbers[one].append([self._numbers(one, two, time, choice) for choice in choices])
        flat = torch.nn.functional.pad(torch.cat(codes), (0, sum(map(len, codes)) % 2))
        super().__init__(
            strip=inline.strip(video[:: len(video) // grid[0]]), grid=list(grid), heads=heads, time=time,
            packed=(16 * flat[::2] + flat[1::2]).numpy().tobytes(), table={"numbers": numbers},
            place=place, layer=layer, head=head,
        )  # fmt: skip
        self.observe(self._read, ["place", "layer", "head"])
        self._read()

    def _token(self, time: int, place: int) -> int:
        return 0 if place < 0 else 1 + time * self._places + place

    def _row(self, layer: int, head: int, time: int, place: int) -> Float[Tensor, " N"]:
        return self._rows[layer][head, self._token(time, place)]

    def _numbers(self, layer: int, head: int, time: int, place: int) -> list[float]:
        row, token = self._row(layer, head, time, place), self._token(time, place)
        same = row[1:][place :: self._places].sum() - row[token] if place >= 0 else torch.zeros(())
        shares = [float(row[0]), float(row[token]), float(same)]
        return [round(float(looks_at(row)), 1), *(round(share, 4) for share in shares)]

    def _read(self, _: Any = None) -> None:
        row = self._row(self.layer, self.head, self.time, self.place)
        self.weights = [round(float(weight), 5) for weight in row]
        self.numbers = self._numbers(self.layer, self.head, self.time, self.place)
