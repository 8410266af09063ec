"""Every process's rows on every process, with a gradient (chapter *Scaling up*).

A clip's loss looks at the clips of all processes, so its gradient belongs to all of them: each process computes the
losses of its own clips against everyone's, and on the way back what all processes have to say about a row is added up
where the row came from. DistributedDataParallel then takes the mean over processes. Leave the way back out, and towers
learn from half of what they did; add it up where every process computed the *whole* loss, and they learn W times.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.common_space import BatchNorm
from vatt_edu.losses import GatheredEmbeddings, Losses
from vatt_edu.model import VATT
from vatt_edu.training.distributed.processes import rank, world_size
from vatt_edu.training.distributed.watch import mark


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, rows: Tensor) -> Tensor:
        mark("gather")
        shares = [torch.empty_like(rows, memory_format=torch.contiguous_format) for _ in range(world_size())]
        dist.all_gather(shares, rows.contiguous())
        return torch.cat(shares)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        mark("gather, backward")
        gradient = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(gradient)  # what each process's losses say about every row
        return gradient.chunk(world_size())[rank()]


def gather(rows: Shaped[Tensor, "B ..."]) -> Shaped[Tensor, "G ..."]:
    """The rows of all processes, in their order; the gradient of a row is the sum of those on all processes.

    Args:
        rows: As many on each process.
    """
    return rows if world_size() == 1 else _Gather.apply(rows)


Gather = Callable[[Shaped[Tensor, "B ..."]], Shaped[Tensor, "G ..."]]


def gather_clips(embeddings: Embeddings, batch: Batch, gather: Gather = gather) -> GatheredEmbeddings | None:
    """What ``vatt_loss`` compares this process's clips with; None if it is alone. Two collectives, whatever there is.

    Args:
        embeddings: Of this process's clips.
        batch: These clips.
        gather: How rows are brought together.
    """
    if world_size() == 1:
        return None
    parts = [embeddings.video_va, embeddings.audio_va, embeddings.video_vt, embeddings.text_vt.flatten(1)]
    columns: Float[Tensor, "G S"] = gather(torch.cat(parts, dim=1))
    video_va, audio_va, video_vt, text_vt = columns.split([part.shape[1] for part in parts], dim=1)
    masks = torch.stack([batch.has_video, batch.has_audio, batch.has_text], dim=1)
    numbers: Int[Tensor, "G M"] = gather(torch.cat([masks.to(batch.text_id.dtype), batch.text_id], dim=1))
    has_video, has_audio, has_text = numbers[:, :3].bool().unbind(1)
    text_vt = text_vt.unflatten(1, embeddings.text_vt.shape[1:])
    everyone = Embeddings(video_va, audio_va, video_vt, text_vt)
    return GatheredEmbeddings(everyone, has_video, has_audio, has_text, numbers[:, 3:], first=rank() * len(batch))


def replicate(model: VATT) -> VATT | DistributedDataParallel:
    """A model of which all processes have the first one's weights, and whose backward takes the mean over them.

    Its batch norms see the batches of all processes, as with ``nn.SyncBatchNorm``, also on a CPU. Every process runs
    every tower, whatever its clips have: what is missing is masked, and its gradient is zero. So all weights have a
    gradient on all processes, and no graph has to be searched for those that have none.
    """
    if world_size() == 1:
        return model
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.gather = gather
    # Running statistics are equal everywhere: nothing to send. The flag has another name from torch 2.13 on.
    names = inspect.signature(DistributedDataParallel).parameters
    options: dict[str, Any] = {
        "forward_sync_buffers" if "forward_sync_buffers" in names else "broadcast_buffers": False
    }
    return DistributedDataParallel(model, gradient_as_bucket_view=True, **options)


@torch.no_grad()
def mean_losses(losses: Losses) -> Losses:
    """The losses of the global batch, detached: the mean over processes, no number if it is none on one of them."""
    values = torch.stack([losses.nce, losses.mil_nce, losses.total]).detach()
    if world_size() > 1:
        mark("losses")
        dist.all_reduce(values)
        values /= world_size()
    return Losses(*values)
