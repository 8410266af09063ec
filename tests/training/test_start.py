"""Whitening: tokens of raw patches start uncorrelated and of unit variance, and say so where that cannot be."""

import pytest
import tiny
import torch

from vatt_edu.errors import UserError
from vatt_edu.model import VATT
from vatt_edu.tokens import as_signal
from vatt_edu.training.start import whiten_, whitening


def correlated(count: int, size: int, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    mix = torch.randn(size, size, generator=g, dtype=torch.float64)
    return torch.randn(count, size, generator=g, dtype=torch.float64) @ mix + 3.0


def test_unit_variance_and_uncorrelated() -> None:
    patches = correlated(4_000, 12)
    weight, bias = whitening(patches, 5)
    tokens = patches @ weight.T + bias
    assert tokens.mean(0).abs().max() < 1e-10
    covariance = tokens.T @ tokens / len(tokens)
    # A thousandth of the mean eigenvalue is added to each of the five, the smallest of which is a tenth of the mean.
    assert (covariance - torch.diag(covariance.diagonal())).abs().max() < 1e-10
    assert ((covariance.diagonal() > 0.98) & (covariance.diagonal() <= 1)).all()


def test_components_are_the_leading_ones() -> None:
    patches = correlated(4_000, 12)
    weight, _ = whitening(patches, 5)
    _, _, principal = torch.linalg.svd(patches - patches.mean(0), full_matrices=False)
    cosines = torch.nn.functional.normalize(weight, dim=1) @ principal[:5].T
    assert torch.allclose(cosines.abs(), torch.eye(5, dtype=torch.float64), atol=1e-8)


def test_flat_directions_are_not_blown_up() -> None:
    patches = correlated(500, 3) @ torch.eye(3, 8, dtype=torch.float64)  # five of eight directions have no variance
    weight, bias = whitening(patches, 8)
    noisy = patches + 1e-6 * torch.randn(500, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert (noisy @ weight.T + bias)[:, 3:].abs().max() < 1e-3


def test_a_model_starts_whitened_the_same_each_time() -> None:
    config = tiny.model_config()
    config = tiny.replace(config, audio=tiny.replace(config.audio, patch=32))
    batches = [tiny.random_batch(config, clips=32, seed=seed) for seed in range(3)]
    models = [VATT(config), VATT(config)]
    for model in models:
        whiten_(model, batches)
    first, second = models
    assert torch.equal(first.video.tokenizer.weight, second.video.tokenizer.weight)
    patches = torch.cat([as_signal(first.video.patches(batch.video)).flatten(0, 1) for batch in batches])
    tokens = first.video.tokenizer(patches[None])[0].detach()
    assert tokens.mean(0).abs().max() < 0.05  # whitened on a sample of these patches
    assert (tokens.std(0) - 1).abs().max() < 0.1


def test_too_wide_a_token_is_refused() -> None:
    config = tiny.model_config()  # audio tokens of width 24 from patches of 8 samples
    with pytest.raises(UserError, match="audio patch has 8 values, fewer than the 24"):
        whiten_(VATT(config), [tiny.random_batch(config, clips=8)])
