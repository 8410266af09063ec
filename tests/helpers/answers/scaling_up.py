"""Answers to the exercises of ``scaling_up``."""

import numpy as np

from vatt_edu.teach.checks import scaling_up as checks


def gathered_gradient(says: list[list[float]], rank: int) -> list[float]:
    """As blocks of an array."""
    return np.array_split(np.array(says).sum(0), len(says))[rank].tolist()


def blocks(says: list[list[float]], rank: int) -> np.ndarray:
    """What every process says about one process's rows."""
    return np.stack([np.array_split(np.array(row), len(says))[rank] for row in says])


def arithmetic(batch: int, processes: int, micro_batch: int) -> tuple[int, int, int]:
    """By counting the pieces."""
    share = batch // processes
    size = micro_batch or share
    return share, len(range(0, share, size)), len(range(batch)) - 1


def counted(share, pieces, others):
    """A wrong answer of three formulas, each of the batch, the processes and the micro-batch."""
    return lambda batch, processes, size: tuple(f(batch, processes, size) for f in (share, pieces, others))


SHARE, PIECES, OTHERS = (lambda *words, place=place: arithmetic(*words)[place] for place in range(3))

REFERENCES = [(checks.gathered_gradient, gathered_gradient), (checks.arithmetic, arithmetic)]

WRONG = [
    (checks.gathered_gradient, lambda s, r: blocks(s, r)[r].tolist(), "their negatives"),
    (checks.gathered_gradient, lambda s, r: blocks(s, r).mean(0).tolist(), "divided once, there"),
    (checks.gathered_gradient, lambda s, r: (blocks(s, r).sum(0) * len(s)).tolist(), "looked at once"),
    (checks.gathered_gradient, lambda s, r: list(s[r]), "then keep the own rows"),
    (checks.gathered_gradient, lambda s, r: np.sum(s, axis=0).tolist(), "only the rows that it gave"),
    (checks.gathered_gradient, lambda s, r: np.sum(s, axis=0)[r :: len(s)].tolist(), "dealt out like cards"),
    (
        checks.gathered_gradient,
        lambda s, r: sum(blocks(s, q)[q] for q in range(len(s))).tolist(),
        "adds up different rows",
    ),
    (
        checks.gathered_gradient,
        lambda s, r: (blocks(s, r).sum(0) - blocks(s, r)[r]).tolist(),
        "the others' part alone",
    ),
    (checks.arithmetic, counted(SHARE, PIECES, lambda b, w, m: b // w - 1), "clips of all processes"),
    (
        checks.arithmetic,
        counted(SHARE, PIECES, lambda b, w, m: (b // w if m == 0 else min(m, b // w)) - 1),
        "does not change whom",
    ),
    (checks.arithmetic, counted(SHARE, PIECES, lambda b, w, m: b), "no negative of itself"),
    (checks.arithmetic, counted(SHARE, lambda b, w, m: max(1, b // w // (m or b)), OTHERS), "round up"),
    (
        checks.arithmetic,
        counted(SHARE, lambda b, w, m: int(np.ceil(b / m)) if 0 < m < b else 1, OTHERS),
        "its own share",
    ),
    (
        checks.arithmetic,
        lambda b, w, m: (b, int(np.ceil(b / m)) if 0 < m < b else 1, b * w - 1),
        "each has a share of it",
    ),
    (checks.arithmetic, counted(SHARE, lambda b, w, m: int(np.ceil(b / w / m)) if m else 0, OTHERS), "not none"),
]
