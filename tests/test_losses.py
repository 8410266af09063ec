import json
import math
from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from helpers import oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import Pairs, Side, contrastive, l2_normalize, shared_lines, vatt_loss


def random_pairs(seed, clips=5, lines=3, width=4, missing=True, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=g, dtype=dtype)

    def present():
        return torch.rand(clips, generator=g) > (0.3 if missing else -1)

    return Pairs(
        Embeddings(normal(clips, width), normal(clips, width), normal(clips, width), normal(clips, lines, width)),
        present(),
        present(),
        present(),
        torch.randint(-1, 6, (clips, lines), generator=g),
    )


def brute_total(pairs, config):
    e, masks = pairs.embeddings, [m.tolist() for m in (pairs.has_video, pairs.has_audio, pairs.has_text)]
    none = [[-1]] * len(masks[0])
    nce = oracle.contrastive(
        e.video_va.tolist(), e.audio_va[:, None].tolist(), masks[0], masks[1], none,
        config.form, config.temperature, False,
    )  # fmt: skip
    mil = oracle.contrastive(
        e.video_vt.tolist(), e.text_vt.tolist(), masks[0], masks[2], pairs.text_id.tolist(),
        config.form, config.temperature, config.line_masking,
    )  # fmt: skip
    total = config.weight_va * nce + config.weight_vt * mil
    return nce, mil, total if config.reduction == "sum" else total / (config.weight_va + config.weight_vt)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    clips=st.integers(1, 6),
    lines=st.integers(1, 3),
    form=st.sampled_from(["asymmetric", "symmetric", "paper"]),
    line_masking=st.booleans(),
    mask_mean=st.sampled_from(["replica", "global"]),
    weights=st.sampled_from([(1.0, 1.0), (2.0, 0.5), (0.0, 1.0)]),
    reduction=st.sampled_from(["mean", "sum"]),
)
def test_equals_a_loop_over_pairs(seed, clips, lines, form, line_masking, mask_mean, weights, reduction):
    pairs = random_pairs(seed, clips, lines)
    config = LossConfig(form, 0.07, *weights, line_masking, mask_mean, reduction)
    losses = vatt_loss(pairs, config)
    for ours, theirs in zip((losses.nce, losses.mil_nce, losses.total), brute_total(pairs, config), strict=True):
        assert ours.item() == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("temperature", [1e-3, 1e9])
def test_what_is_hidden_is_hidden_at_any_temperature(form, temperature):
    """At the higher one all similarities become 0, and what is hidden must not come near them."""
    pairs = random_pairs(17, clips=8)
    assert not any(mask.all() for mask in (pairs.has_video, pairs.has_audio, pairs.has_text))
    config = LossConfig(form, temperature, line_masking=True)
    losses = vatt_loss(pairs, config)
    found = [losses.nce.item(), losses.mil_nce.item(), losses.total.item()]
    assert found == pytest.approx(brute_total(pairs, config), rel=1e-12)


def test_gradient_against_finite_differences():
    pairs = random_pairs(3, clips=4, lines=2)
    for form in ("asymmetric", "symmetric", "paper"):
        config = LossConfig(form, temperature=0.5, line_masking=True, mask_mean="global")

        def total(*parts, config=config):
            return vatt_loss(replace(pairs, embeddings=Embeddings(*parts)), config).total

        e = pairs.embeddings
        parts = [x.requires_grad_() for x in (e.video_va, e.audio_va, e.video_vt, e.text_vt)]
        assert torch.autograd.gradcheck(total, parts)


@pytest.mark.parametrize(("form", "floor"), [("asymmetric", math.log(2)), ("symmetric", 0.0), ("paper", 0.0)])
def test_floor_and_ignorance(form, floor):
    """Perfect pairs reach the floor (ln 2 where the positive counts twice); equal embeddings give ln(2B) or 2 ln B.

    In the paper's equations the denominator holds the positive once, and B - 1 negatives each way: ln(2B - 1).
    """
    clips, width = 8, 8
    perfect = torch.eye(clips, width, dtype=torch.float64)
    same = torch.ones(clips, width, dtype=torch.float64)
    everyone = torch.ones(clips, dtype=torch.bool)
    ids = torch.full((clips, 1), -1)

    def loss(x, temperature):
        pairs = Pairs(Embeddings(x, x, x, x[:, None]), everyone, everyone, everyone, ids)
        return vatt_loss(pairs, LossConfig(form, temperature))

    assert loss(perfect, 0.01).total.item() == pytest.approx(floor, abs=1e-12)
    ignorant = {"asymmetric": math.log(2 * clips), "symmetric": 2 * math.log(clips), "paper": math.log(2 * clips - 1)}
    assert loss(same, 0.07).nce.item() == pytest.approx(ignorant[form], rel=1e-12)
    assert loss(same, 0.07).mil_nce.item() == pytest.approx(ignorant[form], rel=1e-12)


def replica(pairs, start, stop):
    rows = slice(start, stop)
    return Pairs(
        Embeddings(**{k: v[rows] for k, v in vars(pairs.embeddings).items()}),
        pairs.has_video[rows], pairs.has_audio[rows], pairs.has_text[rows], pairs.text_id[rows],
    )  # fmt: skip


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_average_to_the_global_batch(form, replicas):
    """With the global mean over valid samples, the mean of the replicas' losses is the loss of one process.

    Replicas of 6 and of 3: no power of two, so that a place is the sum of two numbers and not their bits side by side.
    """
    pairs = random_pairs(11, clips=12, lines=2)
    config = LossConfig(form, line_masking=True, mask_mean="global")
    share = 12 // replicas
    losses = [
        vatt_loss(replica(pairs, start, start + share), config, pairs, start).total for start in range(0, 12, share)
    ]
    torch.testing.assert_close(torch.stack(losses).mean(), vatt_loss(pairs, config).total, rtol=1e-12, atol=1e-12)


def test_one_valid_clip_in_four_replicas():
    """A replica's share of the valid clips is then a quarter of a clip, and the mean is still that clip's loss."""
    everyone, alone = torch.ones(8, dtype=torch.bool), torch.arange(8) == 5
    pairs = replace(random_pairs(12, clips=8), has_video=everyone, has_audio=alone, has_text=alone)
    config = LossConfig(mask_mean="global")
    losses = [vatt_loss(replica(pairs, start, start + 2), config, pairs, start) for start in range(0, 8, 2)]
    whole = vatt_loss(pairs, config)
    assert [losses[n].nce.item() for n in (0, 1, 3)] == [0, 0, 0]
    for name in ("nce", "mil_nce"):
        assert getattr(whole, name) > 0.1
        torch.testing.assert_close(getattr(losses[2], name) / 4, getattr(whole, name), rtol=1e-12, atol=0)


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("mask_mean", ["replica", "global"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_settings_read_from_a_file_count_as_typed_ones(form, mask_mean, reduction):
    """A word from a JSON file equals the word in the code and is another object."""
    pairs, typed = random_pairs(13), LossConfig(form, mask_mean=mask_mean, reduction=reduction)
    read = LossConfig(**json.loads(json.dumps(vars(typed))))
    assert read.form is not typed.form
    assert vatt_loss(pairs, read) == vatt_loss(pairs, typed)


def test_one_process_begins_at_the_first_clip():
    """Without an offset, this replica's clips are the first of all."""
    pairs, config = random_pairs(14), LossConfig()
    e = pairs.embeddings
    clips = Side(e.video_va, pairs.has_video, e.video_va, pairs.has_video)
    sounds = Side(e.audio_va[:, None], pairs.has_audio, e.audio_va[:, None], pairs.has_audio)
    assert contrastive(clips, sounds, config) == vatt_loss(pairs, config).nce
    ids = torch.tensor([[1, 2], [2, 3], [4, 4]])
    shared = shared_lines(ids, ids)
    assert shared.rows.nonzero().tolist() == [[0, 1, 0], [1, 0, 1]]  # line 2 is the first of clip 1, the second of 0
    assert shared.columns.nonzero().tolist() == [[0, 1, 1], [1, 0, 0]]


def test_pairs_of_a_batch():
    pairs = random_pairs(15)
    masks = {"has_video": pairs.has_video, "has_audio": pairs.has_audio, "has_text": pairs.has_text}
    batch = Batch(
        video=torch.zeros(5, 1, 2, 2, 3),
        audio=torch.zeros(5, 4),
        text=torch.zeros(5, 3, 2, dtype=torch.int64),
        index=torch.arange(5),
        text_id=pairs.text_id,
        **masks,
    )
    assert len({tuple(mask.tolist()) for mask in masks.values()}) == 3  # or an exchange of two would not be seen
    assert vars(Pairs.of(pairs.embeddings, batch)) == vars(pairs)


def test_records_cannot_be_changed():
    """A mask that one loss changed would be wrong in the next."""
    pairs, ids = random_pairs(16), torch.tensor([[1], [1]])
    side = Side(pairs.embeddings.video_va, pairs.has_video, pairs.embeddings.video_va, pairs.has_video)
    for record in (pairs, vatt_loss(pairs, LossConfig()), side, shared_lines(ids, ids)):
        name = next(iter(vars(record)))
        with pytest.raises(FrozenInstanceError):
            setattr(record, name, getattr(record, name))


def test_nothing_valid_is_zero_and_has_no_gradient():
    pairs = random_pairs(5, missing=False)
    text = pairs.embeddings.text_vt.requires_grad_()
    silent = replace(pairs, has_audio=torch.zeros(5, dtype=torch.bool), has_text=torch.zeros(5, dtype=torch.bool))
    losses = vatt_loss(silent, LossConfig())
    assert losses.total.item() == 0.0
    (gradient,) = torch.autograd.grad(losses.total, text)
    assert torch.equal(gradient, torch.zeros_like(gradient))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_shared_lines_against_sets(seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(-1, 5, (6, 3), generator=g)
    shared = shared_lines(ids[2:4], ids, offset=2)
    for i in range(2):
        own = set(ids[2 + i].tolist()) - {-1}
        for j in range(6):
            theirs = set(ids[j].tolist()) - {-1}
            for line in range(3):
                assert shared.rows[i, j, line] == (j != 2 + i and ids[j, line].item() in own)
                assert shared.columns[i, j, line] == (j != 2 + i and ids[2 + i, line].item() in theirs)


def test_low_precision_is_computed_in_float32():
    pairs = random_pairs(2, dtype=torch.float32)

    def cast(*dtypes):
        embeddings = vars(pairs.embeddings)
        for dtype in dtypes:
            embeddings = {name: value.to(dtype) for name, value in embeddings.items()}
        return vatt_loss(replace(pairs, embeddings=Embeddings(**embeddings)), LossConfig()).total

    assert cast(torch.bfloat16).dtype == torch.float32
    assert torch.equal(cast(torch.bfloat16), cast(torch.bfloat16, torch.float32))


def test_normalization_of_a_zero_vector():
    assert torch.equal(l2_normalize(torch.zeros(2, 3)), torch.zeros(2, 3))
    assert l2_normalize(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([0.6, 0.8], rel=1e-6)


def test_normalization_of_short_vectors():
    """Down to a length of 1e-6 a vector gets unit length; a shorter one is multiplied by 1e6 (released code)."""
    short = torch.tensor([[3e-6, 4e-6], [3e-8, 4e-8]], dtype=torch.float64)
    assert l2_normalize(short).flatten().tolist() == pytest.approx([0.6, 0.8, 0.03, 0.04], rel=1e-12)
