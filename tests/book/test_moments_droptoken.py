"""What *DropToken* shows, by other ways: brute force, integers, and the page's own functions as a syntax tree."""

import ast
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from vatt_edu import cost, droptoken
from vatt_edu.config import EncoderConfig, toy
from vatt_edu.towers import TowerOptions, video_tower

ROOT = Path(__file__).resolve().parents[2]
CELLS = json.loads((ROOT / "book" / "droptoken.ipynb").read_text(encoding="utf-8"))["cells"]
SOURCES = {cell["id"]: "".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"}
OWN = {"hash": ("mixed", "random_numbers"), "own": ("kept_tokens", "shortened")}


def functions(cell: str) -> dict:
    """What a cell defines, executed with nothing but numpy and torch."""
    space: dict = {"np": np, "torch": torch}
    exec(SOURCES[cell], space)
    return space


def test_every_moment_has_a_cell() -> None:
    tags = {tag for cell in CELLS for tag in cell["metadata"].get("tags", []) if tag.startswith("moment-")}
    names = ("masked-or-gone", "share", "three-speedups", "maximum", "batch-norm", "tap", "board", "text-dropped",
             "eval-drops", "swapped", "agg-dropped", "equal")  # fmt: skip
    assert {f"moment-{name}" for name in names} <= tags


@pytest.mark.parametrize("cell", OWN)
def test_own_functions_call_none_of_the_package(cell: str) -> None:
    tree = ast.parse(SOURCES[cell])
    assert {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} == set(OWN[cell])
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    package = {name for name in vars(droptoken) if not name.startswith("__")} - {"torch"}
    assert not names & (package | {"droptoken", "vatt", "checks"})
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))


def test_own_draw_is_the_packages() -> None:
    numbers = functions("hash")["random_numbers"]
    kept_tokens = functions("own")["kept_tokens"]
    places = np.array([3, 900, 2**33])
    for keep, modality in itertools.product((0.1, 0.5, 1.0), (0, 1)):
        theirs = droptoken.keep_indices(
            torch.from_numpy(places), 50, keep, seed=4, step=9, modality=("video", "audio")[modality], sharing="sample"
        )
        assert torch.equal(kept_tokens(numbers(4, 9, modality, places, 50), keep), theirs)


@pytest.mark.parametrize(("tokens", "kept", "event"), [(6, 3, 2), (7, 2, 3), (5, 4, 1), (6, 4, 3)])
def test_lost_by_counting_every_draw(tokens: int, kept: int, event: int) -> None:
    space: dict = {"np": np}
    exec(SOURCES["worked-lost"], space)
    draws = list(itertools.combinations(range(tokens), kept))
    misses = sum(min(draw) >= event for draw in draws)
    assert space["lost"](event, tokens, kept) == pytest.approx(misses / len(draws))


def test_a_masked_token_is_as_good_as_gone_and_a_zero_is_not() -> None:
    torch.manual_seed(0)
    tower = video_tower(toy().model.video, TowerOptions("max_mean")).eval()
    clip = torch.randint(0, 256, (2, 16, 56, 56, 3), dtype=torch.uint8)
    kept = torch.stack([torch.randperm(196)[:98] for _ in range(2)])
    stays = torch.zeros(2, 197, dtype=torch.bool).scatter_(1, kept + 1, True)
    stays[:, 0] = True
    with torch.no_grad():
        tokens = tower.tokenizer(tower.patches(clip))
        masked = tower.encode(tokens, (4, 7, 7), None, stays)[0]
        zeroed = tower.encode(tokens * stays[:, 1:, None], (4, 7, 7))[0]
        gone = tower(clip, kept)[0]
    assert (masked - gone).abs().max() < 1e-4 < (zeroed - gone).abs().max()


def test_largest_of_normals_by_its_distribution() -> None:
    """The mean of a maximum is the integral of 1 - Φ(x)^n above zero minus that of Φ(x)^n below."""
    x = torch.linspace(-8, 8, 160_001, dtype=torch.float64)
    below = torch.special.ndtr(x)
    for n, value in ((197, 2.74), (99, 2.51)):
        survival = 1 - below**n
        mean = torch.trapezoid(torch.where(x > 0, survival, survival - 1), x).item()
        assert mean == pytest.approx(value, abs=0.01)


def test_speedup_formula_is_what_the_package_counts() -> None:
    size = EncoderConfig(layers=1, width=64, ff_width=256, heads=4, head_width=16)
    for tokens, kept in ((400, 100), (1_000, 500), (10, 1)):
        ratio = cost.encoder_flops(size, tokens).both_products / cost.encoder_flops(size, kept).both_products
        rate = kept / tokens
        assert ratio == pytest.approx((6 * 64 + tokens) / (rate * (6 * 64 + rate * tokens)))


def test_stored_speedups_have_the_order_that_the_page_tells() -> None:
    cpu = json.loads((ROOT / "results" / "benchmark_droptoken.json").read_text())["rows"]
    gpu = json.loads((ROOT / "results" / "gpu" / "benchmark_gpu_step.json").read_text())["rows"]
    counted = (6 * 768 + 1_569) / (0.5 * (6 * 768 + 0.5 * 1_569))
    base = {(row["precision"], row["keep"]): row for row in gpu if row["preset"] == "base_base_small"}
    assert next(row["speedup"] for row in cpu if row["keep"] == 0.5) > counted
    assert base["bf16", 0.5]["speedup"] < base["fp32", 0.5]["speedup"]
    assert base["bf16", 0.5]["tflops"] < 0.7 * base["bf16", 1.0]["tflops"]
