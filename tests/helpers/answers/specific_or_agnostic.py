"""Answers to the exercises of ``specific_or_agnostic``."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from vatt_edu.teach.checks import specific_or_agnostic as checks

Row = tuple[str, int, int]
Gradient = Sequence[Float[np.ndarray, "..."]]


def count(rows: Sequence[Row]) -> int:
    """A row counts unless one before it has its address."""
    total, places = 0, []
    for _, address, size in rows:
        if address not in places:
            total += size
            places.append(address)
    return total


def cosine(first: Gradient, second: Gradient) -> float:
    """By PyTorch."""
    a, b = (torch.cat([torch.from_numpy(part).flatten() for part in gradient]) for gradient in (first, second))
    return torch.cosine_similarity(a, b, dim=0).item()


def one_agg(rows: Sequence[Row]) -> int:
    """One tensor for each name within a tower."""
    sizes = {}
    for name, _, size in rows:
        sizes[name.partition(".")[2]] = size
    return sum(sizes.values())


def seen_once(rows: Sequence[Row]) -> int:
    places = [row[1] for row in rows]
    return sum(row[2] for row in rows if places.count(row[1]) < 2)


def by_tensor(first: Gradient, second: Gradient) -> float:
    return float(np.mean([cosine([a], [b]) for a, b in zip(first, second, strict=True)]))


def inner(first: Gradient, second: Gradient) -> float:
    return float(sum((a * b).sum() for a, b in zip(first, second, strict=True)))


REFERENCES = [(checks.count, count), (checks.cosine, cosine)]

WRONG = [
    (checks.count, lambda rows: sum(row[2] for row in rows), "counted three times"),
    (checks.count, one_agg, "an AGG vector, a tokenizer and projections of its own"),
    (checks.count, lambda rows: sum({row[0].split(".")[-1]: row[2] for row in rows}.values()), "names alone"),
    (checks.count, lambda rows: sum({row[2] for row in rows}), "need not be one tensor"),
    (checks.count, lambda rows: count([r for r in rows if r[0] != "text.tokenizer.weight"]), "words is missing"),
    (checks.count, seen_once, "missing altogether"),
    (checks.count, lambda rows: len({row[1] for row in rows}), "how many tensors"),
    (checks.count, lambda rows: count(rows) + 1, "should return"),
    (checks.cosine, inner, "grows with the gradients"),
    (checks.cosine, by_tensor, "counts as much as a large matrix"),
    (checks.cosine, lambda a, b: inner(a, b) / (inner(a, a) * inner(b, b)), "square root is missing"),
    (checks.cosine, lambda a, b: inner(a, b) / inner(a, a), "length of its own"),
    (checks.cosine, lambda a, b: abs(cosine(a, b)), "sign is lost"),
    (checks.cosine, lambda a, b: cosine(a[:1], b[:1]), "only the first tensor"),
    (checks.cosine, lambda a, b: 1 - cosine(a, b), "should return"),
]
