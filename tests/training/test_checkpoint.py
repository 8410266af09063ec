"""Checkpoints: the same bits back, tensors and JSON only, and the last complete one whatever happens."""

import errno
import json
from pathlib import Path

import pytest
import tiny
import torch

from vatt_edu.config import OptimConfig
from vatt_edu.errors import UserError
from vatt_edu.losses import Pairs, vatt_loss
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.optim import make_optimizer

META = {"seed": 0, "train_seconds": 1.5}


def trained(steps: int = 2, seed: int = 0) -> tuple[VATT, torch.optim.Optimizer]:
    """A small model with an optimizer that has moved, and running statistics that have, too."""
    from vatt_edu.config import LossConfig

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


@pytest.mark.parametrize("moment", ["write_tensors", "write_json", "write_text"])
def test_a_full_disk_leaves_the_last_complete_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    model, optimizer = trained()
    first = checkpoint.save(tmp_path, 2, model, optimizer, META)
    before = (first / "state.safetensors").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, moment, full)
    with pytest.raises((OSError, UserError)):
        checkpoint.save(tmp_path, 4, model, optimizer, META)
    monkeypatch.undo()
    assert checkpoint.last(tmp_path) == first
    assert (first / "state.safetensors").read_bytes() == before
    again, other = trained(steps=1, seed=5)
    assert checkpoint.restore(first, again, other)["step"] == 2
    assert checkpoint.last(tmp_path) == first
    assert checkpoint.save(tmp_path, 4, model, optimizer, META) == checkpoint.last(tmp_path)  # and then it works


def test_what_was_being_written_when_killed_is_ignored(tmp_path: Path) -> None:
    first = checkpoint.save(tmp_path, 2, *trained(), META)
    partial = tmp_path / "checkpoints" / ".step-00000004.partial"
    partial.mkdir()
    (partial / "state.safetensors").write_bytes(b"half")
    assert checkpoint.last(tmp_path) == first
    checkpoint.prune(tmp_path, keep=1)
    assert first.is_dir()


def test_the_start_is_never_pruned(tmp_path: Path) -> None:
    model, optimizer = trained()
    for step in (0, 2, 4, 6):
        checkpoint.save(tmp_path, step, model, optimizer, META)
        checkpoint.prune(tmp_path, keep=2)
    assert [path.name[-1] for path in sorted((tmp_path / "checkpoints").glob("step-*"))] == ["0", "4", "6"]
    assert checkpoint.first(tmp_path).name == "step-00000000"


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
