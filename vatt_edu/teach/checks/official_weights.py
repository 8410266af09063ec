"""Graders of the exercises in *Official weights*."""

import functools
import math
from collections.abc import Sequence

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


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
        Mistake(without("sum"), "a position sums one row from each table: the numbers of rows add up, not multiply."),
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
