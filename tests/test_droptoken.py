import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.droptoken import as_signed, counter_hash, gather_tokens, keep_count, keep_indices, shift_right

DRAW = {"seed": 1, "step": 2, "modality": "video", "sharing": "sample"}


@pytest.mark.parametrize(("keep", "tokens", "count"), [(0.5, 1568, 784), (0.5, 1200, 600), (0.25, 7, 1), (0.01, 7, 1)])
def test_keep_count(keep, tokens, count):
    assert keep_count(keep, tokens) == count


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 2**40),
    step=st.integers(0, 10**6),
    tokens=st.integers(1, 300),
    keep=st.floats(0.01, 1.0),
    modality=st.sampled_from(["video", "audio"]),
    sharing=st.sampled_from(["batch", "sample"]),
)
def test_kept_tokens_are_distinct_and_as_many_as_asked(seed, step, tokens, keep, modality, sharing):
    index = torch.arange(4) + 7
    kept = keep_indices(index, tokens, keep, seed=seed, step=step, modality=modality, sharing=sharing)
    rows = kept[None] if sharing == "batch" else kept
    assert rows.shape == (1 if sharing == "batch" else 4, keep_count(keep, tokens))
    for row in rows.tolist():
        assert len(set(row)) == len(row)
        assert all(0 <= token < tokens for token in row)


def test_a_draw_belongs_to_the_clip_and_not_to_its_place_in_the_batch():
    """What makes DropToken exact for any number of processes: each clip keeps the same tokens in any slice."""
    index = torch.randperm(50)[:12]
    whole = keep_indices(index, 40, 0.5, **DRAW)
    for rows in (slice(0, 3), slice(5, 12)):
        assert torch.equal(keep_indices(index[rows], 40, 0.5, **DRAW), whole[rows])


@pytest.mark.parametrize("change", [{"seed": 5}, {"step": 3}, {"modality": "audio"}])
def test_another_seed_step_or_modality_draws_anew(change):
    index = torch.arange(6)
    kept, other = (keep_indices(index, 64, 0.5, **{**DRAW, **c}) for c in ({}, change))
    assert not torch.equal(kept, other)
    assert torch.equal(kept, keep_indices(index, 64, 0.5, **DRAW))


def test_counters_are_given_by_name():
    """Seed and step in the wrong order would draw something else, and nobody would notice."""
    index = torch.arange(3)
    assert torch.equal(keep_indices(index=index, num_tokens=8, keep=0.5, **DRAW), keep_indices(index, 8, 0.5, **DRAW))
    with pytest.raises(TypeError):
        keep_indices(index, 8, 0.5, 1, 2, "video", "sample")


def test_one_draw_for_a_batch_is_that_of_no_clip():
    """Shared by the batch: the same for any clips, and the draw that the counters alone give; the word may be read."""
    shared = "".join(["bat", "ch"])  # as read from a file: equal to the word in the code, and another object
    kept = keep_indices(torch.arange(4), 30, 0.5, **{**DRAW, "sharing": shared})
    assert torch.equal(kept, keep_indices(torch.arange(2) + 9, 30, 0.5, **{**DRAW, "sharing": "batch"}))
    assert kept.tolist() == counter_hash([1, 2, 0, torch.arange(30)]).argsort()[:15].tolist()


def test_every_token_is_kept_equally_often_and_clips_are_independent():
    kept = keep_indices(torch.arange(4000), 20, 0.5, **DRAW)
    chosen = torch.zeros(4000, 20).scatter_(1, kept, 1.0)
    # 4,000 draws of 0.5: four deviations are 0.032; the correlation of two tokens of one clip is -1/19 by counting.
    assert (chosen.mean(0) - 0.5).abs().max() < 0.032
    correlation = torch.corrcoef(chosen.T).fill_diagonal_(-1 / 19)
    assert (correlation + 1 / 19).abs().max() < 0.08
    assert torch.corrcoef(torch.stack([chosen[:-1].flatten(), chosen[1:].flatten()]))[0, 1].abs() < 0.015


def test_hash_is_splitmix64():
    """Against numpy's unsigned arithmetic, which needs no care for the sign."""

    def reference(*counters):
        state = np.uint64(0)
        with np.errstate(over="ignore"):
            for counter in counters:
                z = state + np.uint64(counter) + np.uint64(0x9E3779B97F4A7C15)
                z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                state = z ^ (z >> np.uint64(31))
        return int(state.astype(np.int64))

    for counters in [(0,), (1, 2, 3), (2**40, 77, 1, 5)]:
        assert counter_hash(counters).item() == reference(*counters)
    assert counter_hash([4, torch.arange(3)]).tolist() == [reference(4, n) for n in range(3)]


@pytest.mark.parametrize("number", [0, 5, 2**63 - 2, 2**63 - 1, 2**63, 2**63 + 1, 0xBF58476D1CE4E5B9, 2**64 - 1])
def test_unsigned_numbers_in_signed_tensors(number):
    """The same 64 bits, and zeros from the left when they move right."""
    signed = as_signed(number)
    assert -(2**63) <= signed < 2**63
    assert signed % 2**64 == number
    tensor = torch.tensor(signed)
    assert [shift_right(tensor, bits).item() for bits in range(1, 64)] == [number >> bits for bits in range(1, 64)]


def test_gather_tokens():
    tokens = torch.arange(2 * 5 * 3).view(2, 5, 3)
    assert torch.equal(gather_tokens(tokens, torch.tensor([4, 0])), tokens[:, [4, 0]])
    own = gather_tokens(tokens, torch.tensor([[4, 0], [1, 2]]))
    assert torch.equal(own, torch.stack([tokens[0, [4, 0]], tokens[1, [1, 2]]]))
