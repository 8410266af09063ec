"""What *Transformer encoder* shows, computed again by other means; and that its own functions are its own."""

import ast
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vatt_edu import load, shipped
from vatt_edu.config import EncoderConfig
from vatt_edu.encoder import Encoder
from vatt_edu.samples import SAMPLES
from vatt_edu.teach.interactive.walk import looks_at, tower_weights
from vatt_edu.towers import pool, prepend_agg, prepend_valid

BOOK = Path(__file__).resolve().parents[2] / "book"
NOTEBOOK = json.loads((BOOK / "transformer_encoder.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: cell for cell in NOTEBOOK["cells"]}
MOMENTS = (
    "six-numbers", "copies", "head-view", "looks", "text-looks", "explicit", "key-bias", "stream", "common-share",
    "price-list", "constant-head", "idle-head", "pre-post", "padding",
)  # fmt: skip


def source(cell: str) -> str:
    return "".join(CELLS[cell]["source"])


def functions(*cells: str) -> dict[str, Any]:
    """What some cells of the page define: their functions and classes, nothing else is run."""
    names: dict[str, Any] = {"torch": torch, "np": np, "F": F, "math": math}
    for cell in cells:
        tree = ast.parse(source(cell))
        tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        exec(compile(tree, cell, "exec"), names)
    return names


def named(tree: ast.AST) -> set[str]:
    """Every name and attribute that a piece of code mentions."""
    return {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(tree)}


def test_every_moment_has_a_cell_that_computes() -> None:
    tags = {tag: cell for cell in CELLS.values() for tag in cell["metadata"].get("tags", [])}
    assert [moment for moment in MOMENTS if f"moment-{moment}" not in tags] == []
    assert all(tags[f"moment-{moment}"]["cell_type"] == "code" for moment in MOMENTS)


@pytest.mark.parametrize("cell", ["code-attention", "code-layer"])
def test_the_pages_layer_calls_neither_the_packages_nor_torchs(cell: str) -> None:
    forbidden = {
        "vatt", "vatt_edu", "Encoder", "encoder", "EncoderLayer", "walk", "checks", "F", "nn",
        "scaled_dot_product_attention", "layer_norm",
    }  # fmt: skip
    assert not named(ast.parse(source(cell))) & forbidden
    assert "encoder.layers[0](x)" in source("worked-layer")  # and is compared with it


def test_the_pages_layer_is_the_packages() -> None:
    layer = functions("code-attention", "code-layer")["layer"]
    torch.manual_seed(3)
    size = EncoderConfig(layers=1, width=12, ff_width=20, heads=3, head_width=4, dropout=0.0)
    encoder = Encoder(size).double().eval()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    torch.testing.assert_close(
        layer(x, encoder.layers[0].state_dict(), 3), encoder.layers[0](x), rtol=1e-10, atol=1e-10
    )


def test_copies_count_in_any_row() -> None:
    """The odds of what is there twice double, whatever the logits."""
    logits = torch.randn(6, generator=torch.Generator().manual_seed(0)).double()
    once, twice = logits.softmax(0), torch.cat([logits, logits[2:3]]).softmax(0)
    odds = [share / (1 - share) for share in (once[2], twice[2] + twice[6])]
    assert odds[1] / odds[0] == pytest.approx(2)


def test_wrong_heads_are_groups_of_tokens() -> None:
    cuts = functions("cuts")
    x = torch.arange(16 * 8).reshape(16, 8)
    right, wrong = cuts["cut"](x, 4), cuts["view"](x, 4)
    assert right.shape == wrong.shape == (4, 16, 2)
    assert [[int(row[0]) // 8 for row in head] for head in right] == [list(range(16))] * 4
    assert [{int(row[0]) // 8 for row in head} for head in wrong] == [set(range(4 * n, 4 * n + 4)) for n in range(4)]
    assert torch.equal(cuts["join"](right), x)
    assert torch.equal(cuts["unview"](wrong), x)


def test_the_toy_layer_is_equivariant_with_the_right_heads_only() -> None:
    page = functions("cuts", "toy-layer")
    x, order = torch.randn(3, 16, 32).double(), torch.randperm(16)
    for way, back, same in (("cut", "join", True), ("view", "unview", False)):
        layer = page["Layer"](page[way], page[back]).double()
        off = (layer(x[:, order]) - layer(x)[:, order]).abs().max()
        assert (off < 1e-12) == same


def test_the_change_of_the_last_group_is_one_that_the_norm_lets_through() -> None:
    """Added to all components, it would not be: then no heads seem to read across groups."""
    page = functions("cuts", "toy-layer")
    x = torch.randn(3, 16, 32).double()
    for way, back, reads in (("cut", "join", True), ("view", "unview", False)):
        layer = page["Layer"](page[way], page[back]).double()
        for changed, passes in ((x[:, 12:].flip(-1), True), (x[:, 12:] + 1, False)):
            other = torch.cat([x[:, :12], changed], 1)
            across = (layer(other) - layer(x))[:, :12].abs().max()
            assert (across > 1e-3) == (reads and passes)
    assert "x[:, 12:].flip(-1)" in source("property")


def test_common_and_constant_shares() -> None:
    common = functions("stream-shares")["common"]
    own = torch.tensor([[[1.0], [1.0]], [[-1.0], [-1.0]]])  # each clip its own vector, alike for its tokens
    assert common(own) == 1
    assert common(own, (0, 1)) == 0
    assert common(own + 1, (0, 1)) == 0.5
    u = torch.randn(2, 3, 4)
    expected = 3 * u.mean(1).square().sum() / u.square().sum()
    assert common(u) == pytest.approx(expected.item())


@pytest.mark.parametrize(("tokens", "scaled", "bare"), [(197, 122, 4), (17, 11.4, 2.1)])
def test_how_many_a_row_looks_at(tokens: int, scaled: float, bare: float) -> None:
    """By sums over each row, with other draws than the page's."""
    random = np.random.default_rng(5)
    for factor, expected in ((32**-0.5, scaled), (1.0, bare)):
        counts = []
        for _ in range(20):
            logits = factor * random.normal(size=(tokens, 32)) @ random.normal(size=(32, tokens))
            weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            counts.append(np.exp(-(weights * np.log(weights)).sum(1)).mean())
        assert np.mean(counts) == pytest.approx(expected, rel=0.1)


def test_text_heads_look_at_fewer_words_after_training() -> None:
    """By the hidden weights of a sentence, one head after the other."""
    tower = load(shipped("toy")).model.text
    layer = tower.encoder.layers[0]
    ids = torch.tensor([[5, 9, 12, 40, 33, 8]])
    with torch.no_grad():
        sequence = F.gelu(tower.pre_projection(torch.cat([tower.agg[None, None], tower.words(ids)], 1)))
        x = layer.attention_norm(sequence)[0]
        counts = []
        for head, bias in enumerate(tower.encoder.position_bias(7)[0]):
            part = slice(32 * head, 32 * head + 32)
            logits = layer.attention.q(x)[:, part] @ layer.attention.k(x)[:, part].T + bias
            counts.append(looks_at(logits.softmax(-1)).mean().item())
    assert np.mean(counts) < 2


def test_a_head_of_layer_one_reads_from_agg() -> None:
    from vatt_edu.data import read_video

    tower = load(shipped("toy")).model.video
    path = next(iter(sorted((SAMPLES / "minitube/eval/test_iid").glob("*.mp4"))))
    video = torch.from_numpy(read_video(path, 0.0, 16, 5.0, 64)[:, 4:60, 4:60].copy())[None]
    first, _ = tower_weights(tower, video)
    assert first[0, :, 1:, 0].mean(1).argmax() == 1


def test_last_gradients_shrink_with_depth_before_and_not_after() -> None:
    gradient_norms = functions("gradients")
    gradient_norms |= {"Encoder": Encoder, "EncoderConfig": EncoderConfig}
    last = {(n, k): gradient_norms["gradient_norms"](n, k, 7)[-1] for n in ("pre", "post") for k in (2, 8)}
    assert last["pre", 8] < 0.85 * last["pre", 2]
    assert last["post", 8] > 0.9 * last["post", 2]


def test_pads_change_nothing_behind_both_masks() -> None:
    tower = load(shipped("toy")).model.text
    ids = torch.tensor([[5, 9, 12, 40]])
    page = functions("padded")
    page |= {
        "prepend_agg": prepend_agg, "prepend_valid": prepend_valid, "pool": pool,
        "net": SimpleNamespace(text=tower),
    }  # fmt: skip
    feature = page["feature"]
    for pads in (3, 9):
        longer = F.pad(ids, (0, pads))
        with torch.no_grad():
            assert (tower(longer)[0] - tower(ids)[0]).abs().max() < 1e-5
        assert (feature(longer, "max_mean") - tower(ids)[0]).abs().max() < 1e-5
        for forgotten in ({"read_pads": True}, {"pool_pads": True}):
            assert (feature(longer, "mean", **forgotten) - feature(ids, "mean")).abs().max() > 1e-2
