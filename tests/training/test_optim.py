"""The optimizers against their formulas in numpy, and what weight decay touches."""

import numpy as np
import pytest
import torch
from torch import nn

from vatt_edu.config import OptimConfig
from vatt_edu.training.optim import make_optimizer


def module() -> nn.Module:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2).double()
    layer.frozen = nn.Parameter(torch.ones(2, dtype=torch.float64), requires_grad=False)
    return layer


def formula(start: np.ndarray, gradients: np.ndarray, config: OptimConfig, decay: float) -> np.ndarray:
    """Adam with decoupled weight decay, times the rate (Loshchilov and Hutter, algorithm 2)."""
    (b1, b2), p, m, v = config.betas, start.copy(), 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        p *= 1 - config.lr * decay
        p -= config.lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + config.eps)
    return p


@pytest.mark.parametrize(("name", "decay"), [("adam", 0.0), ("adamw", 0.3)])
def test_steps_are_the_formula(name: str, decay: float) -> None:
    config = OptimConfig(name=name, lr=0.01, weight_decay=decay)
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
