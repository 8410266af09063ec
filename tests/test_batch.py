"""The two contracts: a batch that moves as a whole."""

from dataclasses import fields

import pytest
import torch
from helpers import tiny

from vatt_edu.batch import Batch


def test_its_length_is_the_number_of_clips() -> None:
    assert len(tiny.random_batch(tiny.model_config(), clips=5, lines=2)) == 5


def test_it_moves_as_a_whole() -> None:
    """Every field: one that stayed behind would meet the model on another device."""
    batch = tiny.random_batch(tiny.model_config(), clips=2)
    moved = batch.to("meta")
    for field in fields(Batch):
        before, after = getattr(batch, field.name), getattr(moved, field.name)
        assert before.device.type == "cpu"
        assert (after.device.type, after.shape, after.dtype) == ("meta", before.shape, before.dtype)
    assert all(torch.equal(getattr(batch.to("cpu"), f.name), getattr(batch, f.name)) for f in fields(Batch))


def test_it_is_pinned_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages can be locked only where there is a GPU; who is asked to is tested everywhere."""
    locked: list[torch.Tensor] = []

    def pin(tensor: torch.Tensor) -> torch.Tensor:
        locked.append(tensor.clone())
        return locked[-1]

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    batch = tiny.random_batch(tiny.model_config(), clips=2)
    pinned = batch.pin_memory()
    assert len(locked) == len(fields(Batch))
    for field, tensor in zip(fields(Batch), locked, strict=True):
        assert getattr(pinned, field.name) is tensor
        assert torch.equal(tensor, getattr(batch, field.name))
