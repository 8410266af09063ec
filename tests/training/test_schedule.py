"""The learning rate against the released schedules, and the paper's form of it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vatt_edu.config import OptimConfig
from vatt_edu.errors import UserError
from vatt_edu.training.schedule import learning_rate, stepwise_cosine

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


def test_three_levels_as_released(official: dict[str, np.ndarray]) -> None:
    # The file holds the rates, not what made them: the README of the golden directory says that.
    levels, starts, total, start = (0.01, 0.004, 0.001), (10, 40, 70), 100, 1e-5
    if len(official["three_level_steps"]) != total or abs(official["three_level_lr"][10] - levels[0]) > 1e-9:
        pytest.skip("another example of three levels")
    ours = [stepwise_cosine(int(step), levels, starts, total, start) for step in official["three_level_steps"]]
    assert np.abs(ours - official["three_level_lr"]).max() <= BOUND * max(levels)


@pytest.mark.parametrize("step", [0, 1, 7, 8, 40, 99, 100, 120])
def test_two_levels_are_the_learning_rate(step: int) -> None:
    config = replace(OptimConfig(), lr=0.3, final_lr=0.1, warmup_steps=8)
    assert stepwise_cosine(step, (0.3, 0.1), (8, 100), 100) == pytest.approx(
        learning_rate(step, config, 100), abs=1e-15
    )


def test_levels_are_reached_where_they_start_and_the_last_ends_at_zero() -> None:
    levels, starts = (3.0, 2.0, 0.5), (0, 10, 30)
    assert [stepwise_cosine(start, levels, starts, 50) for start in starts] == list(levels)
    assert stepwise_cosine(5, levels, starts, 50) == pytest.approx(2.5)
    assert stepwise_cosine(40, levels, starts, 50) == pytest.approx(0.25)
    assert stepwise_cosine(50, levels, starts, 50) == pytest.approx(0.0, abs=1e-15)
    for wrong in (((1.0,), (0, 3)), ((1.0, 2.0), (5, 3)), ((1.0,), (60,)), ((), ())):
        with pytest.raises(UserError, match="must each start"):
            stepwise_cosine(0, *wrong, 50)
