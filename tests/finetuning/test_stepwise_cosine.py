"""The released schedule in full: two levels are the learning rate of pre-training."""

from dataclasses import replace

import pytest

from vatt_edu.config import OptimConfig
from vatt_edu.errors import UserError
from vatt_edu.finetuning.schedule import stepwise_cosine
from vatt_edu.training.schedule import learning_rate


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
