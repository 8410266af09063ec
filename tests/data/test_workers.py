"""Processes for reading: one that crashes or hangs costs its job, the others go on."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vatt_edu.data.workers import CRASH, SLOW, run_all, time_limit


def misbehave(job: str) -> tuple[str, int]:
    if job.startswith("crash"):
        os.abort()
    if job.startswith("hang"):
        time_limit(0.2)
        time.sleep(60)
    if job.startswith("raise"):
        raise KeyError(job)
    time_limit(0.5)
    time_limit(0.0)
    time.sleep(0.01)
    return job.upper(), os.getpid()


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_crashes_and_hangs_are_jobs_of_their_own() -> None:
    jobs = [f"{'crash' if k in (0, 5) else 'hang' if k == 7 else 'fine'} {k}" for k in range(12)]
    outcomes = dict(run_all(misbehave, jobs, 2, "", quiet=True))
    assert sorted(outcomes) == sorted(jobs)
    for job, outcome in outcomes.items():
        if job.startswith("fine"):
            assert outcome[0] == job.upper()
        else:
            assert outcome == (CRASH if job.startswith("crash") else SLOW)
    processes = {outcome[1] for outcome in outcomes.values() if not isinstance(outcome, str)}
    assert os.getpid() not in processes
    assert len(processes) <= 5  # two, and one for each that died; not one a job


def test_an_exception_of_a_job_comes_here() -> None:
    with pytest.raises(KeyError, match="raise 1"):
        list(run_all(misbehave, ["fine 0", "raise 1", "fine 2"], 2, "", quiet=True))


def test_whoever_stops_early_leaves_nobody_behind() -> None:
    results = run_all(misbehave, [f"fine {k}" for k in range(50)], 2, "", quiet=True)
    _, (_, process) = next(iter(results))
    results.close()
    for _ in range(100):
        if not is_alive(process):
            break
        time.sleep(0.05)
    assert not is_alive(process)


def test_a_script_without_a_guard_works_by_itself(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from vatt_edu.data.workers import run_all\nprint(sorted(run_all(abs, [-3, 4, -5], 2, '', quiet=True)))\n"
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout == "[(-5, 5), (-3, 3), (4, 4)]\n", run.stderr[-500:]
