"""Answers to the exercises of ``common_space``."""

import numpy as np
import torch
import torch.nn.functional as F

from vatt_edu.common_space import BatchNorm
from vatt_edu.losses import l2_normalize
from vatt_edu.teach.checks import common_space as checks

Array = np.ndarray


def batch_norm(y: torch.Tensor, norm: tuple[Array, ...], training: bool) -> torch.Tensor:
    """By the package's own module."""
    module = BatchNorm(y.shape[1]).double().train(training)
    values = (module.running_mean, module.running_var, module.weight.data, module.bias.data)
    for value, array in zip(values, norm, strict=True):
        value.copy_(torch.from_numpy(array))
    return module(y, torch.ones(len(y), dtype=torch.bool)).detach()


def embed(x: Array, A: Array, *norm: Array, training: bool = False) -> Array:
    return F.normalize(batch_norm(torch.from_numpy(x @ A), norm, training), dim=1).numpy()


def no_l2(x: Array, A: Array, *norm: Array) -> Array:
    return batch_norm(torch.from_numpy(x @ A), norm, False).numpy()


def l2_first(x: Array, A: Array, *norm: Array) -> Array:
    return batch_norm(F.normalize(torch.from_numpy(x @ A), dim=1), norm, False).numpy()


def bias_first(x: Array, A: Array, mean: Array, var: Array, gamma: Array, beta: Array) -> Array:
    return embed(np.c_[x, np.ones(len(x))], np.r_[A, beta[None]], mean, var, gamma, 0 * beta)


def divided_by_variance(x: Array, A: Array, mean: Array, var: Array, gamma: Array, beta: Array) -> Array:
    return embed(x, A, mean, (var + 1e-5) ** 2 - 1e-5, gamma, beta)


def one_length(x: Array, A: Array, *norm: Array) -> Array:
    rows = no_l2(x, A, *norm)
    return rows / np.sqrt(np.square(rows).sum())


def film_similarity(windows: Array, sentence: Array) -> float:
    film = l2_normalize(l2_normalize(torch.from_numpy(windows)).mean(0))
    return float(torch.cosine_similarity(film, torch.from_numpy(sentence), dim=0))


def mean_cosine(windows: Array, sentence: Array) -> float:
    return float(np.mean([film_similarity(row[None], sentence) for row in windows]))


REFERENCES = [
    (checks.embed, embed),
    (checks.film_similarity, film_similarity),
]

WRONG = [
    (checks.embed, no_l2, "What is the last step"),
    (checks.embed, l2_first, "comes too early"),
    (checks.embed, lambda *a: embed(*a, training=True), "depends on its neighbors"),
    (checks.embed, bias_first, "stands before the norm"),
    (checks.embed, divided_by_variance, "divides by its root"),
    (checks.embed, one_length, "Each row has a length of its own"),
    (checks.embed, lambda *a: embed(*a).T.copy(), "should return"),
    (checks.film_similarity, lambda w, s: float(np.einsum("nd,d->n", w, s).mean()), "grows with every length"),
    (checks.film_similarity, mean_cosine, "shorter than 1"),
    (checks.film_similarity, lambda w, s: film_similarity(w.sum(0)[None], s), "counts for more"),
    (checks.film_similarity, lambda w, s: film_similarity(w, s) * np.linalg.norm(s), "its own length"),
    (checks.film_similarity, lambda w, s: max(film_similarity(row[None], s) for row in w), "best window"),
    (checks.film_similarity, lambda w, s: -film_similarity(w, s), "should return"),
]
