"""Graders of the exercises in *Tokenization*."""

import math
from collections.abc import Sequence

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade

GRID_FIRST = (0, 2, 4, 1, 3, 5, 6)
"""Axes of a clip split into (t, frames, h, rows, w, columns, colors), those of the grid before those of a tubelet."""


def _cut(clip: np.ndarray, tubelet: tuple[int, int, int], order: tuple[int, ...] = GRID_FIRST) -> np.ndarray:
    (frames, height, width, colors), (t, h, w) = clip.shape, tubelet
    split = clip.reshape(frames // t, t, height // h, h, width // w, w, colors)
    return split.transpose(order).reshape(-1, t * h * w * colors)


def _joined(
    rows: np.ndarray, grid: tuple[int, int, int], tubelet: tuple[int, int, int], order: tuple[int, ...] = GRID_FIRST
) -> np.ndarray:
    """The clip whose patches, cut in that order, are ``rows``."""
    (a, b, c), (t, h, w) = grid, tubelet
    axes = (a, t, b, h, c, w, rows.shape[1] // (t * h * w))
    split = rows.reshape([axes[axis] for axis in order]).transpose(np.argsort(order))
    return split.reshape(a * t, b * h, c * w, -1)


def _clips() -> list[tuple[np.ndarray, tuple[int, int, int]]]:
    """Every number of a clip is there once, and no two sizes are equal."""
    cases = [((4, 4, 9, 3), (2, 2, 3)), ((2, 6, 4, 1), (1, 3, 2)), ((2, 4, 6, 2), (2, 1, 3))]
    return [(np.arange(math.prod(shape)).reshape(shape), tubelet) for shape, tubelet in cases]


def patchify(answer: Function) -> None:
    """``answer(clip, tubelet)``: the tubelets of a clip ``(T, H, W, C)``, a row each; time slowest, color fastest."""

    def other(*order: int) -> Function:
        return lambda clip, tubelet: _cut(clip, tubelet, order)

    def view(clip: np.ndarray, tubelet: tuple[int, int, int]) -> np.ndarray:
        return clip.reshape(-1, math.prod(tubelet) * clip.shape[-1])

    mistakes = [
        Mistake(view,
                "the shape is right, the numbers are stripes: reshape alone never moves a number, so a row holds "
                "what lies side by side in memory. Split the axes, then bring those of the grid to the front."),
        Mistake(other(2, 4, 0, 1, 3, 5, 6),
                "each tubelet is right, their order is not: time runs fastest. It should be slowest, so that the "
                "first rows are all of the first frames."),
        Mistake(other(0, 2, 4, 6, 1, 3, 5),
                "the tubelets are right and in order, but inside a row colors come first: all reds, then all greens. "
                "Color should be fastest, as in the clip itself."),
        Mistake(other(0, 4, 2, 1, 3, 5, 6),
                "each tubelet is right, but the grid is read down its columns. Go along a row of it first."),
        Mistake(other(0, 2, 4, 1, 5, 3, 6), "inside a row, rows and columns of pixels have changed places."),
        Mistake(other(0, 2, 4, 3, 5, 1, 6), "inside a row, time runs faster than rows and columns of pixels."),
        Mistake(lambda clip, tubelet: _cut(clip, tubelet).reshape(-1), "all in one row: give one row per tubelet."),
    ]  # fmt: skip
    print(grade(answer, _cut, _clips(), mistakes))


def put_back(answer: Function) -> None:
    """``answer(rows, grid, tubelet)``: the clip that was cut; ``grid`` counts tubelets along time, rows, columns."""

    def other(*order: int) -> Function:
        return lambda rows, grid, tubelet: _joined(rows, grid, tubelet, order)

    def view(rows: np.ndarray, grid: tuple[int, int, int], tubelet: tuple[int, int, int]) -> np.ndarray:
        return rows.reshape([count * size for count, size in zip(grid, tubelet, strict=True)] + [-1])

    mistakes = [
        Mistake(view, "the shape is right, but no number has moved. Split rows into axes, order them, join them."),
        Mistake(other(2, 4, 0, 1, 3, 5, 6), "that is how to put back what was cut with time fastest: it is slowest."),
        Mistake(other(0, 4, 2, 1, 3, 5, 6), "that would be right if the grid were read down its columns."),
        Mistake(other(0, 2, 4, 6, 1, 3, 5), "inside a row color is fastest; this takes all reds first."),
        Mistake(other(0, 2, 4, 1, 5, 3, 6), "inside each tubelet, rows and columns of pixels have changed places."),
    ]  # fmt: skip
    cases = []
    for clip, tubelet in _clips():
        sizes = [size // step for size, step in zip(clip.shape, tubelet, strict=False)]
        cases.append((_cut(clip, tubelet), (sizes[0], sizes[1], sizes[2]), tubelet))
    print(grade(answer, _joined, cases, mistakes))


def lost_share(answer: Function) -> None:
    """``answer(shape, patch)``: the share of a signal that is cut off where patches do not fill it."""

    def kept(shape: Sequence[int], patch: Sequence[int]) -> list[float]:
        return [size // step * step / size for size, step in zip(shape, patch, strict=True)]

    def right(shape: Sequence[int], patch: Sequence[int]) -> float:
        return 1 - math.prod(kept(shape, patch))

    mistakes = [
        Mistake(lambda s, p: math.prod(kept(s, p)), "that is the share that is kept."),
        Mistake(lambda s, p: math.prod(1 - share for share in kept(s, p)),
                "a number is lost if any of its axes cuts it off, not only if all of them do."),
        Mistake(lambda s, p: sum(1 - share for share in kept(s, p)),
                "what two axes both cut off is counted twice. Count what is kept."),
        Mistake(lambda s, p: max(1 - share for share in kept(s, p)), "every axis takes its part, not only the worst."),
        Mistake(lambda s, p: 1 - kept(s, p)[0], "right for the first axis alone: the others cut, too."),
        Mistake(lambda s, p: math.prod(s) - round(math.prod(s) * math.prod(kept(s, p))),
                "that is how many numbers. Asked for is their share."),
        Mistake(lambda s, p: 1 - math.prod(s) // math.prod(p) * math.prod(p) / math.prod(s),
                "patches are cut axis by axis; what is left over on one cannot fill up another."),
    ]  # fmt: skip
    inputs = [
        ((28, 28, 28), (8, 8, 8)), ((16, 56, 56), (4, 8, 8)), ((51_200,), (256,)), ((50_000,), (256,)),
        ((32, 225, 240), (4, 16, 16)),
    ]  # fmt: skip
    print(grade(answer, right, inputs, mistakes))
