"""Two views of a clip: an objective within each modality, which VATT has not (a departure).

VATT's losses compare a modality with another. What that is worth shows beside a loss that does not: each clip goes
through the towers twice, every time with other tokens kept by DropToken, and NCE asks to find the second view of a clip
among those of the batch, video among videos and sound among sounds. Off as released: ``loss.weight_within``.
"""

from dataclasses import fields, replace

import torch
from jaxtyping import Float
from torch import Tensor

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import Config, LossConfig
from vatt_edu.losses import GatheredEmbeddings, Losses, Side, Temperature, contrastive, vatt_loss
from vatt_edu.training.distributed.gather import gather_clips, mean_losses
from vatt_edu.training.distributed.gradient import Model, drawing, unwrapped

SECOND = 1 << 40
"""Added to the numbers of the clips that are seen a second time, so that DropToken draws other tokens for them."""


def backward_of_views(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """``pretrain.backward`` with a loss within each modality: both views pass the model as one batch.

    The losses between modalities compare first views, so a pass costs twice what they need.

    Args:
        model: In training mode; where there are several processes, as ``gather.replicate`` returns it.
        batch: This process's share.
        config: The run.
        step: From 0.

    Returns:
        The losses of the global batch, detached; ``nce`` and ``mil_nce`` are between modalities, and ``total`` has
        ``weight_within`` times the loss within them on top.
    """
    with drawing(config, step, batch):
        first, second = halves(model(twice(batch), seed=config.seed, step=step))
    temperature, chunk = unwrapped(model).temperature, config.train.loss_chunk
    everyone = gather_clips(first, batch)
    losses = vatt_loss(first, batch, config.loss, everyone, temperature=temperature, chunk=chunk)
    within = within_loss(
        (first, second), batch, config.loss, (everyone, gather_clips(second, batch)), temperature, chunk
    )
    losses = replace(losses, total=losses.total + config.loss.weight_within * within)
    losses.total.backward()
    return mean_losses(losses)


def twice(batch: Batch) -> Batch:
    """The clips of a batch, and the same clips again, which have other numbers."""
    columns = {f.name: torch.cat([getattr(batch, f.name)] * 2) for f in fields(batch)}
    return Batch(**columns | {"index": torch.cat([batch.index, batch.index + SECOND])})


def halves(embeddings: Embeddings) -> tuple[Embeddings, Embeddings]:
    """Of the first views and of the second."""
    columns = [getattr(embeddings, f.name).chunk(2) for f in fields(embeddings)]
    first, second = (Embeddings(*parts) for parts in zip(*columns, strict=True))
    return first, second


def within_loss(
    views: tuple[Embeddings, Embeddings],
    batch: Batch,
    config: LossConfig,
    gathered: tuple[GatheredEmbeddings | None, GatheredEmbeddings | None] = (None, None),
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Float[Tensor, ""]:
    """The mean of two NCEs in the video-audio space: a video's two views, and a sound's.

    Args:
        views: Of this replica's clips, before l2 normalization.
        batch: These clips; only its masks are read.
        config: Form, temperature, how valid samples are averaged.
        gathered: The same of all replicas; one process needs none.
        temperature: In place of ``config.temperature``.
        chunk: Clips that are compared with all others at once; 0: all.
    """
    replicas = gathered[0]
    losses = []
    for column, mask in (("video_va", "has_video"), ("audio_va", "has_audio")):
        local = [getattr(view, column) for view in views]
        others = [getattr(own if every is None else every.embeddings, column)
                  for own, every in zip(views, gathered, strict=True)]  # fmt: skip
        valid = getattr(batch, mask), getattr(batch if replicas is None else replicas, mask)
        clips = Side(local[0], valid[0], others[0], valid[1])
        again = Side(local[1][:, None], valid[0], others[1][:, None], valid[1])
        place = 0 if replicas is None else replicas.first
        losses.append(contrastive(clips, again, config, place, temperature=temperature, chunk=chunk))
    return (losses[0] + losses[1]) / 2
