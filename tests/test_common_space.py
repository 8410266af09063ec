import pytest
import torch

from vatt_edu.common_space import BatchNorm, CommonSpace
from vatt_edu.config import CommonSpaceConfig
from vatt_edu.config.model import HEADS
from vatt_edu.errors import UserError

HIERARCHIES = ("released", "paper", "deep_audio")


def test_batch_norm_on_valid_rows_is_torchs_on_those_rows():
    ours, theirs = BatchNorm(4), torch.nn.BatchNorm1d(4)
    torch.nn.init.normal_(ours.weight)
    theirs.weight.data.copy_(ours.weight)
    x, valid = torch.randn(9, 4) * 3 + 1, torch.tensor([1, 1, 0, 1, 1, 0, 1, 1, 1]).bool()
    torch.testing.assert_close(ours(x, valid)[valid], theirs(x[valid]), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    biased = x[valid].var(0, correction=0)
    torch.testing.assert_close(ours.running_var, 0.9 + 0.1 * biased)  # torch tracks the unbiased one


def test_batch_norm_without_valid_rows_learns_nothing():
    norm = BatchNorm(3)
    out = norm(torch.randn(4, 3), torch.zeros(4, dtype=torch.bool))
    assert out.isfinite().all()
    assert norm.running_mean.tolist() == [0, 0, 0]
    assert norm.running_var.tolist() == [1, 1, 1]


def test_batch_norm_in_eval_uses_what_it_tracked():
    norm = BatchNorm(2).eval()
    norm.running_mean.copy_(torch.tensor([1.0, 2.0]))
    norm.running_var.copy_(torch.tensor([4.0, 9.0]))
    out = norm(torch.tensor([[3.0, 5.0]]), torch.tensor([True]))
    assert out[0].tolist() == pytest.approx([1.0, 1.0], rel=1e-5)


@pytest.mark.parametrize("heads", HIERARCHIES)
def test_where_each_head_normalizes(heads):
    space = CommonSpace(CommonSpaceConfig(heads, va_width=6, vt_width=5), 4, 3, 7)
    norms = {name.rsplit(".", 1)[0] for name, _ in space.named_buffers()}
    expected = {"video_to_va.hidden_norm", "video_to_va.out_norm", "va_to_vt.out_norm"}
    expected |= {"paper": {"audio_to_va.out_norm", "text_to_vt.out_norm"}}.get(heads, set())
    expected |= {"deep_audio": {"audio_to_va.hidden_norm", "audio_to_va.out_norm"}}.get(heads, set())
    assert norms == expected


@pytest.mark.parametrize("heads", HIERARCHIES)
def test_video_reaches_text_through_the_audio_space(heads):
    space = CommonSpace(CommonSpaceConfig(heads, va_width=6, vt_width=5), 4, 3, 7).eval()
    everyone = torch.ones(8, dtype=torch.bool)
    e = space(torch.randn(8, 4), torch.randn(8, 3), torch.randn(8, 2, 7), everyone, everyone, everyone)
    assert (e.video_va.shape, e.audio_va.shape, e.video_vt.shape, e.text_vt.shape) == (
        (8, 6),
        (8, 6),
        (8, 5),
        (8, 2, 5),
    )
    torch.testing.assert_close(e.video_vt, space.to_vt(e.video_va, everyone))
    negative = space.to_vt(-e.video_va.abs(), everyone)
    same_as_zero = torch.allclose(negative, space.to_vt(torch.zeros(8, 6), everyone))
    assert same_as_zero == (heads != "paper")  # the released map rectifies first, the paper's is linear


def test_flat_heads_are_one_space():
    """Video meets sound and words in the same vectors, each through one layer."""
    torch.manual_seed(0)
    space = CommonSpace(CommonSpaceConfig(heads="flat", va_width=5, vt_width=5), 4, 6, 7).double().train()
    video, audio, text = (torch.randn(3, *shape).double() for shape in ((4,), (6,), (2, 7)))
    everyone = torch.ones(3, dtype=torch.bool)
    embeddings = space(video, audio, text, everyone, everyone, everyone)
    assert embeddings.video_va is embeddings.video_vt
    assert embeddings.text_vt.shape == (3, 2, 5)
    linear = space.video_to_va.out
    torch.testing.assert_close(embeddings.video_va, video @ linear.weight.T + linear.bias)
    assert space.to_vt(embeddings.audio_va, everyone) is embeddings.audio_va
    assert len(list(space.buffers())) == 0


def test_the_joint_head_is_one_layer_each_into_one_space():
    """As in the released code: ReLU, a layer without bias, batch norm; one vector is compared with both others."""
    space = CommonSpace(CommonSpaceConfig("joint", va_width=6, vt_width=6), 4, 3, 7)
    everyone = torch.ones(8, dtype=torch.bool)
    video, audio, text = torch.randn(8, 4), torch.randn(8, 3), torch.randn(8, 2, 7)
    e = space(video, audio, text, everyone, everyone, everyone)
    assert torch.equal(e.video_va, e.video_vt)

    def expected(x, weight):
        return torch.nn.functional.batch_norm(x.clamp(min=0) @ weight.T, None, None, training=True)

    torch.testing.assert_close(e.video_va, expected(video, space.video_to_va.out.weight))
    torch.testing.assert_close(e.audio_va, expected(audio, space.audio_to_va.out.weight))
    torch.testing.assert_close(e.text_vt.flatten(0, 1), expected(text.flatten(0, 1), space.text_to_vt.out.weight))
    assert not [name for name, _ in space.named_parameters() if name.endswith("out.bias")]
    with pytest.raises(UserError, match="joint has one space"):
        CommonSpaceConfig("joint")


@pytest.mark.parametrize("heads", [name for name, plan in HEADS.items() if plan.passage == "none"])
def test_one_space_has_one_width(heads):
    with pytest.raises(UserError, match=f"heads = {heads} has one space"):
        CommonSpaceConfig(heads, va_width=6, vt_width=5)


def test_what_is_left_out_of_the_toys_heads_is_gone_and_nothing_else():
    """By the names of what is left: a batch norm, a second layer, the passage."""

    def names(heads):
        return {
            name.rsplit(".", 1)[0]
            for name, _ in CommonSpace(CommonSpaceConfig(heads, 6, 6), 4, 3, 7).named_parameters()
        }

    toy = names("deep_audio")
    assert toy - names("deep_audio_bare") == {name for name in toy if "norm" in name}
    assert toy - names("deep_audio_shallow") == {name for name in toy if "hidden" in name}
    assert toy - names("flat_deep") == {name for name in toy if "va_to_vt" in name}
    assert names("flat_deep") - names("flat_norm") == {name for name in toy if "hidden" in name}
    assert names("flat_norm") - names("flat") == {"video_to_va.out_norm", "audio_to_va.out_norm"}
