"""What *Positional encoding* shows, found again by other means; and that its own functions are its own."""

import ast
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vatt_edu.config import EncoderConfig, MelConfig, TextConfig, toy
from vatt_edu.encoder import TextEncoder, relative_buckets
from vatt_edu.positions import AxisPositions
from vatt_edu.towers import TowerOptions, video_tower

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGE = json.loads((BOOK / "positional_encoding.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: cell for cell in PAGE["cells"]}
MOMENTS = (
    "blind", "places", "corners", "separable", "rank", "backward", "backward-recall", "motion", "averaged", "puzzle",
    "rolled", "wrong-positions", "slip", "buckets", "words",
)  # fmt: skip


def functions(*cells: str, **names: Any) -> dict[str, Any]:
    """The functions and tables that some cells of the page define; nothing else of them is run."""
    names |= {"torch": torch, "np": np, "F": F}
    for cell in cells:
        tree = ast.parse("".join(CELLS[cell]["source"]))
        tree.body = [
            node for node in tree.body
            if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.Assign) and "WAYS" in ast.unparse(node))
        ]  # fmt: skip
        exec(compile(tree, cell, "exec"), names)
    return names


def named(tree: ast.AST) -> set[str]:
    """Every name and attribute that a piece of code mentions."""
    return {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(tree)}


def test_every_moment_has_a_cell_that_computes() -> None:
    tags = {tag: cell for cell in CELLS.values() for tag in cell["metadata"].get("tags", [])}
    assert [moment for moment in MOMENTS if f"moment-{moment}" not in tags] == []
    assert all(tags[f"moment-{moment}"]["cell_type"] == "code" for moment in MOMENTS)


def test_the_pages_own_function_does_not_call_the_packages() -> None:
    tree = ast.parse("".join(CELLS["code-place-vectors"]["source"]))
    (own,) = tree.body
    assert isinstance(own, ast.FunctionDef)
    assert not named(own) & {"AxisPositions", "layer_norm", "LayerNorm", "positions", "tower", "vatt", "vatt_edu"}
    assert "theirs()" in "".join(CELLS["equal-place-vectors"]["source"])  # and is compared with it


@pytest.mark.parametrize("grid", [(4,), (2, 3), (2, 3, 4)])
def test_the_pages_positions_by_brute_force(grid: tuple[int, ...]) -> None:
    place_vectors = functions("code-place-vectors")["place_vectors"]
    random = torch.Generator().manual_seed(0)
    tables = [torch.randn(rows, 6, generator=random) for rows in grid]
    gain, bias = torch.randn(2, 6, generator=random)
    every = [sum(rows) for rows in itertools.product(*tables)]
    expected = F.layer_norm(torch.stack(every), (6,), gain, bias, 1e-6)
    torch.testing.assert_close(place_vectors(tables, gain, bias), expected)


@pytest.fixture(scope="module")
def tower() -> Any:
    """A small video tower with random weights: what it is blind to, it is blind to with any."""
    torch.manual_seed(0)
    video = replace(
        toy().model.video, frames=8, height=24, width=24, encoder=EncoderConfig(2, 16, 32, heads=2, head_width=8)
    )
    return video_tower(video, TowerOptions(pooling="max_mean")).double().eval()


def test_blind_without_positions_and_only_then(tower: Any) -> None:
    tokens = torch.randn(3, 18, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    order = torch.arange(18).flip(0)
    positions = tower.positions
    with torch.no_grad():
        straight, shuffled = (tower.encode(rows, (2, 3, 3))[0] for rows in (tokens, tokens[:, order]))
        pairs = tower.encode(tokens[:, order], (2, 3, 3), kept=order)[0]
        tower.positions = None
        blind = [tower.encode(rows, (2, 3, 3))[0] for rows in (tokens, tokens[:, order])]
        tower.positions = positions
    torch.testing.assert_close(*blind, rtol=0, atol=1e-12)
    torch.testing.assert_close(straight, pairs, rtol=0, atol=1e-12)
    assert (straight - shuffled).abs().max() > 1e-2


def test_no_product_gives_two_opposite_corners_more_than_a_quarter() -> None:
    logits = 6 * torch.randn(20_000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = (logits[:, :2, None] + logits[:, None, 2:]).flatten(1).softmax(1)
    smaller = torch.minimum(weights[:, 0], weights[:, 3])
    assert smaller.max() <= 0.25
    assert smaller.max() > 0.24
    free = torch.tensor([9.0, -9, -9, 9]).softmax(0)  # without the rule of sums, nothing forbids it
    assert free[[0, 3]].min() > 0.49


def test_the_norm_keeps_the_rank_and_bends_the_sum() -> None:
    torch.manual_seed(0)
    grid = (3, 4, 5)
    positions = AxisPositions(grid, 32).double()
    t, h, w = positions.tables
    sums = (t[:, None, None] + h[:, None] + w).detach()
    assert torch.linalg.matrix_rank(sums.flatten(0, 2)) == sum(grid) - 2
    assert torch.linalg.matrix_rank(positions().detach()) == sum(grid) - 2
    torch.nn.init.normal_(positions.norm.bias)
    assert torch.linalg.matrix_rank(positions().detach()) == sum(grid) - 1
    bend = functions("second-difference")["second_difference"]
    assert bend(sums) < 1e-12
    assert bend(positions().detach().reshape(sums.shape)) > 1e-2


def test_ways_to_turn_a_film() -> None:
    ways = functions("ways")["WAYS"]
    frames = torch.arange(16)[None]
    order = [12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3]
    inside = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]
    assert [ways[name](frames)[0].tolist() for name in ways] == [list(range(15, -1, -1)), order, inside]


def test_a_mean_shifts_every_clip_alike_and_a_norm_or_a_maximum_does_not() -> None:
    bag = functions("worked-position-mean")["bag"]
    random = torch.Generator().manual_seed(0)
    tokens = torch.randn(20, 9, 8, dtype=torch.float64, generator=random)
    places = torch.randn(9, 8, dtype=torch.float64, generator=random)
    for norm, way in itertools.product((False, True), ("mean", "maximum")):
        shifts = bag(tokens + places, norm, way) - bag(tokens, norm, way)
        spread = (shifts - shifts.mean(0)).abs().max()
        assert (spread < 1e-12) == (not norm and way == "mean")


def test_the_released_numbers_give_every_place_one_vector_of_its_own() -> None:
    times, bands = MelConfig(patch_bins=5).grid(153_600)
    tokens = range(times * bands)
    assert len({(k % times, k // times) for k in tokens}) == times * bands
    torch.manual_seed(0)
    slip = AxisPositions((times, bands), 8, transposed=True)
    time, band = slip.tables
    expected = torch.stack([time[k % times] + band[k // times] for k in tokens])
    torch.testing.assert_close(slip(), F.layer_norm(expected, (8,), eps=1e-6))
    right = [k for k in tokens if (k % times, k // times) == (k // bands, k % bands)]
    assert len(right) < 0.05 * times * bands


def test_buckets_that_short_lines_use() -> None:
    """By the rule in words: eight near distances have a bucket each, and three times three far ones share."""
    bucket = {n: relative_buckets(torch.tensor(n), 32, 64).item() for n in range(-16, 17)}
    groups = [[n] for n in range(8)] + [[8, 9, 10], [11, 12, 13], [14, 15, 16]]
    for number, group in enumerate(groups):
        assert {bucket[-n] for n in group} == {number}
        assert {bucket[n] for n in group if n} <= {16 + number}
    assert len(set(bucket.values())) == 21


def test_every_layer_of_text_adds_the_one_table() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(TextConfig(encoder=EncoderConfig(3, 16, 16, heads=2, head_width=8, dropout=0.0))).double()
    x, valid = torch.randn(1, 5, 16, dtype=torch.float64), torch.ones(1, 5, dtype=torch.bool)
    order = torch.tensor([0, 3, 1, 4, 2])
    with torch.no_grad():
        for layer in range(3):  # only this one is left with attention
            for number, one in enumerate(encoder.layers):
                torch.nn.init.constant_(one.attention.o.weight, 0) if number != layer else torch.nn.init.eye_(
                    one.attention.o.weight
                )
            straight, mixed = encoder(x, valid), encoder(x[:, order], valid)
            assert (straight[:, order] - mixed).abs().max() > 1e-6
        torch.nn.init.zeros_(encoder.relative_bias.weight)
        torch.testing.assert_close(encoder(x, valid)[:, order], encoder(x[:, order], valid), rtol=0, atol=1e-12)
