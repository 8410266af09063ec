"""Adam (released pre-training), AdamW (the toy), SGD (released fine-tuning), and the clip of fine-tuning.

Three things differ between Keras and torch, and decide whether a run is the released one: Keras does not correct Adam's
epsilon for bias; its momentum holds steps (gradients times the rate of *their* time), torch's holds gradients; and the
weight decay of TensorFlow Addons is a share of the weights per step, whatever the rate, torch's is times the rate.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vatt_edu.config import OptimConfig


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """The optimizer of ``config`` over the trainable parameters.

    AdamW decays matrices only; gains, shifts and the AGG vectors are left alone.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    if config.name == "adam":
        return ReleasedAdam(trained, lr=config.lr, betas=config.betas, eps=config.eps)
    groups = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, eps=config.eps)


class ReleasedAdam(torch.optim.Adam):
    """Keras' Adam, and with ``weight_decay`` TensorFlow Addons' AdamW, by way of torch's.

    Keras steps by ``lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)``; in torch, √v is divided by √(1 - β₂ᵗ) before ε is
    added. So torch's with ``ε / √(1 - β₂ᵗ)`` is Keras'.

    Args:
        params: What to optimize.
        lr: Learning rate.
        betas: Of the two moments.
        eps: Not corrected for bias.
        weight_decay: The share of a weight that a step takes away first, not times the rate (released: off).
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch overloads it
        """Moves the parameters once."""
        loss = _evaluate(closure)
        before = [(group["eps"], group["weight_decay"]) for group in self.param_groups]
        try:
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None and group["weight_decay"]:
                        p.mul_(1 - group["weight_decay"])
                steps = [int(self.state[p]["step"]) for p in group["params"] if "step" in self.state.get(p, {})]
                group["eps"] /= math.sqrt(1 - group["betas"][1] ** (max(steps, default=0) + 1))
                group["weight_decay"] = 0.0  # torch's is added to the gradient
            super().step()
        finally:
            for group, (eps, decay) in zip(self.param_groups, before, strict=True):
                group["eps"], group["weight_decay"] = eps, decay
        return loss


class ReleasedSGD(torch.optim.Optimizer):
    """Keras' SGD with momentum, and with ``weight_decay`` TensorFlow Addons' SGDW.

    ``m ← momentum · m - lr · g``, then ``p ← p + m``, or with Nesterov ``p ← p + momentum · m - lr · g``.

    Args:
        params: What to optimize.
        lr: Learning rate.
        momentum: Share of the last step that is taken again (released fine-tuning: 0.9).
        nesterov: Step by the gradient after the momentum (released: no).
        weight_decay: The share of a weight that a step takes away first, not times the rate (released: off).
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch overloads it
        """Moves the parameters once."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["weight_decay"])
                if "momentum" not in self.state[p]:
                    self.state[p]["momentum"] = torch.zeros_like(p)
                step = self.state[p]["momentum"].mul_(momentum).sub_(p.grad, alpha=lr)
                if group["nesterov"]:
                    p.add_(step, alpha=momentum).sub_(p.grad, alpha=lr)
                else:
                    p.add_(step)
        return loss


def _evaluate(closure: Callable[[], float] | None) -> float | None:
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


def clip_backbone_(model: nn.Module, norm: float = 0.75, head: str = "head") -> Float[Tensor, ""]:
    """Scales the gradients of all but the head to a global norm of at most ``norm`` (released fine-tuning).

    The released code differs in two ways that are not repeated: it clips on each replica, before gradients are summed,
    and it counts a position table's gradient token by token, not as one sum (official_vatt.md, section 9).

    Args:
        model: A classifier, after ``backward``.
        norm: Largest norm.
        head: Name of its part that is left alone.

    Returns:
        The norm before.
    """
    backbone = [p for name, p in model.named_parameters() if not name.startswith(f"{head}.")]
    return nn.utils.clip_grad_norm_(backbone, norm)
