"""Answers to the exercises of ``droptoken``."""

import numpy as np

from vatt_edu import cost
from vatt_edu.config import EncoderConfig
from vatt_edu.teach.checks import droptoken as checks


def kept_tokens(numbers: np.ndarray, keep: float) -> np.ndarray:
    """One after the other, without sorting."""
    rows = []
    for row in numbers:
        left, kept = dict(enumerate(row)), []
        while len(kept) < max(int(keep * len(row)), 1):
            kept.append(min(left, key=left.__getitem__))
            del left[kept[-1]]
        rows.append(kept)
    return np.array(rows)


def shorten(tokens: np.ndarray, kept: np.ndarray, modality: str, training: bool) -> np.ndarray:
    """As a product with a matrix that chooses rows."""
    if modality == "text" or not training:
        return tokens
    return np.eye(len(tokens))[kept] @ tokens


def speedup(tokens: int, width: int, keep: float) -> float:
    """By the package's own count, of a layer with as many tokens as a fraction allows."""
    config = EncoderConfig(layers=1, width=width, ff_width=4 * width, heads=1, head_width=width)
    whole, scale = cost.encoder_flops(config, tokens), round(keep * tokens) / tokens
    assert abs(scale - keep) < 1e-9
    return whole.both_products / cost.encoder_flops(config, round(keep * tokens)).both_products


def mask(numbers: np.ndarray, keep: float) -> np.ndarray:
    chosen = np.zeros(numbers.shape, bool)
    np.put_along_axis(chosen, kept_tokens(numbers, keep), True, axis=1)
    return chosen


def zeroed(tokens: np.ndarray, kept: np.ndarray, modality: str, training: bool) -> np.ndarray:
    if modality == "text" or not training:
        return tokens
    return tokens * np.isin(np.arange(len(tokens)), kept)[:, None]


def dropped(tokens: np.ndarray, kept: np.ndarray, modality: str, training: bool) -> np.ndarray:
    if modality == "text" or not training:
        return tokens
    return np.array([row for number, row in enumerate(tokens) if number not in kept])


def counted(numbers: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(numbers)[:, :count]


REFERENCES = [
    (checks.kept_tokens, kept_tokens),
    (checks.shorten, shorten),
    (checks.speedup, speedup),
]

WRONG = [
    (checks.kept_tokens, lambda x, q: np.where(mask(x, q), x, 0), "That is a mask"),
    (checks.kept_tokens, mask, "as long as before"),
    (checks.kept_tokens, lambda x, q: kept_tokens(x, 1 - q), "so many are dropped"),
    (checks.kept_tokens, lambda x, q: counted(x, max(round(q * x.shape[1]), 1)), "round goes up"),
    (checks.kept_tokens, lambda x, q: counted(x, int(np.ceil(q * x.shape[1]))), "wherever there is a fraction"),
    (checks.kept_tokens, lambda x, q: counted(x, int(q * x.shape[1])), "at least one"),
    (checks.kept_tokens, lambda x, q: np.take_along_axis(x, kept_tokens(x, q), 1), "argsort, not sort"),
    (checks.kept_tokens, lambda x, q: kept_tokens(np.repeat(x[:1], len(x), 0), q), "the same tokens"),
    (checks.kept_tokens, lambda x, q: np.sort(kept_tokens(x, q)), "order of their random numbers"),
    (checks.kept_tokens, lambda x, q: kept_tokens(-x, q), "wrong end"),
    (checks.kept_tokens, lambda x, q: np.sort(kept_tokens(np.arange(x.size).reshape(x.shape), q)), "first tokens"),
    (checks.kept_tokens, lambda x, q: kept_tokens(x, q)[0], "should return"),
    (checks.shorten, zeroed, "looks at the zeros"),
    (checks.shorten, lambda x, k, m, t: shorten(x, k, "video", t), "words are dropped"),
    (checks.shorten, lambda x, k, m, t: shorten(x, k, m, True), "two answers"),
    (checks.shorten, lambda x, k, m, t: shorten(x, k, "video", True), "dropped always"),
    (checks.shorten, dropped, "exchanged"),
    (checks.shorten, lambda x, k, m, t: shorten(x, k, m, not t), "the other way round"),
    (checks.shorten, lambda x, k, m, t: shorten(x, np.arange(len(k)), m, t), "the first ones"),
    (checks.shorten, lambda x, k, m, t: shorten(x, np.sort(k), m, t), "in another order"),
    (checks.shorten, lambda x, k, m, t: x.copy(), "nothing is ever dropped"),
    (checks.shorten, lambda x, k, m, t: shorten(x, k, m, t)[::-1], "should return"),
    (checks.speedup, lambda n, d, q: q**-2, "all of the work were quadratic"),
    (checks.speedup, lambda n, d, q: q**-1, "all of the work were linear"),
    (checks.speedup, lambda n, d, q: 1 / speedup(n, d, q), "upside down"),
    (checks.speedup, lambda n, d, q: q * speedup(n, d, q), "work of one token"),
    (checks.speedup, lambda n, d, q: speedup(n, 2 * d, q), "only one of the two"),
    (checks.speedup, lambda n, d, q: (2 * d + n) / (q * (2 * d + q * n)), "feed-forward is missing"),
    (checks.speedup, lambda n, d, q: speedup(n, d, 1 - q), "tokens which stay"),
    (checks.speedup, lambda n, d, q: 2.0, "should return"),
]
