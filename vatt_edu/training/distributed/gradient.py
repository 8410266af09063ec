"""The gradient of a batch that does not fit into the memory at once (chapter *Scaling up*).

A batch that is too large for a machine goes through the towers in micro-batches. To add up the gradients of their own
losses would be another loss, with fewer negatives. GradCache (Gao et al. 2021) keeps the loss of the whole batch:

1. the towers embed all micro-batches without remembering how;
2. heads and losses see the features of all of them, and say how each feature should move;
3. each micro-batch goes through the towers again, with the same tokens and the same dropout, and takes that back.

Batch norm is in the heads, and sees the whole batch once. Gradients are reduced once, with the last micro-batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import cast

import torch
from torch.nn.parallel import DistributedDataParallel

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.droptoken import counter_hash
from vatt_edu.losses import Losses, vatt_loss
from vatt_edu.model import VATT, Features
from vatt_edu.training.distributed.gather import gather_clips, mean_losses
from vatt_edu.training.distributed.processes import rank

Model = VATT | DistributedDataParallel


def cached_backward(model: Model, batch: Batch, config: Config, step: int, *, second_step: int | None = None) -> Losses:
    """GradCache: ``pretrain.backward`` for a batch that goes through the towers in micro-batches.

    Args:
        model: In training mode; where there are several processes, as ``gather.replicate`` returns it.
        batch: This process's share.
        config: The run.
        step: From 0.
        second_step: What decides about the second pass; anything but ``step`` is a mistake (``recipes``).
    """
    vatt, parts = unwrapped(model), micro_batches(batch, config.train.micro_batch)
    again = step if second_step is None else second_step
    with torch.no_grad():
        pieces = [features_of(vatt, part, number, config, step) for number, part in enumerate(parts)]
    features = Features(*(torch.cat(rows).requires_grad_() for rows in zip(*pieces, strict=True)))

    with drawing(config, step, batch):
        embeddings = vatt.embed(features, batch)
    clips, chunk = gather_clips(embeddings, batch), config.train.loss_chunk
    losses = vatt_loss(embeddings, batch, config.loss, clips, temperature=vatt.temperature, chunk=chunk)
    losses.total.backward()

    sizes = [len(part) for part in parts]
    gradients = zip(*(rows.grad.split(sizes) for rows in features if rows.grad is not None), strict=True)
    for number, (part, gradient) in enumerate(zip(parts, gradients, strict=True)):
        is_last = number == len(parts) - 1
        outputs = features_of(model if is_last else vatt, part, number, config, again)
        ways = [way for way in zip(outputs, gradient, strict=True) if way[0].requires_grad]
        if is_last and model is not vatt:  # the heads have theirs: adding zeros tells DistributedDataParallel so
            heads = [p for name, p in vatt.named_parameters() if p.requires_grad and not _in_towers(name)]
            ways += [(head, torch.zeros_like(head)) for head in heads]
        if ways:  # none where all towers are frozen
            torch.autograd.backward([output for output, _ in ways], [direction for _, direction in ways])
    return mean_losses(losses)


def features_of(model: Model, part: Batch, number: int, config: Config, step: int) -> Features:
    """The features of a micro-batch; the same, dropped tokens and dropout included, whenever they are computed.

    Args:
        model: Through DistributedDataParallel, the backward that follows reduces all gradients.
        part: The micro-batch.
        number: Which it is of this process.
        config: The run.
        step: From 0.
    """
    with drawing(config, step, part, number):
        return cast(Features, model(part, seed=config.seed, step=step, heads=False))


@contextmanager
def drawing(config: Config, step: int, batch: Batch, number: int = 0) -> Iterator[None]:
    """Dropout that is a function of (seed, step, process, micro-batch), in the run's precision."""
    device = batch.audio.device
    owner = [number] if number else []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(counter_hash([config.seed, step, rank(), *owner])))
        with torch.autocast(device.type, torch.bfloat16, enabled=config.train.precision == "bf16"):
            yield


def micro_batches(batch: Batch, size: int) -> list[Batch]:
    """A batch in pieces of ``size`` clips, the last one of what is left; in one piece if ``size`` is 0."""
    if not 0 < size < len(batch):
        return [batch]
    columns = {f.name: getattr(batch, f.name).split(size) for f in fields(batch)}
    return [Batch(**dict(zip(columns, rows, strict=True))) for rows in zip(*columns.values(), strict=True)]


def unwrapped(model: Model) -> VATT:
    """The model itself."""
    return model if isinstance(model, VATT) else cast(VATT, model.module)


def _in_towers(name: str) -> bool:
    return name.split(".")[0] in ("encoder", "video", "audio", "text")
