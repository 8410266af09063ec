"""Transformer encoders (paper, section 3.3; chapter *Transformer encoder*): of video, audio, the agnostic model, text.

As released, dropout acts on the attention weights, after each branch, inside the feed-forward, and on the last hidden
states. The text encoder is a hybrid: RMSNorm before attention and at the end, LayerNorm before the feed-forward, no
biases, no 1/sqrt(head width), and a relative position bias that only the first layer holds and every layer adds.

Options of the released code that its released models do not use: post-norm, other activations, no biases.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vatt_edu.batch import MASKED
from vatt_edu.config import EncoderConfig, TextConfig
from vatt_edu.positions import LAYER_NORM_EPS


def linear(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """A dense layer that starts as Keras' does: Glorot-uniform matrix, zero bias."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def agg_token(width: int) -> nn.Parameter:
    """The learned AGG vector, glorot-normal on a 1-D shape as released: variance 1/width, cut at two deviations."""
    sigma = width**-0.5 / 0.87962566103423978  # Keras divides by the deviation of the cut normal
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(width), std=sigma, a=-2 * sigma, b=2 * sigma))


class Attention(nn.Module):
    """Multi-head self-attention (paper, equation 3).

    Args:
        config: Sizes and dropout.
        bias: Whether the four projections have biases.
        scale: Multiplies the logits; 1/sqrt(head width) if None.
    """

    def __init__(self, config: EncoderConfig, bias: bool = True, scale: float | None = None) -> None:
        super().__init__()
        inner = config.heads * config.head_width
        self.q, self.k, self.v = (linear(config.width, inner, bias) for _ in range(3))
        self.o = linear(inner, config.width, bias)
        self.heads, self.dropout, self.scale = config.heads, config.dropout, scale
        self.one_product = False  # for queries, keys and values (``training.speed``)

    def forward(
        self, x: Float[Tensor, "B N D"], bias: Float[Tensor, "#B #heads #N N"] | None = None
    ) -> Float[Tensor, "B N D"]:
        """Attends over all tokens; ``bias`` is added to the logits."""
        projections = (self.q, self.k, self.v)
        if self.one_product:
            biases: list[Tensor] = [project.bias for project in projections if project.bias is not None]
            weight = torch.cat([project.weight for project in projections])
            parts = list(F.linear(x, weight, torch.cat(biases) if biases else None).chunk(3, -1))
        else:
            parts = [project(x) for project in projections]
        queries, keys, values = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(
            queries,
            keys,
            values,
            attn_mask=None if bias is None else bias.to(queries.dtype),
            dropout_p=self.dropout if self.training else 0.0,  # the kernel itself does not know about eval
            scale=self.scale,
        )
        return self.o(mixed.transpose(1, 2).flatten(2))


# GELU: the exact one (erf).
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu, "swish": F.silu}


class FeedForward(nn.Module):
    """Two dense layers with an activation between them."""

    def __init__(self, config: EncoderConfig, bias: bool = True) -> None:
        super().__init__()
        self.wi = linear(config.width, config.ff_width, bias)
        self.wo = linear(config.ff_width, config.width, bias)
        self.dropout = nn.Dropout(config.dropout)
        self.activation = ACTIVATIONS[config.activation]

    def forward(self, x: Float[Tensor, "B N D"]) -> Float[Tensor, "B N D"]:
        """Acts on each token alone."""
        return self.wo(self.dropout(self.activation(self.wi(x))))


class GatedFeedForward(nn.Module):
    """GEGLU: one dense layer's GELU multiplies another dense layer, a third leads back."""

    def __init__(self, config: EncoderConfig, bias: bool = True) -> None:
        super().__init__()
        self.wi_0, self.wi_1 = (linear(config.width, config.ff_width, bias) for _ in range(2))
        self.wo = linear(config.ff_width, config.width, bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Float[Tensor, "B N D"]) -> Float[Tensor, "B N D"]:
        """Acts on each token alone."""
        return self.wo(self.dropout(F.gelu(self.wi_0(x)) * self.wi_1(x)))


class EncoderLayer(nn.Module):
    """Attention and feed-forward, each added to what entered it: normalized before, or (post-norm) after the sum.

    Args:
        config: Sizes and dropout.
        attention_norm: Normalizes what enters attention, or its sum.
        attention: The attention itself.
        bias: Whether the feed-forward has biases.
    """

    def __init__(
        self, config: EncoderConfig, attention_norm: nn.Module, attention: Attention, bias: bool = True
    ) -> None:
        super().__init__()
        self.attention_norm, self.attention = attention_norm, attention
        self.ff_norm = nn.LayerNorm(config.width, eps=LAYER_NORM_EPS)
        self.ff = GatedFeedForward(config, bias) if config.activation == "geglu" else FeedForward(config, bias)
        self.dropout = nn.Dropout(config.dropout)
        self.norm_first = config.norm == "pre"

    def forward(
        self, x: Float[Tensor, "B N D"], bias: Float[Tensor, "#B #heads #N N"] | None = None
    ) -> Float[Tensor, "B N D"]:
        """One layer; ``bias`` is added to the attention logits."""
        if self.norm_first:
            x = x + self.dropout(self.attention(self.attention_norm(x), bias))
            return x + self.dropout(self.ff(self.ff_norm(x)))
        x = self.attention_norm(x + self.dropout(self.attention(x, bias)))
        return self.ff_norm(x + self.dropout(self.ff(x)))


class Encoder(nn.Module):
    """The encoder of video and audio: pre-norm layers, a final LayerNorm, and a dropout on what leaves it.

    With post-norm layers there is no final norm, and no such dropout either (released code).
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(
                config,
                nn.LayerNorm(config.width, eps=LAYER_NORM_EPS),
                Attention(config, config.bias),
                config.bias,
            )
            for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width, eps=LAYER_NORM_EPS) if config.norm == "pre" else None
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Float[Tensor, "B N D"], valid: Bool[Tensor, "B N"] | None = None) -> Float[Tensor, "B N D"]:
        """Tokens to hidden states. No token knows its place but from what was added to it before.

        Args:
            x: Tokens with positions.
            valid: Nothing attends to a token that is not valid; all are if None.
        """
        bias = None if valid is None else MASKED * ~valid[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias)
        return x if self.norm is None else self.dropout(self.norm(x))


class RMSNorm(nn.RMSNorm):
    """In the precision of its weight, also under autocast, which does so for LayerNorm and not for this one."""

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """``x`` over the root of its mean square, times the weight."""
        return super().forward(x.to(self.weight.dtype))


class TextEncoder(nn.Module):
    """The T5-style encoder of text (section 4.4 of the released code's description)."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        size = config.encoder
        self.relative_bias = nn.Embedding(config.relative_buckets, size.heads)
        nn.init.uniform_(self.relative_bias.weight, -0.05, 0.05)
        self.max_distance = config.max_distance
        self.layers = nn.ModuleList(
            EncoderLayer(
                size,
                RMSNorm(size.width, eps=LAYER_NORM_EPS),
                Attention(size, bias=False, scale=1.0),
                bias=False,
            )
            for _ in range(size.layers)
        )
        self.norm = RMSNorm(size.width, eps=LAYER_NORM_EPS)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, x: Float[Tensor, "B N D"], valid: Bool[Tensor, "B N"]) -> Float[Tensor, "B N D"]:
        """Word vectors to hidden states; nothing attends to a word that is not ``valid``."""
        bias = self.position_bias(x.shape[1]) + MASKED * ~valid[:, None, None, :]
        x = self.dropout(x)
        for layer in self.layers:
            x = layer(x, bias)
        return self.dropout(self.norm(x))

    def position_bias(self, length: int) -> Float[Tensor, "1 heads N N"]:
        """What each head adds to the logit of a query and a key, by their signed distance."""
        places = torch.arange(length, device=self.relative_bias.weight.device)
        buckets = relative_buckets(
            places[None, :] - places[:, None], self.relative_bias.num_embeddings, self.max_distance
        )
        return self.relative_bias(buckets).permute(2, 0, 1)[None]


def relative_buckets(distance: Int[Tensor, "..."], buckets: int, max_distance: int) -> Int[Tensor, "..."]:
    """T5's buckets for ``key - query``: half for each side, exact when near, logarithmic when far.

    Returns:
        Numbers in ``0 .. buckets - 1``; keys after their query use the upper half.
    """
    half = buckets // 2
    exact = half // 2
    away = distance.abs()
    # In float32, as released: the truncation below depends on its rounding.
    ratio = torch.log(away.clamp(min=1).float() / exact) / math.log(max_distance / exact)
    far = (exact + (ratio * (half - exact)).long()).clamp(max=half - 1)
    return half * (distance > 0) + torch.where(away < exact, away, far)
