"""Faster or smaller ways to compute a step: the same step."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import clips, runs, tiny
from helpers.shares import Case

from vatt_edu.batch import Batch
from vatt_edu.config import Config, OptimConfig
from vatt_edu.encoder import Attention, EncoderLayer
from vatt_edu.errors import UserError
from vatt_edu.losses import vatt_loss
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import backward, train_step
from vatt_edu.training.run_folder import read_log
from vatt_edu.training.speed import require_compiler, speed_up_

CASE = Case(dropout=0.2, keep=0.5)


def with_train(config: Config, **fields: object) -> Config:
    return replace(config, train=replace(config.train, **fields))


def gradients(config: Config, model: VATT, batch: Batch) -> dict[str, torch.Tensor]:
    model.zero_grad(set_to_none=True)
    backward(model, batch, config, 3)
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("micro_batch", [0, 5])
def test_recomputed_gradients_are_the_kept_ones(micro_batch: int) -> None:
    """In float64, DropToken and dropout on, in one piece and in GradCache's micro-batches."""
    config = with_train(CASE.config, micro_batch=micro_batch)
    model, batch = CASE.model(), CASE.batch(0)
    kept = gradients(config, model, batch)
    speed_up_(model, with_train(config, recompute=True), len(batch))
    again = gradients(config, model, batch)
    assert again.keys() == kept.keys()
    for name, gradient in kept.items():
        torch.testing.assert_close(again[name], gradient, rtol=1e-10, atol=1e-12)  # the same sums in the same order
    with torch.random.fork_rng():
        other = Case(dropout=0.0, keep=0.5)
        plain = gradients(other.config, other.model(), batch)
    assert max((plain[name] - kept[name]).abs().max() for name in kept) > 1e-3, "dropout changes nothing: it is off"


@pytest.mark.parametrize("micro_batch", [0, 5])
def test_one_product_gives_the_gradients_of_three(micro_batch: int) -> None:
    """In float64, in all towers (the text's projections have no bias); no weight has another name."""
    config = with_train(CASE.config, micro_batch=micro_batch)
    model, batch = CASE.model(), CASE.batch(0)
    names, three, products = list(model.state_dict()), gradients(config, model, batch), []
    speed_up_(model, with_train(config, fused=True), len(batch))
    attentions = [module for module in model.modules() if isinstance(module, Attention)]
    hooks = [a.q.register_forward_hook(lambda *_: products.append("own")) for a in attentions]
    one = gradients(config, model, batch)
    assert products == []  # no projection was called by itself
    assert all(a.one_product for a in attentions)
    assert {a.q.bias is None for a in attentions} == {True, False}
    assert len(hooks) >= 3
    assert list(model.state_dict()) == names
    assert one.keys() == three.keys()
    for name, gradient in three.items():
        torch.testing.assert_close(one[name], gradient, rtol=1e-10, atol=1e-12)  # sums of float64 in another order


def test_recomputing_forgets_what_is_in_a_layer() -> None:
    """Only what enters a layer is kept for the way back."""
    width, kept = 16, {}
    for recompute in (False, True):
        model = CASE.model()
        speed_up_(model, with_train(CASE.config, recompute=recompute), 2)
        layer = next(module for module in model.video.modules() if isinstance(module, EncoderLayer))
        own = {p.untyped_storage().data_ptr() for p in model.parameters()}
        sizes: dict[int, int] = {}

        def keep(tensor: torch.Tensor, own: set[int] = own, sizes: dict[int, int] = sizes) -> torch.Tensor:
            if tensor.untyped_storage().data_ptr() not in own and tensor.is_floating_point():
                sizes[tensor.untyped_storage().data_ptr()] = tensor.numel()
            return tensor

        x = torch.randn(2, 9, width, dtype=torch.float64, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            output = layer(x)
        output.sum().backward()
        kept[recompute] = sum(sizes.values())
    assert kept[True] <= 2 * 9 * width < kept[False] / 4


COMPILED = """
import json, sys
from dataclasses import replace
import torch
from torch._dynamo.utils import counters
from helpers.shares import Case
from vatt_edu.training.pretrain import backward
from vatt_edu.training.speed import speed_up_

def gradients(case, changes, steps):
    config = replace(case.config, train=replace(case.config.train, **changes))
    model = case.model()
    speed_up_(model, config, 12)
    traces, graphs = [], []
    for step in range(steps):
        model.zero_grad(set_to_none=True)
        backward(model, case.batch(0), config, step)
        traces.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
        graphs.append(counters["stats"]["unique_graphs"])
    return torch.stack(traces), graphs

report = {}
for name, dropout, changes in (
    ("plain", 0.0, {}), ("cached", 0.2, {"micro_batch": 6}), ("recomputed", 0.2, {"recompute": True}),
):
    case = Case(dropout=dropout, keep=0.5)
    eager, _ = gradients(case, changes, 4)
    torch._dynamo.reset()  # what the case before has compiled is forgotten
    counters.clear()
    fast, graphs = gradients(case, {**changes, "compile": "aot_eager"}, 4)
    others = (eager[1:] - eager[:-1]).abs().amax(1).min().item()
    report[name] = {"away": (fast - eager).abs().max().item(), "graphs": graphs, "others": others}
print(json.dumps(report))
"""


def test_compiled_layers_are_compiled_once_whatever_tokens_are_kept(root: Path) -> None:
    """In a process of its own: the shape checks of the tests are no part of what is compiled."""
    paths = os.pathsep.join([str(root), str(root / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
        timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    for name, row in report.items():
        assert row["graphs"][0] >= 3, "video, audio and text were compiled"
        assert len(set(row["graphs"])) == 1, f"{name}: compiled again after the first step, {row['graphs']}"
        assert row["others"] > 1e-4, "each step keeps other tokens"
        assert row["away"] < 1e-10, name  # float64; aot_eager calls the same kernels


def test_a_compiler_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    config = with_train(Config(), compile="inductor", device="cpu")
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match=r"needs a C\+\+ compiler \(g\+\+\): install one, or use --train.compile off"):
        require_compiler(config)
    require_compiler(with_train(config, compile="aot_eager"))


@pytest.mark.parametrize("name", ["keras_adam", "adam", "adamw"])
def test_a_fused_optimizer_makes_the_same_steps(name: str, tmp_path: Path) -> None:
    config, weights, states = tiny.model_config(), {}, {}
    for fused in (False, True):
        torch.manual_seed(0)
        model = VATT(config).double().train()
        optimizer = make_optimizer(model, OptimConfig(name=name, lr=1e-2, weight_decay=0.1), fused=fused)
        assert any(group.get("fused") for group in optimizer.param_groups) == fused
        for step in range(4):
            batch = tiny.random_batch(config, seed=step, dtype=torch.float64)
            optimizer.zero_grad()
            vatt_loss(model(batch, step=step), batch, Config().loss).total.backward()
            optimizer.step()
            if step == 1:  # what one has saved, the other goes on with
                folder = checkpoint.save(tmp_path / str(fused), 2, model, optimizer, {"seed": 0, "train_seconds": 0.0})
                checkpoint.restore(folder, model, optimizer)
        weights[fused], states[fused] = model.state_dict(), optimizer.state_dict()["state"]
    for key, value in weights[False].items():
        # Four steps of 1e-2; where a gradient is rounding alone, as that of attention's key biases, Adam magnifies it.
        torch.testing.assert_close(
            weights[True][key], value, rtol=1e-6, atol=1e-6 if "attention.k.bias" not in key else 1
        )
    assert [row["step"] for row in states[True].values()] == [row["step"] for row in states[False].values()]


def test_bf16_keeps_logits_and_weights_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    config = with_train(replace(Config(), model=tiny.model_config()), precision="bf16")
    torch.manual_seed(0)
    model = VATT(config.model).train()
    optimizer = make_optimizer(model, config.optim)
    inner, logits = [], []
    next(m for m in model.modules() if isinstance(m, EncoderLayer)).ff.wi.register_forward_hook(
        lambda _module, _inputs, output: inner.append(output.dtype)
    )
    einsum = torch.einsum

    def watched(*words: object) -> torch.Tensor:
        logits.append(einsum(*words).dtype)
        return einsum(*words)

    monkeypatch.setattr(torch, "einsum", watched)
    losses = train_step(model, tiny.random_batch(config.model), optimizer, config, 0, 1e-3)
    assert inner == [torch.bfloat16]
    assert logits == [torch.float32] * len(logits) != []
    assert losses.total.dtype == torch.float32
    assert {p.dtype for p in model.parameters()} == {p.grad.dtype for p in model.parameters() if p.grad is not None}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {v.dtype for row in optimizer.state.values() for v in row.values()} == {torch.float32}


def test_all_options_at_once_train_as_none(tmp_path: Path) -> None:
    """From the command line: recomputed layers, a fused optimizer, sound in 16 bits; other sums, hence 1e-4."""
    world = clips.corpus(tmp_path / "corpus", narrated=3, text_free=3)
    plain = runs.pretrain(world, tmp_path / "plain", train__steps=4)
    flags = ["--train.recompute", "--train.fused", "--train.sound-bits", "16"]
    fast = runs.pretrain(world, tmp_path / "fast", *flags, train__steps=4)
    ours, theirs = ([row["loss"] for row in read_log(run)] for run in (fast, plain))
    assert ours[0] == theirs[0]  # before the optimizer: bit for bit
    assert ours == pytest.approx(theirs, rel=1e-4)
