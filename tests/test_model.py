"""What must not change the result: missing signals, padding, order of tokens, DropToken in eval."""

from dataclasses import fields, replace

import pytest
import torch
from helpers import tiny
from helpers.tiny import model_config, random_batch

from vatt_edu.config import DropTokenConfig, LossConfig
from vatt_edu.config.model import HEADS
from vatt_edu.losses import vatt_loss
from vatt_edu.model import VATT, pool

POOLINGS = ("agg", "mean", "max_mean")


def build(config, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    return VATT(config).to(dtype)


def loss_and_gradients(model, batch):
    model.zero_grad()
    loss = vatt_loss(model(batch, seed=3, step=4), batch, LossConfig(line_masking=True, mask_mean="global"))
    loss.total.backward()
    return loss.total.item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("modality", ["video", "audio", "text"])
def test_a_masked_sample_changes_neither_loss_nor_any_gradient(heads, pooling, modality):
    config = model_config(pooling=pooling, common_space=tiny.space(heads))
    batch = random_batch(config, dtype=torch.float64)
    present = torch.tensor([1, 0, 1, 1, 0, 1]).bool()
    other = random_batch(config, seed=9, dtype=torch.float64)
    batch = replace(batch, **{f"has_{modality}": present})
    signal, noise = getattr(batch, modality), getattr(other, modality)
    changed = replace(batch, **{modality: torch.where(present.view(-1, *[1] * (signal.dim() - 1)), signal, noise)})

    loss, gradients = loss_and_gradients(build(config).train(), batch)
    loss_changed, gradients_changed = loss_and_gradients(build(config).train(), changed)
    assert loss_changed == pytest.approx(loss, rel=1e-13)
    assert set(gradients) == set(gradients_changed)
    largest = max(g.abs().max() for g in gradients.values())
    for name, gradient in gradients.items():
        assert (gradient - gradients_changed[name]).abs().max() <= 1e-13 * largest, name


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_words_change_nothing(pooling):
    config = model_config(pooling=pooling)
    model = build(config).eval()
    text = torch.tensor([[3, 4, 0, 0, 0], [0, 0, 0, 0, 0], [1, 2, 3, 4, 5]])
    longer = torch.cat([text, text.new_zeros(3, 7)], dim=1)
    pooled, words = model.text(text)
    pooled_longer, words_longer = model.text(longer)
    torch.testing.assert_close(pooled, pooled_longer, rtol=1e-12, atol=1e-12)
    valid = text != 0
    torch.testing.assert_close(words[valid], words_longer[:, :5][valid], rtol=1e-12, atol=1e-12)
    assert pooled.isfinite().all()
    with torch.no_grad():
        model.text.words.weight[0] += 100.0  # the row of the padding id is never read
    torch.testing.assert_close(model.text(text)[0], pooled, rtol=1e-12, atol=1e-12)


def test_eval_ignores_droptoken_and_training_does_not():
    config = model_config()
    model, batch = build(config), random_batch(config, dtype=torch.float64)
    whole = model_config(droptoken=DropTokenConfig(keep_video=1.0, keep_audio=1.0))
    everything = build(whole)
    kept = {"video": torch.tensor([0]), "audio": torch.tensor([1])}
    for one, other in (
        (model.eval()(batch, seed=1, step=1), model.eval()(batch, seed=2, step=5, kept=kept)),
        (model.eval()(batch), everything.eval()(batch)),
    ):
        for field in fields(one):
            assert torch.equal(getattr(one, field.name), getattr(other, field.name))
    model.train()
    assert not torch.equal(model(batch, seed=1).video_va, model(batch, seed=2).video_va)


def test_training_really_shortens_the_sequence_and_never_drops_text_or_agg():
    config = model_config(droptoken=DropTokenConfig(keep_video=0.5, keep_audio=0.25))
    model, batch = build(config).train(), random_batch(config, dtype=torch.float64)
    lengths = {}
    for name in ("video", "audio", "text"):
        tower = getattr(model, name)
        tower.encoder.register_forward_pre_hook(lambda _m, args, name=name: lengths.__setitem__(name, args[0].shape[1]))
    video_inputs = []
    model.video.encoder.register_forward_pre_hook(lambda _m, args: video_inputs.append(args[0][:, 0]))
    model(batch)
    assert lengths == {"video": 12 // 2 + 1, "audio": 8 // 4 + 1, "text": 5 + 1}
    assert torch.equal(video_inputs[0], model.video.agg.expand(6, -1))


@pytest.mark.parametrize(
    ("keep_video", "keep_audio", "drawn"), [(1.0, 0.5, {"audio"}), (0.5, 1.0, {"video"}), (1.0, 1.0, set())]
)
def test_what_is_kept_whole_is_not_drawn(keep_video, keep_audio, drawn):
    """Nor does it change what the other modality keeps."""
    config = model_config(droptoken=DropTokenConfig(keep_video, keep_audio, "sample"))
    index = torch.arange(3)
    kept, both = build(config).draw_kept(index, 4, 5), build(model_config()).draw_kept(index, 4, 5)
    assert set(both) == {"video", "audio"}
    assert set(kept) == drawn
    assert all(torch.equal(kept[name], both[name]) for name in drawn)


@pytest.mark.parametrize("modality", ["video", "audio"])
def test_dropping_bytes_first_is_dropping_positioned_tokens(modality):
    """We drop before projecting; the released order, project, add positions, drop, gives the same hidden states."""
    config = model_config()
    model, batch = build(config).train(), random_batch(config, dtype=torch.float64)
    tower, signal = getattr(model, modality), getattr(batch, modality)
    kept = model.draw_kept(batch.index, 0, 0)[modality]
    positioned = tower.tokenizer(tower.patches(signal)) + tower.positions()
    rows = torch.arange(len(signal))[:, None]
    sequence = torch.cat([tower.agg.expand(len(signal), 1, -1), positioned[rows, kept]], dim=1)
    hidden = tower.encoder(sequence)
    pooled, ours = tower(signal, kept)
    torch.testing.assert_close(pooled, hidden[:, 0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ours, hidden[:, 1:], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("modality", ["video", "audio"])
def test_pooled_feature_does_not_depend_on_the_order_of_positioned_tokens(pooling, modality):
    config = model_config(pooling=pooling)
    tower = getattr(build(config).eval(), modality)
    signal = getattr(random_batch(config, dtype=torch.float64), modality)
    count = tower.positions().shape[0]
    order = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    straight, hidden = tower(signal, torch.arange(count))
    shuffled, hidden_shuffled = tower(signal, order)
    torch.testing.assert_close(shuffled, straight, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(hidden_shuffled, hidden[:, order], rtol=1e-11, atol=1e-11)
    without = tower.encoder(tower.tokenizer(tower.patches(signal))[:, order])
    assert not torch.allclose(without, hidden_shuffled)  # it is the positions that carry the order


@pytest.mark.parametrize("sharing", ["batch", "sample"])
def test_a_step_is_replayed_from_its_numbers(sharing):
    config = model_config(droptoken=DropTokenConfig(sharing=sharing))
    model, batch = build(config).train(), random_batch(config, dtype=torch.float64)
    first, again = model(batch, seed=5, step=6), model(batch, seed=5, step=6)
    assert torch.equal(first.video_va, again.video_va)
    half = type(batch)(**{f.name: getattr(batch, f.name)[3:] for f in fields(batch)})
    whole, part = model.draw_kept(batch.index, 5, 6)["video"], model.draw_kept(half.index, 5, 6)["video"]
    assert torch.equal(whole if sharing == "batch" else whole[3:], part)


def test_frozen_words_get_no_gradient_and_stay_in_the_state():
    config = model_config()
    model = build(replace(config, text=replace(config.text, train_words=False)))
    assert "text.words.weight" in model.state_dict()
    assert "text.words.weight" not in {name for name, p in model.named_parameters() if p.requires_grad}


def test_without_positions_video_is_a_bag_of_patches():
    """Patches that change places change nothing; with positions, they do."""
    batch = random_batch(model_config(), dtype=torch.float64)
    swapped = replace(batch, video=torch.cat([batch.video[:, 2:], batch.video[:, :2]], dim=1))  # whole tubelets in time
    for positions, same in [("none", True), ("learned", False)]:
        model = build(model_config(positions=positions)).eval()
        a, b = model(batch).video_va, model(swapped).video_va
        assert torch.allclose(a, b, atol=1e-12) is same


def test_without_layers_a_feature_is_the_mean_of_normed_tokens():
    config = model_config(pooling="mean", positions="none")
    flat = replace(config.video.encoder, layers=0)
    model = build(replace(config, video=replace(config.video, encoder=flat))).eval()
    batch = random_batch(config, dtype=torch.float64)
    tower = model.video
    tokens = tower.tokenizer(tower.patches(batch.video))
    everything = torch.cat([tower.agg.expand(len(tokens), 1, -1), tokens], dim=1)
    centered = everything - everything.mean(-1, keepdim=True)
    normed = centered / (centered.square().mean(-1, keepdim=True) + 1e-6).sqrt()
    torch.testing.assert_close(tower(batch.video)[0], normed.mean(1), rtol=1e-10, atol=1e-10)


def test_mean_pooling_leaves_padding_out():
    hidden = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert pool(hidden, "mean", torch.tensor([[True, True, False]])).item() == 2.0
    assert pool(hidden, "max_mean", torch.tensor([[True, True, False]])).item() == 5.0
