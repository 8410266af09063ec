"""Processes for reading: started clean (never forked from one that holds decoders), quiet, with one thread each."""

import contextlib
import multiprocessing
import multiprocessing.connection
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")

CRASH = "the decoder crashed on it"
SLOW = "it takes too long"


def mp_context(preload: Sequence[str] = ()) -> BaseContext:
    """How processes are started: forkserver where there is one, else spawn.

    Args:
        preload: Modules that the server imports once, for all processes that it forks.
    """
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(list(preload))
    return context


def init_worker(_: int = 0) -> None:
    """What a reading process does first: one thread of torch, and Ctrl-C is left to its parent."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run_all(
    work: Callable[[Job], Result], jobs: Sequence[Job], processes: int, title: str, quiet: bool
) -> Iterator[tuple[Job, Result | str]]:
    """``work`` on every job, in any order, with a progress bar; a job whose process died gives the string ``CRASH``.

    One that runs longer than ``work`` allows itself (``time_limit``) gives ``SLOW``.

    Args:
        work: A function at the top of a module.
        jobs: Its arguments; they must be picklable.
        processes: How many; 0: in this process.
        title: Of the progress bar.
        quiet: No progress bar.
    """
    results = _in_pool(work, jobs, processes) if processes and jobs else ((job, work(job)) for job in jobs)
    yield from _progress(results, len(jobs), title, quiet)


def time_limit(seconds: float) -> None:
    """Lets this process die in so many seconds, if ``run_all`` started it, also in a decoder that hangs; 0: no more."""
    if multiprocessing.parent_process() is not None and hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


class _Worker:
    """A process that is given one job after the other, and the number of the one that it has."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        context: Any = mp_context([work.__module__])
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work))
        self.process.start()
        theirs.close()  # so that its end is seen here
        self.number: int | None = None

    def cause_of_death(self) -> str:
        self.process.join()
        return SLOW if hasattr(signal, "SIGALRM") and self.process.exitcode == -signal.SIGALRM else CRASH


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    """What a process does: says that it is there, then answers jobs with a result or an exception."""
    init_worker()
    with contextlib.suppress(EOFError, OSError):  # the parent has gone, or needs no more
        pipe.send((None, None))
        while True:
            job = pipe.recv()
            answer: tuple[Any, Exception | None]
            try:
                answer = work(job), None
            except Exception as error:
                answer = None, error
            pipe.send(answer)


def _in_pool(work: Callable[[Job], Result], jobs: Sequence[Job], processes: int) -> Iterator[tuple[Job, Result | str]]:
    waiting = deque(range(len(jobs)))
    workers = {worker.pipe: worker for worker in (_Worker(work) for _ in range(min(processes, len(jobs))))}
    try:
        while workers:
            for pipe in multiprocessing.connection.wait(list(workers)):
                worker = workers[pipe]
                number, worker.number = worker.number, None
                try:
                    result, error = worker.pipe.recv()
                except (EOFError, OSError):
                    workers.pop(pipe).pipe.close()
                    if number is None:  # it cannot even start: in a script without ``if __name__ == "__main__"``
                        continue
                    yield jobs[number], worker.cause_of_death()
                    if waiting:
                        worker = _Worker(work)
                        workers[worker.pipe] = worker
                    continue
                if error is not None:
                    raise error
                if waiting:
                    with contextlib.suppress(OSError):  # it has died meanwhile, which is seen in the next round
                        worker.pipe.send(jobs[waiting[0]])
                        worker.number = waiting.popleft()
                else:
                    workers.pop(pipe).pipe.close()
                if number is not None:
                    yield jobs[number], result
    finally:
        for worker in workers.values():
            worker.pipe.close()
    for number in waiting:
        yield jobs[number], work(jobs[number])


def _progress(results: Iterator[Any], total: int, title: str, quiet: bool) -> Iterable[Any]:
    if quiet or not total:
        return results
    try:
        from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ModuleNotFoundError:
        print(f"{title}: {total} files", file=sys.stderr)
        return results
    bar: Iterable[Any] = tqdm(results, total=total, desc=title, unit="file")
    return bar
