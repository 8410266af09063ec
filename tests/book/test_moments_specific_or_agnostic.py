"""What *Specific or agnostic* computes, computed another way; and its own model, which is its own."""

import ast
import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.tiny import random_batch

import vatt_edu as vatt
from tests.teach.test_interactive_specific_or_agnostic import agnostic
from vatt_edu import cost
from vatt_edu.config import LossConfig

ROOT = Path(__file__).resolve().parents[2]
MODALITIES = ("video", "audio", "text")
OWN = {"own-pass": ("sequence", "one_pass"), "own-model": ("three_passes",), "own-activity": ("mean_activity",)}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Code cells by id."""
    notebook = json.loads((ROOT / "book" / "specific_or_agnostic.ipynb").read_text(encoding="utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"}


def functions(source: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def page(sources: dict[str, str], *cells: str, **names: Any) -> dict[str, Any]:
    """The functions of some cells of the page, with these names to stand on."""
    space = {"torch": torch, "copy": copy, "vatt": vatt, "MODALITIES": MODALITIES, **names}
    for cell in cells:
        for node in ast.parse(sources[cell]).body:
            if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.Assign) and cell == "pulls"):
                exec(compile(ast.Module([node], []), cell, "exec"), space)
    return space


@pytest.mark.parametrize("cell", OWN)
def test_the_pages_own_functions_do_not_call_the_packages(cell: str, sources: dict[str, str]) -> None:
    for name in OWN[cell]:
        calls = [ast.unparse(node.func) for node in ast.walk(functions(sources[cell])[name])
                 if isinstance(node, ast.Call)]  # fmt: skip
        forbidden = {"model", "tower", "pool", "prepend_agg", "prepend_valid", "unit_activity"}
        assert forbidden.isdisjoint(calls)
        assert not [call for call in calls if call.endswith((".forward", ".encode"))]
        assert not {f"model.{modality}" for modality in MODALITIES} & set(calls)


def test_three_passes_are_the_packages_model(sources: dict[str, str]) -> None:
    """On a random model with random biases and gains, several lines a clip, and padding."""
    config = replace(agnostic(), pooling="max_mean")
    model = vatt.VATT(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    batch = random_batch(config)
    space = page(sources, "own-pass", "own-model")
    with torch.no_grad():
        ours, package = space["three_passes"](model, batch), model(batch)
    for name, value in vars(package).items():
        torch.testing.assert_close(getattr(ours, name), value, rtol=1e-4, atol=1e-4)


def test_pulls_are_gradients_with_the_other_passes_held_fixed(sources: dict[str, str]) -> None:
    """The pull of one pass is the gradient of the loss whose other features are detached."""
    torch.manual_seed(0)
    config = agnostic()
    model, batch = vatt.VATT(config).train(), random_batch(config)
    run = type("Run", (), {"loss": LossConfig()})
    space = page(sources, "pulls", config=run)
    pulls = space["pulls"](model, batch, 0)
    assert set(pulls) == {("nce", "video"), ("nce", "audio"), ("mil_nce", "video"), ("mil_nce", "text")}
    kept = model.draw_kept(batch.index, 0, 0)
    for (loss, alive), pull in pulls.items():
        fresh = copy.deepcopy(model)
        video, audio = (getattr(fresh, name)(getattr(batch, name), kept.get(name))[0] for name in ("video", "audio"))
        text = fresh.text(batch.text.flatten(0, 1))[0].unflatten(0, batch.text.shape[:2])
        features = {"video": video, "audio": audio, "text": text}
        held = [value if name == alive else value.detach() for name, value in features.items()]
        embeddings = fresh.common_space(*held, batch.has_video, batch.has_audio, batch.has_text)
        value = getattr(vatt.vatt_loss(embeddings, batch, LossConfig()), loss)
        expected = torch.autograd.grad(value, list(fresh.encoder.parameters()))
        torch.testing.assert_close(pull, torch.cat([g.flatten() for g in expected]), rtol=1e-3, atol=1e-5)


def test_shares_of_parameters() -> None:
    """In closed form: 45 per cent of the toy, 94 of the Medium model without words and heads."""
    toy, medium = (
        cost.parameters(preset.model) for preset in (vatt.config.toy_agnostic(), vatt.config.agnostic_medium())
    )
    assert toy["encoder"]["total"] == 396_800
    assert round(100 * toy["encoder"]["total"] / toy["total"]) == 45
    bare = medium["total"] - medium["text"]["words"] - medium["common_space"]["total"]
    assert round(100 * medium["encoder"]["total"] / bare) == 94


def test_flops_do_not_fall_with_sharing() -> None:
    """The same towers, with one encoder and with three."""
    shared = vatt.config.toy_agnostic().model
    apart = replace(shared, backbone="specific")
    assert cost.flops(shared, 4)["total"] == cost.flops(apart, 4)["total"]
    assert cost.parameters(shared)["total"] < cost.parameters(apart)["total"]


def test_three_names_are_refused() -> None:
    from safetensors.torch import save

    encoder = vatt.Encoder(agnostic().video.encoder)
    state = torch.nn.ModuleDict(dict.fromkeys(MODALITIES, encoder)).state_dict()
    assert sum(v.numel() for v in state.values()) == 3 * sum(v.numel() for v in encoder.parameters())
    with pytest.raises(RuntimeError, match="share memory"):
        save(state)
    assert save(vatt.VATT(agnostic()).state_dict())


def test_a_gelu_has_a_floor() -> None:
    assert torch.nn.functional.gelu(torch.linspace(-20, 20, 400_001)).min() >= -0.17


def test_at_equal_steps_each_generalist_is_below_each_specialist() -> None:
    rows = json.loads((ROOT / "results" / "agnostic.json").read_text())["rows"]
    recalls: dict[str, list[float]] = {"toy": [], "toy_agnostic": []}
    for row in rows:
        recalls[row["label"]].append(row["metrics"]["test_iid"]["text_to_video"]["R@5"])
    assert len(recalls["toy"]) == len(recalls["toy_agnostic"]) >= 3
    assert max(recalls["toy_agnostic"]) < min(recalls["toy"])
    assert len({row["steps"] for row in rows}) == 1


def test_every_moment_is_in_the_page() -> None:
    notebook = json.loads((ROOT / "book" / "specific_or_agnostic.ipynb").read_text(encoding="utf-8"))
    tags = {tag for cell in notebook["cells"] for tag in cell["metadata"].get("tags", [])}
    moments = ("three-meanings", "shared-share", "three-names", "never-meet", "flops", "gradients", "units", "swap",
               "gelu", "equal-what")  # fmt: skip
    assert {f"moment-{name}" for name in moments} <= tags
