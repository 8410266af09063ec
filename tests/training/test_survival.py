"""What ends a process does not end a run: kills, signals, other numbers of processes, damaged files, hung processes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers import clips, runs, shares, torchruns
from helpers.pool import POOL
from test_checkpoint import META, trained

from vatt_edu.cli import main
from vatt_edu.training import checkpoint
from vatt_edu.training.checkpoint import read_tensors
from vatt_edu.training.distributed.watch import HUNG, Watch
from vatt_edu.training.run_folder import read_log

STEPS = 24
FIELDS = {"train__steps": STEPS, "train__checkpoint_every": 4, "data__text_free": 4}  # 8 clips: for 1, 2 and 4
DROPOUT = {"model__video__encoder__dropout": 0.1, "model__audio__encoder__dropout": 0.1}
TRACE = ("step", "loss", "nce", "mil_nce", "lr", "skipped")
# Others every time, but the same in all of xdist's processes: they must collect tests of equal names.
CHANCE = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
KILLED, VICTIM = CHANCE.randrange(1, 12), CHANCE.randrange(2)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=3, text_free=3)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trace(run: Path) -> list[list[float]]:
    return [[line[name] for name in TRACE] for line in read_log(run)]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return read_tensors(run / "model.safetensors")


def shared(processes: int, data: Path, out: Path, *more: str, **fields: object) -> Path:
    """A run of several processes of the pool."""
    words = runs.words(data, out, *more, **FIELDS | fields)
    assert POOL.run(processes, shares.pretrain_command, words) == [0] * processes
    return out


def wait_for(out: Path, lines: int, process: subprocess.Popen[str]) -> None:
    log, began = out / "log.jsonl", time.monotonic()
    while not log.exists() or log.read_text().count("\n") < lines:
        assert process.poll() is None, "it ended before it came that far"
        assert time.monotonic() - began < torchruns.TIMEOUT, "it does not come that far"
        time.sleep(0.002)


def children(process: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc to find the processes in")
@pytest.mark.parametrize(("victim", "after"), [(VICTIM, KILLED)], ids=[f"rank_{VICTIM}_after_{KILLED}_steps"])
def test_a_killed_rank_is_restarted_and_sigterm_saves(world: Path, tmp_path: Path, victim: int, after: int) -> None:
    """Killed, restarted by torchrun, asked to end, taken up by other processes: bit for bit the undisturbed run."""
    undisturbed = shared(2, world, tmp_path / "undisturbed", "--no-cache", **DROPOUT)
    out = tmp_path / "run"
    process = torchruns.start(2, world, out, "--no-cache", restarts=1, **FIELDS | DROPOUT)
    try:
        wait_for(out, after, process)
        os.kill(sorted(children(process))[victim], signal.SIGKILL)
        wait_for(out, after + 6, process)
        process.send_signal(signal.SIGTERM)
    finally:
        code, shown = torchruns.finish(process)
    assert code != 0
    steps = len(read_log(out))
    assert after + 6 <= steps < STEPS, shown
    assert f"stopped and saved at step {steps}" in shown
    assert (out / "LAST").read_text() == f"step-{steps:08d}\n"
    assert trace(out) == trace(undisturbed)[:steps]
    shared(2, world, out, "--resume", "--no-cache", **DROPOUT)
    assert trace(out) == trace(undisturbed)
    assert all(torch.equal(value, weights(undisturbed)[name]) for name, value in weights(out).items())


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [0, 2])
def test_any_number_of_processes_goes_on_with_any_run(world: Path, tmp_path: Path, workers: int) -> None:
    """2, then 1 in micro-batches, then 4: the run of one process, in double precision to 1e-10.

    There it is a sum in another order, 1e-15. In single precision that is 1e-6 of a loss of 2.5 for many steps, until a
    ReLU or a maximum tips to its other side, so that a comparison could not tell a mistake from rounding.
    """
    fields = {"train__workers": workers, "optim__final_lr": 1e-3}  # the rate does not depend on how long the run is
    out, alone = tmp_path / "run", tmp_path / "alone"
    for processes, steps, more in ((2, 4, {}), (1, 8, {"train__micro_batch": 3}), (4, 12, {"train__micro_batch": 0})):
        words = runs.words(world, out, "--resume", **FIELDS | fields | {"train__steps": steps} | more)
        assert POOL.run(processes, shares.pretrain_in_double, words) == [0] * processes
    words = runs.words(world, alone, **FIELDS | fields | {"train__steps": 12, "train__workers": 0})
    assert POOL.run(1, shares.pretrain_in_double, words) == [0]
    ours, theirs = (torch.tensor(trace(run), dtype=torch.float64) for run in (out, alone))
    assert torch.equal(ours[:, 0], torch.arange(12.0, dtype=torch.float64))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    for name, value in weights(alone).items():
        torch.testing.assert_close(weights(out)[name], value, rtol=0, atol=1e-10)


def test_a_step_that_is_no_number_on_one_rank_is_left_out_on_all(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = runs.words(world, out, **FIELDS | {"train__steps": 6, "train__max_nonfinite": 2})
    assert POOL.run(2, shares.pretrain_command, words, (1, 2, 4)) == [0, 0]
    assert [row["step"] for row in read_log(out)] == [0, 3, 5]
    assert [row["step"] for row in read_log(out, "nonfinite.jsonl")] == [1, 2, 4]
    assert all(row["total"] == "nan" for row in read_log(out, "nonfinite.jsonl"))
    assert all(value.isfinite().all() for value in weights(out).values())


def test_more_of_them_than_allowed_end_the_run_on_all(world: Path, tmp_path: Path) -> None:
    words = runs.words(world, tmp_path / "run", **FIELDS | {"train__max_nonfinite": 1})
    assert POOL.run(2, shares.pretrain_command, words, (6, 7)) == [2, 2]
    assert [row["step"] for row in read_log(tmp_path / "run")] == [0, 1, 2, 3, 4, 5]
    assert checkpoint.last(tmp_path / "run").name == "step-00000004"


def test_a_mistake_of_the_user_ends_all_before_anything_is_written(world: Path, tmp_path: Path) -> None:
    words = runs.words(world, tmp_path / "run", data__text_free=3)
    with pytest.raises(RuntimeError, match="rank 1: SystemExit: 2"):
        POOL.run(2, shares.pretrain_command, words)
    assert not (tmp_path / "run").exists()


def test_sigterm_of_one_process_saves_and_asks_for_another_start(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = runs.words(world, out, "--no-cache", **FIELDS)
    process = subprocess.Popen([sys.executable, "-m", "vatt_edu.cli", *words], stdout=-1, stderr=-2, text=True)
    try:
        wait_for(out, 3, process)
        process.send_signal(signal.SIGTERM)
    finally:
        code, shown = torchruns.finish(process)
    assert code == 75, shown
    assert (out / "LAST").read_text() == f"step-{len(read_log(out)):08d}\n"


def test_a_checkpoint_cut_in_half_is_passed_over(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = {"train__steps": 4, "train__checkpoint_every": 2}
    out = runs.pretrain(world, tmp_path / "run", **fields)
    before = trace(out)
    file = out / "checkpoints/step-00000004/state.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    runs.pretrain(world, out, "--resume", **fields)
    shown = capsys.readouterr().out
    assert f"note: {file} cannot be read" in shown
    assert "going on from step-00000002" in shown
    assert trace(out) == before
    checkpoint.require_readable(file.parent)
    for step in (2, 4):
        path = out / f"checkpoints/step-{step:08d}/meta.json"
        path.write_bytes(b"{")
    assert main(runs.words(world, out, "--resume", **fields)) == 2  # to begin again would throw away what was trained


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("by_thread", [False, True])
def test_killed_at_any_byte_of_a_save_a_checkpoint_is_left(tmp_path: Path, by_thread: bool) -> None:
    """The system kills a process that writes beyond a limit: 50 saves, each at another byte."""
    import resource

    older, newer = trained(steps=1), trained(steps=2)
    size = (checkpoint.save(tmp_path / "whole", 4, *newer, META) / "state.safetensors").stat().st_size
    ends: set[str] = set()
    for number in range(50):
        run = tmp_path / str(number)
        checkpoint.save(run, 2, *older, META)
        limit = CHANCE.randrange(1, size + size // 10)
        pid = os.fork()
        if pid == 0:
            try:
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                if by_thread:
                    with checkpoint.Writer(run, keep=1) as writer:
                        writer.save(4, *newer, META)
                else:
                    checkpoint.save(run, 4, *newer, META)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)  # it is a copy of this test: nothing of it may go on
        _, status = os.waitpid(pid, 0)
        assert os.WTERMSIG(status) == (signal.SIGXFSZ if limit < size else signal.SIGKILL), limit
        folder, _ = checkpoint.last_readable(run)
        assert folder is not None
        scratch = trained(steps=1, seed=5)
        assert checkpoint.restore(folder, *scratch)["step"] == int(folder.name[-1])
        ends.add(folder.name[-1])
    assert "2" in ends


def test_who_is_behind_is_named() -> None:
    store, now = torch.distributed.HashStore(), 0.0
    watch = Watch(store, 0, 3, seconds=10.0, clock=lambda: now)
    assert watch.look() == ""  # the others have not come yet
    for rank, count in ((1, 10**9), (2, 0)):
        store.set(str(rank), f"{count}\nreading clips\nmachine{rank}\n{rank}00")
    now = 1.0
    assert watch.look() == ""
    now = 10.5
    assert watch.look() == ""  # rank 1 was seen to move 9.5 s ago
    now = 11.5
    message = watch.look()
    assert message.startswith("rank 2 (process 200 on machine2) hangs after: reading clips; nothing has moved for 10 s")
    store.set("2", "1\na step\nmachine2\n200")
    assert watch.look() == ""


HANGING = """
import sys, time, torch
import torch.distributed as dist
from vatt_edu.training.distributed.processes import agree, joined, rank
from vatt_edu.training.distributed.watch import mark
with joined(torch.device("cpu"), 3.0) as watch, watch:
    for step in range(100):
        mark(f"step {step}")
        if rank() == 1 and step == 3:
            time.sleep(1000)
        agree(0, [], torch.device("cpu"))
"""


def test_a_hung_rank_ends_the_job_with_its_name() -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command += ["--monitor-interval", "0.2", "--no-python", sys.executable, "-c", HANGING]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    code, shown = torchruns.finish(process)
    assert code != 0
    assert "vatt: rank 1 (process " in shown
    assert "hangs after: step 3; nothing has moved for 3 s, so the job ends" in shown
    assert f"exitcode  : {HUNG}" in shown
