"""What *Tokenization* shows, found again by other means; and that its own functions are its own."""

import ast
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vatt_edu.config import base_base_small, toy
from vatt_edu.data import Vocabulary
from vatt_edu.experiments.log_mel import MEL
from vatt_edu.positions import AxisPositions
from vatt_edu.tokens import PatchTokenizer, audio_patches, log_mel_patches, video_patches
from vatt_edu.towers import TowerOptions, video_tower
from vatt_edu.training.whitening import whitening

BOOK = Path(__file__).resolve().parents[2] / "book"
CELLS = {cell["id"]: cell for cell in json.loads((BOOK / "tokenization.ipynb").read_text(encoding="utf-8"))["cells"]}
MOMENTS = (
    "moving-pictures", "round-trip", "wrong-cuts", "trained-cuts", "convolution", "inside", "lossy", "loudness",
    "components", "start-table", "gain", "direction", "darker", "sine", "shift", "period", "words", "unknown",
    "silent-crop",
)  # fmt: skip


def source(cell: str) -> str:
    return "".join(CELLS[cell]["source"])


def functions(*cells: str) -> dict[str, Any]:
    """What some cells of the page define: their imports and functions, nothing else is run."""
    names: dict[str, Any] = {"torch": torch, "np": np}
    for cell in cells:
        tree = ast.parse(source(cell))
        tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ImportFrom)]
        exec(compile(tree, cell, "exec"), names)
    return names


def named(tree: ast.AST) -> set[str]:
    """Every name and attribute that a piece of code mentions."""
    return {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(tree)}


def test_every_moment_has_a_cell_that_computes() -> None:
    tags = {tag: cell for cell in CELLS.values() for tag in cell["metadata"].get("tags", [])}
    assert [moment for moment in MOMENTS if f"moment-{moment}" not in tags] == []
    assert all(tags[f"moment-{moment}"]["cell_type"] == "code" for moment in MOMENTS)


@pytest.mark.parametrize(
    ("cell", "function", "package"),
    [("code-patches", "patches", "video_patches"), ("worked-token-whitening", "whitened_by_hand", "whitening")],
)
def test_the_pages_own_function_does_not_call_the_packages(cell: str, function: str, package: str) -> None:
    tree = ast.parse(source(cell))
    (own,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    assert not named(own) & {package, "vatt", "vatt_edu", "tokens", "training"}
    pages = "\n".join("".join(one["source"]) for one in CELLS.values() if one["cell_type"] == "code")
    assert package in pages  # and is compared with it


def test_the_pages_patches_by_brute_force() -> None:
    patches = functions("code-patches")["patches"]
    clip = torch.arange(2 * 4 * 6 * 4 * 3).reshape(2, 4, 6, 4, 3)
    blocks = [clip[:, a : a + 2, b : b + 3, c : c + 2].flatten(1) for a in (0, 2) for b in (0, 3) for c in (0, 2)]
    assert torch.equal(patches(clip, (2, 3, 2)), torch.stack(blocks, 1))
    with pytest.raises(RuntimeError):
        patches(clip, (3, 3, 2))


def test_order_is_nothing_to_a_bag_and_stripes_are_something() -> None:
    torch.manual_seed(1)
    bag = video_tower(toy().model.video, TowerOptions(pooling="max_mean", position_scale=None)).eval()
    rows = video_patches(torch.randint(0, 256, (2, 16, 56, 56, 3), dtype=torch.uint8), (4, 8, 8))
    stripes = torch.randint(0, 256, rows.shape, dtype=torch.uint8)
    with torch.no_grad():
        right, shuffled, other = (
            bag.encode(bag.tokenizer(tokens), (4, 7, 7))[0] for tokens in (rows, rows[:, torch.randperm(196)], stripes)
        )
    assert (right - shuffled).abs().max() < 1e-4
    assert (right - other).abs().max() > 1e-2


@pytest.mark.parametrize(("channels", "area"), [(3, 256), (1, 256), (3, 1_024), (1, 128)])
@pytest.mark.parametrize("width", [128, 768])
def test_loudness_of_a_token_at_the_start(channels: int, area: int, width: int) -> None:
    """Over many draws of the weights, for a signal whose numbers are far from independent."""
    torch.manual_seed(0)
    signal = torch.linspace(-1, 1, area * channels)[None, None]
    with torch.no_grad():
        squares = [PatchTokenizer((area, channels), width)(signal).pow(2).mean() for _ in range(20)]
    ratio = (torch.stack(squares).mean() / signal.pow(2).mean()).sqrt()
    assert ratio == pytest.approx(math.sqrt(2 * channels / (channels + width)), rel=0.05)


def test_positions_start_at_one() -> None:
    for config in (toy(), base_base_small()):
        video = config.model.video
        positions = AxisPositions(video.grid, video.encoder.width)().detach()
        assert positions.pow(2).mean().sqrt() == pytest.approx(1, abs=1e-3)


def test_whitened_tokens_do_not_hear_the_gain() -> None:
    random = torch.Generator().manual_seed(0)
    rows = torch.randn(500, 12, generator=random, dtype=torch.float64) * torch.arange(1, 13)
    quiet, loud = whitening(rows, 8), whitening(6 * rows, 8)
    tokens = [(scale * rows @ matrix.T + bias).abs() for scale, (matrix, bias) in ((1, quiet), (6, loud))]
    assert torch.allclose(*tokens, atol=1e-6)
    assert torch.allclose(tokens[0].pow(2).mean(0), torch.ones(8, dtype=torch.float64), atol=0.02)


@pytest.fixture(scope="module")
def balls() -> Any:
    return functions("balls")["moving_balls"]


def test_the_first_frame_does_not_know_the_direction(balls: Any) -> None:
    """Where a ball is at first, and all its pixels, have the same mean whichever way it goes; later they have not."""
    clips, direction = balls(4_000, 3)
    ball = (clips[..., 0].double() - 140).clamp(min=0).sum(2)  # brightness of each column
    centers = [(ball[:, frame] * torch.arange(16)).sum(1) / ball[:, frame].sum(1) for frame in (0, 3)]
    gaps = [abs(place[direction[:, 0] > 0].mean() - place[direction[:, 0] < 0].mean()) for place in centers]
    assert gaps[0] < 0.1
    assert gaps[1] > 0.5


def test_a_product_of_pixels_tells_what_a_sum_cannot(balls: Any) -> None:
    """With dark and bright balls: contrast times its shift has one sign for each way to go."""
    clips, direction = balls(1_000, 5, darker=True)
    contrast = (clips[:, :, :8, :, 0].double() - 127.5).sum(2)
    columns = torch.arange(16)
    moved = (contrast[:, 3] * columns).sum(1) - (contrast[:, 0] * columns).sum(1)
    linear = (moved.sign() == direction[:, 0]).double().mean()
    product = ((moved * contrast.sum((1, 2))).sign() == direction[:, 0]).double().mean()
    assert abs(linear - 0.5) < 0.06
    assert product > 0.9


def test_a_shifted_sine_by_hand() -> None:
    time = torch.arange(2_048, dtype=torch.float64)
    for period, shift in [(64, 64), (256, 128), (64, 16), (128, 37)]:
        wave = torch.sin(2 * torch.pi * time / period)
        new = torch.nn.functional.cosine_similarity(wave[:256], wave[shift : shift + 256], dim=0)
        assert new == pytest.approx(math.cos(2 * math.pi * shift / period), abs=1e-9)


def test_log_mel_moves_less_than_the_waveform() -> None:
    random = torch.Generator().manual_seed(0)
    noise = torch.randn(2, 16_640, generator=random) * torch.linspace(0.01, 0.3, 16_640)
    before, after = noise[:, :16_384], noise[:, 8:16_392]
    raw, mel = (
        torch.nn.functional.cosine_similarity(cut(before), cut(after), dim=-1).mean()
        for cut in (lambda x: audio_patches(x, 256), lambda x: log_mel_patches(x, MEL))
    )
    assert abs(raw) < 0.1
    assert mel > 0.95


def test_periods() -> None:
    """One period of a segment: the paper's 128 samples at 48 kHz, ours of 256 at 16 kHz."""
    paper, ours = base_base_small(), toy()
    assert paper.data.sample_rate / paper.model.audio.patch == 375
    assert ours.data.sample_rate / ours.model.audio.patch == 62.5


def test_lines_of_unknown_words_are_one_line() -> None:
    """With a row for unknown words two of them are equal, and still no empty line; without, they are empty."""
    vocabulary = Vocabulary.of(["", "", "ball", "red"])
    lines = ["hedgehogs hurry", "rabbits yawn", ""]
    first, second, empty = vocabulary.encode(lines, 4).tolist()
    assert first == second == [1, 1, 0, 0]
    assert empty == [0, 0, 0, 0]
    assert [word for line in lines for word in line.split() if word in vocabulary] == []
    assert vocabulary.encode(["red ball red ball red"], 4).tolist() == [[3, 2, 3, 2]]  # the fifth word is gone


def test_what_a_convolution_cuts_off() -> None:
    volume = torch.rand(1, 1, 28, 28, 28, generator=torch.Generator().manual_seed(0))
    changed = volume.clone()
    changed[..., 24:] += 1  # beyond three cubes of eight
    kernel = torch.rand(4, 1, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    before, after = (torch.nn.functional.conv3d(x, kernel, stride=8) for x in (volume, changed))
    assert torch.equal(before, after)
    assert before.shape == (1, 4, 3, 3, 3)
    assert pytest.approx(0.37, abs=0.005) == 1 - (24 / 28) ** 3


def test_which_tokenizers_lose_something() -> None:
    """A matrix of full rank loses something exactly where a patch has more numbers than a token."""
    for config, losses in ((toy(), (True, True)), (base_base_small(), (True, False))):
        for side, lossy in zip((config.model.video, config.model.audio), losses, strict=True):
            matrix = PatchTokenizer(side.patch_shape, side.encoder.width).weight.detach()
            width, numbers = matrix.shape
            assert torch.linalg.matrix_rank(matrix) == min(width, numbers)
            assert (numbers > width) == lossy
