"""Complete official models: eval, train mode with batch norm's statistics, losses, every gradient, one Adam step."""

from dataclasses import replace

import pytest
import torch
from golden_files import assert_close, sizes, tensor, weights

from vatt_edu.batch import Batch
from vatt_edu.config import LossConfig
from vatt_edu.interop.official import PREFIXES, config_from_official, from_official, load_official, official_key
from vatt_edu.losses import Pairs, vatt_loss
from vatt_edu.model import VATT

FILES = ("tx_fac", "tx_fac_symmetric")


def _model(data):
    config = sizes(data)
    for tower in ("video", "audio", "text"):
        config[tower]["dropout_rate"] = 0.0
    model = VATT(config_from_official(config))
    assert load_official(model, weights(data)) == set(weights(data))
    return model


def _batch(data, audio_mask=None, text_mask=None):
    video, audio = tensor(data["in_video"]), tensor(data["in_audio"])[..., 0]
    text = tensor(data["in_text"]).unflatten(0, (len(video), -1))
    everyone = torch.ones(len(video), dtype=torch.bool)
    return Batch(
        video=video,
        audio=audio,
        text=text,
        has_video=everyone,
        has_audio=everyone if audio_mask is None else tensor(audio_mask) > 0,
        has_text=everyone if text_mask is None else tensor(text_mask) > 0,
        index=torch.arange(len(video)),
        text_id=torch.full(text.shape[:2], -1),
    )


def _assert_embeddings(embeddings, data, mode, bound):
    assert_close(embeddings.video_va, data[f"{mode}/video_toaud"], bound)
    assert_close(embeddings.audio_va, data[f"{mode}/audio_tovid"], bound)
    assert_close(embeddings.video_vt, data[f"{mode}/video_totxt"], bound)
    assert_close(embeddings.text_vt.flatten(0, 1), data[f"{mode}/text_tovid"], bound)


@pytest.mark.parametrize("file", FILES)
def test_eval(golden, file):
    data = golden(file)
    model, batch = _model(data).eval(), _batch(data)
    for modality, signal in (("video", batch.video), ("audio", batch.audio), ("text", batch.text.flatten(0, 1))):
        pooled, hidden = getattr(model, modality)(signal)
        assert_close(pooled, data[f"eval/{modality}_features_pooled"], 1e-5)
        assert_close(hidden, data[f"eval/{modality}_features"].reshape(hidden.shape), 1e-5)
    with torch.no_grad():
        _assert_embeddings(model(batch), data, "eval", 1e-5)


@pytest.mark.parametrize("file", FILES)
def test_train_step(golden, file):
    data = golden(file)
    model = _model(data).train()
    embeddings, losses = _forward(model, data, torch.float32)
    _assert_embeddings(embeddings, data, "train", 1e-4)

    name = f"train/loss:bridge_losses/{sizes(data)['loss']}_nce"
    for ours, key in (
        (losses.mil_nce, f"{name}/vidtxt_loss"),
        (losses.nce, f"{name}/vidaud_loss"),
        (losses.total, "train/loss:total_loss"),
    ):
        assert_close(ours, data[key], 1e-4)

    losses.total.backward()
    _assert_gradients(model, data)
    _assert_running_statistics(model, data)
    _assert_adam_step(model, data)


def _forward(model, data, dtype):
    config = sizes(data)
    batch = _batch(data, data["train/audio_mask"], data["train/text_mask"])
    batch = replace(batch, video=batch.video.to(dtype), audio=batch.audio.to(dtype))
    kept = {
        "video": tensor(data["train/perm_video"])[: config["K_video"]],
        "audio": tensor(data["train/perm_audio"])[: config["K_audio"]],
    }
    embeddings = model(batch, kept=kept)
    losses = vatt_loss(Pairs.of(embeddings, batch), LossConfig(config["loss"], config["temperature"]))
    return embeddings, losses


def _named(model):
    """Every tensor of the model with its official key."""
    for part, prefix in PREFIXES.items():
        for name, value in getattr(model, part).state_dict(keep_vars=True).items():
            yield prefix + official_key(part, name), value


def _trained(model):
    return {key: value for key, value in _named(model) if value.requires_grad}


def _zero_gradients(data):
    """Keys of tensors whose gradient is exactly zero: batch norm undoes a shift, softmax a bias of the keys."""
    exact = _model(data).train().double()
    _forward(exact, data, torch.float64)[1].total.backward()
    sizes_of = {key: value.grad.abs().max().item() for key, value in _trained(exact).items()}
    return {key for key, size in sizes_of.items() if size <= 1e-12 * max(sizes_of.values())}


def _assert_gradients(model, data):
    trained = _trained(model)
    assert set(trained) == set(data["train/trainable_keys"].tolist())
    largest = max(value.grad.abs().max().item() for value in trained.values())
    zero = _zero_gradients(data)
    assert len(zero) < len(trained) / 4
    for key, value in trained.items():
        official = from_official(key, data["g:" + key]).double()
        error = (value.grad.double() - official).abs().max().item()
        if key in zero:
            # Both are float32 rounding; the official value alone reaches 1.3e-6 of the largest gradient.
            assert error <= 1e-5 * largest, key
        else:
            assert error <= max(1e-3 * official.abs().max().item(), 1e-6 * largest), key


def _assert_running_statistics(model, data):
    statistics = {key: value for key, value in _named(model) if "moving_" in key}
    assert {"bn_after:" + key for key in statistics} == {key for key in data if key.startswith("bn_after:")}
    for key, value in statistics.items():
        assert_close(value, data["bn_after:" + key], 1e-4)


def _assert_adam_step(model, data):
    """The first step of Keras' Adam, whose epsilon is not corrected for bias: torch's with a larger one."""
    trained = _trained(model)
    largest = max(value.grad.abs().max().item() for value in trained.values())
    before = {key: value.detach().clone() for key, value in trained.items()}
    torch.optim.Adam(trained.values(), lr=float(data["train/adam_lr"]), eps=1e-7 / (1 - 0.999) ** 0.5).step()
    for key, value in trained.items():
        official = from_official(key, data["after_step:" + key])
        clear = value.grad.abs() > 1e-4 * largest  # below, the rounding of the gradient shows in the step
        assert not torch.equal(before[key], value.detach())
        assert ((value.detach() - official)[clear].abs() <= 1e-6).all(), key
