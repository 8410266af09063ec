"""Keras' SGD by hand, and the clip of gradients that leaves the head alone."""

import pytest
import torch
from torch import nn

from vatt_edu.finetuning.optim import KerasSGD, clip_backbone_


def test_momentum_remembers_the_rate_of_its_time() -> None:
    p = nn.Parameter(torch.zeros(1))
    optimizer = KerasSGD([p], lr=1.0, momentum=0.5)
    for lr, wanted in ((1.0, -1.0), (0.0, -1.5)):  # torch's SGD would stand still at a rate of 0
        optimizer.param_groups[0]["lr"] = lr
        p.grad = torch.ones(1)
        optimizer.step()
        assert p.item() == pytest.approx(wanted)


@pytest.mark.parametrize(("nesterov", "wanted"), [(False, [-1.0, -2.5]), (True, [-1.5, -3.25])])
def test_momentum_with_and_without_looking_ahead(nesterov: bool, wanted: list[float]) -> None:
    """Two gradients of 1, momentum 1/2: v is -1, then -1.5. Steps are v, or v/2 - 1 when it looks ahead."""
    p = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = KerasSGD([p], lr=1.0, momentum=0.5, nesterov=nesterov)
    positions = []
    for _ in range(2):
        p.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        positions.append(p.item())
    assert positions == wanted


def test_the_backbone_is_clipped_and_the_head_is_not() -> None:
    model = nn.ModuleDict({"tower": nn.Linear(3, 2), "head": nn.Linear(2, 2)})
    for p in model.parameters():
        p.grad = torch.full_like(p, 2.0)
    assert clip_backbone_(model, 0.75).item() == pytest.approx(2 * 8**0.5)
    assert torch.cat([p.grad.flatten() for p in model["tower"].parameters()]).norm().item() == pytest.approx(0.75)
    assert all((p.grad == 2).all() for p in model["head"].parameters())
