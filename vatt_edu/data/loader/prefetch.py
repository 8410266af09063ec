"""Reads a stream of batches ahead of who needs them, in a thread or in processes, and watches for damaged files."""

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch.utils.data import DataLoader, Dataset

from vatt_edu.batch import Batch
from vatt_edu.data.loader.collate import PackedBatch
from vatt_edu.data.workers import init_worker, mp_context
from vatt_edu.errors import UserError

PREFETCH = 2  # batches
FAILURE_WINDOW = 1000  # clips that are looked back on
MAX_FAILURE_SHARE = 0.01  # share of them that may fail

SHARED_MEMORY = "/dev/shm"  # through which reading processes hand their batches on

Item = TypeVar("Item")
Clips = TypeVar("Clips", bound=Batch | PackedBatch, covariant=True)


@dataclass(frozen=True)
class Skip:
    """A clip that could not be read and was replaced (a line of ``skipped.jsonl``).

    Attributes:
        path: The file that failed.
        reason: Why, in one line.
        index: The clip's place in the stream, ``Batch.index``.
    """

    path: str
    reason: str
    index: int


@runtime_checkable
class Stream(Protocol[Clips]):
    """What can be read ahead: ``ClipStream``, ``PackedStream``."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Clips, list[Skip]]:
        """The batch of a step."""


def batches(
    stream: Stream[Clips],
    start: int,
    stop: int,
    workers: int = 0,
    rank: int = 0,
    world: int = 1,
    pin_memory: bool = False,
) -> Iterator[tuple[Clips, list[Skip]]]:
    """Batches ``start`` to ``stop - 1`` in order, read ahead; bit for bit the same for any number of workers.

    Close the iterator (or exhaust it) to end its thread or its processes.

    Args:
        stream: What to read.
        start: First step.
        stop: One past the last step.
        workers: Processes that read; 0 reads in one background thread. They are started, not forked: a script that
            asks for them needs ``if __name__ == "__main__"``.
        rank: Which share of each batch.
        world: Of how many shares.
        pin_memory: Batches in page-locked memory.

    Raises:
        UserError: If nothing usable is left, or more than 1 % of the last 1,000 clips failed (a file that fails again
            counts once); the message lists them.
    """
    monitor = FailureMonitor()
    steps = _Steps(stream, rank, world)
    read = _in_processes(steps, start, stop, workers, pin_memory) if workers else _in_thread(steps, start, stop)
    with contextlib.closing(read):
        for item in read:
            if isinstance(item, Exception):
                raise item
            batch, skips = item
            monitor.see(len(batch), skips)
            yield (batch.pin_memory() if pin_memory and not workers else batch), skips


def fitting_workers(workers: int, batch_bytes: int) -> int:
    """So many of ``workers`` as there is shared memory for: each reads ``PREFETCH`` batches ahead, one is in use.

    A process that finds no room would hang, or be killed by the system.

    Args:
        workers: That are asked for.
        batch_bytes: Of one batch.
    """
    try:
        memory = os.statvfs(SHARED_MEMORY)
    except (OSError, AttributeError):  # there is no such place: another system
        return workers
    room = memory.f_bavail * memory.f_frsize // max(1, batch_bytes)
    return min(workers, max(0, room - 1) // PREFETCH)


class FailureMonitor:
    """Ends a run whose corpus is rotten: counts different files that failed among the last 1,000 clips."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, Sequence[Skip]]] = deque()

    def see(self, clips: int, skips: Sequence[Skip]) -> None:
        """Take note of a batch.

        Raises:
            UserError: If more than 1 % failed; the message lists the files.
        """
        self._seen.append((clips, skips))
        while sum(count for count, _ in self._seen) - self._seen[0][0] >= FAILURE_WINDOW:
            self._seen.popleft()
        failed = {skip.path: skip.reason for _, batch in self._seen for skip in batch}
        if skips and len(failed) > MAX_FAILURE_SHARE * FAILURE_WINDOW:
            names = "; ".join(f"{path} ({reason})" for path, reason in failed.items())
            share = (
                f"{len(failed)} files failed among the last {FAILURE_WINDOW:,} clips, more than {MAX_FAILURE_SHARE:.0%}"
            )
            raise UserError(f"{share}: mend or remove {names}")


class _Steps(Dataset[Any]):
    """Step to batch, or to the exception (a worker's own would lose its one line)."""

    def __init__(self, stream: Stream[Any], rank: int, world: int) -> None:
        self._stream, self._rank, self._world = stream, rank, world

    @property
    def module(self) -> str:
        """Where the stream's class lies: what a reading process needs first."""
        return type(self._stream).__module__

    def __getitem__(self, step: int) -> tuple[Any, list[Skip]] | UserError:
        try:
            return self._stream.batch(step, self._rank, self._world)
        except UserError as error:
            return error


def _same(item: Item) -> Item:
    return item


def _in_processes(steps: _Steps, start: int, stop: int, workers: int, pin_memory: bool) -> Generator[Any, None, None]:
    try:
        yield from DataLoader(
            steps,
            sampler=range(start, stop),
            batch_size=None,
            num_workers=workers,
            collate_fn=_same,
            multiprocessing_context=mp_context([steps.module]),
            worker_init_fn=init_worker,
            prefetch_factor=PREFETCH,
            pin_memory=pin_memory,
            generator=torch.Generator(),  # its own: the global one belongs to nobody
        )
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise UserError(
            f"a reading process was killed ({str(error).splitlines()[0]}): too little memory, or shared memory "
            f"({SHARED_MEMORY}) too small; use --train.workers 0, or give it more (docker run --shm-size=8g)"
        ) from None


def _in_thread(steps: _Steps, start: int, stop: int) -> Generator[Any, None, None]:
    ready: queue.Queue[Any] = queue.Queue(PREFETCH)
    enough = threading.Event()
    reader = threading.Thread(target=_read, args=(steps, range(start, stop), ready, enough), daemon=True)
    reader.start()
    try:
        for _ in range(start, stop):
            yield ready.get()
    finally:
        enough.set()
        reader.join()


def _read(steps: _Steps, wanted: range, ready: "queue.Queue[Any]", enough: threading.Event) -> None:
    for step in wanted:
        try:
            item: Any = steps[step]
        except Exception as error:  # a bug: shown, with its traceback, where the batch is asked for
            item = error
        while not enough.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                break
        if enough.is_set() or isinstance(item, Exception):
            return
