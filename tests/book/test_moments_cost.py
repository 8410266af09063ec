"""What *Cost* shows, by other ways: own counters on other models, the bill in seconds, sources of what is typed."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tools import audit
from vatt_edu import cost
from vatt_edu.config import EncoderConfig, preset
from vatt_edu.encoder import Encoder

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = json.loads((audit.BOOK / "cost.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
MOMENTS = {
    "first-bill", "parts", "five-counters", "table-5", "memory", "utilization", "paper-share", "roofline", "saved",
    "decode", "bill", "wrong-bills", "promised",
}  # fmt: skip
SHOWN = {"first-bill", "bill", "roofline"}  # a figure, or rows of what a later cell asserts
GPU = json.loads(next((ROOT / "results").rglob("benchmark_gpu_step.json")).read_text())["rows"]


def names_of(*cells: str, **names: Any) -> dict[str, Any]:
    """What these cells of the page define."""
    names = {"np": np, "torch": torch, "cost": cost, "preset": preset, "display": lambda _: None} | names
    for cell in cells:
        exec(CELLS[cell], names)  # the page's own code
    return names


def test_each_moment_has_a_cell_that_asserts() -> None:
    tagged: dict[str, str] = {}
    for cell in NOTEBOOK["cells"]:
        for tag in cell["metadata"].get("tags", []):
            if tag.startswith("moment-"):
                tagged[tag.removeprefix("moment-")] = "".join(cell["source"])
    assert set(tagged) == MOMENTS
    for name, source in tagged.items():
        asserts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
        assert name in SHOWN or asserts, name


class Bare(nn.Module):
    """A dense layer and a product of tokens with tokens, whose counts are written below."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(5, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.dense(x)
        return hidden @ hidden.transpose(1, 2)


def test_own_counters_on_a_model_counted_by_hand() -> None:
    """2 clips of 3 tokens: 2·3·5·7 multiply-adds in the dense layer, 2·3·3·7 in the product that only operators see."""
    page, x = names_of("hooks", "operators"), torch.zeros(2, 3, 5)
    assert page["by_hooks"](Bare(), x) == 210
    with torch.no_grad(), page["Operators"]() as operators:
        Bare()(x)
    assert operators.count == 210 + 126


@pytest.mark.parametrize(("tokens", "width"), [(12, 64), (300, 128), (1_000, 64)])
def test_counters_miss_what_the_ratio_says(tokens: int, width: int) -> None:
    page = names_of("hooks", "operators")
    size = EncoderConfig(2, width, 4 * width, width // 64, 64, dropout=0.0)
    encoder, x = Encoder(size).eval(), torch.zeros(1, tokens, width)
    true = cost.encoder_flops(size, tokens).both_products
    with torch.no_grad(), page["Operators"]() as operators:
        encoder(x)
    assert true / (2 * page["by_hooks"](encoder, x)) == pytest.approx(1 + tokens / (6 * width), rel=1e-12)
    attended = 0 if operators.without else 2 * 2 * tokens**2 * width  # as the kernel of this machine is fused or not
    assert operators.count == page["by_hooks"](encoder, x) + attended


def test_what_is_saved_for_the_way_back() -> None:
    """Of a dense layer its input, of a GELU its input: 4 bytes each, and no parameter."""
    page = names_of("weigh")
    module = nn.Sequential(nn.Linear(6, 10), nn.GELU())
    assert page["saved"](module, torch.randn(3, 6, requires_grad=True)) == 4 * (3 * 6 + 3 * 10)


def test_no_point_lies_above_its_roof_and_half_of_the_tokens_lie_lower_in_bf16() -> None:
    h200 = cost.ACCELERATORS[1]
    page = names_of("worked-roofline", "roof-points", h200=h200, PEAK={"bf16": h200.peak, "fp32": 67e12},
                    of_gpu={(row["preset"], row["precision"], row["keep"]): row for row in GPU})  # fmt: skip
    below = {point[:3]: point[5] / point[4] for point in page["points"]}
    assert len(below) == len(GPU)
    assert max(below.values()) < 1
    for name in {row["preset"] for row in GPU}:
        assert below[name, "bf16", 0.5] < below[name, "bf16", 1.0]  # as the page tells
        assert min(below[name, "fp32", keep] for keep in (0.5, 1.0)) > below[name, "bf16", 1.0]
    assert min(below, key=below.__getitem__)[0] == "toy_gpu"


def test_utilization_is_the_same_from_seconds() -> None:
    row = next(r for r in GPU if (r["preset"], r["precision"], r["keep"]) == ("medium_base_small", "bf16", 0.5))
    one = cost.cost(preset("medium_base_small"), row["clips"], 0.5)
    assert 3 * one["flops"]["total"]["here"] / row["median_s"] / 1e12 == pytest.approx(row["tflops"])
    share = row["tflops"] * 1e12 / 989e12
    days = cost.run_cost(preset("medium_base_small"), cost.ACCELERATORS[1], 8, utilization=share)["compute_hours"] / 24
    assert days == pytest.approx(500_000 * 2_048 / row["clips_per_s"] / 8 / 86_400)


def test_a_longer_group_is_a_smaller_file(tmp_path: Path) -> None:
    """On another film than the page's: a bright square that moves over noise that stands still."""
    film = np.repeat(np.random.default_rng(0).integers(0, 60, (1, 64, 64, 3), dtype=np.uint8), 60, 0)
    for n in range(60):
        film[n, n // 2 : n // 2 + 16, 8:24] = 230
    write = names_of("film", read_video=lambda *_: np.zeros((2, 8, 320, 3), np.uint8), SAMPLES=Path())["write"]
    sizes = []
    for gop in (2, 15, 60):
        write(tmp_path / f"{gop}.mp4", film, gop)
        sizes.append((tmp_path / f"{gop}.mp4").stat().st_size)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 2 * sizes[2]


def test_a_price_has_a_source_and_a_date() -> None:
    assert "https://" in CELLS["prices"]
    assert "May 2026" in CELLS["prices"]
    assert all(low < high for low, high in names_of_prices().values())


def names_of_prices() -> dict[str, tuple[float, float]]:
    tree = ast.parse(CELLS["prices"])
    (node,) = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "ASKED"]
    assert isinstance(node.value, ast.Dict)
    return {ast.unparse(k): ast.literal_eval(v) for k, v in zip(node.value.keys, node.value.values, strict=True) if k}
