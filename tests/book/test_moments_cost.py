"""What *Cost* shows, by other ways: own counters on other models, the bill in seconds, sources of what is typed."""

import ast
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tools import audit
from vatt_edu import cost
from vatt_edu.config import EncoderConfig, VideoConfig, preset
from vatt_edu.encoder import Encoder
from vatt_edu.teach.interactive.bill import Bill

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = json.loads((audit.BOOK / "cost.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
MOMENTS = {
    "first-bill", "parts", "five-counters", "table-5", "memory", "utilization", "paper-share", "roofline", "saved",
    "peers", "decode", "run", "bill", "wrong-bills", "promised",
}  # fmt: skip
SHOWN = {"first-bill", "roofline"}  # a figure, or rows of what a later cell asserts
GPU = json.loads(next((ROOT / "results").rglob("benchmark_gpu_step.json")).read_text())["rows"]


def names_of(*cells: str, **names: Any) -> dict[str, Any]:
    """What these cells of the page define."""
    names = {"np": np, "math": math, "torch": torch, "cost": cost, "preset": preset, "Markdown": str,
             "display": lambda _: None} | names  # fmt: skip
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
    in_pieces = 4 / 3  # on 8 chips
    assert days == pytest.approx(500_000 * 2_048 / row["clips_per_s"] / 8 / 86_400 * in_pieces)


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


@pytest.mark.parametrize("clips_a_second", [0.7, 8.3, 90.0])
def test_one_run_goes_through_the_page(clips_a_second: float) -> None:
    """Whatever a core reads: the chips are the slower part, with a core fewer they are not; the bill is theirs."""
    gpu = {(row["preset"], row["precision"], row["keep"]): row for row in GPU}
    page = names_of(
        "share-table", "decode-sentence", "worked-hours", "the-run", of_gpu=gpu, medium=preset("medium_base_small"),
        PEAK={"bf16": 989e12, "fp32": 67e12}, NAMES={"Medium": "medium_base_small"}, h200=cost.ACCELERATORS[1],
        wanted=gpu["medium_base_small", "bf16", 0.5]["clips_per_s"] * 3 / 4,  # in pieces
        rate=dict.fromkeys([(224, 2), (224, 30), (224, 250), (448, 30)], clips_a_second),
        counts={"Medium": cost.cost(preset("medium_base_small"), 1, 0.5)},
    )  # fmt: skip
    ours, run = page["ours"], page["RUN"]
    assert ours["decode_hours"] <= ours["compute_hours"] == ours["hours"]
    assert ours["decode_hours"] * run["cores"] > ours["compute_hours"] * (run["cores"] - 1)
    assert Bill(chip=1, **run).money == ours["money"]


def test_no_other_run_is_on_the_page() -> None:
    """Each bill takes what the run says, but for the whole peak at the top, and the paper's own chips."""
    for name, source in CELLS.items():
        for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in ("cost.run_cost", "interactive.Bill") and name not in ("look", "paper-share"):
                assert any(k.arg is None and ast.unparse(k.value).startswith("RUN") for k in call.keywords), name


PEERS = {
    "settings": {"frames": 8, "size": 32, "rounds": 20, "threads": 2},
    "products": "oneDNN",
    "versions": {"torch": "2.0", "numpy": "1.0", "timm": "9.9"},
    "rows": [
        {"name": "ours", "keep": 1.0, "median_s": 0.2, "ratio": 1.0, "low": 1.0, "high": 1.0},
        {"name": "timm", "keep": 1.0, "median_s": 0.25, "ratio": 1.25, "low": 1.2, "high": 1.3},
        {"name": "videomae compiled", "keep": 0.5, "median_s": 0.1, "ratio": 1.01, "low": 0.99, "high": 1.02},
    ],
}  # fmt: skip


@pytest.mark.parametrize("record", [PEERS, None], ids=["run", "not run yet"])
def test_other_programs_are_shown_once_there_is_a_file(record: dict[str, Any] | None, tmp_path: Path) -> None:
    pages: list[str] = []
    if record:
        (tmp_path / "benchmark_peers.json").write_text(json.dumps(record))
    names_of("peers-table", "peers", results=tmp_path, json=json, display=pages.append,
             VideoConfig=VideoConfig)  # fmt: skip
    (page,) = pages
    if record is None:
        assert page == "*The comparison has not been run yet.*"
        return
    assert "| timm | 8 | 250 | 1.250 | 1.200 to 1.300 |" in page  # 8 frames of 32 x 32: 2 x 2 x 2
    assert "| `VideoMAEModel`, compiled | 4 | 100 | 1.010 | 0.990 to 1.020 |" in page
    assert "Of 2 steps beside ours, 1 took longer, 0 took less, and 1 cannot be told apart" in page
    assert "Matrices by oneDNN; torch 2.0, timm 9.9." in page


def test_a_price_has_a_source_and_a_date() -> None:
    assert "https://" in CELLS["prices"]
    assert "May 2026" in CELLS["prices"]
    assert all(low < high for low, high in names_of_prices().values())


def names_of_prices() -> dict[str, tuple[float, float]]:
    tree = ast.parse(CELLS["prices"])
    (node,) = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "ASKED"]
    assert isinstance(node.value, ast.Dict)
    return {ast.unparse(k): ast.literal_eval(v) for k, v in zip(node.value.keys, node.value.values, strict=True) if k}
