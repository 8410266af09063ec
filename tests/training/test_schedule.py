"""The learning rate against the released schedules, and the paper's form of it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vatt_edu.config import OptimConfig
from vatt_edu.training.schedule import learning_rate

BOUND = 1e-6  # of the peak rate; the official values are float32


@pytest.fixture
def official(golden_dir: Path) -> dict[str, np.ndarray]:
    path = golden_dir / "lr_schedule.npz"
    if not path.exists():
        pytest.skip(f"{golden_dir} holds no lr_schedule.npz")
    return dict(np.load(path))


def test_pretraining_as_released(official: dict[str, np.ndarray]) -> None:
    config = OptimConfig()
    steps, rates = official["pretrain_steps"], official["pretrain_lr"]
    used = steps < 500_000  # there the released schedule divides 0 by 0
    ours = [learning_rate(int(step), config, 500_000) for step in steps[used]]
    assert np.abs(ours - rates[used]).max() <= BOUND * config.lr
    assert learning_rate(500_000, config, 500_000) == config.final_lr


def test_fine_tuning_as_released(official: dict[str, np.ndarray]) -> None:
    config = replace(OptimConfig(), lr=0.005, final_lr=0.0, warmup_steps=2_500)
    ours = [learning_rate(int(step), config, 100_000) for step in official["finetune_steps"]]
    assert np.abs(ours - official["finetune_lr"]).max() <= BOUND * config.lr


def test_a_quarter_of_a_cosine_as_in_the_paper() -> None:
    config = replace(OptimConfig(), schedule="quarter_cosine", lr=1.0, final_lr=0.5, warmup_steps=0)
    assert learning_rate(0, config, 90) == 1.0
    assert math.isclose(learning_rate(60, config, 90), 0.5 + 0.5 * math.cos(math.pi / 3))
    assert math.isclose(learning_rate(90, config, 90), 0.5)
    half = replace(config, schedule="half_cosine")
    assert math.isclose(learning_rate(60, half, 90), 0.5 + 0.5 * (1 + math.cos(2 * math.pi / 3)) / 2)


def test_warm_up_longer_than_the_run_never_divides_by_zero() -> None:
    config = replace(OptimConfig(), lr=1.0, final_lr=0.0, warmup_steps=10)
    assert learning_rate(5, config, 10) == 0.5
    assert learning_rate(10, config, 10) == 1.0
