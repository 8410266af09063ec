"""Who takes part in a training: one process, or those that torchrun has started.

What is written is written by the first of them. What goes wrong before training begins goes wrong for all: the process
that met it says so, and all end.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

from vatt_edu.config import Config
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.errors import UserError
from vatt_edu.training.distributed.watch import Watch, mark

T = TypeVar("T")

WAIT = timedelta(days=1)
"""For one another, at most: before training, one process may decode a corpus. In training, ``Watch`` is faster."""


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this is the process that writes and speaks."""
    return rank() == 0


def was_restarted() -> bool:
    """Whether torchrun has started this process in place of one that ended: then it goes on with the run."""
    return _restarts() > 0


def _restarts() -> int:
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))


def local_device(name: str) -> str:
    """A device of this process: where torchrun has started several on a machine with GPUs, each takes its own."""
    if name != "cuda" or int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return name
    return f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % max(1, torch.cuda.device_count())}"


@contextmanager
def joined(device: torch.device, hang_seconds: float) -> Iterator[Watch | None]:
    """Joins the processes that torchrun has started, and leaves them; alone, it does nothing.

    Args:
        device: Of this process. GPUs talk by NCCL; on a CPU, or where processes share a GPU, it is gloo.
        hang_seconds: See ``Watch``.

    Yields:
        What watches the processes once it is entered; None if this one is alone.
    """
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world == 1 or dist.is_initialized():
        yield None
        return
    shares_gpu = int(os.environ.get("LOCAL_WORLD_SIZE", 1)) > torch.cuda.device_count()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    store, number, world = next(dist.rendezvous("env://", timeout=WAIT))
    start = f"start {_restarts()}"  # torchrun's store still has the addresses of those who were killed
    dist.init_process_group(
        "nccl" if device.type == "cuda" and not shares_gpu else "gloo",
        store=dist.PrefixStore(f"{start}/training", store),
        rank=number,
        world_size=world,
        timeout=WAIT,
    )
    try:
        yield Watch(dist.PrefixStore(f"{start}/watch", store.clone()), number, world, hang_seconds)
    finally:
        dist.destroy_process_group()


@contextmanager
def together() -> Iterator[None]:
    """A block after which all processes go on, or none: a mistake of the user that one of them meets ends all.

    Raises:
        UserError: On the first process that met one; the others end with its exit code, and say nothing.
    """
    message = None
    try:
        yield
    except UserError as error:
        if world_size() == 1:
            raise
        message = str(error)
    if world_size() == 1:
        return
    messages = all_values(message)
    first = next((number for number, text in enumerate(messages) if text is not None), None)
    if first == rank():
        raise UserError(messages[first])
    if first is not None:
        raise SystemExit(2)


def all_values(value: T) -> list[T]:
    """What each process has."""
    if world_size() == 1:
        return [value]
    values: list[T] = [value] * world_size()
    dist.all_gather_object(values, value)
    return values


def agree(number: int, skips: list[Skip], device: torch.device) -> tuple[int, list[Skip]]:
    """What one process knows, all do: the signal that one of them got, and the clips that had to be replaced.

    Args:
        number: The signal that this process got; 0: none.
        skips: Its replaced clips.
        device: On which the processes talk.

    Returns:
        The largest number, so that all end at the same step; and all replaced clips, in order of their place.
    """
    if world_size() == 1:
        return number, skips
    mark("what each process knows")
    numbers = torch.tensor([number, len(skips)], device=device)
    dist.all_reduce(numbers, op=dist.ReduceOp.MAX)
    if numbers[1]:
        skips = [skip for shares in all_values(skips) for skip in shares]
    return int(numbers[0]), skips


def require_shares(config: Config, world: int) -> None:
    """Makes sure that the batch can be shared by ``world`` processes.

    Raises:
        UserError: If it cannot.
    """
    size = config.data.batch_size
    if size % world:
        raise UserError(
            f"a batch of {size} clips cannot be shared by {world} processes: choose data.narrated_videos, "
            "data.windows_per_video and data.text_free so that it can, or another --nproc-per-node"
        )
