"""Checkpoints: the same bits back, tensors and JSON only, and the last complete one whatever happens."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
from helpers import tiny

from vatt_edu.config import LossConfig, OptimConfig
from vatt_edu.errors import UserError
from vatt_edu.files import write_json
from vatt_edu.losses import Pairs, vatt_loss
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.optim import make_optimizer

META = {"seed": 0, "train_seconds": 1.5}


def trained(steps: int = 2, seed: int = 0) -> tuple[VATT, torch.optim.Optimizer]:
    """A small model with an optimizer that has moved, and running statistics that have, too."""
    torch.manual_seed(seed)
    config = tiny.model_config()
    model = VATT(config).train()
    optimizer = make_optimizer(model, OptimConfig(name="adamw", lr=1e-2, weight_decay=0.1))
    for step in range(steps):
        batch = tiny.random_batch(config, seed=step)
        optimizer.zero_grad()
        vatt_loss(Pairs.of(model(batch, step=step), batch), LossConfig()).total.backward()
        optimizer.step()
    return model, optimizer


def test_the_same_bits_come_back(tmp_path: Path) -> None:
    model, optimizer = trained()
    folder = checkpoint.save(tmp_path, 2, model, optimizer, META)
    again, other = trained(steps=1, seed=5)
    assert checkpoint.restore(folder, again, other) == {"step": 2, **META}
    for (name, ours), theirs in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name
    for ours, theirs in zip(model.parameters(), again.parameters(), strict=True):
        assert optimizer.state[ours].keys() == other.state[theirs].keys()
        for key, value in optimizer.state[ours].items():
            assert torch.equal(value, other.state[theirs][key])


def test_tensors_and_json_only(tmp_path: Path) -> None:
    folder = checkpoint.save(tmp_path, 2, *trained(), META)
    assert sorted(path.name for path in folder.iterdir()) == ["meta.json", "state.safetensors"]
    assert json.loads((folder / "meta.json").read_text())["step"] == 2
    assert (folder / "state.safetensors").read_bytes()[8:9] == b"{"  # safetensors: a length, then JSON
    assert (tmp_path / "LAST").read_text() == "step-00000002\n"


def test_whoever_may_read_the_folder_may_read_the_weights(tmp_path: Path) -> None:
    folder = checkpoint.save(tmp_path, 2, *trained(), META)
    assert (folder / "state.safetensors").stat().st_mode == (folder / "meta.json").stat().st_mode


class Killed(BaseException):
    """What nothing catches."""


# All that changes the disk while a checkpoint is saved, in `save` and in what it calls.
CHANGES = (
    (shutil, "rmtree"), (Path, "mkdir"), (Path, "touch"), (Path, "chmod"), (Path, "write_text"), (os, "fsync"),
    (Path, "replace"), (Path, "rename"), ("safetensors.torch", "save_file"),
)  # fmt: skip


def failing(patch: pytest.MonkeyPatch, moment: int, error: BaseException) -> list[int]:
    """From the change number ``moment`` on, each fails after half its work; returns the count of those begun."""
    begun = [0]

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def change(*words: Any, **options: Any) -> Any:
            begun[0] += 1
            if begun[0] <= moment:
                return function(*words, **options)
            if function.__name__ == "write_text":
                words[0].write_bytes(b"{")
            if function.__name__ == "save_file":
                words[1].write_bytes(b"half")
            raise error

        return change

    for place, name in CHANGES:
        if isinstance(place, str):
            patch.setattr(f"{place}.{name}", watched(getattr(pytest.importorskip(place), name)))
        else:
            patch.setattr(place, name, watched(getattr(place, name)))
    return begun


@pytest.mark.parametrize("error", [Killed(), OSError(errno.ENOSPC, "No space left on device")])
def test_at_whatever_change_it_ends_a_complete_one_is_left(tmp_path: Path, error: BaseException) -> None:
    older, newer, scratch = trained(steps=1), trained(steps=2), trained(steps=1, seed=5)
    names: list[str] = []
    for moment in range(100):
        run = tmp_path / str(moment)
        checkpoint.save(run, 2, *older, META)
        with pytest.MonkeyPatch.context() as patch:
            begun = failing(patch, moment, error)
            message = ""
            try:
                checkpoint.save(run, 4, *newer, META)
            except Killed:
                pass
            except UserError as caught:
                message = str(caught)
        if begun[0] <= moment:
            break
        if isinstance(error, OSError):
            assert f"cannot write {run}" in message
            assert "(No space left on device)" in message
            assert "\n" not in message
        newest = checkpoint.last(run)
        assert newest is not None
        names.append(newest.name[-1])
        meta = checkpoint.restore(newest, *scratch)
        weights = (older if meta["step"] == 2 else newer)[0].state_dict()
        assert f"step-{meta['step']:08d}" == newest.name
        assert all(torch.equal(value, weights[name]) for name, value in scratch[0].state_dict().items())
        assert checkpoint.save(run, 4, *newer, META) == checkpoint.last(run)
        assert not list(run.rglob("*.partial"))
    assert len(names) > 10
    assert set(names) == {"2", "4"}
    assert names == sorted(names)


def test_without_last_the_newest_complete_one_is_used(tmp_path: Path) -> None:
    model, optimizer = trained()
    assert checkpoint.last(tmp_path) is None
    for step in (2, 4):
        newest = checkpoint.save(tmp_path, step, model, optimizer, META)
    (tmp_path / "checkpoints" / ".step-00000006.partial").mkdir()
    (tmp_path / "LAST").unlink()
    assert checkpoint.last(tmp_path) == newest


@pytest.mark.parametrize("text", ["", "step-00000009\n", "../elsewhere", "\u20ac"])
def test_last_that_names_none_is_not_passed_over(tmp_path: Path, text: str) -> None:
    """Although there is a checkpoint: to take another one would throw away what was trained."""
    checkpoint.save(tmp_path, 2, *trained(steps=1), META)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "LAST").write_text(text)
    with pytest.raises(UserError, match=r"LAST names no checkpoint; write into it the name of one in .*checkpoints"):
        checkpoint.last(tmp_path)


@pytest.mark.parametrize("meta", [[], {"step": 2}, {"train_seconds": 1.5}])
def test_what_a_checkpoint_says_of_itself_is_complete(tmp_path: Path, meta: Any) -> None:
    folder = checkpoint.save(tmp_path, 2, *trained(steps=1), META)
    write_json(folder / "meta.json", meta)
    with pytest.raises(UserError, match=r"meta\.json is damaged \(no step, no train_seconds\); use another checkpoint"):
        checkpoint.read_meta(folder)


def test_without_safetensors_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (lambda: checkpoint.write_tensors(tmp_path / "a", {}), lambda: checkpoint.read_tensors(tmp_path / "a")):
        with pytest.raises(UserError, match=r"needs the package safetensors: .*vatt_edu\[train\]"):
            call()
    assert not list(tmp_path.iterdir())


def test_what_the_disk_told_safetensors_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its errors are of its own kind, also where the disk is full."""

    def full(*_: Any) -> None:
        raise safetensors.SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(UserError, match=r"cannot write .*weights \(I/O error: No space left on device") as caught:
        checkpoint.write_tensors(tmp_path / "weights", {"a": torch.zeros(1)})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "weights").exists()


def steps(run: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*"))


def test_the_start_and_the_last_ones_are_kept(tmp_path: Path) -> None:
    model, optimizer = trained()
    for step in (0, 2, 4, 6):
        checkpoint.save(tmp_path, step, model, optimizer, META)
        checkpoint.prune(tmp_path, keep=2)
    assert steps(tmp_path) == [0, 4, 6]
    assert checkpoint.first(tmp_path) == tmp_path / "checkpoints/step-00000000"


def test_what_last_names_is_not_pruned_for_one_of_before_a_resume(tmp_path: Path) -> None:
    model, optimizer = trained()
    for step in (0, 2, 8):
        checkpoint.save(tmp_path, step, model, optimizer, META)
    (tmp_path / "LAST").write_text("step-00000002\n")  # as a kill leaves it between the two renames of a save
    stopped = checkpoint.save(tmp_path, 4, model, optimizer, META)
    checkpoint.prune(tmp_path, keep=1)
    assert checkpoint.last(tmp_path) == stopped
    assert steps(tmp_path) == [0, 4, 8]


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path, value: float) -> None:
    model, optimizer = trained()
    first = checkpoint.save(tmp_path, 2, model, optimizer, META)
    with torch.no_grad():
        model.audio.agg[3] = value
    with pytest.raises(UserError, match=r"audio\.agg is not finite at step 4; the last checkpoint is kept"):
        checkpoint.save(tmp_path, 4, model, optimizer, META)
    assert checkpoint.last(tmp_path) == first
    assert steps(tmp_path) == [2]


@pytest.mark.parametrize("damage", [b"", b"no tensors", None])
def test_a_damaged_file_is_named_in_a_line(tmp_path: Path, damage: bytes | None) -> None:
    model, optimizer = trained()
    folder = checkpoint.save(tmp_path, 2, model, optimizer, META)
    file = folder / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-1000] if damage is None else damage)
    with pytest.raises(UserError, match=r"state\.safetensors") as caught:
        checkpoint.restore(folder, model, optimizer)
    assert "\n" not in str(caught.value)


def test_another_models_weights_are_refused_by_name(tmp_path: Path) -> None:
    model, optimizer = trained()
    folder = checkpoint.save(tmp_path, 2, model, optimizer, META)
    file = folder / "state.safetensors"
    tensors = checkpoint.read_tensors(file)
    for name, value in (("model.video.agg", torch.zeros(3)), ("model.hostile", torch.zeros(1))):
        checkpoint.write_tensors(file, {**tensors, name: value})
        with pytest.raises(UserError, match=name.removeprefix("model.")):
            checkpoint.restore(folder, model, optimizer)
    checkpoint.write_tensors(file, {k: v for k, v in tensors.items() if k != "model.text.agg"})
    with pytest.raises(UserError, match=r"text\.agg is missing"):
        checkpoint.restore(folder, model, optimizer)
