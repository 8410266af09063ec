"""Processes for reading: started clean (never forked from one that holds decoders), quiet, with one thread each."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")

CRASH = "the decoder crashed on it"


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

    Args:
        work: A function at the top of a module.
        jobs: Its arguments; they must be picklable.
        processes: How many; 0: in this process.
        title: Of the progress bar.
        quiet: No progress bar.
    """
    results = _in_pool(work, jobs, processes) if processes and jobs else ((job, work(job)) for job in jobs)
    yield from _progress(results, len(jobs), title, quiet)


def _in_pool(work: Callable[[Job], Result], jobs: Sequence[Job], processes: int) -> Iterator[tuple[Job, Result | str]]:
    left = dict(enumerate(jobs))
    try:
        with ProcessPoolExecutor(min(processes, len(jobs)), mp_context([work.__module__]), init_worker) as pool:
            pool.submit(os.getpid).result()
            futures = {pool.submit(work, job): number for number, job in left.items()}
            try:
                for future in as_completed(futures):
                    result = future.result()
                    yield left.pop(futures[future]), result
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        return
    except BrokenProcessPool:
        alone = len(left) == len(jobs) and not _can_start()
    for job in left.values():  # someone killed the pool: find out who, one process a job
        yield job, work(job) if alone else _isolated(work, job)


def _can_start() -> bool:
    """Whether this program can start processes at all (a script without ``if __name__ == "__main__"`` cannot)."""
    try:
        with ProcessPoolExecutor(1, mp_context(), init_worker) as pool:
            pool.submit(os.getpid).result()
    except BrokenProcessPool:
        return False
    return True


def _isolated(work: Callable[[Job], Result], job: Job) -> Result | str:
    try:
        with ProcessPoolExecutor(1, mp_context(), init_worker) as pool:
            return pool.submit(work, job).result()
    except BrokenProcessPool:
        return CRASH


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
