"""Whitening: tokens of raw patches start uncorrelated and of unit variance, and say so where that cannot be."""

from dataclasses import replace

import pytest
import torch
from helpers import tiny

from vatt_edu.batch import Batch
from vatt_edu.config import ModelConfig
from vatt_edu.errors import UserError
from vatt_edu.model import VATT
from vatt_edu.tokens import as_signal
from vatt_edu.training.whitening import whiten_, whitening


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


def config() -> ModelConfig:
    made = tiny.model_config()
    return replace(made, audio=replace(made.audio, samples=512, patch=32, gain=6.0))


def smooth_batch(seed: int) -> Batch:
    """Neighboring samples and pixels are alike, and nothing has mean 0."""
    batch = tiny.random_batch(config(), clips=32, seed=seed)
    video, audio = batch.video, batch.audio
    return replace(batch, video=(video + video.roll(1, 2)) / 2 + 0.2, audio=(audio + audio.roll(1, 1)) / 2 + 0.1)


@pytest.mark.parametrize("modality", ["video", "audio"])
def test_a_model_starts_with_white_tokens(modality: str) -> None:
    model, batches = VATT(config()), [smooth_batch(seed) for seed in range(3)]
    whiten_(model, batches)
    tower = getattr(model, modality)
    patches = torch.cat([as_signal(tower.patches(getattr(batch, modality))).flatten(0, 1) for batch in batches])
    tokens = tower.tokenizer(patches[None])[0].detach().double()
    covariance = tokens.T @ tokens / len(tokens)
    assert tokens.mean(0).abs().max() < 1e-4  # the rest is float32
    assert (covariance - torch.diag(covariance.diagonal())).abs().max() < 1e-4
    # A thousandth of the mean eigenvalue is added to each; the smallest here is about a fifth of the mean.
    assert ((covariance.diagonal() > 0.99) & (covariance.diagonal() < 1 + 1e-4)).all()


def test_the_start_is_the_same_each_time_and_reads_no_global_generator() -> None:
    models, batches = [VATT(config()), VATT(config())], [smooth_batch(seed) for seed in range(3)]
    for number, model in enumerate(models):
        torch.manual_seed(number)
        before = torch.random.get_rng_state()
        whiten_(model, iter(batches))
        assert torch.equal(before, torch.random.get_rng_state())
    for name in ("video", "audio"):
        first, second = (getattr(model, name).tokenizer for model in models)
        assert torch.equal(first.weight, second.weight)
        assert torch.equal(first.bias, second.bias)


def test_clips_without_the_modality_do_not_count() -> None:
    batch = smooth_batch(0)
    missing = torch.arange(32) % 3 == 0
    noise = replace(
        batch,
        video=torch.where(missing[:, None, None, None, None], 9.0, batch.video),
        audio=torch.where(missing[:, None], 9.0, batch.audio),
        has_video=~missing,
        has_audio=~missing,
    )
    models = [VATT(config()), VATT(config())]
    whiten_(models[0], [noise])
    whiten_(models[1], [replace(noise, video=batch.video, audio=batch.audio)])
    for name in ("video", "audio"):
        first, second = (getattr(model, name).tokenizer for model in models)
        assert torch.equal(first.weight, second.weight)
        assert torch.equal(first.bias, second.bias)
    with pytest.raises(UserError, match="no valid audio in the first batches"):
        whiten_(VATT(config()), [replace(batch, has_audio=torch.zeros(32, dtype=torch.bool))])


def test_too_wide_a_token_is_refused() -> None:
    wide = tiny.model_config()  # audio tokens of width 24 from patches of 8 samples
    with pytest.raises(UserError, match="audio patch has 8 values, fewer than the 24"):
        whiten_(VATT(wide), [tiny.random_batch(wide, clips=8)])
