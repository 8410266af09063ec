"""Answers to the exercises of ``transformer_encoder``."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from vatt_edu.teach.checks import transformer_encoder as checks

Part = Callable[[np.ndarray], np.ndarray]


def split_heads(x: np.ndarray, heads: int) -> np.ndarray:
    """Columns of one head after the other."""
    return np.stack(np.split(x, heads, axis=1))


def attend(queries: np.ndarray, keys: np.ndarray, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """By torch's fused kernel."""
    q, k, v = (torch.from_numpy(array)[None] for array in (queries, keys, values))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=torch.from_numpy(valid)[None, None, None])[0].numpy()


def scaled(factor: Callable[[np.ndarray], float]) -> Callable[..., np.ndarray]:
    """The right attention of queries that were multiplied before."""
    return lambda q, k, v, valid: attend(q * factor(q), k, v, valid)


def on_queries(q: np.ndarray, k: np.ndarray, v: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """A padded query gives all keys the same weight."""
    mixed = attend(q, k, v, np.ones_like(valid))
    mixed[:, ~valid] = v.mean(1, keepdims=True)
    return mixed


def zeroed_late(q: np.ndarray, k: np.ndarray, v: np.ndarray, valid: np.ndarray) -> np.ndarray:
    return attend(q, k, v * valid[:, None], np.ones_like(valid))


def over_queries(q: np.ndarray, k: np.ndarray, v: np.ndarray, valid: np.ndarray) -> np.ndarray:
    logits = torch.from_numpy(q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1]))
    logits[..., ~torch.from_numpy(valid)] = -1e9
    return (logits.softmax(1) @ torch.from_numpy(v)).numpy()


def layer_norm(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
    """By torch's own function."""
    x, gain, shift = map(torch.from_numpy, (x, gain, shift))
    return F.layer_norm(x, x.shape[1:], gain, shift, epsilon).numpy()


def by_hand(ddof: int = 0, inside: bool = True, axis: int = 1, centered: bool = True) -> Callable[..., np.ndarray]:
    """LayerNorm with something changed."""

    def function(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        centers = x.mean(axis, keepdims=True) if centered else 0.0
        variance = np.square(x - centers).sum(axis, keepdims=True) / (x.shape[axis] - ddof)
        deviation = (variance + epsilon) ** 0.5 if inside else variance**0.5 + epsilon
        return (x - centers) / deviation * gain + shift

    return function


def pre_norm(x: np.ndarray, norm_1: Part, attention: Part, norm_2: Part, mlp: Part) -> np.ndarray:
    """One branch after the other."""
    for norm, branch in ((norm_1, attention), (norm_2, mlp)):
        x = x + branch(norm(x))
    return x


def post_norm(x: np.ndarray, norm_1: Part, attention: Part, norm_2: Part, mlp: Part) -> np.ndarray:
    for norm, branch in ((norm_1, attention), (norm_2, mlp)):
        x = norm(x + branch(x))
    return x


def norm_on_the_path(x: np.ndarray, norm_1: Part, attention: Part, norm_2: Part, mlp: Part) -> np.ndarray:
    for norm, branch in ((norm_1, attention), (norm_2, mlp)):
        x = norm(x)
        x = x + branch(x)
    return x


def without_norms(x: np.ndarray, *parts: Any) -> np.ndarray:
    x = x + parts[1](x)
    return x + parts[3](x)


REFERENCES = [
    (checks.split_heads, split_heads),
    (checks.attend, attend),
    (checks.layer_norm, layer_norm),
    (checks.pre_norm, pre_norm),
]

WRONG = [
    (checks.split_heads, lambda x, h: np.resize(x, (h, len(x), x.shape[1] // h)), "never moves a number"),
    (checks.split_heads, lambda x, h: split_heads(x, h).swapaxes(0, 1), "tokens still come first"),
    (checks.split_heads, lambda x, h: np.stack([x[:, n::h] for n in range(h)]), "take turns"),
    (checks.split_heads, lambda x, h: split_heads(x, h).swapaxes(1, 2), "components come before tokens"),
    (checks.split_heads, lambda x, h: split_heads(x, h)[::-1], "should return"),
    (checks.attend, scaled(lambda q: len(q) ** -0.5), "all heads together"),
    (checks.attend, scaled(lambda q: q.shape[-1] ** 0.5), "not divided by the root"),
    (checks.attend, scaled(lambda q: q.shape[-1] ** -0.5), "not by its root"),
    (checks.attend, lambda q, k, v, valid: attend(q, k, v, ~valid), "wrong way round"),
    (checks.attend, on_queries, "the queries"),
    (checks.attend, zeroed_late, "no longer sums to 1"),
    (checks.attend, lambda q, k, v, valid: attend(q, k, v, valid | True), "valid is not used"),
    (checks.attend, over_queries, "softmax runs over queries"),
    (checks.attend, lambda q, k, v, valid: attend(k, q, v, valid), "should return"),
    (checks.layer_norm, by_hand(ddof=1), "divided by D - 1"),
    (checks.layer_norm, by_hand(ddof=1, inside=False), "and epsilon belongs"),
    (checks.layer_norm, by_hand(inside=False), "added to the deviation"),
    (checks.layer_norm, by_hand(axis=0), "over the tokens"),
    (checks.layer_norm, by_hand(centered=False), "RMSNorm"),
    (checks.layer_norm, lambda x, g, s, e: layer_norm(x, g * 0 + 1, s * 0, e), "are not used"),
    (checks.layer_norm, lambda x, g, s, e: layer_norm(x, g, s * g, e), "multiplied by the gain"),
    (checks.layer_norm, lambda x, g, s, e: -layer_norm(x, g, s, e), "should return"),
    (checks.pre_norm, post_norm, "post-norm"),
    (checks.pre_norm, norm_on_the_path, "the stream itself"),
    (checks.pre_norm, lambda x, a, b, c, d: d(c(b(a(x)))), "residual sums are missing"),
    (checks.pre_norm, lambda x, a, b, c, d: x + b(a(x)) + d(c(x)), "both branches read"),
    (checks.pre_norm, without_norms, "norms are not used"),
    (checks.pre_norm, lambda x, a, b, c, d: pre_norm(x, c, b, a, d), "changed places"),
    (checks.pre_norm, lambda x, a, b, c, d: 2 * pre_norm(x, a, b, c, d), "should return"),
]
