"""Checkpoints written while training goes on: of the moment they were asked for, and no failure is silent."""

import threading
from pathlib import Path

import pytest
import torch
from helpers import clips, runs
from test_checkpoint import META, trained

from vatt_edu.errors import UserError
from vatt_edu.training import checkpoint
from vatt_edu.training.run_folder import read_log

WAIT = 60.0  # seconds, far more than a write of a small model takes


def test_training_goes_on_while_the_disk_is_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is the model as it was when ``save`` was called; a second save waits for the first."""
    model, optimizer = trained()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    disk, order, write = threading.Event(), [], checkpoint.write

    def slow(run: Path, step: int, *rest: object) -> Path:
        assert disk.wait(WAIT)
        order.append(step)
        return write(run, step, *rest)

    monkeypatch.setattr(checkpoint, "write", slow)
    with checkpoint.Writer(tmp_path, keep=2) as writer:
        writer.save(2, model, optimizer, META)
        writer.check()
        assert checkpoint.last(tmp_path) is None  # the call is back, and nothing is written
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1.0)
            for state in optimizer.state.values():
                state["exp_avg"].zero_()
        disk.set()
        writer.save(4, model, optimizer, META)
    assert order == [2, 4]
    assert checkpoint.last(tmp_path) == tmp_path / "checkpoints/step-00000004"
    again, other = trained(steps=1, seed=5)
    checkpoint.restore(tmp_path / "checkpoints/step-00000002", again, other)
    assert all(torch.equal(value, before[name]) for name, value in again.state_dict().items())
    assert all(row["exp_avg"].abs().max() > 0 for row in other.state.values())


@pytest.mark.parametrize("when", ["check", "save", "end"])
def test_a_write_that_fails_is_told_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    model, optimizer = trained()
    checkpoint.save(tmp_path, 0, model, optimizer, META)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    refused = pytest.raises(UserError, match=r"cannot write .*step-00000002.* \(No space left on device\)")
    if when == "end":
        with refused, checkpoint.Writer(tmp_path, keep=2) as writer:
            writer.save(2, model, optimizer, META)
    else:
        writer = checkpoint.Writer(tmp_path, keep=2)
        writer.save(2, model, optimizer, META)
        for thread in threading.enumerate():
            if thread.name == "checkpoint":
                thread.join(WAIT)
        with refused:
            writer.check() if when == "check" else writer.save(4, model, optimizer, META)
        writer.check()  # it is told once
    assert checkpoint.last(tmp_path) == tmp_path / "checkpoints/step-00000000"
    assert not [*tmp_path.rglob("*.partial")]


def test_what_ends_training_is_told_before_a_write_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimizer = trained(steps=1)

    def full(*_: object) -> None:
        raise UserError("the disk")

    def train() -> None:
        with checkpoint.Writer(tmp_path, keep=2) as writer:
            writer.save(2, model, optimizer, META)
            raise UserError("the loss")

    monkeypatch.setattr(checkpoint, "write", full)
    with pytest.raises(UserError, match="the loss"):
        train()


def test_a_run_ends_soon_after_a_write_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not only at the next save, which may be hours away."""
    world = clips.corpus(tmp_path / "corpus", narrated=3, text_free=3)
    write, failed = checkpoint.write, threading.Event()

    def full(run: Path, step: int, *rest: object) -> Path:
        if step == 0:
            return write(run, step, *rest)
        failed.set()
        raise UserError("cannot write it (No space left on device)")

    monkeypatch.setattr(checkpoint, "write", full)
    step = torch.optim.Optimizer.zero_grad

    def waiting(self: torch.optim.Optimizer, *words: object, **options: object) -> None:
        if self.state and next(iter(self.state.values()))["step"] >= 3:
            assert failed.wait(WAIT)
        step(self, *words, **options)

    monkeypatch.setattr(torch.optim.Optimizer, "zero_grad", waiting)
    fields = {"train__steps": 1000, "train__checkpoint_every": 2}
    assert runs.main(runs.words(world, tmp_path / "run", **fields)) == 2
    assert capsys.readouterr().err == "vatt: cannot write it (No space left on device)\n"
    assert 3 <= len(read_log(tmp_path / "run")) <= 5
