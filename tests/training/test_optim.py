"""The optimizers against their formulas in numpy, and what weight decay touches."""

import numpy as np
import pytest
import torch
from helpers import tiny
from torch import nn

from vatt_edu.config import OptimConfig
from vatt_edu.finetuning.optim import KerasSGD
from vatt_edu.model import VATT
from vatt_edu.training.optim import KerasAdam, make_optimizer


def module() -> nn.Module:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2).double()
    layer.frozen = nn.Parameter(torch.ones(2, dtype=torch.float64), requires_grad=False)
    return layer


def formula(start: np.ndarray, gradients: np.ndarray, config: OptimConfig, decay: float) -> np.ndarray:
    """Adam as Keras has it; Adam (Kingma and Ba, algorithm 1); AdamW, its decay times the rate."""
    (b1, b2), p, m, v = config.betas, start.copy(), 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        if config.name == "keras_adam":
            p -= config.lr * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + config.eps)
        else:
            p *= 1 - config.lr * decay
            p -= config.lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + config.eps)
    return p


@pytest.mark.parametrize("eps", [1e-7, 1e-2])
@pytest.mark.parametrize(("name", "decay"), [("keras_adam", 0.0), ("adam", 0.0), ("adamw", 0.3)])
def test_steps_are_the_formula(name: str, decay: float, eps: float) -> None:
    config = OptimConfig(name=name, lr=0.01, weight_decay=decay, eps=eps)
    layer = module()
    optimizer = make_optimizer(layer, config)
    start = {key: value.detach().numpy().copy() for key, value in layer.named_parameters()}
    random = np.random.default_rng(0)
    gradients = {key: random.normal(size=(5, *value.shape)) for key, value in start.items()}
    for step in range(5):
        for key, value in layer.named_parameters():
            value.grad = torch.from_numpy(gradients[key][step])
        optimizer.step()
    for key, value in layer.named_parameters():
        if key == "frozen":
            assert (value.detach().numpy() == start[key]).all()
            continue
        decayed = decay if value.dim() == 2 else 0.0  # matrices only
        expected = formula(start[key], gradients[key], config, decayed)
        assert np.abs(value.detach().numpy() - expected).max() < 1e-12


def test_decay_moves_the_matrices_of_a_model_and_nothing_else() -> None:
    model = VATT(tiny.model_config())
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    make_optimizer(model, OptimConfig(name="adamw", lr=0.1, weight_decay=0.5)).step()
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name] * (1 - 0.1 * 0.5) if p.dim() == 2 else before[name]), name


def test_the_first_steps_of_torch_are_others() -> None:
    """So that the test above could fail: a gradient near epsilon shows the difference."""
    ours, theirs = (nn.Parameter(torch.ones(1, dtype=torch.float64)) for _ in range(2))
    for p, optimizer in ((ours, KerasAdam([ours], lr=0.1)), (theirs, torch.optim.Adam([theirs], lr=0.1, eps=1e-7))):
        p.grad = torch.full((1,), 1e-6, dtype=torch.float64)
        optimizer.step()
    assert (1 - theirs).item() == pytest.approx(0.1 / 1.1)
    assert (1 - ours).item() == pytest.approx(0.1 / (1 + 0.1 / 0.001**0.5))


@pytest.mark.parametrize("kind", [KerasAdam, KerasSGD])
def test_a_parameter_without_a_gradient_stays_where_it_is(kind: type[torch.optim.Optimizer]) -> None:
    """Not even weight decay moves it, and it gets no state."""
    used, unused = (nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizer = kind([used, unused], lr=0.1) if kind is KerasAdam else kind([used, unused], lr=0.1, weight_decay=0.5)
    used.grad = torch.ones(1)
    optimizer.step()
    assert used.item() < 1
    assert unused.item() == 1
    assert set(optimizer.state) == {used}


@pytest.mark.parametrize("kind", [KerasAdam, KerasSGD])
def test_a_closure_makes_the_gradients_of_its_step(kind: type[torch.optim.Optimizer]) -> None:
    """As torch's optimizers take one: called once, with gradients on; its loss, of before the step, is given back."""
    p = nn.Parameter(torch.full((1,), 3.0))
    optimizer = kind([p], lr=0.1)

    def closure() -> float:
        optimizer.zero_grad()
        loss = p.square().sum()
        loss.backward()
        return loss.item()

    assert optimizer.step(closure) == 9.0
    assert p.grad.item() == 6.0
    assert p.item() < 3
    assert optimizer.step() is None
