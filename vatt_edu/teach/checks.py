"""Graders of the exercises: each runs an answer, and says that it is right or names the mistake.

A grader knows the right function, inputs that tell right from wrong, and the wrong functions that people write. An
answer that does what one of those does gets the hint that was written for it; any other gets the first input at which
it differs.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Mistake:
    """A function that people write, and what to tell them."""

    function: Function
    hint: str


def grade(answer: Function, right: Function, inputs: Sequence[tuple[Any, ...]], mistakes: Sequence[Mistake]) -> str:
    """What is said about an answer; starts with "Right" if and only if it is.

    Args:
        answer: What the reader wrote.
        right: What it should do.
        inputs: Arguments that it is tried with; on some of them, each mistake must differ from ``right``.
        mistakes: Functions that people write.
    """
    expected = [right(*_copies(arguments)) for arguments in inputs]
    outputs = []
    for arguments in inputs:
        try:
            outputs.append(answer(*_copies(arguments)))
        except Exception as error:  # the reader's own code may do anything; it is told what
            return f"Not yet: with {_shown(arguments)} it stops: {type(error).__name__}: {error}"
    if all(value is None or value is Ellipsis for value in outputs):
        return "Not yet: nothing comes back. Does your function end with a return?"
    if all(map(_equal, outputs, expected)):
        return f"Right, for all {len(inputs)} inputs that it was tried with."
    for mistake in mistakes:
        same = all(map(_equal, outputs, [mistake.function(*_copies(arguments)) for arguments in inputs]))
        if same:
            return f"Not yet: {mistake.hint}"
    arguments, value, true = next(
        case for case in zip(inputs, outputs, expected, strict=True) if not _equal(case[1], case[2])
    )
    return f"Not yet: with {_shown(arguments)} it should return {_short(true)}, and returns {_short(value)}."


def alias(answer: Function) -> None:
    """``answer(frequency, rate)``: the lowest frequency that has the same samples, Hz."""

    def right(frequency: float, rate: float) -> float:
        folded = frequency % rate
        return min(folded, rate - folded)

    mistakes = [
        Mistake(lambda f, r: f,
                "the tone itself comes back. What do the samples of a tone above half the rate look like?"),
        Mistake(lambda f, r: f % r,
                "a multiple of the rate is taken off, but what is left may still lie above half of it."),
        Mistake(lambda f, r: abs(f - r),
                "right for tones near the rate; a tone below half of it should stay what it is."),
        Mistake(lambda f, r: f if f <= r / 2 else r - f,
                "right up to the rate; beyond it, frequencies come out negative. First take off multiples of it."),
        Mistake(lambda f, r: min(f, r / 2),
                "a tone that is too high is not cut off at half the rate: it comes out elsewhere."),
        Mistake(lambda f, r: f % (r / 2), "between half the rate and the rate, what is heard falls as tones rise."),
    ]  # fmt: skip
    inputs = [(440.0, 8_000.0), (5_000.0, 8_000.0), (7_900.0, 8_000.0), (9_000.0, 8_000.0), (21_500.0, 8_000.0)]
    print(grade(answer, right, inputs, mistakes))


def to_unit(answer: Function) -> None:
    """``answer(frame)``: bytes as floats in [-1, 1], 0 becoming -1 and 255 becoming 1."""

    def right(frame: np.ndarray) -> np.ndarray:
        return frame.astype(np.float32) / 127.5 - 1

    def overflow(frame: np.ndarray) -> np.ndarray:
        return (frame * np.uint8(2) - np.uint8(255)) / 255

    mistakes = [
        Mistake(lambda x: x / 255, "that is [0, 1]. Stretch it to twice the length, then move it."),
        Mistake(lambda x: x / 255 - 0.5, "that is [-0.5, 0.5]: half as long as asked for."),
        Mistake(lambda x: x / 128 - 1,
                "255 comes out a little below 1: what should a byte be divided by, so that 255 becomes 2?"),
        Mistake(lambda x: (x.astype(np.float32) - 127) / 128,
                "0 and 255 miss the ends of the range by a little: the middle of 0 and 255 is 127.5."),
        Mistake(overflow, "bytes wrap around at 256. Turn them into floats before you calculate."),
    ]  # fmt: skip
    ramp = np.arange(0, 256, 15, dtype=np.uint8).reshape(2, 3, 3)
    print(grade(answer, right, [(ramp,), (np.full((1, 1, 3), 128, np.uint8),)], mistakes))


def nearest(answer: Function) -> None:
    """``answer(centers, time, count)``: numbers of the ``count`` lines nearest to a time, the nearest first."""

    def right(centers: Sequence[float], time: float, count: int) -> list[int]:
        return sorted(range(len(centers)), key=lambda n: abs(centers[n] - time))[:count]

    def before(centers: Sequence[float], time: float, count: int) -> list[int]:
        earlier = [n for n in range(len(centers)) if centers[n] <= time]
        return sorted(earlier, key=lambda n: time - centers[n])[:count]

    def times(centers: Sequence[float], time: float, count: int) -> list[float]:
        return [centers[n] for n in right(centers, time, count)]

    mistakes = [
        Mistake(before,
                "a line that comes after the moment counts, too: narrators often speak before they act, or after."),
        Mistake(lambda c, t, k: sorted(right(c, t, k)),
                "the right lines, in the order of the video: the nearest should be first."),
        Mistake(times, "those are their times. Asked for are their numbers."),
        Mistake(lambda c, t, k: sorted(range(len(c)), key=lambda n: -abs(c[n] - t))[:k], "those are the farthest."),
        Mistake(lambda c, t, k: sorted(range(len(c)), key=lambda n: c[n] - t)[:k],
                "a difference has a sign: a line long before the moment is not near. What measures a distance?"),
        Mistake(lambda c, t, k: right(c, t, 1), "only the nearest one comes back."),
    ]  # fmt: skip
    lines = [1.0, 3.5, 4.0, 9.0, 12.5, 13.0]
    print(grade(answer, right, [(lines, 8.2, 3), (lines, 3.6, 2), (lines, 30.0, 4), (lines, 0.0, 1)], mistakes))


def recall(answer: Function) -> None:
    """``answer(similarity, k)``: share of rows whose own column, of the same number, is among the first ``k``.

    Ties count against us: a row has its own in the first ``k`` if fewer than ``k`` others are at least as similar.
    """

    def place(similarity: np.ndarray) -> np.ndarray:
        others = (similarity >= np.diag(similarity)[:, None]).sum(1) - 1
        return others + 1

    def right(similarity: np.ndarray, k: int) -> float:
        return float((place(similarity) <= k).mean())

    def kind(similarity: np.ndarray, k: int) -> float:
        return float(((similarity > np.diag(similarity)[:, None]).sum(1) < k).mean())

    mistakes = [
        Mistake(kind, "ties are counted in our favor: a model that says the same of everything would be perfect."),
        Mistake(lambda s, k: float((place(s) < k).mean()), "one place is missing: with k = 1 nothing can ever count."),
        Mistake(lambda s, k: right(s.T, k),
                "that asks the columns: each row is a question, and its answers lie along it."),
        Mistake(lambda s, k: int((place(s) <= k).sum()), "that is how many. Asked for is their share."),
        Mistake(lambda s, k: right(-s, k), "the least similar come first: larger is more similar."),
        Mistake(lambda s, k: right(s, 1), "k is not used."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    matrix = random.normal(size=(12, 12)) + 1.5 * np.eye(12)
    inputs = [(matrix, 1), (matrix, 3), (np.round(matrix), 3), (np.zeros((8, 8)), 5)]
    print(grade(answer, right, inputs, mistakes))


def to_torch(answer: Function) -> None:
    """``answer(key, array)``: an official tensor as this library stores it, by the last part of its key.

    Kernels of dense layers, ``(in, out)``, become ``(out, in)``; those of patches, ``(*patch, channels, out)``, become
    ``(out, numbers in a patch)``; everything else stays.
    """

    def right(key: str, array: np.ndarray) -> np.ndarray:
        return array.reshape(-1, array.shape[-1]).T if key.endswith("/kernel") else array

    def kernels(change: Function) -> Function:
        return lambda key, array: change(array) if key.endswith("/kernel") else array

    mistakes = [
        Mistake(lambda key, x: x, "kernels still stand as (in, out). A square one fits either way, and is wrong."),
        Mistake(lambda key, x: x.reshape(-1, x.shape[-1]).T if x.ndim > 1 else x,
                "a table of words or positions is looked up, row by row: it stays as it is. Only kernels turn."),
        Mistake(lambda key, x: x.reshape(-1, x.shape[-1]).T,
                "tables are looked up and biases are added as they are. Only what ends in /kernel turns."),
        Mistake(kernels(lambda x: x.T),
                "right for dense layers. In the kernel of a patch this turns all axes around, and mixes time with "
                "color: first make one axis of all but the last."),
        Mistake(kernels(lambda x: x.reshape(x.shape[-1], -1)),
                "the shape is right, the numbers are not in their places: reshape never moves a number. Transpose."),
        Mistake(kernels(lambda x: np.moveaxis(x, -1, 0)),
                "right for dense layers. Here a tokenizer is a matrix: make one axis of all the others."),
        Mistake(kernels(lambda x: x.reshape(-1, x.shape[-1])), "the patch is one axis now; (in, out) must still turn."),
    ]  # fmt: skip
    count = iter(range(10_000))

    def numbers(*shape: int) -> np.ndarray:
        return np.array([next(count) for _ in range(math.prod(shape))], np.float32).reshape(shape)

    inputs = [
        ("tx/layers/0/mha/q/kernel", numbers(3, 3)),
        ("tx/layers/0/feed_forward/mlp/wi/kernel", numbers(2, 4)),
        ("voxel_to_patch/kernel", numbers(2, 2, 2, 3, 4)),
        ("voxel_to_patch/bias", numbers(4)),
        ("embedding/embeddings", numbers(5, 2)),
    ]
    print(grade(answer, right, inputs, mistakes))


def tower_parameters(answer: Function) -> None:
    """``answer(layers, width, hidden, patch, rows)``: how many numbers a video tower of the paper holds.

    ``hidden`` is the width inside a feed-forward, ``patch`` the numbers in a patch, ``rows`` those of each position
    table.
    """

    def count(layers: int, width: int, hidden: int, patch: int, rows: Sequence[int], leave: str = "") -> int:
        dense = 0 if leave == "biases" else 1
        parts = {
            "tokenizer": patch * width + dense * width,
            "positions": (math.prod(rows) if leave == "sum" else sum(rows)) * width,
            "position norm": 2 * width,
            "agg": width,
            "attention": layers * (3 if leave == "output" else 4) * (width * width + dense * width),
            "feed-forward": layers * (2 * width * hidden + dense * (hidden + width)),
            "norms": layers * (2 if leave == "one norm" else 4) * width,
            "last norm": 2 * width,
        }
        return sum(value for name, value in parts.items() if name != leave)

    def without(part: str) -> Function:
        return functools.partial(count, leave=part)

    mistakes = [
        Mistake(without("biases"), "the matrices are all there. Every dense layer also has a bias."),
        Mistake(without("sum"), "a position sums one row from each table: t + h + w rows are stored, not t × h × w."),
        Mistake(without("output"), "attention has four matrices: queries, keys, values, and the one that leads back."),
        Mistake(without("one norm"), "a layer has two norms, each with a gain and a shift."),
        Mistake(without("norms"), "the layers' own norms are missing: two in each, with a gain and a shift."),
        Mistake(without("last norm"), "one norm is missing: the one after the last layer."),
        Mistake(without("position norm"), "one norm is missing: that of the positions."),
        Mistake(without("agg"), "the AGG token is missing: one learned vector."),
        Mistake(without("tokenizer"), "the tokenizer is missing: a matrix from patches to tokens, and its bias."),
        Mistake(without("positions"), "the position tables are missing."),
    ]  # fmt: skip
    inputs = [
        (12, 768, 3072, 3072, (8, 14, 14)),
        (12, 1024, 4096, 3072, (8, 14, 14)),
        (2, 32, 64, 768, (2, 4, 4)),
    ]
    print(grade(answer, count, inputs, mistakes))


def _copies(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.copy() if isinstance(value, np.ndarray | list) else value for value in arguments)


def _equal(output: Any, expected: Any) -> bool:
    try:
        a, b = np.asarray(output, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6))


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} that begins {np.round(value.ravel()[:3].astype(float), 3).tolist()}"
    return repr(value)


def _shown(arguments: tuple[Any, ...]) -> str:
    return "(" + ", ".join(_short(value) for value in arguments) + ")"
