"""Rules that make a number: four ways to rank ties, the dual softmax, several right items, intervals, roles."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.data import open_source
from vatt_edu.errors import UserError
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.protocols import intervals, rescoring, roles, ties, truth

N = 16


def table(seed: int, queries: int = N, items: int = N, levels: int = 0) -> torch.Tensor:
    """Random cosines; with ``levels``, of only so many values, so that there are ties."""
    random = np.random.default_rng(seed)
    values = random.integers(levels, size=(queries, items)) / levels if levels else random.normal(size=(queries, items))
    return torch.from_numpy(np.asarray(values, np.float64))


# Ties ---------------------------------------------------------------------------------------------------------------


def test_a_collapsed_model_by_four_rules() -> None:
    """The four constants: 100%, 1/N, N ranks for each query, 0."""
    same = metrics.similarities(torch.ones(N, 8), torch.ones(N, 8))
    assert len(same.unique()) == 1
    recalls = {rule: ties.recall(same, rule, 1) for rule in ties.RULES}
    assert recalls == {
        "ties for us": 1.0,
        "order of the file": 1 / N,
        "every equal place": 1 / N,
        "ties against us": 0.0,
    }
    assert {rule: len(function(same)) for rule, function in ties.RULES.items()} == {
        "ties for us": N, "order of the file": N, "every equal place": N * N, "ties against us": N
    }  # fmt: skip
    assert ties.recall(same, "every equal place", 5) == 5 / N  # what chance gives, from nothing at all


def test_without_ties_all_rules_agree() -> None:
    for seed in range(5):
        similarity = table(seed)
        expected = [1 + sum(x > row[n] for x in row) for n, row in enumerate(similarity.tolist())]
        for function in ties.RULES.values():
            assert function(similarity).tolist() == expected


def test_with_ties_each_rule_is_brute_force() -> None:
    for seed in range(5):
        similarity = table(seed, levels=3)
        rows = similarity.tolist()
        ahead = [sum(x > row[n] for x in row) for n, row in enumerate(rows)]
        equal = [sum(x == row[n] for x in row) for n, row in enumerate(rows)]
        before = [sum(x == row[n] for x in row[:n]) for n, row in enumerate(rows)]
        assert ties.optimistic(similarity).tolist() == [1 + a for a in ahead]
        assert metrics.ranks(similarity).tolist() == [a + e for a, e in zip(ahead, equal, strict=True)]
        assert ties.in_order(similarity).tolist() == [1 + a + b for a, b in zip(ahead, before, strict=True)]
        every = [1 + a + k for a, e in zip(ahead, equal, strict=True) for k in range(e)]
        assert sorted(ties.every_place(similarity).tolist()) == sorted(every)


# The dual softmax ---------------------------------------------------------------------------------------------------


def test_dual_softmax_is_a_softmax_over_queries() -> None:
    similarity = table(0, 5, 7)
    expected = similarity * torch.softmax(similarity / 0.3, 0)
    torch.testing.assert_close(rescoring.dual_softmax(similarity, 0.3), expected)


def test_copies_are_as_many_rows() -> None:
    similarity, copies = table(1, 4, 4), torch.tensor([1.0, 3.0, 1.0, 2.0], dtype=torch.float64)
    rows = torch.repeat_interleave(torch.arange(4), copies.long())
    written_out = rescoring.dual_softmax(similarity[rows], 0.2)
    torch.testing.assert_close(rescoring.dual_softmax(similarity, 0.2, copies)[rows], written_out)


def test_a_query_that_is_asked_alone_keeps_its_scores() -> None:
    similarity = table(2, 1, 9)
    assert torch.equal(rescoring.dual_softmax(similarity, 0.05), similarity)


# More than one right item -------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_more_right_items_never_make_a_rank_worse(seed: int, levels: int) -> None:
    similarity = table(seed, levels=levels)
    own = torch.eye(N, dtype=torch.bool)
    more = own | (torch.from_numpy(np.random.default_rng(seed).random((N, N))) < 0.2)
    assert (truth.ranks(similarity, own) == metrics.ranks(similarity)).all()
    assert (truth.ranks(similarity, more) <= truth.ranks(similarity, own)).all()


def test_truth_aware_ranks_by_hand() -> None:
    similarity = torch.tensor([[0.9, 0.8, 0.7, 0.8]])
    for right, rank in (([0, 0, 1, 0], 4), ([0, 1, 1, 0], 3), ([1, 0, 0, 0], 1), ([0, 1, 0, 1], 2)):
        assert truth.ranks(similarity, torch.tensor([right], dtype=torch.bool)).tolist() == [rank]


def test_average_precision_is_that_of_scikit_learn_without_ties() -> None:
    from sklearn.metrics import average_precision_score

    similarity = table(3)
    right = table(4) > 0.3
    right[torch.arange(N), torch.arange(N)] = True
    expected = [average_precision_score(r, s) for r, s in zip(right.numpy(), similarity.numpy(), strict=True)]
    assert truth.average_precision(similarity, right) == pytest.approx(expected)


def test_average_precision_counts_ties_against_us() -> None:
    right = torch.tensor([[True, False, False, True]])
    assert truth.average_precision(torch.zeros(1, 4), right) == pytest.approx([(1 / 3 + 2 / 4) / 2])


def test_equal_labels_and_a_query_without_an_answer() -> None:
    right = truth.equal(["a", "b"], ["b", "a", "b"])
    assert right.tolist() == [[False, True, False], [True, False, True]]
    with pytest.raises(ValueError, match="query 1 has no right item"):
        truth.ranks(torch.zeros(2, 2), torch.tensor([[True, False], [False, False]]))


# Intervals ----------------------------------------------------------------------------------------------------------


def test_wilson_is_where_the_score_test_stops() -> None:
    """At either end the share that was seen is exactly z deviations away."""
    for hits, queries in ((0, 256), (1, 10), (61, 256), (248, 256), (256, 256)):
        share, low, high = intervals.wilson(hits, queries)
        assert 0 <= low <= share <= high <= 1
        for end in {low, high} - {0.0, 1.0}:
            assert abs(share - end) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / queries), rel=1e-5)
    assert intervals.wilson(256, 256).low < 0.99  # it has a width where a bootstrap has none
    with pytest.raises(ValueError, match="no share"):
        intervals.wilson(3, 2)


def test_wilson_holds_the_truth_as_often_as_it_says() -> None:
    """Of 2,000 samples of 256 at three shares; 95% and four deviations of that count."""
    random = np.random.default_rng(0)
    for true in (0.05, 0.5, 0.97):
        hits = random.binomial(256, true, 2_000)
        held = [low <= true <= high for _, low, high in (intervals.wilson(int(h), 256) for h in hits)]
        assert np.mean(held) == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / 2_000))


def test_a_paired_difference_is_narrower_where_queries_agree() -> None:
    random = np.random.default_rng(1)
    hard = random.random(400)
    a, b = (hard < 0.6).astype(float), (hard < 0.55).astype(float)
    pairs = intervals.paired(a, b)
    apart = intervals.paired(a, random.permutation(b))
    assert pairs.value == pytest.approx(a.mean() - b.mean()) == apart.value
    assert pairs.high - pairs.low < 0.6 * (apart.high - apart.low)
    assert pairs.clear
    assert not apart.clear


def test_a_paired_interval_has_the_width_of_the_normal_one() -> None:
    difference = np.random.default_rng(2).normal(size=1_000)
    value, low, high = intervals.paired(difference, np.zeros(1_000))
    half = 1.96 * difference.std() / np.sqrt(1_000)
    assert (value - low, high - value) == pytest.approx((half, half), rel=0.1)


# Roles --------------------------------------------------------------------------------------------------------------

PAIRS = np.array([1, 0, 3, 2])


def test_who_does_what_by_hand() -> None:
    texts = torch.eye(4)
    clips = torch.tensor([[1.0, 0, 0, 0], [0.9, 0.8, 0, 0], [0, 0, 1, 2], [0, 0, 1, 1]])
    scores, ranks = roles.measure_roles(texts, clips, PAIRS)
    # Clip 0 is nearer to caption 0 than to 1, clip 1 to 0 (wrong), clip 2 to 3 (wrong), clip 3 to both alike.
    assert ranks["swapped_captions"] == [1, 2, 2, 2]
    assert scores["swapped_captions"] == {"accuracy": 0.375, "ties": 0.25}
    assert ranks["swapped_clips"] == [1, 1, 2, 2]  # by captions: 1 over .75, .66 over 0, .45 under .71, .71 under .89
    assert scores["swapped_clips"] == {"accuracy": 0.5, "ties": 0.0}
    assert scores["among_others"]["R@1"] == 1.0  # clips 0 and 2 alone


def test_embeddings_that_know_no_roles_win_half_by_ties() -> None:
    same = torch.nn.functional.normalize(torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    texts = same[[0, 0, 2, 2]]  # a bag of words: partners have one vector
    scores, _ = roles.measure_roles(texts, same, PAIRS)
    assert scores["swapped_captions"] == {"accuracy": 0.5, "ties": 1.0}


def test_accuracy_of_pairs_has_the_interval_of_pairs() -> None:
    """A model that takes one caption for both clips of a pair is right in one half exactly, without any doubt."""
    assert roles.accuracy({0: [1, 2] * 64, 1: [2, 1] * 64}) == (0.5, 0.5, 0.5)
    random = np.random.default_rng(0).integers(1, 3, 128).tolist()
    value, low, high = roles.accuracy({0: random})
    assert low < value < high
    assert high - low == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(128), rel=0.25)


def test_partners_are_those_of_the_annotations(tmp_path: Path) -> None:
    from helpers import clips

    folder = clips.corpus(tmp_path, narrated=1, text_free=0, evaluation=4)
    names = [f"test_iid_{number:05d}" for number in range(4)]
    (folder / "annotations.json").write_text(json.dumps({n: {"partner": names[k ^ 1]} for k, n in enumerate(names)}))
    assert roles.partners(open_source(folder), "test_iid").tolist() == [1, 0, 3, 2]
    (folder / "annotations.json").write_text(json.dumps({name: {} for name in names}))
    with pytest.raises(UserError, match="--things 2"):
        roles.partners(open_source(folder), "test_iid")
