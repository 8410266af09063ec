"""The table of the game of eight: its loss is the one that the package trains with."""

import numpy as np
import pytest
import torch

from vatt_edu.config import LossConfig
from vatt_edu.losses import Side, contrastive
from vatt_edu.teach.interactive.matrix import Matrix, losses


def vectors(seed: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(8, 16, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.mark.parametrize("temperature", [0.07, 0.2, 1.0])
def test_the_loss_is_that_of_training(temperature: float) -> None:
    sounds, clips, yes = vectors(0), vectors(1), torch.ones(8, dtype=torch.bool)
    package = contrastive(
        Side(clips, yes, clips, yes),
        Side(sounds[:, None], yes, sounds[:, None], yes),
        LossConfig(temperature=temperature),
    )
    each = losses((clips @ sounds.T).numpy(), temperature)
    assert np.isclose(sum(each) / 8, package.item(), rtol=1e-5)


def test_inputs_change_outputs() -> None:
    same, right = np.zeros((8, 8)), np.eye(8)
    figure = Matrix({"nothing": same, "right": right})
    assert figure.stage == 1
    assert np.isclose(figure.loss, np.log(2 + 14 * np.exp(-5)))
    figure.set_state({"stage": 0, "clip": 3})
    assert np.isclose(figure.loss, np.log(16))
    figure.set_state({"stage": 1, "temperature": 1.0})
    assert np.isclose(figure.mean, np.log(2 + 14 * np.exp(-1)))


def test_a_clip_has_its_own_loss() -> None:
    table = np.eye(8)
    table[2, 5] = 1.0  # clip 2 is as near to sound 5 as to its own
    figure = Matrix({"one": table})
    figure.set_state({"clip": 2})
    assert figure.loss > losses(table, 0.2)[0]
    figure.set_state({"clip": 0})
    assert figure.loss == losses(table, 0.2)[0]


def test_a_model_that_joins_later_does_not_change_what_is_shown() -> None:
    figure = Matrix({"random": np.zeros((3, 3)), "trained": np.eye(3)})
    mean = figure.mean
    figure.add("between", np.diag([1.0, 0.0, 0.0]), place=1)
    assert figure.names == ["random", "between", "trained"]
    assert (figure.stage, figure.mean) == (2, mean)
    figure.set_state({"stage": 1})
    assert figure.mean == pytest.approx(np.mean(losses(np.diag([1.0, 0.0, 0.0]), 0.2)))
