"""The optimizers against their formulas in numpy, and what weight decay touches."""

from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from torch import nn

from vatt_edu.config import OptimConfig
from vatt_edu.model import VATT
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


def test_decay_moves_the_matrices_of_a_model_and_nothing_else() -> None:
    model = VATT(tiny.model_config())
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    make_optimizer(model, OptimConfig(name="adamw", lr=0.1, weight_decay=0.5)).step()
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name] * (1 - 0.1 * 0.5) if p.dim() == 2 else before[name]), name


def test_adam_as_released(golden_dir: Path) -> None:
    path = golden_dir / "lr_schedule.npz"
    if not path.exists():
        pytest.skip(f"{golden_dir} holds no lr_schedule.npz")
    official = dict(np.load(path))
    layer = nn.Module()
    layer.p = nn.Parameter(torch.tensor(official["opt_p0"]))
    optimizer = make_optimizer(layer, OptimConfig(lr=1e-2))
    # Keras does not correct epsilon for bias: where a gradient is hardly larger, the two take other steps at first.
    large = np.abs(official["opt_grads"][0]) > 1e-3
    for gradient, wanted in zip(official["opt_grads"], official["opt_adam"], strict=True):
        layer.p.grad = torch.from_numpy(gradient)
        optimizer.step()
        assert np.abs(layer.p.detach().numpy() - wanted)[large].max() < 5e-5
    assert large.sum() == 4
    assert np.abs(wanted - official["opt_p0"])[large].min() > 0.01  # of which that is little
