"""Metrics of classification against torchmetrics and scikit-learn; ties count against us; windows are averaged."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, top_k_accuracy_score
from torchmetrics.functional.classification import (
    binary_auroc,
    binary_average_precision,
    multiclass_accuracy,
    multilabel_auroc,
    multilabel_average_precision,
)

from vatt_edu.evaluation.metrics import similarities
from vatt_edu.finetuning import metrics

BOUND = 1e-6


@st.composite
def scored(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores, with ties or without, and which rows are positive: at least one is, and one is not."""
    rows = draw(st.integers(2, 40))
    scores = draw(st.lists(st.integers(0, draw(st.sampled_from([3, 1_000]))), min_size=rows, max_size=rows))
    positive = draw(st.lists(st.booleans(), min_size=rows, max_size=rows).filter(lambda x: 0 < sum(x) < len(x)))
    return torch.tensor(scores) / 1_000, torch.tensor(positive)


@given(case=scored())
@settings(max_examples=80, deadline=None)
def test_precision_and_area_are_those_of_the_libraries(case: tuple[torch.Tensor, torch.Tensor]) -> None:
    scores, positive = case
    precision = metrics.average_precision(scores, positive)
    assert precision == pytest.approx(average_precision_score(positive.numpy(), scores.numpy()), abs=BOUND)
    assert precision == pytest.approx(binary_average_precision(scores, positive.long()).item(), abs=BOUND)
    area = metrics.area_under_roc(scores, positive)
    assert area == pytest.approx(roc_auc_score(positive.numpy(), scores.numpy()), abs=BOUND)
    assert area == pytest.approx(binary_auroc(scores, positive.long()).item(), abs=BOUND)
    pairs = itertools.product(scores[positive].tolist(), scores[~positive].tolist())
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs]
    assert area == pytest.approx(sum(wins) / len(wins), abs=1e-12)


@given(seed=st.integers(0, 10_000), rows=st.integers(3, 40), classes=st.integers(2, 8), k=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_accuracy_is_that_of_the_libraries(seed: int, rows: int, classes: int, k: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(rows, classes, generator=generator)
    labels, k = torch.randint(0, classes, (rows,), generator=generator), min(k, classes)
    accuracy = metrics.top_k(scores, labels, k)
    theirs = multiclass_accuracy(scores, labels, classes, average="micro", top_k=k)
    assert accuracy == pytest.approx(theirs.item(), abs=BOUND)
    if classes > 2 and k < classes:
        theirs = top_k_accuracy_score(labels.numpy(), scores.numpy(), k=k, labels=np.arange(classes))
        assert accuracy == pytest.approx(theirs, abs=BOUND)


@given(seed=st.integers(0, 10_000), rows=st.integers(4, 40), classes=st.integers(2, 6))
@settings(max_examples=40, deadline=None)
def test_means_over_classes(seed: int, rows: int, classes: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(rows, classes, generator=generator)
    labels = torch.rand(rows, classes, generator=generator) < 0.3
    labels[0], labels[1] = True, False
    means = metrics.multi_label(scores, labels)
    assert means["classes"] == classes
    assert means["AUC"] == pytest.approx(multilabel_auroc(scores, labels.long(), classes).item(), abs=BOUND)
    theirs = multilabel_average_precision(scores, labels.long(), classes).item()
    assert means["mAP"] == pytest.approx(theirs, abs=BOUND)
    alone = metrics.multi_label(torch.cat([scores, scores[:, :1]], 1), torch.nn.functional.pad(labels, (0, 1)))
    assert alone == pytest.approx(means, nan_ok=True)  # a class that nobody has changes nothing


def test_d_prime_is_the_distance_of_two_bells() -> None:
    from scipy.stats import norm

    for auc in (0.0, 0.5, 0.75, 0.97, 1.0):
        assert metrics.d_prime(auc) == pytest.approx(np.sqrt(2) * norm.ppf(auc))
    # paper, Table 2: of the mean AUC it would be 2.68, not 2.895
    assert metrics.d_prime(0.971) == pytest.approx(2.68, abs=0.005)
    generator = np.random.default_rng(0)
    near, far = generator.normal(size=40_000), generator.normal(2.0, size=40_000)
    scores = torch.from_numpy(np.concatenate([near, far]))
    area = metrics.area_under_roc(scores, torch.arange(80_000) >= 40_000)
    assert metrics.d_prime(area) == pytest.approx(2.0, abs=0.03)


def test_classes_that_tell_nothing_are_left_out() -> None:
    scores = torch.rand(4, 3)
    labels = torch.tensor([[True, False, True]] * 4)
    means = metrics.multi_label(scores, labels)
    assert means["classes"] == 0
    assert math.isnan(means["mAP"])
    labels[:2, 1] = True
    assert metrics.multi_label(scores, labels)["classes"] == 1


def test_ties_of_accuracy_count_against_us() -> None:
    scores = torch.tensor([[0.5, 0.5, 0.1], [0.1, 0.7, 0.2]])
    assert metrics.top_k(scores, torch.tensor([0, 1]), 1) == 0.5
    assert metrics.top_k(scores, torch.tensor([0, 1]), 2) == 1.0


@given(seed=st.integers(0, 1_000), queries=st.integers(2, 12), windows=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_windows_are_averaged_one_way_or_the_other(seed: int, queries: int, windows: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    text = torch.randn(queries, 6, generator=generator)
    videos = torch.randn(queries, windows, 6, generator=generator)
    cosines = metrics.windowed_similarities(text, videos, "cosines")
    wanted = torch.stack([similarities(text, videos[:, w]) for w in range(windows)]).mean(0)
    torch.testing.assert_close(cosines, wanted)
    cosines = metrics.windowed_similarities(text, videos, "embeddings")
    torch.testing.assert_close(cosines, similarities(text, videos.double().mean(1)))
