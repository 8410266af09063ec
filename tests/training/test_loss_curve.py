"""Twenty steps of ``toy`` on random clips against a recorded curve: a change that moves it has changed the training.

``python -m pytest tests/training/test_loss_curve.py --record tests/assets/loss_curve.json`` writes the curve anew.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import tiny

from vatt_edu.config import toy
from vatt_edu.model import VATT
from vatt_edu.system import machine
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import train_step
from vatt_edu.training.whitening import whiten_

CURVE = Path(__file__).parent.parent / "assets" / "loss_curve.json"
STEPS, CLIPS = 20, 8


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def curve(dtype: torch.dtype) -> list[float]:
    """The total loss of each step; everything in it is seeded."""
    config = toy()
    config = replace(config, train=replace(config.train, device="cpu"))
    torch.manual_seed(0)
    model = VATT(config.model).to(dtype)
    batches = [tiny.random_batch(config.model, CLIPS, 4, seed=step, dtype=dtype) for step in range(STEPS)]
    whiten_(model, batches)
    optimizer = make_optimizer(model, config.optim)
    model.train()
    return [train_step(model, batch, optimizer, config, step, 1e-3).total.item() for step, batch in enumerate(batches)]


def build() -> dict[str, str]:
    """What decides about the last bit: the processor's instructions and the build of torch."""
    return {"processor": machine()["machine"]["processor"], "torch": torch.__version__}


def test_the_curve_is_the_recorded_one(request: pytest.FixtureRequest) -> None:
    losses = {"float32": curve(torch.float32), "float64": curve(torch.float64)}
    record = request.config.getoption("--record")
    if record:
        record.write_text(json.dumps({"build": build(), "losses": losses}, indent=1) + "\n")
    recorded = json.loads(CURVE.read_text())
    if recorded["build"] == build():
        assert losses == recorded["losses"]
    # Elsewhere sums are added in another order. In double precision twenty steps leave far less than 1e-6 of that.
    assert losses["float64"] == pytest.approx(recorded["losses"]["float64"], rel=0, abs=1e-6)
