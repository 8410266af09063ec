"""Answers to the exercises of ``contrastive_losses``, by the package's own loss where there is one."""

import math
from collections.abc import Callable

import numpy as np
import torch

from vatt_edu.config import LossConfig
from vatt_edu.losses import Side, contrastive
from vatt_edu.teach.checks import contrastive_losses as checks

Array = np.ndarray


def mil_nce(cosines: Array, valid: Array, tau: float, form: str = "paper") -> float:
    """The package's loss of vectors with these cosines: clips are axes, lines hold their cosines as coordinates."""
    size, _, lines = cosines.shape
    clips = torch.eye(size, size + 1, dtype=torch.float64)
    candidates = torch.zeros(size, lines, size + 1, dtype=torch.float64)
    candidates[..., :size] = torch.from_numpy(cosines.transpose(1, 2, 0) / np.sqrt(size))  # shorter than 1
    candidates[..., size] = (1 - candidates.square().sum(-1)).sqrt()
    video = Side(clips, torch.ones(size, dtype=torch.bool), clips, torch.ones(size, dtype=torch.bool))
    words = Side(candidates, torch.from_numpy(valid), candidates, torch.from_numpy(valid))
    return float(contrastive(video, words, LossConfig(form, tau / np.sqrt(size))))


def by_hand(
    cosines: Array,
    valid: Array,
    scale: float,
    rows: Callable[[int], list[int]] | None = None,
    numerator: Callable[[Array], float] = lambda logits: float(np.exp(logits).sum()),
    right_in: bool = True,
) -> list[float]:
    """The loss of each clip, term by term."""
    losses = []
    for i in range(len(cosines)):
        others = [j for j in range(len(cosines)) if j != i]
        everything = [np.exp(cosines[i, j] * scale).sum() for j in others if valid[j]]
        everything += [np.exp(cosines[j, i] * scale).sum() for j in others]
        everything += [np.exp(cosines[i, i] * scale).sum()] if right_in else []
        losses.append(math.log(sum(everything)) - math.log(numerator(cosines[i, i] * scale)))
    return losses


def over_valid(losses: list[float], valid: Array) -> float:
    return float(np.array(losses)[valid].mean())


def geometric(logits: Array) -> float:
    """Of which the logarithm is the mean of the logits."""
    return math.exp(float(logits.mean()))


def another_clip(cosines: Array, valid: Array, tau: float) -> float:
    """The wrong diagonal: einsum letters exchanged, so that the last axis counts clips backward."""
    size = len(cosines)
    good = over_valid(by_hand(cosines, valid, 1 / tau), valid)
    own = np.mean([np.log(np.exp(cosines[i, i] / tau).sum()) for i in range(size) if valid[i]])
    others = np.mean([np.log(np.exp(cosines[i, size - 1 - i] / tau).sum()) for i in range(size) if valid[i]])
    return float(good + own - others)


def reshaped(cosines: Array, valid: Array, tau: float) -> float:
    """Lines before clips by ``view``: the shape is right, the numbers are others."""
    size, _, lines = cosines.shape
    strange = torch.from_numpy(cosines).view(size, lines, size).permute(0, 2, 1)
    good = over_valid(by_hand(cosines, valid, 1 / tau), valid)
    own = np.mean([np.log(np.exp(cosines[i, i] / tau).sum()) for i in range(size) if valid[i]])
    others = np.mean([float((strange[i, i] / tau).logsumexp(0)) for i in range(size) if valid[i]])
    return float(good + own - others)


def one_direction(cosines: Array, valid: Array, tau: float) -> float:
    s = torch.from_numpy(cosines / tau).masked_fill(~torch.from_numpy(valid)[None, :, None], -math.inf)
    own = torch.arange(len(s))
    matched = torch.from_numpy(cosines / tau)[own, own].logsumexp(1)
    everything = torch.logaddexp(s.masked_fill(torch.eye(len(s), dtype=torch.bool)[..., None], -math.inf)
                                 .flatten(1).logsumexp(1), matched)  # fmt: skip
    return float((everything - matched)[torch.from_numpy(valid)].mean())


REFERENCES = [
    (checks.mil_nce, mil_nce),
    (checks.chance, lambda clips, narrated, lines: math.log((clips * lines + narrated * lines) / lines)),
]

WRONG = [
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, 1 / t, right_in=False), v), "are missing from"),
    (checks.mil_nce, lambda c, v, t: mil_nce(c, v, t, "asymmetric"), "counted twice"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, t), v), "multiply by the temperature"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, -math.log(t)), v), "the scale is ln(1/tau)"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, 1.0), v), "no temperature is used"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, 1 / t, numerator=geometric), v), "of them should fit"),
    (checks.mil_nce, another_clip, "the lines of another clip"),
    (checks.mil_nce, reshaped, "another order reads"),
    (checks.mil_nce, lambda c, v, t: float(np.mean(by_hand(c, v, 1 / t))), "has no loss of its own"),
    (checks.mil_nce, lambda c, v, t: float(np.mean(np.where(v, by_hand(c, v, 1 / t), 0))), "Divide by how many have"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, np.ones_like(v), 1 / t), v), "Leave out those of clips"),
    (checks.mil_nce, one_direction, "not yet its lines against all clips"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, 1 / t, numerator=lambda s: float(np.exp(s).mean())), v),
     "It is their sum"),
    (checks.mil_nce, lambda c, v, t: over_valid(by_hand(c, v, 1 / t), v) * int(v.sum()), "the sum over clips"),
    (checks.mil_nce, lambda c, v, t: -mil_nce(c, v, t), "the sign is turned"),
    (checks.mil_nce, lambda c, v, t: mil_nce(c, v, t, "symmetric"), "should return"),
    (checks.chance, lambda b, n, c: math.log(b + b), "Which terms of the denominator exist"),
    (checks.chance, lambda b, n, c: math.log(n + n), "still a clip"),
    (checks.chance, lambda b, n, c: math.log(b * c + n * c), "How many of them does the numerator hold"),
    (checks.chance, lambda b, n, c: math.log(b - 1 + n), "the printed form"),
    (checks.chance, lambda b, n, c: -math.log(1 / b), "one direction only"),
    (checks.chance, lambda b, n, c: math.log(b * n), "share one denominator"),
    (checks.chance, lambda b, n, c: math.log2(n + b), "natural one"),
    (checks.chance, lambda b, n, c: 0, "a perfect loss"),
    (checks.chance, lambda b, n, c: math.log10(b + n), "should return"),
]  # fmt: skip
