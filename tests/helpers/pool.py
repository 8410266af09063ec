"""Processes that train together: four, started once for all tests, of which a job takes as many as it needs."""

import atexit
import itertools
import pickle
import tempfile
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from vatt_edu.data.workers import mp_context

PROCESSES = 4
TIMEOUT = 120  # seconds for a job, and for a collective in it: a test that hangs must end


def serve(pipe: Connection) -> None:
    """What a process does: joins the job's group, runs it, and hands back its result or what went wrong."""
    torch.set_num_threads(1)
    while True:
        rank, world, place, function, arguments = pickle.loads(pipe.recv_bytes())
        try:
            store = dist.FileStore(place, world)
            limit = timedelta(seconds=TIMEOUT)
            dist.init_process_group("gloo", store=store, rank=rank, world_size=world, timeout=limit)
            result = function(*arguments), None
        except BaseException as error:
            result = None, f"{type(error).__name__}: {error}"
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()
        pipe.send_bytes(pickle.dumps(result))


class Pool:
    """The processes; ``run`` starts them when they are first needed."""

    def __init__(self) -> None:
        self._workers: list[tuple[Any, Connection]] = []
        self._numbers = itertools.count()

    def run(self, world: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """``function(*arguments)`` on ``world`` processes that are one group; the result of each, by rank.

        Args:
            world: How many.
            function: At the top of a module.
            arguments: Its arguments.
        """
        self._start()
        workers = self._workers[:world]
        with tempfile.TemporaryDirectory() as folder:
            place = str(Path(folder) / str(next(self._numbers)))
            for rank, (_, pipe) in enumerate(workers):
                pipe.send_bytes(pickle.dumps((rank, world, place, function, arguments)))
            results = []
            for rank, (_, pipe) in enumerate(workers):
                if not pipe.poll(TIMEOUT):
                    self.close()
                    raise TimeoutError(f"rank {rank} of {world} is not done with {function.__name__} in {TIMEOUT} s")
                results.append(pickle.loads(pipe.recv_bytes()))
        errors = [f"rank {rank}: {error}" for rank, (_, error) in enumerate(results) if error]
        if errors:
            raise RuntimeError("; ".join(errors))
        return [result for result, _ in results]

    def _start(self) -> None:
        if self._workers:
            return
        context: Any = mp_context(["helpers.shares"])
        for _ in range(PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs,))
            process.start()
            theirs.close()
            self._workers.append((process, ours))
        atexit.register(self.close)

    def close(self) -> None:
        """Ends the processes."""
        for process, pipe in self._workers:
            process.kill()
            pipe.close()
        self._workers = []


POOL = Pool()
