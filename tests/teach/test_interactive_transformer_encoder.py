"""The live figure of *Transformer encoder* with a kernel: rows are those of the package's attention."""

import base64

import numpy as np
import pytest
import torch
from helpers.tiny import ENCODER

from vatt_edu.config import VideoConfig
from vatt_edu.encoder import Attention
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.walk import LEVELS, Walk, attention_weights, looks_at, tower_weights
from vatt_edu.towers import video_tower


def tower_and_clip() -> tuple:
    torch.manual_seed(0)
    tower = video_tower(VideoConfig(4, 16, 24, (2, 8, 8), encoder=ENCODER)).eval()
    for parameter in tower.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return tower, np.random.default_rng(0).integers(0, 256, (4, 16, 24, 3), dtype=np.uint8)


@pytest.mark.parametrize("scale", [None, 1.0])
def test_weights_are_those_that_attention_uses(scale: float | None) -> None:
    attention = Attention(ENCODER, scale=scale).double().eval()
    x, bias = torch.randn(2, 5, 16).double(), torch.randn(1, 2, 5, 5).double()
    weights = attention_weights(attention, x, bias)
    values = attention.v(x).unflatten(-1, (2, -1)).transpose(1, 2)
    mixed = attention.o((weights @ values).transpose(1, 2).flatten(2))
    torch.testing.assert_close(mixed, attention(x, bias), rtol=1e-12, atol=1e-12)


def test_looks_at_counts_between_one_and_all() -> None:
    rows = torch.tensor([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.25, 0.25, 0]])
    torch.testing.assert_close(looks_at(rows), torch.tensor([1.0, 4.0, 2**1.5]))


def test_walk_follows_its_inputs() -> None:
    tower, video = tower_and_clip()
    figure = Walk(tower, video, time=1, place=4)
    layers = tower_weights(tower, torch.from_numpy(video)[None])
    assert [layer.shape for layer in layers] == [(1, 2, 13, 13)] * ENCODER.layers
    for layer, head, place in [(0, 0, 4), (1, 1, 0), (1, 0, -1), (0, 1, 5)]:
        figure.set_state({"layer": layer, "head": head, "place": place})
        row = layers[layer][0, head, 0 if place < 0 else 1 + 6 + place]
        np.testing.assert_allclose(figure.weights, row, atol=1e-5)
        looks, agg, own, same = figure.numbers
        assert figure.numbers == figure.table["numbers"][layer][head][place + 1]
        assert looks == pytest.approx(float(looks_at(row)), abs=0.06)
        assert agg == pytest.approx(float(row[0]), abs=1e-4)
        assert own == pytest.approx(float(row[0 if place < 0 else 7 + place]), abs=1e-4)
        assert same == pytest.approx(float(row[1 + place]) if place >= 0 else 0, abs=1e-4)


def test_the_page_stores_each_row_to_a_fifteenth_of_its_largest_weight() -> None:
    tower, video = tower_and_clip()
    figure = Walk(tower, video, time=1, place=4)
    packed = np.frombuffer(figure.packed, np.uint8)
    codes = np.stack([packed >> 4, packed & 15], 1).ravel()[: ENCODER.layers * 2 * 7 * 13].reshape(-1, 2, 7, 13)
    layers = tower_weights(tower, torch.from_numpy(video)[None])
    rows = torch.stack([layer[0][:, [0, *range(7, 13)]] for layer in layers])
    np.testing.assert_allclose(codes / LEVELS, rows / rows.amax(-1, keepdim=True), atol=0.51 / LEVELS)


def test_the_script_is_whole() -> None:
    text = str(getattr(Walk._esm, "_contents", Walk._esm))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert "import " not in text
    assert len(base64.b64encode(text.encode())) < 25_000
