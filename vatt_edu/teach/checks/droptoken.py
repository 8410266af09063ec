"""Graders of the exercises in *DropToken*."""

import math

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def kept_tokens(answer: Function) -> None:
    """``answer(numbers, keep)``: for each clip (row) the tokens with the smallest numbers, the smallest first."""

    def right(numbers: np.ndarray, keep: float, count: int | None = None) -> np.ndarray:
        left = max(math.floor(keep * numbers.shape[1]), 1) if count is None else count
        return np.argsort(numbers, axis=1)[:, :left]

    def rounded(function: Function) -> Function:
        return lambda x, q: right(x, q, max(function(q * x.shape[1]), 1))

    mistakes = [
        Mistake(lambda x, q: np.where(_rank(x) < right(x, q).shape[1], x, 0.0),
                "all tokens are still there, some of them as zeros. That is a mask. Return the numbers of the kept "
                "ones, and nothing for the others."),
        Mistake(lambda x, q: _rank(x) < right(x, q).shape[1],
                "that is a mask, as long as before: true or false for each token. Return the kept tokens' numbers."),
        Mistake(lambda x, q: right(x, 1 - q),
                "the rate is that of tokens to keep, and here so many are dropped. At one half nobody would notice."),
        Mistake(rounded(round),
                "one token too many, sometimes: round goes up from a half. The released rule rounds down."),
        Mistake(rounded(math.ceil), "one token too many wherever there is a fraction: the released rule rounds down."),
        Mistake(lambda x, q: right(x, q, int(q * x.shape[1])), "at a small rate nothing is left. Keep at least one."),
        Mistake(lambda x, q: np.sort(x, axis=1)[:, : right(x, q).shape[1]],
                "those are the random numbers themselves. Asked for is where they stand: argsort, not sort."),
        Mistake(lambda x, q: np.repeat(right(x, q)[:1], len(x), axis=0),
                "every clip keeps the same tokens. Each row has numbers of its own: sort along the last axis."),
        Mistake(lambda x, q: np.sort(right(x, q), axis=1),
                "the right tokens, sorted by their place. Leave them in the order of their random numbers."),
        Mistake(lambda x, q: np.argsort(-x, axis=1)[:, : right(x, q).shape[1]],
                "as random as it should be, but from the wrong end: the smallest numbers are kept here."),
        Mistake(lambda x, q: np.tile(np.arange(right(x, q).shape[1]), (len(x), 1)),
                "the first tokens of each clip come back, whatever the numbers: the end of each clip is never seen."),
    ]  # fmt: skip
    random = np.random.default_rng(3)
    cases = [((3, 8), 0.25), ((2, 7), 0.5), ((2, 5), 0.1), ((3, 5), 0.7), ((2, 6), 0.2)]
    inputs = [(random.random(shape), keep) for shape, keep in cases]
    print(grade(answer, right, inputs, mistakes))


def shorten(answer: Function) -> None:
    """``answer(tokens, kept, modality, training)``: the tokens that the encoder gets, one row each."""

    def right(tokens: np.ndarray, kept: np.ndarray, modality: str, training: bool) -> np.ndarray:
        return tokens[kept] if training and modality != "text" else tokens

    def masked(tokens: np.ndarray, kept: np.ndarray, modality: str, training: bool) -> np.ndarray:
        if not training or modality == "text":
            return tokens
        rows = np.zeros_like(tokens)
        rows[kept] = tokens[kept]
        return rows

    def others(tokens: np.ndarray, kept: np.ndarray, modality: str, training: bool) -> np.ndarray:
        return np.delete(tokens, kept, axis=0) if training and modality != "text" else tokens

    mistakes = [
        Mistake(masked, "the others are zeros now, and still there: the encoder works on as many tokens as before, and "
                        "looks at the zeros. Leave them out."),
        Mistake(lambda x, k, m, t: x[k] if t else x,
                "words are dropped, too. A sentence has few of them, and each may be the one that matters."),
        Mistake(lambda x, k, m, t: x[k] if m != "text" else x,
                "tokens are dropped in evaluation, too: two calls with one clip would give two answers."),
        Mistake(lambda x, k, m, t: x[k], "tokens are dropped always. Neither text nor evaluation should lose any."),
        Mistake(others, "kept and dropped are exchanged: the rows in `kept` are those that stay."),
        Mistake(lambda x, k, m, t: x[k] if not t and m != "text" else x,
                "it drops in evaluation and not in training: the other way round."),
        Mistake(lambda x, k, m, t: x[: len(k)] if t and m != "text" else x,
                "as many as should be kept, but the first ones, not those that were drawn."),
        Mistake(lambda x, k, m, t: x[np.sort(k)] if t and m != "text" else x,
                "the right tokens in another order. Here: in the order of `kept`, so that positions can follow."),
        Mistake(lambda x, k, m, t: x, "nothing is ever dropped."),
    ]  # fmt: skip
    tokens, kept = np.arange(1.0, 13.0).reshape(6, 2), np.array([4, 1, 3])
    inputs = [
        (tokens, kept, modality, training) for modality in ("video", "audio", "text") for training in (True, False)
    ]
    print(grade(answer, right, inputs, mistakes))


def speedup(answer: Function) -> None:
    """``answer(tokens, width, keep)``: how many times cheaper an encoder layer is with a share of its tokens."""

    def right(tokens: int, width: int, keep: float) -> float:
        return (6 * width + tokens) / (keep * (6 * width + keep * tokens))

    mistakes = [
        Mistake(lambda n, d, q: 1 / q**2,
                "that would be right if all of the work were quadratic. Most of it is linear in the tokens."),
        Mistake(lambda n, d, q: 1 / q, "that would be right if all of the work were linear. Two products are not."),
        Mistake(lambda n, d, q: 1 / right(n, d, q), "upside down: that is the share of the work that is left."),
        Mistake(lambda n, d, q: (6 * d + n) / (6 * d + q * n),
                "that is the work of one token before and after. There are also fewer tokens."),
        Mistake(lambda n, d, q: (12 * d + n) / (q * (12 * d + q * n)),
                "only one of the two products is counted: queries with keys, and weights with values."),
        Mistake(lambda n, d, q: (2 * d + n) / (q * (2 * d + q * n)),
                "the feed-forward is missing: its two matrices take twice as many FLOPs as attention's four."),
        Mistake(lambda n, d, q: right(n, d, 1 - q), "the rate is that of the tokens which stay."),
    ]  # fmt: skip
    print(grade(answer, right, [(1_568, 768, 0.5), (196, 128, 0.25), (12, 2, 0.5), (100_000, 4_096, 0.8)], mistakes))


def _rank(numbers: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(numbers, axis=1), axis=1)
