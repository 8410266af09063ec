"""Complete official models: eval, train mode with batch norm's statistics, losses, every gradient, one Adam step."""

import re
from dataclasses import replace

import pytest
import torch
from helpers.golden_files import (
    assert_close,
    assert_within,
    bound,
    error,
    present,
    sizes,
    tensor,
    weights,
    whole_patches,
)

from vatt_edu.batch import Batch
from vatt_edu.config import LossConfig
from vatt_edu.interop.official import config_from_official, from_official, load_official, official_keys
from vatt_edu.losses import vatt_loss
from vatt_edu.model import VATT, TextTower

FILES = ("tx_fac", "tx_fac_symmetric", "ut_fac")
MODALITIES = ("video", "audio", "text")


def _model(data):
    config = sizes(data)
    for part in config.values():
        if isinstance(part, dict):
            part["dropout_rate"] = 0.0
    model = VATT(config_from_official(config))
    assert load_official(model, weights(data)) == set(weights(data))
    return model


def _batch(model, data, audio_mask=(), text_mask=()):
    video = whole_patches(tensor(data["in_video"]), model.config.video.tubelet)
    audio = whole_patches(tensor(data["in_audio"])[..., 0], (model.config.audio.patch,))
    text = tensor(data["in_text"]).unflatten(0, (len(video), -1))
    everyone = torch.ones(len(video), dtype=torch.bool)
    return Batch(
        video=video,
        audio=audio,
        text=text,
        has_video=everyone,
        has_audio=present(audio_mask, len(video)),
        has_text=present(text_mask, len(video)),
        index=torch.arange(len(video)),
        text_id=torch.full(text.shape[:2], -1),
    )


def _bound(usual, model, batch):
    towers = [(model.video, model.video.grid_of(batch.video)), (model.audio, model.audio.grid_of(batch.audio))]
    if not isinstance(model.text, TextTower):
        towers.append((model.text, batch.text.shape[2:]))
    return bound(usual, towers)


def _assert_embeddings(embeddings, data, mode, limit):
    assert_close(embeddings.video_va, data[f"{mode}/video_toaud"], limit)
    assert_close(embeddings.audio_va, data[f"{mode}/audio_tovid"], limit)
    assert_close(embeddings.video_vt, data[f"{mode}/video_totxt"], limit)
    assert_close(embeddings.text_vt.flatten(0, 1), data[f"{mode}/text_tovid"], limit)


def _watch(module, name, seen):
    module.register_forward_hook(lambda _m, inputs, out: seen.update({f"{name}_in": inputs[0], f"{name}_out": out}))


@pytest.mark.parametrize("file", FILES)
def test_eval(golden, file):
    data = golden(file)
    model = _model(data).eval()
    batch = _batch(model, data)
    limit = _bound(1e-5, model, batch)
    for modality, signal in (("video", batch.video), ("audio", batch.audio), ("text", batch.text.flatten(0, 1))):
        tower, seen = getattr(model, modality), {}
        _watch(tower.pre_projection, "projection", seen)
        _watch(tower.encoder, "encoder", seen)
        pooled, hidden = tower(signal)
        assert_close(pooled, data[f"eval/{modality}_features_pooled"], limit)
        assert_close(hidden, data[f"eval/{modality}_features"].reshape(hidden.shape), limit)
        if f"eval/{modality}_encoder_out" in data:
            assert_close(seen["projection_out"], data[f"eval/{modality}_pre_proj_tokens"], 1e-5)
            assert_close(seen["encoder_in"][:, 1:], data[f"eval/{modality}_tokens_pos"], limit)
            assert_close(seen["encoder_out"], data[f"eval/{modality}_encoder_out"], limit)
    seen = {}
    _watch(model.common_space.video_to_va.hidden, "hidden", seen)
    _watch(model.common_space.video_to_va.hidden_norm, "norm", seen)
    with torch.no_grad():
        _assert_embeddings(model(batch), data, "eval", limit)
    assert_close(seen["hidden_out"], data["eval/head_vid_to_hid"], limit)
    assert_close(seen["norm_out"], data["eval/head_pre_bn"], limit)


@pytest.mark.parametrize("file", FILES)
def test_train_step(golden, file):
    data = golden(file)
    model = _model(data).train()
    batch = _batch(model, data, data["train/audio_mask"], data["train/text_mask"])
    limit = _bound(1e-4, model, batch)
    embeddings, losses = _forward(model, data, torch.float32)
    _assert_embeddings(embeddings, data, "train", limit)

    name = f"train/loss:bridge_losses/{_form(data)}_nce"
    for ours, key in (
        (losses.mil_nce, f"{name}/vidtxt_loss"),
        (losses.nce, f"{name}/vidaud_loss"),
        (losses.total, "train/loss:total_loss"),
    ):
        assert_close(ours, data[key], limit)

    losses.total.backward()
    _assert_gradients(model, data, _bound(1e-3, model, batch))
    _assert_running_statistics(model, data, limit)
    _assert_adam_step(model, data)


@pytest.mark.parametrize("file", FILES)
def test_pooled_features_of_a_training_step(golden, file):
    data = golden(file)
    model = _model(data).train()
    batch, kept = _batch(model, data), _kept(data)
    limit = _bound(1e-5, model, batch)
    for modality, signal in (("video", batch.video), ("audio", batch.audio)):
        pooled, hidden = getattr(model, modality)(signal, kept[modality])
        assert_close(pooled, data[f"train/{modality}_features_pooled"], limit)
        assert hidden.shape[1] == sizes(data)[f"K_{modality}"]
    assert_close(model.text(batch.text.flatten(0, 1))[0], data["train/text_features_pooled"], limit)


def _form(data):
    (form,) = {m[1] for m in (re.match(r"train/loss:bridge_losses/(\w+)_nce/", key) for key in data) if m}
    return form


def _kept(data):
    return {name: tensor(data[f"train/perm_{name}"])[: sizes(data)[f"K_{name}"]] for name in ("video", "audio")}


def _forward(model, data, dtype):
    batch = _batch(model, data, data["train/audio_mask"], data["train/text_mask"])
    batch = replace(batch, video=batch.video.to(dtype), audio=batch.audio.to(dtype))
    embeddings = model(batch, kept=_kept(data))
    losses = vatt_loss(embeddings, batch, LossConfig(_form(data), sizes(data)["temperature"]))
    return embeddings, losses


def _named(model):
    """Every tensor of the model with its official key."""
    state = model.state_dict(keep_vars=True)
    return {key: state[name] for name, key in official_keys(model).items()}


def _trained(model):
    return {key: value for key, value in _named(model).items() if value.requires_grad}


def _zero_gradients(data):
    """Keys of tensors whose gradient is exactly zero: batch norm undoes a shift, softmax a bias of the keys."""
    exact = _model(data).train().double()
    _forward(exact, data, torch.float64)[1].total.backward()
    sizes_of = {key: value.grad.abs().max().item() for key, value in _trained(exact).items()}
    return {key for key, size in sizes_of.items() if size <= 1e-12 * max(sizes_of.values())}


def _assert_gradients(model, data, limit):
    trained = _trained(model)
    assert set(trained) == set(data["train/trainable_keys"].tolist())
    largest = max(value.grad.abs().max().item() for value in trained.values())
    zero = _zero_gradients(data)
    assert len(zero) < len(trained) / 4
    for key, value in trained.items():
        official = from_official(key, data["g:" + key])
        off, scale = error(value.grad, official.numpy())
        # Where the gradient is zero both are float32 rounding; the official alone reaches 1.3e-6 of the largest one.
        assert_within(off, 1e-5 * largest if key in zero else max(limit * scale, 1e-6 * largest), key, of=largest)


def _assert_running_statistics(model, data, limit):
    statistics = {key: value for key, value in _named(model).items() if "moving_" in key}
    assert {"bn_after:" + key for key in statistics} == {key for key in data if key.startswith("bn_after:")}
    for key, value in statistics.items():
        assert_close(value, data["bn_after:" + key], limit)


def _assert_adam_step(model, data):
    """The first step of Keras' Adam, whose epsilon is not corrected for bias: torch's with a larger one."""
    trained = _trained(model)
    largest = max(value.grad.abs().max().item() for value in trained.values())
    before = {key: value.detach().clone() for key, value in trained.items()}
    torch.optim.Adam(trained.values(), lr=float(data["train/adam_lr"]), eps=1e-7 / (1 - 0.999) ** 0.5).step()
    for key, value in trained.items():
        official = from_official(key, data["after_step:" + key])
        clear = value.grad.abs() > 1e-4 * largest  # below, the rounding of the gradient shows in the step
        assert not value.grad.any() or not torch.equal(before[key], value.detach())
        if clear.any():
            assert_within((value.detach() - official)[clear].abs().max(), 1e-6, key)
