"""Answers to the exercises of ``positional_encoding``."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from vatt_edu.teach.checks import positional_encoding as checks


def norm(rows: np.ndarray) -> np.ndarray:
    """PyTorch's."""
    tensor = torch.from_numpy(np.ascontiguousarray(rows))
    return torch.nn.functional.layer_norm(tensor, tensor.shape[-1:], eps=1e-6).numpy()


def sums(tables: Sequence[np.ndarray]) -> np.ndarray:
    """Place by place."""
    return np.array([sum(rows) for rows in itertools.product(*tables)])


def positions(tables: Sequence[np.ndarray]) -> np.ndarray:
    return norm(sums(tables))


def first_fastest(tables: Sequence[np.ndarray]) -> np.ndarray:
    places = itertools.product(*[range(len(table)) for table in tables[::-1]])
    return norm(np.array([sum(t[i] for t, i in zip(tables, place[::-1], strict=True)) for place in places]))


def unbiased(tables: Sequence[np.ndarray]) -> np.ndarray:
    every = sums(tables)
    return (every - every.mean(1, keepdims=True)) / np.sqrt(every.var(1, keepdims=True, ddof=1) + 1e-6)


def root_mean_square(tables: Sequence[np.ndarray]) -> np.ndarray:
    every = torch.from_numpy(sums(tables))
    return torch.nn.functional.rms_norm(every, every.shape[-1:], eps=1e-6).numpy()


def placed(tokens: np.ndarray, kept: np.ndarray, table: np.ndarray) -> np.ndarray:
    return np.stack([tokens[place] + norm(table[place : place + 1])[0] for place in kept])


REFERENCES = [
    (checks.positions, positions),
    (checks.placed, placed),
]

WRONG = [
    (checks.positions, lambda tables: sums([norm(table) for table in tables]), "by itself"),
    (checks.positions, lambda tables: norm(sums([norm(table) for table in tables])), "once more"),
    (checks.positions, sums, "not normalized yet"),
    (checks.positions, unbiased, "D - 1"),
    (checks.positions, lambda tables: sums(tables) - sums(tables).mean(1)[:, None], "division"),
    (checks.positions, root_mean_square, "RMSNorm"),
    (checks.positions, lambda tables: norm(sums(tables).T).T, "over the places"),
    (checks.positions, first_fastest, "last axis"),
    (checks.positions, lambda tables: 2 * positions(tables), "should return"),
    (checks.placed, lambda tokens, kept, table: tokens[kept] + norm(table)[: len(kept)], "numbered 0, 1, 2"),
    (checks.placed, lambda tokens, kept, table: norm(tokens[kept] + table[kept]), "token plus position"),
    (checks.placed, lambda tokens, kept, table: tokens[kept] + table[kept], "not normalized"),
    (checks.placed, lambda tokens, kept, table: norm(placed(tokens, kept, table)), "right up to the sum"),
    (checks.placed, lambda tokens, kept, table: tokens[kept], "without positions"),
    (checks.placed, lambda tokens, kept, table: tokens + norm(table), "all tokens"),
    (checks.placed, lambda tokens, kept, table: placed(tokens, np.sort(kept), table), "in the order of"),
    (checks.placed, lambda tokens, kept, table: tokens[kept] - norm(table)[kept], "should return"),
]
