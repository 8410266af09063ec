"""SGD and the clip of gradients of the released fine-tuning.

Keras' momentum holds steps (gradients times the rate of *their* time), torch's holds gradients.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn

from vatt_edu.training.optim import evaluate_closure


class KerasSGD(torch.optim.Optimizer):
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
        params: Iterable[Shaped[Tensor, "..."]] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # torch overloads it
        """Moves the parameters once."""
        loss = evaluate_closure(closure)
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
