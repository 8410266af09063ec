"""Keras' Adam (released pre-training), Adam and AdamW (the toy).

Two things differ between Keras and torch, and decide whether a run is the released one: Keras does not correct Adam's
epsilon for bias, and the weight decay of TensorFlow Addons is a share of the weights per step, whatever the rate;
torch's is times the rate.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from vatt_edu.config import OptimConfig

FUSED = ("cpu", "cuda", "mps", "xpu")
"""Kinds of devices for which torch has a fused Adam."""


def make_optimizer(model: nn.Module, config: OptimConfig, fused: bool = False) -> torch.optim.Optimizer:
    """The optimizer of ``config`` over the trainable parameters.

    AdamW decays matrices only; gains, shifts and the AGG vectors are left alone.

    Args:
        model: Whose weights move, on their device.
        config: Which optimizer.
        fused: All of a step in one kernel, where the device has it.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    rates: dict[str, Any] = {"lr": config.lr, "betas": config.betas, "eps": config.eps}
    if fused and all(p.device.type in FUSED for p in parameters):
        rates["fused"] = True
    if config.name == "keras_adam":
        return KerasAdam(parameters, **rates)
    if config.name == "adam":
        return torch.optim.Adam(parameters, **rates)
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, **rates)


class KerasAdam(torch.optim.Adam):
    """Keras' Adam, and with ``weight_decay`` TensorFlow Addons' AdamW, by way of torch's.

    Keras steps by ``lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)``; in torch, √v is divided by √(1 - β₂ᵗ) before ε is
    added. So torch's with ``ε / √(1 - β₂ᵗ)`` is Keras'.

    Args:
        params: What to optimize.
        lr: Learning rate.
        betas: Of the two moments.
        eps: Not corrected for bias.
        weight_decay: The share of a weight that a step takes away first, not times the rate (released: off).
        fused: All of a step in one kernel.
    """

    def __init__(
        self,
        params: Iterable[Shaped[Tensor, "..."]] | Iterable[dict[str, Any]],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
        weight_decay: float = 0.0,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=fused)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch overloads it
        """Keras' step: torch's, with epsilon and decay changed for its length."""
        loss = evaluate_closure(closure)
        before = [(group["eps"], group["weight_decay"]) for group in self.param_groups]
        try:
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None and group["weight_decay"]:
                        p.mul_(1 - group["weight_decay"])
                steps = [self.state[p]["step"] for p in group["params"] if "step" in self.state.get(p, {})]
                count = int(torch.stack(steps).max()) if steps else 0  # of the device one number is asked for, not many
                group["eps"] /= math.sqrt(1 - group["betas"][1] ** (count + 1))
                group["weight_decay"] = 0.0  # torch's is added to the gradient
            super().step()
        finally:
            for group, (eps, decay) in zip(self.param_groups, before, strict=True):
                group["eps"], group["weight_decay"] = eps, decay
        return loss


def evaluate_closure(closure: Callable[[], float] | None) -> float | None:
    """The loss of an optimizer's closure, with gradients; None without one."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()
