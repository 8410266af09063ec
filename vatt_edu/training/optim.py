"""Adam (released pre-training) and AdamW (the toy)."""

import torch
from torch import nn

from vatt_edu.config import OptimConfig


def make_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """The optimizer of ``config`` over the trainable parameters.

    AdamW decays matrices only; gains, shifts and the AGG vectors are left alone. Torch corrects Adam's epsilon for bias
    and Keras does not, a difference of at most ``eps`` in the denominator.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    if config.name == "adam":
        return torch.optim.Adam(trained, lr=config.lr, betas=config.betas, eps=config.eps)
    groups = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, eps=config.eps)
