"""Metrics of retrieval against torchmetrics, a loop, and what guessing gives; ties and NaN count against us."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.retrieval import RetrievalHitRate, RetrievalRecall

from vatt_edu.evaluation import metrics

BOUND = 1e-6


def random_similarity(queries: int, seed: int, skill: float = 1.0) -> torch.Tensor:
    """Without ties; own items are more similar by ``skill``."""
    generator = torch.Generator().manual_seed(seed)
    similarity = torch.randn(queries, queries, generator=generator, dtype=torch.float64)
    assert similarity.unique().numel() == queries**2
    return similarity + skill * torch.eye(queries)


@pytest.mark.parametrize(("queries", "seed"), [(11, 0), (64, 1), (256, 2)])
def test_recalls_are_those_of_torchmetrics(queries: int, seed: int) -> None:
    similarity = random_similarity(queries, seed)
    recalls = metrics.retrieval(similarity)
    scores = similarity.flatten() - similarity.min() + 1  # torchmetrics' recall takes scores below 0 for misses
    which = torch.arange(queries).repeat_interleave(queries)
    own = torch.eye(queries, dtype=torch.bool).flatten()
    for k, kind in itertools.product((1, 5, 10), (RetrievalHitRate, RetrievalRecall)):
        theirs = kind(top_k=k)(scores, own, indexes=which)
        assert recalls[f"R@{k}"] == pytest.approx(theirs.item(), abs=BOUND)
    assert 0 < recalls["R@1"] < recalls["R@5"] < recalls["R@10"] < 1 or queries == 11


@given(queries=st.integers(2, 30), seed=st.integers(0, 10_000), skill=st.floats(-1, 4))
@settings(max_examples=40, deadline=None)
def test_metrics_are_those_of_a_loop(queries: int, seed: int, skill: float) -> None:
    similarity = random_similarity(queries, seed, skill).tolist()
    ranks = []
    for query, row in enumerate(similarity):
        order = sorted(range(queries), key=lambda item: -row[item])
        ranks.append(order.index(query) + 1)
    scores = metrics.retrieval(torch.tensor(similarity, dtype=torch.float64))
    assert metrics.ranks(torch.tensor(similarity, dtype=torch.float64)).tolist() == ranks
    for k in (1, 5, 10):
        assert scores[f"R@{k}"] == pytest.approx(sum(rank <= k for rank in ranks) / queries, abs=BOUND)
    middle = sorted(ranks)[(queries - 1) // 2 : queries // 2 + 1]
    assert scores["MedR"] == pytest.approx(sum(middle) / len(middle), abs=BOUND)


def test_rows_are_queries() -> None:
    similarity = torch.tensor([[0.5, 0.9, 0.1], [0.0, 0.8, 0.2], [0.7, 0.6, 0.3]])
    assert metrics.ranks(similarity).tolist() == [2, 1, 3]
    assert metrics.ranks(similarity.T).tolist() == [2, 2, 1]


@pytest.mark.parametrize("value", [0.0, 1.0, math.nan, math.inf, -math.inf])
def test_a_collapsed_model_has_the_last_rank(value: float) -> None:
    scores = metrics.retrieval(torch.full((12, 12), value))
    assert scores == {"R@1": 0.0, "R@5": 0.0, "R@10": 0.0, "MedR": 12.0}


def test_ties_and_nans_stand_before_the_own_item() -> None:
    similarity = torch.tensor([[0.5, 0.5, 0.1], [math.nan, 0.8, 0.2], [0.7, 0.6, math.nan]])
    assert metrics.ranks(similarity).tolist() == [2, 2, 3]


def test_rounding_makes_no_ties_and_breaks_none() -> None:
    one = torch.randn(1, 64, generator=torch.Generator().manual_seed(0))
    same = one.repeat(20, 1) * torch.linspace(0.1, 7, 20)[:, None]  # one direction, twenty lengths
    assert metrics.similarities(same, same).shape == (20, 20)
    close = torch.cat([one, one * (1 + 1e-6 * torch.randn(19, 64, generator=torch.Generator().manual_seed(1)))])
    assert metrics.ranks(metrics.similarities(close, close)).tolist() == [1] * 20
    equal = one.repeat(20, 1)
    assert metrics.ranks(metrics.similarities(equal, equal)).tolist() == [20] * 20


def test_similarities_are_cosines() -> None:
    generator = torch.Generator().manual_seed(3)
    queries, items = (torch.randn(7, 5, generator=generator) for _ in range(2))
    cosines = metrics.similarities(queries, items)
    assert cosines.dtype == torch.float64
    for i, j in itertools.product(range(7), range(7)):
        a, b = queries[i].double(), items[j].double()
        assert cosines[i, j].item() == pytest.approx((a @ b / (a.norm() * b.norm())).item(), abs=BOUND)


@pytest.mark.parametrize("items", [2, 5, 10, 11, 128, 256])
def test_chance_in_closed_form(items: int) -> None:
    scores = metrics.chance(items)
    for k in (1, 5, 10):
        assert scores[f"R@{k}"] == pytest.approx(min(1, k / items), abs=BOUND)
    assert scores["MedR"] == pytest.approx((items + 1) / 2, abs=BOUND)


@pytest.mark.parametrize("items", [2, 3, 6])
def test_chance_is_the_mean_over_all_orders(items: int) -> None:
    orders = list(itertools.permutations(range(items)))
    means = {
        name: np.mean([
            metrics.retrieval(torch.tensor(order, dtype=torch.float64).repeat(items, 1))[name] for order in orders
        ])
        for name in ("R@1", "R@5", "R@10")
    }  # fmt: skip
    scores = metrics.chance(items)
    assert means == pytest.approx({name: scores[name] for name in means}, abs=BOUND)


def test_chance_is_what_random_embeddings_get() -> None:
    items, repeats = 40, 400
    runs = [metrics.retrieval(random_similarity(items, seed, skill=0.0)) for seed in range(repeats)]
    for name, wanted in metrics.chance(items).items():
        values = np.array([one[name] for one in runs])
        error = values.std() / math.sqrt(repeats)
        assert abs(values.mean() - wanted) < 4 * error  # four standard errors
    assert np.mean([one["R@10"] for one in runs]) == pytest.approx(0.25, abs=0.02)


def test_directions_name_queries_then_items() -> None:
    assert [*metrics.DIRECTIONS] == [
        "text_to_video", "video_to_text", "video_to_audio", "audio_to_video", "audio_to_text", "text_to_audio",
    ]  # fmt: skip
    for direction, (query, item) in metrics.DIRECTIONS.items():
        assert direction == f"{query.split('_')[0]}_to_{item.split('_')[0]}"
        assert query.split("_")[1] == item.split("_")[1]
