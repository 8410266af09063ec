"""How many bytes a process sends to the others in a training step, counted where they are sent."""

from dataclasses import replace

import torch
import torch.distributed as dist
from torch import Tensor

from helpers.shares import CLIPS, Case, share_of
from vatt_edu.training import pretrain
from vatt_edu.training.distributed.gather import replicate
from vatt_edu.training.distributed.processes import world_size


def sent_bytes(case: Case) -> dict[str, float]:
    """Of one step in float32, as if all talked in a ring: what is gathered goes once to each other process.

    A sum goes around twice, in as many parts as there are processes. What has a row for each process are statistics of
    a norm; what has one for each clip, embeddings.
    """
    world = world_size()
    model, config = case.model().float(), case.config
    batch = case.batch(0)
    batch = share_of(replace(batch, video=batch.video.float(), audio=batch.audio.float()))
    replica = replicate(model)
    sent = {"embeddings": 0.0, "norms": 0.0, "gradients": 0.0, "losses": 0.0}
    around = 2 * (world - 1) / world
    all_gather, all_reduce = dist.all_gather, dist.all_reduce

    def gathering(shares: list[Tensor], rows: Tensor) -> None:
        sent["norms" if len(rows) == 1 else "embeddings"] += (world - 1) * rows.nbytes
        all_gather(shares, rows)

    def adding(values: Tensor) -> None:
        kind = "losses" if values.dim() == 1 else "norms" if len(values) == world else "embeddings"
        sent[kind] += around * values.nbytes
        all_reduce(values)

    def hook(_: object, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        sent["gradients"] += around * bucket.buffer().nbytes
        all_reduce(bucket.buffer())
        future: torch.futures.Future[Tensor] = torch.futures.Future()
        future.set_result(bucket.buffer() / world)
        return future

    replica.register_comm_hook(None, hook)
    dist.all_gather, dist.all_reduce = gathering, adding
    try:
        pretrain.train_step(replica, batch, torch.optim.SGD(model.parameters(), lr=0.1), config, 0, 0.1)
    finally:
        dist.all_gather, dist.all_reduce = all_gather, all_reduce
    assert len(batch) == CLIPS // world > 1
    return sent
