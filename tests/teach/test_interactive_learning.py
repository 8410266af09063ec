"""The live figure of *Pre-training* with a kernel: another moment or sentence gives another rank, by the package."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.evaluation import metrics
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.learning import Learning, ranks


@pytest.fixture
def figure() -> Learning:
    """Three moments, two sentences, five clips; sentence 0 belongs to clip 3 and climbs to the top."""
    tables = [np.array([[0.4, 0.3, 0.2, 0.1, 0.0], [0.1, 0.5, 0.0, 0.0, 0.0]]),
              np.array([[0.4, 0.3, 0.0, 0.35, 0.0], [0.6, 0.5, 0.0, 0.0, 0.0]]),
              np.array([[0.1, 0.2, 0.0, 0.9, 0.0], [0.1, 0.5, 0.5, 0.0, 0.0]])]  # fmt: skip
    curves = {"steps": [10, 20, 30], "losses": [4.0, 3.5, 3.25], "recalls": [0.1, 0.2, 0.4]}
    return Learning(curves, tables, ["drop it", "tap it"], [3, 1])


def test_the_module_is_whole_and_small() -> None:
    module = Learning._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000


def test_untouched_it_shows_the_end(figure: Learning) -> None:
    assert (figure.moment, figure.query, figure.rank) == (2, 0, 1)
    assert (figure.loss, figure.recall) == (3.25, 0.4)


def test_moment_and_sentence_change_what_comes_out(figure: Learning) -> None:
    figure.set_state({"moment": 0})
    assert (figure.rank, figure.loss, figure.recall) == (4, 4.0, 0.1)
    figure.set_state({"moment": 1})
    assert figure.rank == 2
    figure.set_state({"query": 1})
    assert figure.rank == 2
    figure.set_state({"moment": 2})
    assert figure.rank == 2  # a tie counts against it


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 6))
def test_ranks_of_some_sentences_are_those_of_the_whole_table(seed: int, count: int) -> None:
    table = np.round(np.random.default_rng(seed).uniform(-1, 1, (6, 6)), 1)  # with ties
    whole = metrics.ranks(torch.from_numpy(table))
    own = list(range(6))[-count:]
    assert ranks(table[own], own) == whole[own].tolist()
