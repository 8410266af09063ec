"""What is quadratic: attention's share of an encoder layer, and what dropping tokens saves of it."""

from dataclasses import dataclass
from typing import Any

import traitlets

from vatt_edu import cost
from vatt_edu.config import EncoderConfig
from vatt_edu.droptoken import keep_count
from vatt_edu.teach.interactive.base import Live


@dataclass(frozen=True)
class Layer:
    """FLOPs of an encoder layer, relative to the layer that keeps all tokens.

    Attributes:
        linear: What acts on each token alone.
        products: Queries with keys, and weights with values.
    """

    linear: float
    products: float

    @property
    def share(self) -> float:
        """Of the two products."""
        return self.products / (self.linear + self.products)


SIZES = (
    ("the toy's video", 196, 128),
    ("Base video", 1_568, 768),
    ("Large at 320 px", 3_200, 1_024),
    ("100,000 words, width 4,096", 100_000, 4_096),
)
"""Name, tokens and width of models to choose from."""


def layer(tokens: int, width: int, keep: float = 1.0) -> Layer:
    """One layer with the usual feed-forward of four times the width, AGG included (``cost.encoder_flops``).

    Args:
        tokens: Of a clip, without AGG.
        width: Of a token.
        keep: Share of the tokens that is kept.
    """
    config = EncoderConfig(layers=1, width=width, ff_width=4 * width, heads=1, head_width=width)
    whole = cost.encoder_flops(config, tokens + 1)
    left = cost.encoder_flops(config, keep_count(keep, tokens) + 1)
    return Layer(left.linear / whole.both_products, 2 * left.product / whole.both_products)


class AttentionShare(Live):
    """Two bars: an encoder layer with all tokens, and with those that are kept.

    Inputs: ``tokens``, ``width`` and ``keep``. Outputs: ``share``, of attention's products in the layer that keeps all
    tokens; ``linear`` and ``products``, what is left of that layer's work; ``speedup``, how many times cheaper that is.
    """

    script = "attention_share.js"
    sizes: Any = traitlets.List([list(size) for size in SIZES]).tag(sync=True)
    tokens = traitlets.Int(1_568).tag(sync=True)
    width = traitlets.Int(768).tag(sync=True)
    keep = traitlets.Float(0.5).tag(sync=True)
    share = traitlets.Float().tag(sync=True)
    linear = traitlets.Float().tag(sync=True)
    products = traitlets.Float().tag(sync=True)
    speedup = traitlets.Float().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.observe(self._count, ["tokens", "width", "keep"])
        self._count()

    def _count(self, _: Any = None) -> None:
        left = layer(self.tokens, self.width, self.keep)
        self.share = layer(self.tokens, self.width).share
        self.linear, self.products = left.linear, left.products
        self.speedup = 1 / (left.linear + left.products)
