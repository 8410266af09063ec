"""On a GPU: the same numbers as on the CPU, in half the precision near them, and a run that can be resumed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import clips, runs, tiny

from vatt_edu.config import Config, ModelConfig, TextConfig, toy
from vatt_edu.losses import Pairs, vatt_loss
from vatt_edu.model import VATT
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import train_step

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

AGNOSTIC = {
    "backbone": "agnostic",
    "audio": replace(tiny.model_config().audio, encoder=tiny.ENCODER),
    "text": TextConfig(20, 5, 12, train_words=True, style="agnostic", encoder=tiny.ENCODER),
}


def _models(model: ModelConfig) -> dict[str, VATT]:
    """The same model, twice."""
    models = {}
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        models[device] = VATT(model).to(device)
    return models


@pytest.mark.parametrize("changes", [{}, AGNOSTIC], ids=["specific", "agnostic"])
def test_gradients_are_the_cpus(changes: dict) -> None:
    model = tiny.model_config(**changes)
    losses, gradients = {}, {}
    for device, copy in _models(model).items():
        batch = tiny.random_batch(model).to(device)
        losses[device] = vatt_loss(Pairs.of(copy(batch, seed=0, step=0), batch), Config().loss).total
        losses[device].backward()
        gradients[device] = {name: p.grad.cpu() for name, p in copy.named_parameters() if p.grad is not None}
    assert losses["cuda"].item() == pytest.approx(losses["cpu"].item(), rel=1e-5)  # the bound of tests/parity
    assert gradients["cuda"].keys() == gradients["cpu"].keys()
    # Of the model's largest, not each parameter's own: attention's key biases have no gradient but rounding.
    largest = max(here.abs().max().item() for here in gradients["cpu"].values())
    off = max((gradients["cuda"][name] - here).abs().max().item() for name, here in gradients["cpu"].items())
    print(f"gradients are {off / largest:.1e} of the largest apart")
    assert off <= 1e-4 * largest  # a tenth of the bound of tests/parity; 2.2e-5 on an H200


def test_steps_are_the_cpus_and_bf16_is_near() -> None:
    model = tiny.model_config()
    plain = replace(Config(), model=model, optim=replace(toy().optim, warmup_steps=0))
    half = replace(plain, train=replace(plain.train, precision="bf16"))
    losses = {}
    for device, config in (("cpu", plain), ("cuda", plain), ("half", half)):
        copy = _models(model)["cpu" if device == "cpu" else "cuda"].train()
        optimizer, name = make_optimizer(copy, config.optim), next(copy.parameters()).device
        losses[device] = [
            train_step(copy, tiny.random_batch(model, seed=step).to(name), optimizer, config, step, 1e-3).total.item()
            for step in range(5)
        ]
    assert len(set(losses["cpu"])) == 5
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=1e-3)  # AdamW makes a step of a gradient's rounding
    # 8 bits of mantissa are 0.4 % of a product, and the temperature multiplies similarities by 14; steps add up.
    assert losses["half"][0] == pytest.approx(losses["cpu"][0], rel=0.03)
    assert losses["half"] == pytest.approx(losses["cpu"], rel=0.1)


def test_resumed(tmp_path: Path) -> None:
    corpus = clips.corpus(tmp_path / "corpus", narrated=3, text_free=3)

    def losses(out: Path) -> list[float]:
        return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]

    whole = losses(runs.pretrain(corpus, tmp_path / "whole", train__steps=4, train__device="cuda"))
    runs.pretrain(corpus, tmp_path / "part", train__steps=4, train__device="cuda")
    (tmp_path / "part" / "LAST").write_text("step-00000002")  # as if it had been killed after two steps
    again = losses(runs.pretrain(corpus, tmp_path / "part", "--resume", train__steps=4, train__device="cuda"))
    assert len(again) == 4
    assert again == pytest.approx(whole, rel=1e-4)  # sums of scattered gradients come in any order on a GPU
