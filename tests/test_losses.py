"""The losses against loops over pairs, finite differences, closed forms, and many replicas against one."""

import math
from dataclasses import replace

import pytest
import torch
from helpers import oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import GatheredEmbeddings, Losses, l2_normalize, shared_lines, vatt_loss


def loss(clips: GatheredEmbeddings, config: LossConfig, gathered: GatheredEmbeddings | None = None) -> Losses:
    """``vatt_loss`` of clips whose signals do not matter."""
    size = len(clips.has_video)
    batch = Batch(
        video=torch.zeros(size, 1, 1, 1, 3),
        audio=torch.zeros(size, 1),
        text=torch.zeros(*clips.text_id.shape, 1, dtype=torch.int64),
        has_video=clips.has_video,
        has_audio=clips.has_audio,
        has_text=clips.has_text,
        index=torch.arange(size),
        text_id=clips.text_id,
    )
    return vatt_loss(clips.embeddings, batch, config, gathered)


def random_clips(seed, clips=5, lines=3, width=4, missing=True, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=g, dtype=dtype)

    def present():
        return torch.rand(clips, generator=g) > (0.3 if missing else -1)

    return GatheredEmbeddings(
        Embeddings(normal(clips, width), normal(clips, width), normal(clips, width), normal(clips, lines, width)),
        present(),
        present(),
        present(),
        torch.randint(-1, 6, (clips, lines), generator=g),
    )


def brute_total(clips, config):
    e, masks = clips.embeddings, [m.tolist() for m in (clips.has_video, clips.has_audio, clips.has_text)]
    none = [[-1]] * len(masks[0])
    nce = oracle.contrastive(
        e.video_va.tolist(), e.audio_va[:, None].tolist(), masks[0], masks[1], none,
        config.form, config.temperature, False,
    )  # fmt: skip
    mil = oracle.contrastive(
        e.video_vt.tolist(), e.text_vt.tolist(), masks[0], masks[2], clips.text_id.tolist(),
        config.form, config.temperature, config.line_masking,
    )  # fmt: skip
    total = config.weight_va * nce + config.weight_vt * mil
    return nce, mil, total if config.reduction == "sum" else total / (config.weight_va + config.weight_vt)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 6),
    lines=st.integers(1, 3),
    form=st.sampled_from(["asymmetric", "symmetric", "paper"]),
    line_masking=st.booleans(),
    mask_mean=st.sampled_from(["replica", "global"]),
    weights=st.sampled_from([(1.0, 1.0), (2.0, 0.5), (0.0, 1.0)]),
    reduction=st.sampled_from(["mean", "sum"]),
)
def test_equals_a_loop_over_pairs(seed, count, lines, form, line_masking, mask_mean, weights, reduction):
    clips = random_clips(seed, count, lines)
    config = LossConfig(form, 0.07, *weights, line_masking, mask_mean, reduction)
    losses = loss(clips, config)
    for ours, theirs in zip((losses.nce, losses.mil_nce, losses.total), brute_total(clips, config), strict=True):
        assert ours.item() == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("temperature", [1e-3, 1e9])
def test_equals_a_loop_at_extreme_temperatures(form, temperature):
    """With clips that lack each modality, and lines shared. At the higher one all similarities become 0, and what is
    hidden must not come near them."""
    clips = random_clips(17, clips=8)
    assert not any(mask.all() for mask in (clips.has_video, clips.has_audio, clips.has_text))
    config = LossConfig(form, temperature, line_masking=True)
    losses = loss(clips, config)
    values = [losses.nce.item(), losses.mil_nce.item(), losses.total.item()]
    assert values == pytest.approx(brute_total(clips, config), rel=1e-12)


def test_gradient_against_finite_differences():
    clips = random_clips(3, clips=4, lines=2)
    for form in ("asymmetric", "symmetric", "paper"):
        config = LossConfig(form, temperature=0.5, line_masking=True, mask_mean="global")

        def total(*parts, config=config):
            return loss(replace(clips, embeddings=Embeddings(*parts)), config).total

        e = clips.embeddings
        parts = [x.requires_grad_() for x in (e.video_va, e.audio_va, e.video_vt, e.text_vt)]
        assert torch.autograd.gradcheck(total, parts)


@pytest.mark.parametrize(("form", "floor"), [("asymmetric", math.log(2)), ("symmetric", 0.0), ("paper", 0.0)])
def test_floor_and_ignorance(form, floor):
    """Perfect clips reach the floor (ln 2 where the positive counts twice); equal embeddings give ln(2B) or 2 ln B.

    In the paper's equations the denominator holds the positive once, and B - 1 negatives each way: ln(2B - 1).
    """
    clips, width = 8, 8
    perfect = torch.eye(clips, width, dtype=torch.float64)
    same = torch.ones(clips, width, dtype=torch.float64)
    every = torch.ones(clips, dtype=torch.bool)
    ids = torch.full((clips, 1), -1)

    def loss_of(x, temperature):
        embeddings = Embeddings(x, x, x, x[:, None])
        return loss(GatheredEmbeddings(embeddings, every, every, every, ids), LossConfig(form, temperature))

    assert loss_of(perfect, 0.01).total.item() == pytest.approx(floor, abs=1e-12)
    ignorant = {"asymmetric": math.log(2 * clips), "symmetric": 2 * math.log(clips), "paper": math.log(2 * clips - 1)}
    assert loss_of(same, 0.07).nce.item() == pytest.approx(ignorant[form], rel=1e-12)
    assert loss_of(same, 0.07).mil_nce.item() == pytest.approx(ignorant[form], rel=1e-12)


def replica(clips, start, stop):
    rows = slice(start, stop)
    return GatheredEmbeddings(
        Embeddings(**{k: v[rows] for k, v in vars(clips.embeddings).items()}),
        clips.has_video[rows], clips.has_audio[rows], clips.has_text[rows], clips.text_id[rows],
    )  # fmt: skip


@pytest.mark.parametrize("form", ["asymmetric", "symmetric", "paper"])
@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_average_to_the_global_batch(form, replicas):
    """With the global mean over valid samples, the mean of the replicas' losses is the loss of one process.

    Replicas of 6 and of 3: no power of two, so that a place is the sum of two numbers and not their bits side by side.
    """
    clips = random_clips(11, clips=12, lines=2)
    config = LossConfig(form, line_masking=True, mask_mean="global")
    share = 12 // replicas
    losses = [
        loss(replica(clips, start, start + share), config, replace(clips, first=start)).total
        for start in range(0, 12, share)
    ]
    torch.testing.assert_close(torch.stack(losses).mean(), loss(clips, config).total, rtol=1e-12, atol=1e-12)


def test_one_valid_clip_in_four_replicas():
    """A replica's share of the valid clips is then a quarter of a clip, and the mean is still that clip's loss."""
    every, alone = torch.ones(8, dtype=torch.bool), torch.arange(8) == 5
    clips = replace(random_clips(12, clips=8), has_video=every, has_audio=alone, has_text=alone)
    config = LossConfig(mask_mean="global")
    losses = [loss(replica(clips, start, start + 2), config, replace(clips, first=start)) for start in range(0, 8, 2)]
    whole = loss(clips, config)
    assert [losses[n].nce.item() for n in (0, 1, 3)] == [0, 0, 0]
    for name in ("nce", "mil_nce"):
        assert getattr(whole, name) > 0.1
        torch.testing.assert_close(getattr(losses[2], name) / 4, getattr(whole, name), rtol=1e-12, atol=0)


def test_nothing_valid_is_zero_and_has_no_gradient():
    clips = random_clips(5, missing=False)
    text = clips.embeddings.text_vt.requires_grad_()
    silent = replace(clips, has_audio=torch.zeros(5, dtype=torch.bool), has_text=torch.zeros(5, dtype=torch.bool))
    losses = loss(silent, LossConfig())
    assert losses.total.item() == 0.0
    (gradient,) = torch.autograd.grad(losses.total, text)
    assert torch.equal(gradient, torch.zeros_like(gradient))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_shared_lines_against_sets(seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(-1, 5, (6, 3), generator=g)
    shared = shared_lines(ids[2:4], ids, first=2)
    for i in range(2):
        own = set(ids[2 + i].tolist()) - {-1}
        for j in range(6):
            theirs = set(ids[j].tolist()) - {-1}
            for line in range(3):
                assert shared.rows[i, j, line] == (j != 2 + i and ids[j, line].item() in own)
                assert shared.columns[i, j, line] == (j != 2 + i and ids[2 + i, line].item() in theirs)


def test_low_precision_is_computed_in_float32():
    clips = random_clips(2, dtype=torch.float32)

    def cast(*dtypes):
        embeddings = vars(clips.embeddings)
        for dtype in dtypes:
            embeddings = {name: value.to(dtype) for name, value in embeddings.items()}
        return loss(replace(clips, embeddings=Embeddings(**embeddings)), LossConfig()).total

    assert cast(torch.bfloat16).dtype == torch.float32
    assert torch.equal(cast(torch.bfloat16), cast(torch.bfloat16, torch.float32))


def test_normalization_of_a_zero_vector():
    assert torch.equal(l2_normalize(torch.zeros(2, 3)), torch.zeros(2, 3))
    assert l2_normalize(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([0.6, 0.8], rel=1e-6)


def test_normalization_of_short_vectors():
    """Down to a length of 1e-6 a vector gets unit length; a shorter one is multiplied by 1e6 (released code)."""
    short = torch.tensor([[3e-6, 4e-6], [3e-8, 4e-8]], dtype=torch.float64)
    assert l2_normalize(short).flatten().tolist() == pytest.approx([0.6, 0.8, 0.03, 0.04], rel=1e-12)
