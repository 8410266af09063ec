"""The log-mel option against torchaudio, and at its edges (official numbers: parity)."""

import numpy as np
import pytest
import torch

from vatt_edu.config import AudioConfig, Config, DataConfig, MelConfig, ModelConfig
from vatt_edu.data.media.audio import torchaudio
from vatt_edu.errors import UserError
from vatt_edu.tokens import log_mel, log_mel_patches, mel_matrix


def test_triangles_as_torchaudio_draws_them_in_mel():
    """torchaudio's triangles are linear in Hz, ours in mel; centers and supports agree."""
    config = MelConfig(sample_rate=16_000, bins=40)
    theirs = torchaudio().functional.melscale_fbanks(1025, 80.0, 7600.0, 40, 16_000, norm=None, mel_scale="htk")
    ours = mel_matrix(config)
    assert (ours.argmax(0) - theirs.argmax(0)).abs().max() <= 1
    assert ((ours > 0.02) & (theirs == 0)).sum() == 0


def test_a_tone_lights_its_bin():
    config = MelConfig(window=400, hop=160, bins=64, low=60.0, high=7_800.0, sample_rate=16_000, patch_frames=4)
    tone = torch.sin(2 * torch.pi * 1_000 * torch.arange(16_000) / 16_000)[None]
    mel = log_mel(tone, config)
    assert mel.shape == (1, 100, 64)
    edges = torch.linspace(1127 * np.log1p(60 / 700), 1127 * np.log1p(7_800 / 700), 66)
    nearest = (edges[1:-1] - 1127 * np.log1p(1_000 / 700)).abs().argmin()
    assert (mel[0, 5:90].argmax(-1) == nearest).all()
    assert log_mel_patches(tone, config).shape == (1, 25, 256)


def test_silence_is_zero_and_finite():
    config = MelConfig(window=400, hop=160, bins=64, low=60.0, high=7_800.0, sample_rate=16_000)
    assert (log_mel_patches(torch.zeros(2, 8_000), config) == 0).all()


def test_sizes_follow_from_the_configuration():
    mel = MelConfig(window=400, hop=160, bins=64, low=60.0, high=7_800.0, sample_rate=16_000, patch_frames=4)
    audio = AudioConfig(samples=51_200, signal="log_mel", mel=mel)
    assert audio.grid == (80,)
    assert audio.patch_shape == (4, 64, 1)
    with pytest.raises(UserError, match="sample_rate"):
        Config(model=ModelConfig(audio=audio), data=DataConfig(sample_rate=48_000))
    with pytest.raises(UserError, match="half of"):
        MelConfig(sample_rate=8_000)
