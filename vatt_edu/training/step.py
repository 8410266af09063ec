"""One training step: embed, compare, move the weights."""

import torch
from torch import nn

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.droptoken import counter_hash
from vatt_edu.losses import Losses, vatt_loss
from vatt_edu.model import VATT


def train_step(
    model: VATT, batch: Batch, optimizer: torch.optim.Optimizer, config: Config, step: int, lr: float
) -> Losses:
    """Moves the weights once; everything random in it is a function of (seed, step).

    Args:
        model: In training mode, on the batch's device.
        batch: The batch of this step.
        optimizer: Its learning rate is set to ``lr``.
        config: The run.
        step: From 0.
        lr: Learning rate of this step.

    Returns:
        The losses before the move, detached.
    """
    device = batch.audio.device
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(counter_hash([config.seed, step, 0])))  # dropout; 0 is the rank
        with torch.autocast(device.type, torch.bfloat16, enabled=config.train.precision == "bf16"):
            embeddings = model(batch, seed=config.seed, step=step)
    losses = vatt_loss(embeddings, batch, config.loss)  # outside autocast: in float32
    optimizer.zero_grad(set_to_none=True)
    losses.total.backward()
    if config.optim.grad_clip_norm:
        nn.utils.clip_grad_norm_(model.parameters(), config.optim.grad_clip_norm)
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.step()
    return Losses(losses.nce.detach(), losses.mil_nce.detach(), losses.total.detach())
