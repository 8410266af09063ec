"""Killed, stopped or out of disk, then resumed, a run is the same, bit for bit; so it is for any number of workers."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.training.checkpoint import read_tensors
from vatt_edu.training.run_folder import read_log

STEPS = 24
# Another one every time, but the same in all of xdist's processes: they must collect tests of equal names.
KILL_AFTER = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID")).randrange(1, STEPS - 3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=3, text_free=3)


@pytest.fixture(scope="module")
def whole(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbs, with dropout, so that its random numbers count, too."""
    return runs.pretrain(world, tmp_path_factory.mktemp("whole") / "run", **FIELDS)


FIELDS = {
    "train__steps": STEPS,
    "train__checkpoint_every": 4,
    "model__video__encoder__dropout": 0.1,
    "model__audio__encoder__dropout": 0.1,
}
TRACE = ("step", "loss", "nce", "mil_nce", "lr", "skipped")


def trace(run: Path) -> list[list[float]]:
    return [[line[name] for name in TRACE] for line in read_log(run)]


def same_weights(ours: Path, theirs: Path) -> bool:
    a, b = (read_tensors(run / "model.safetensors") for run in (ours, theirs))
    return set(a) == set(b) and all((a[name] == b[name]).all() for name in a)


def start(data: Path, out: Path, first: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
    """The same run in another process, slowed by decoding: there is time to stop it. It calls ``first`` first."""
    command = [sys.executable, "-m", "vatt_edu.cli", *runs.words(data, out, "--no-cache", **FIELDS)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=first)


def wait_for(out: Path, lines: int, process: subprocess.Popen[bytes]) -> None:
    """Until the run has logged so many steps."""
    log, began = out / "log.jsonl", time.monotonic()
    while not log.exists() or log.read_text().count("\n") < lines:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() - began < 120, "it does not come that far"
        time.sleep(0.002)


@pytest.mark.parametrize("when", [KILL_AFTER], ids="after_{}_steps".format)
def test_killed_and_resumed(world: Path, whole: Path, tmp_path: Path, when: int) -> None:
    out = tmp_path / "run"
    process = start(world, out)
    try:
        wait_for(out, when, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, "it was done before it was killed"
    runs.pretrain(world, out, "--resume", **FIELDS)
    assert trace(out) == trace(whole)
    assert same_weights(out, whole)


def test_stopped_by_ctrl_c_saves_and_goes_on(world: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(world, out)
    try:
        wait_for(out, 6, process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    steps = len(trace(out))
    assert f"stopped and saved at step {steps}; the same command with --resume goes on" in stderr.decode()
    assert (out / "LAST").read_text().strip() == f"step-{steps:08d}"
    runs.pretrain(world, out, "--resume", **FIELDS)
    assert trace(out) == trace(whole)
    assert same_weights(out, whole)


def test_a_full_disk_is_told_in_a_line_and_the_run_goes_on(world: Path, whole: Path, tmp_path: Path) -> None:
    resource, out = pytest.importorskip("resource"), tmp_path / "run"
    size = (whole / "model.safetensors").stat().st_size * 2  # more than step 0, less than one with Adam's moments
    process = start(world, out, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 2
    assert stderr.decode().startswith(f"vatt: cannot write {out / 'checkpoints'}")
    assert stderr.count(b"\n") == 1
    assert (out / "LAST").read_text() == "step-00000000\n"
    runs.pretrain(world, out, "--resume", **FIELDS)
    assert trace(out) == trace(whole)
    assert same_weights(out, whole)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(("workers", "more"), [(1, ()), (4, ()), (0, ("--no-cache",)), (1, ("--no-cache",))])
def test_any_number_of_workers_cached_and_not(
    world: Path, whole: Path, tmp_path: Path, workers: int, more: tuple[str, ...]
) -> None:
    run = runs.pretrain(world, tmp_path / "run", *more, **FIELDS | {"train__workers": workers})
    assert trace(run) == trace(whole)
    assert same_weights(run, whole)
