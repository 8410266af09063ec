"""The learning rate: the paper's form, and edges."""

import math
from dataclasses import replace

from vatt_edu.config import OptimConfig
from vatt_edu.training.schedule import learning_rate


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
