"""A run folder that the first format wrote is read as what it was.

It was made by the last version before fields were renamed: two steps of a small model with the optimizer that was then
called ``adam``, its epsilon so large that Adam would move otherwise. The weights after one more step, on random clips,
are that version's.
"""

import json
from pathlib import Path

from helpers import tiny

from vatt_edu.config import OptimConfig
from vatt_edu.config.serialize import FORMAT, pack, upgrade
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.optim import KerasAdam, make_optimizer
from vatt_edu.training.pretrain import train_step
from vatt_edu.training.run_folder import read_config

ASSETS = Path(__file__).parent.parent / "assets"
RUN, AFTER = ASSETS / "run_of_format_1", ASSETS / "run_of_format_1.one_more_step.safetensors"


def test_its_fields_have_their_new_names() -> None:
    config, record = read_config(RUN)
    assert "format" not in json.loads((RUN / "config.json").read_text())
    assert record["preset"] == "toy"
    assert (config.model.tokenizer_init, config.optim.name) == ("whitened", "keras_adam")
    assert (config.optim.grad_clip_norm, config.loss.reduction, config.data.max_narrated_videos) == (1.0, "sum", 3)
    assert (config.data.augment.scale_prob, config.data.augment.color_prob) == (0.5, 0.5)


def test_it_goes_on_as_it_would_have() -> None:
    config, _ = read_config(RUN)
    model = VATT(config.model)
    optimizer = make_optimizer(model, config.optim)
    assert isinstance(optimizer, KerasAdam)
    folder = checkpoint.last(RUN)
    assert folder is not None
    assert checkpoint.restore(folder, model, optimizer)["step"] == 2
    model.train()
    train_step(model, tiny.random_batch(config.model, seed=9), optimizer, config, 2, 1e-2)
    for name, wanted in checkpoint.read_tensors(AFTER).items():
        moved = model.state_dict()[name]
        # One step of float32, whose sums another machine adds in another order; some gradients are rounding alone.
        assert (moved - wanted).abs().max() <= 1e-5 * wanted.abs().max().clamp(min=0.1), name


def test_an_optimizer_that_was_left_at_its_default_was_keras_adam() -> None:
    assert upgrade({"optim": {"lr": 1e-3}})["optim"] == {"lr": 1e-3, "name": "keras_adam"}
    assert upgrade({"optim": {"name": "adamw"}})["optim"] == {"name": "adamw"}
    assert pack(OptimConfig(name="adam"))["format"] == FORMAT
