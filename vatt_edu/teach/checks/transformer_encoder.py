"""Graders of the exercises in *Transformer encoder*."""

from typing import Any

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def _weights(logits: np.ndarray, axis: int = -1) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def split_heads(answer: Function) -> None:
    """``answer(x, heads)``: ``(N, D)`` to ``(heads, N, D / heads)``; each token's vector is cut, tokens stay whole."""

    def right(x: np.ndarray, heads: int) -> np.ndarray:
        return x.reshape(len(x), heads, -1).transpose(1, 0, 2)

    mistakes = [
        Mistake(lambda x, h: x.reshape(h, len(x), -1),
                "the shape is right, the numbers are not: reshape never moves a number, so your first head holds whole "
                "tokens, and not a part of every token. Cut the last axis in two, then swap axes."),
        Mistake(lambda x, h: x.reshape(len(x), h, -1),
                "each token is cut rightly, but tokens still come first. Heads should: swap two axes."),
        Mistake(lambda x, h: x.reshape(len(x), -1, h).transpose(2, 0, 1),
                "the heads take turns: component 0 goes to the first, component 1 to the second. Each head should get "
                "neighbors, the first d components to the first."),
        Mistake(lambda x, h: x.reshape(len(x), h, -1).transpose(1, 2, 0),
                "within a head, components come before tokens; queries and values are asked for tokens first."),
    ]  # fmt: skip
    inputs = [
        (np.arange(12.0).reshape(3, 4), 2),
        (np.arange(16.0).reshape(4, 4), 4),
        (np.arange(12.0).reshape(2, 6), 3),
    ]
    print(grade(answer, right, inputs, mistakes))


def attend(answer: Function) -> None:
    """``answer(queries, keys, values, valid)``: all heads at once, ``(heads, N, d)``; ``valid`` ``(N,)`` hides keys."""

    def logits(queries: np.ndarray, keys: np.ndarray, width: int | float) -> np.ndarray:
        return queries @ keys.transpose(0, 2, 1) / np.sqrt(width)

    def hidden(scores: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return np.where(valid, scores, -1e9)

    def right(queries: np.ndarray, keys: np.ndarray, values: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return _weights(hidden(logits(queries, keys, queries.shape[-1]), valid)) @ values

    def of_width(factor: Any) -> Function:
        return lambda q, k, v, valid: _weights(hidden(logits(q, k, factor(q)), valid)) @ v

    def late(q: np.ndarray, k: np.ndarray, v: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return (_weights(logits(q, k, q.shape[-1])) * valid) @ v

    mistakes = [
        Mistake(of_width(lambda q: len(q) * q.shape[-1]),
                "the logits are divided by the root of the width of all heads together. The root of which width "
                "keeps the product of *one* head's query and key near 1?"),
        Mistake(of_width(lambda q: 1.0), "the logits are not divided by the root of a head's width."),
        Mistake(of_width(lambda q: q.shape[-1] ** 2),
                "the logits are divided by the width of a head, not by its root."),
        Mistake(lambda q, k, v, valid: right(q, k, v, ~valid),
                "valid is read the wrong way round: True means that a token may be read."),
        Mistake(lambda q, k, v, valid: _weights(np.where(valid[:, None], logits(q, k, q.shape[-1]), -1e9)) @ v,
                "the mask is on the rows, the queries. Nobody may *read* a padded token: mask the columns, the keys."),
        Mistake(late,
                "the weights of hidden keys are set to zero after the softmax, so the rest no longer sums to 1. "
                "Hide the logits before it."),
        Mistake(lambda q, k, v, valid: _weights(logits(q, k, q.shape[-1])) @ v, "valid is not used."),
        Mistake(lambda q, k, v, valid: _weights(hidden(logits(q, k, q.shape[-1]), valid), axis=-2) @ v,
                "the softmax runs over queries. Each query's weights should sum to 1 over the keys."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    inputs = [
        (*random.normal(size=(3, 2, 5, 4)), np.array([True, True, False, True, False])),
        (*random.normal(size=(3, 4, 3, 2)), np.array([True, False, True])),
    ]
    print(grade(answer, right, inputs, mistakes))


def layer_norm(answer: Function) -> None:
    """``answer(x, gain, shift, epsilon)``: LayerNorm of each row of ``(N, D)``."""

    def right(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        return gain * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + epsilon) + shift

    def unbiased(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        return gain * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, ddof=1, keepdims=True) + epsilon) + shift

    def annotated(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        return gain * (x - x.mean(1, keepdims=True)) / (x.std(1, ddof=1, keepdims=True) + epsilon) + shift

    def outside(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        return gain * (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + epsilon) + shift

    def of_tokens(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        return gain * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + shift

    def root_mean_square(x: np.ndarray, gain: np.ndarray, shift: np.ndarray, epsilon: float) -> np.ndarray:
        return gain * x / np.sqrt(np.square(x).mean(1, keepdims=True) + epsilon) + shift

    divisor = "the variance is divided by D - 1, as for a sample (PyTorch's default). LayerNorm divides by D"
    mistakes = [
        Mistake(unbiased, f"{divisor}."),
        Mistake(annotated, f"{divisor}; and epsilon belongs under the root."),
        Mistake(outside, "epsilon is added to the deviation; it belongs under the root, to the variance."),
        Mistake(of_tokens, "each component is normalized over the tokens. Each token should be, over its components."),
        Mistake(root_mean_square, "that is RMSNorm: the mean is not subtracted."),
        Mistake(lambda x, g, s, e: right(x, np.ones_like(g), np.zeros_like(s), e), "gain and shift are not used."),
        Mistake(lambda x, g, s, e: (right(x, np.ones_like(g), s, e)) * g,
                "the shift is multiplied by the gain: gain first, then shift."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    inputs = [(random.normal(2, 3, (3, 4)), random.normal(size=4), random.normal(size=4), 0.1),
              (np.array([[1.0, 0, 0, 0]]), np.ones(4), np.zeros(4), 1e-6)]  # fmt: skip
    print(grade(answer, right, inputs, mistakes))


class _Branch:
    """A function that shows its name where a grader shows arguments."""

    def __init__(self, name: str, function: Function) -> None:
        self.name, self.function = name, function

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.function(x))

    def __repr__(self) -> str:
        return self.name


def pre_norm(answer: Function) -> None:
    """``answer(x, norm_1, attention, norm_2, mlp)``: what a pre-norm layer makes of ``x``; the rest are functions."""

    def right(x: np.ndarray, one: Function, attention: Function, two: Function, mlp: Function) -> np.ndarray:
        middle = x + attention(one(x))
        return np.asarray(middle + mlp(two(middle)))

    def post(x: np.ndarray, one: Function, attention: Function, two: Function, mlp: Function) -> np.ndarray:
        middle = one(x + attention(x))
        return np.asarray(two(middle + mlp(middle)))

    def on_the_path(x: np.ndarray, one: Function, attention: Function, two: Function, mlp: Function) -> np.ndarray:
        x = one(x)
        middle = two(x + attention(x))
        return np.asarray(middle + mlp(middle))

    def bare(x: np.ndarray, one: Function, attention: Function, two: Function, mlp: Function) -> np.ndarray:
        return np.asarray(mlp(two(attention(one(x)))))

    mistakes = [
        Mistake(post, "that is post-norm: the norms stand after the sums. Here each stands before its branch."),
        Mistake(on_the_path, "what is normalized is also what is added to, so that the stream itself is normalized. "
                "Add to what entered, not to its norm."),
        Mistake(bare, "nothing is added to what entered: the residual sums are missing."),
        Mistake(lambda x, one, attention, two, mlp: x + attention(one(x)) + mlp(two(x)),
                "both branches read what entered the layer. The second should read what the first has left."),
        Mistake(lambda x, one, attention, two, mlp: (x + attention(x)) + mlp(x + attention(x)),
                "the norms are not used."),
        Mistake(lambda x, one, attention, two, mlp: right(x, two, attention, one, mlp),
                "the two norms have changed places: each has a gain and a shift of its own."),
    ]  # fmt: skip
    parts = (
        _Branch("norm_1", lambda x: 2 * (x - x.mean(-1, keepdims=True))),
        _Branch("attention", lambda x: x.mean(0) + 0.1 * x**2),
        _Branch("norm_2", lambda x: x - x.mean(-1, keepdims=True) + 1),
        _Branch("mlp", lambda x: np.maximum(x, 0)),
    )
    random = np.random.default_rng(0)
    print(grade(answer, right, [(random.normal(size=(3, 4)), *parts), (random.normal(size=(2, 2)), *parts)], mistakes))
