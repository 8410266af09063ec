"""Several processes make videos side by side: plain subprocesses that take one job a line.

Not ``multiprocessing``: its fork copies the threads of whoever calls (torch, a notebook), its spawn runs the caller's
script again. A worker here knows nothing of its caller, and ends when its input does, also when the caller was killed.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vatt_edu import files
from vatt_edu.config.serialize import from_json, to_json
from vatt_edu.minitube.corpus.layouts import LAYOUTS, layout_items
from vatt_edu.minitube.names import part_file
from vatt_edu.minitube.presets import Recipe

Job = tuple[str, int]
"""A split and the number of a video, or a layout and the number of one of its files."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def run_jobs(recipe: Recipe, out: Path, jobs: Sequence[Job], workers: int) -> Iterator[Job]:
    """Make videos and their annotations; yields each job when it is done, in any order."""
    if workers <= 1 or len(jobs) <= 1:
        yield from _run_here(recipe, out, jobs)
    elif jobs:
        yield from _run_apart(recipe, out, jobs, min(workers, len(jobs)))


def _run_here(recipe: Recipe, out: Path, jobs: Sequence[Job]) -> Iterator[Job]:
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for job in jobs:
            do_job(recipe, out, job)
            yield job
    finally:
        cv2.setNumThreads(threads)


def do_job(recipe: Recipe, out: Path, job: Job) -> None:
    """Make one video, then its annotation: where both are, it is done. Or one file of a layout."""
    if job[0] in LAYOUTS:
        from vatt_edu.minitube.corpus.layout_media import make_item

        make_item(out, layout_items(recipe, job[0])[job[1]])
        return
    from vatt_edu.files import write_text
    from vatt_edu.minitube.video import make_video

    annotation = make_video(recipe, *job, out)
    part = part_file(out, *job)
    part.parent.mkdir(exist_ok=True)
    write_text(part, json.dumps(annotation))


def _run_apart(recipe: Recipe, out: Path, jobs: Sequence[Job], workers: int) -> Iterator[Job]:
    pending: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Job | Exception] = queue.SimpleQueue()
    for job in [*jobs, *[None] * workers]:
        pending.put(job)
    processes = [start_worker(recipe, out) for _ in range(workers)]
    threads = [threading.Thread(target=_serve, args=(process, pending, answers), daemon=True) for process in processes]
    try:
        for thread in threads:
            thread.start()
        for _ in jobs:
            answer = answers.get()
            if isinstance(answer, Exception):
                raise answer
            yield answer
    finally:
        for process in processes:
            _stop(process)


def start_worker(recipe: Recipe, out: Path) -> subprocess.Popen[str]:
    """A process that makes videos of that recipe: `main`, with its first line written."""
    root = str(Path(files.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"recipe": to_json(recipe), "out": str(out.resolve())}) + "\n")
    process.stdin.flush()
    return process


def _stop(process: subprocess.Popen[str]) -> None:
    """Let a worker end by itself (its input ends), or end it where it is busy: a file is whole or not there."""
    with contextlib.suppress(OSError):
        assert process.stdin is not None
        process.stdin.close()
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _serve(process: subprocess.Popen[str], pending: Any, answers: Any) -> None:
    """Hand jobs to one worker, one at a time."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout:
        while (job := pending.get()) is not None:
            try:
                process.stdin.write(json.dumps(job) + "\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline() or '{"error": "it ended without a word"}')
            except (OSError, ValueError) as error:
                answer = {"error": str(error)}
            if "error" in answer:
                message = f"a worker failed: {job[0]} {job[1]}: {answer['error']}"
                number = answer.get("errno")
                answers.put(OSError(number, message) if number else RuntimeError(message))
                return
            answers.put(job)


def main() -> None:
    """A worker: a first line with the recipe, then a job a line; answers each with a line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, who then ends this input.
    import cv2

    cv2.setNumThreads(1)
    start = json.loads(sys.stdin.readline())
    recipe, out = from_json(Recipe, start["recipe"]), Path(start["out"])
    for line in sys.stdin:
        try:
            do_job(recipe, out, tuple(json.loads(line)))
            answer = {}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}", "errno": getattr(error, "errno", None)}
        try:
            print(json.dumps(answer), flush=True)
        except BrokenPipeError:
            # The caller is gone. Nothing is left to do, and nobody to tell.
            os._exit(0)
