"""A tiny corpus of real files, made once, and the sizes that it is read at."""

from pathlib import Path

import pytest
from helpers import clips

from vatt_edu.config import AugmentConfig, ClipSpec, DataConfig


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not write here: ``corpus`` is a copy."""
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus")


@pytest.fixture
def spec() -> ClipSpec:
    return ClipSpec(
        frames=8, fps=5.0, height=24, width=24, short_side=32, samples=12_800, sample_rate=8_000, candidates=3, words=6
    )


@pytest.fixture
def data() -> DataConfig:
    augment = AugmentConfig(scale=0.0, saturation=0.0, hue=0.0, color_prob=1.0, audio_noise=0.0, audio_gain=0.3)
    return DataConfig(
        narrated_videos=2, windows_per_video=2, text_free=2, fps=5.0, short_side=32, sample_rate=8_000, candidates=3,
        augment=augment,
    )  # fmt: skip
