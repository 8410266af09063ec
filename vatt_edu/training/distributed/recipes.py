"""How the gradient of a large batch is often computed, and is not it.

Each recipe takes the place of ``pretrain.backward`` and makes one mistake, as published code does or did. None of them
fails: the loss is a number that falls, in another direction or at another pace. ``RECIPES`` has them by name.
"""

from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from vatt_edu.batch import Batch
from vatt_edu.common_space import BatchNorm
from vatt_edu.config import Config
from vatt_edu.losses import Losses, vatt_loss
from vatt_edu.training.distributed.gather import gather, gather_clips, mean_losses
from vatt_edu.training.distributed.gradient import (
    Model,
    cached_backward,
    drawing,
    micro_batches,
    unwrapped,
)
from vatt_edu.training.distributed.processes import rank
from vatt_edu.training.pretrain import backward

Recipe = Callable[[Model, Batch, Config, int], Losses]

ANOTHER_STEP = 1 << 40


def local_negatives(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """DistributedDataParallel and no more: each process compares its clips with its own alone."""
    with drawing(config, step, batch):
        embeddings = model(batch, seed=config.seed, step=step)
    losses = vatt_loss(embeddings, batch, config.loss, temperature=unwrapped(model).temperature)
    losses.total.backward()
    return mean_losses(losses)


def gather_without_gradient(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """The others' embeddings are numbers: no tower learns what its clips are to the clips of other processes."""

    def numbers(rows: Shaped[Tensor, "B ..."]) -> Shaped[Tensor, "G ..."]:
        return gather(rows.detach())

    with drawing(config, step, batch):
        embeddings = model(batch, seed=config.seed, step=step)
    clips = gather_clips(embeddings, batch, numbers)
    losses = vatt_loss(embeddings, batch, config.loss, clips, temperature=unwrapped(model).temperature)
    losses.total.backward()
    return mean_losses(losses)


def own_rows_of_the_whole_loss(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """Every process computes the loss of all clips, and keeps the gradient of its own rows.

    The mean over processes then divides the gradient of the towers by their number, and leaves that of the temperature,
    which every process has in full.
    """

    def with_own(rows: Shaped[Tensor, "B ..."]) -> Shaped[Tensor, "G ..."]:
        shares = list(gather(rows.detach()).split(len(rows)))
        shares[rank()] = rows
        return torch.cat(shares)

    with drawing(config, step, batch):
        embeddings = model(batch, seed=config.seed, step=step)
    clips = gather_clips(embeddings, batch, with_own)
    if clips is None:  # alone, one's own rows are all
        losses = vatt_loss(embeddings, batch, config.loss, temperature=unwrapped(model).temperature)
    else:
        losses = vatt_loss(clips.embeddings, clips, config.loss, temperature=unwrapped(model).temperature)
    losses.total.backward()
    return mean_losses(losses)


def plain_accumulation(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """Each micro-batch has a loss of its own, with as many negatives as fit at once, and their gradients are added."""
    parts = micro_batches(batch, config.train.micro_batch)
    vatt, totals = unwrapped(model), []
    for number, part in enumerate(parts):
        reduced = model if number == len(parts) - 1 else vatt
        with drawing(config, step, part, number):
            embeddings = reduced(part, seed=config.seed, step=step)
        losses = vatt_loss(embeddings, part, config.loss, gather_clips(embeddings, part), temperature=vatt.temperature)
        (losses.total * len(part) / len(batch)).backward()
        totals.append(torch.stack([losses.nce, losses.mil_nce, losses.total]).detach() * len(part) / len(batch))
    return mean_losses(Losses(*torch.stack(totals).sum(0)))


def cache_without_replay(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """GradCache whose second pass drops other tokens than the first: the gradient of features that nobody compared."""
    return cached_backward(model, batch, config, step, second_step=step + ANOTHER_STEP)


def norms_in_pieces(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """Batch norm sees a micro-batch of one process at a time: each piece has a mean and a variance of its own."""
    pieces = len(micro_batches(batch, config.train.micro_batch))
    with ExitStack() as changes:
        for norm in (module for module in model.modules() if isinstance(module, BatchNorm)):
            changes.enter_context(mock.patch.object(norm, "gather", None))
            changes.enter_context(mock.patch.object(norm, "forward", _in_pieces(norm.forward, pieces)))
        return backward(model, batch, config, step)


Norm = Callable[[Float[Tensor, "R D"], Bool[Tensor, " R"]], Float[Tensor, "R D"]]


def _in_pieces(forward: Norm, pieces: int) -> Norm:
    return lambda x, valid: torch.cat(
        [forward(*part) for part in zip(x.chunk(pieces), valid.chunk(pieces), strict=True)]
    )


RECIPES: dict[str, Recipe] = {
    "local negatives": local_negatives,
    "gather without gradient": gather_without_gradient,
    "own rows of the whole loss": own_rows_of_the_whole_loss,
    "plain accumulation": plain_accumulation,
    "cache without replay": cache_without_replay,
    "norms in pieces": norms_in_pieces,
}
"""All that are wrong, by what they do; ``pretrain.backward`` is the one that is right."""
