"""Graders of the exercises in *Positional encoding*."""

from collections.abc import Sequence

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade

EPSILON = 1e-6


def _normalized(rows: np.ndarray, ddof: int = 0) -> np.ndarray:
    """Each row with mean 0 and deviation 1."""
    centered = rows - rows.mean(-1, keepdims=True)
    return centered / np.sqrt(rows.var(-1, keepdims=True, ddof=ddof) + EPSILON)


def _sums(tables: Sequence[np.ndarray]) -> np.ndarray:
    """A sum of rows for each place, the last axis fastest."""
    total = tables[0]
    for table in tables[1:]:
        total = total[..., None, :] + table
    return total.reshape(-1, total.shape[-1])


def _tables() -> list[tuple[np.ndarray, ...]]:
    random = np.random.default_rng(0)
    return [tuple(random.normal(size=(rows, 6)) for rows in grid) for grid in [(2, 3), (4, 3, 2), (5,), (3, 2)]]


def _placed(tokens: np.ndarray, kept: np.ndarray, table: np.ndarray) -> np.ndarray:
    return tokens[kept] + _normalized(table)[kept]


def positions(answer: Function) -> None:
    """``answer(tables)``: a normalized sum of one vector of each table for each place, the last axis fastest."""

    def transposed(tables: Sequence[np.ndarray]) -> np.ndarray:
        grid = [len(table) for table in tables]
        every = _normalized(_sums(tables)).reshape(*grid, -1)
        return every.transpose(*range(len(grid))[::-1], len(grid)).reshape(-1, every.shape[-1])

    mistakes = [
        Mistake(lambda tables: _sums([_normalized(table) for table in tables]),
                "each table is normalized by itself. Sum first: the norm acts on the sum."),
        Mistake(lambda tables: _normalized(_sums([_normalized(table) for table in tables])),
                "the tables are normalized before the sum and it once more. Once is right: the sum."),
        Mistake(_sums, "the sums are right, and are not normalized yet."),
        Mistake(lambda tables: _normalized(_sums(tables), ddof=1),
                "the deviation divides by D - 1. LayerNorm divides by D: np.var does, by itself."),
        Mistake(lambda tables: _sums(tables) - _sums(tables).mean(-1, keepdims=True),
                "the mean is taken off, the division by the deviation is missing."),
        Mistake(lambda tables: _sums(tables) / np.sqrt((_sums(tables) ** 2).mean(-1, keepdims=True) + EPSILON),
                "that is RMSNorm: LayerNorm takes the mean off first."),
        Mistake(lambda tables: _normalized(_sums(tables).T).T,
                "normalized over the places. LayerNorm acts on the numbers of one place."),
        Mistake(transposed, "every place has a right vector, in another order: the last axis must be the fastest."),
    ]  # fmt: skip
    print(grade(answer, lambda tables: _normalized(_sums(tables)), [(tables,) for tables in _tables()], mistakes))


def placed(answer: Function) -> None:
    """``answer(tokens, kept, table)``: the kept tokens, each with the normalized position of its own place."""

    def by_row_number(tokens: np.ndarray, kept: np.ndarray, table: np.ndarray) -> np.ndarray:
        return tokens[kept] + _normalized(table)[: len(kept)]

    def after_sorting(tokens: np.ndarray, kept: np.ndarray, table: np.ndarray) -> np.ndarray:
        return _placed(tokens, np.sort(kept), table)

    mistakes = [
        Mistake(by_row_number,
                "kept tokens are numbered 0, 1, 2, ... anew, so a token gets the position of a place where it was not. "
                "Take the vectors of the places at which the tokens were cut."),
        Mistake(lambda tokens, kept, table: _normalized(tokens[kept] + table[kept]),
                "the norm acts on token plus position. In VATT it acts on the position alone, before the sum."),
        Mistake(lambda tokens, kept, table: tokens[kept] + table[kept], "the positions are not normalized."),
        Mistake(lambda tokens, kept, table: _normalized(tokens[kept] + _normalized(table)[kept]),
                "right up to the sum, and then that is normalized, too. The token stays as loud as it is."),
        Mistake(lambda tokens, kept, table: tokens[kept], "these are the kept tokens, without positions."),
        Mistake(lambda tokens, kept, table: tokens + _normalized(table), "these are all tokens. Take the kept ones."),
        Mistake(after_sorting, "the tokens are right, but they should come in the order of `kept`."),
    ]  # fmt: skip
    random = np.random.default_rng(1)
    inputs = [
        (random.normal(size=(8, 6)), np.array(kept), 3 * random.normal(size=(8, 6)) + 1)
        for kept in ([5, 2, 7], [0, 3], [6, 1, 4, 0])
    ]
    print(grade(answer, _placed, inputs, mistakes))
