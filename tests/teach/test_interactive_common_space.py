"""The choked passage with a kernel: its outputs are what the page shows, and what the functions give."""

import numpy as np
import pytest
import torch
from torch import Tensor

from vatt_edu.evaluation.metrics import ranks, similarities
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.passage import Passage, choke, right_words

COLORS = np.array(["red", "blue"] * 12)
random = torch.Generator().manual_seed(0)
va = torch.randn(24, 6, generator=random) * torch.tensor([6.0, 5, 4, 3, 2, 1])
text = torch.randn(24, 6, generator=random)


def halved(vectors: Tensor, valid: Tensor) -> Tensor:
    assert valid.all()
    return vectors / 2


def test_it_is_whole() -> None:
    module = Passage(va, text, halved, {"color": COLORS}, most=2)._esm
    script = str(getattr(module, "_contents", module))
    assert script.startswith((HERE / "layer.js").read_text()[:40])
    assert script.rstrip().endswith("export default { render };")
    assert len(script) < 20_000


def test_the_untouched_figure_keeps_six() -> None:
    figure = Passage(va, text, halved, {"color": COLORS}, most=6)
    assert (figure.count, figure.order) == (6, 0)
    assert figure.shares == figure.table["shares"][0][5]


@pytest.mark.parametrize(("count", "order"), [(1, 0), (3, 1), (5, 0), (2, 1)])
def test_inputs_change_the_shares(count: int, order: int) -> None:
    figure = Passage(va, text, halved, {"color": COLORS}, most=6)
    figure.set_state({"count": count, "order": order})
    similarity = similarities(text, choke(va, count, keep=order == 0))
    expected = [right_words(similarity, {"color": COLORS})["color"], float((ranks(similarity) <= 5).mean())]
    assert figure.shares == pytest.approx(expected, abs=1e-4)
    assert figure.shares == figure.table["shares"][order][count - 1]
