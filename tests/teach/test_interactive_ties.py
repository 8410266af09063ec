"""The live figure of *Evaluation* with a kernel: what is moved there is ranked anew by the package."""

import numpy as np
import pytest
import torch

from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.protocols.ties import RULES
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.ties import STEPS, Ties, scores


@pytest.fixture
def figure() -> Ties:
    random = torch.Generator().manual_seed(0)
    items = torch.randn(8, 32, generator=random)
    return Ties(items + 0.3 * torch.randn(8, 32, generator=random), items)


def test_the_module_is_whole_and_small() -> None:
    module = Ties._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000


def test_inputs_change_outputs(figure: Ties) -> None:
    assert (figure.step, figure.rule, figure.recall) == (STEPS, 0, 1.0)  # collapsed, and 100 %
    assert figure.ranks == [1] * 8
    figure.set_state({"rule": 3})
    assert (figure.recall, figure.ranks) == (0.0, [8] * 8)
    figure.set_state({"rule": 2})
    assert figure.recall == 1 / 8
    assert len(figure.ranks) == 64
    figure.set_state({"step": 0})
    assert figure.recall == 1.0  # own vectors with a little noise: each finds its own
    assert figure.ranks == [1] * 8


def test_the_table_is_what_the_package_says(figure: Ties) -> None:
    for step in (0, 5, 9, STEPS):
        table = torch.tensor(figure.table["scores"][step], dtype=torch.float64)
        for number, function in enumerate(RULES.values()):
            expected = function(table)
            assert figure.table["recalls"][step][number] == pytest.approx((expected == 1).mean())
            spans = figure.table["ranks"][step][number]
            assert sum(high - low + 1 for low, high in spans) == len(expected)
            assert sorted(rank for low, high in spans for rank in range(low, high + 1)) == sorted(expected.tolist())


def test_scores_are_cosines_that_approach_one() -> None:
    vectors = torch.randn(5, 16, generator=torch.Generator().manual_seed(1))
    assert np.abs(scores(vectors, vectors, 0.0) - metrics.similarities(vectors, vectors).numpy()).max() <= 0.005
    assert (scores(vectors, vectors, 1.0) == 1.0).all()
    means = [scores(vectors, vectors, share).mean() for share in (0.0, 0.3, 0.6, 0.9)]
    assert means == sorted(means)
