"""Fine-tuned classifiers against the official ones: views, probabilities, label smoothing, both losses."""

import math

import numpy as np
import pytest
import torch
from helpers.golden_files import assert_close, assert_within, sizes, tensor, weights

from vatt_edu.finetuning.classifier import Classifier, ClassifierConfig, audio_loss, smooth_labels, video_loss
from vatt_edu.interop.official import audio_config, from_official, part_from_official, video_config

BOUND = 1e-5


def _classifier(data, short, signal, tower):
    config = sizes(data, f"{short}_config_json")
    model = Classifier(ClassifierConfig(signal=signal, classes=config["num_classes"], **{signal: tower(config)})).eval()
    official = weights(data, f"{short}/")
    read = part_from_official(signal, model.tower, official, "_base/")
    with torch.no_grad():
        for name, key in (("weight", "_ops/cls/kernel"), ("bias", "_ops/cls/bias")):
            getattr(model.head, name).copy_(from_official(key, official[key]))
            read.add(key)
    assert read == set(official)
    return model, config


def test_video(golden):
    data = golden("finetune_heads")
    model, config = _classifier(data, "vid", "video", video_config)
    views = config["num_test_samples"]
    with torch.no_grad():
        logits = model(tensor(data["vid_in"]), views)
        single = model(tensor(data["vid_in"]))
    assert_close(logits, data["vid_logits"], BOUND)
    assert_close(model.probabilities(logits), data["vid_probs"], BOUND)
    assert_close(single[:views].mean(0), data["vid_logits"][0], BOUND)  # the views of a video lie side by side

    smoothed = tensor(data["vid_labels_smoothed"])
    assert_close(smooth_labels(smoothed.argmax(1), config["num_classes"]), data["vid_labels_smoothed"], BOUND)
    assert_close(video_loss(logits, smoothed), data["vid_loss"], BOUND)


def test_audio(golden):
    data = golden("finetune_heads")
    model, config = _classifier(data, "aud", "audio", audio_config)
    with torch.no_grad():
        logits = model(tensor(data["aud_in"])[..., 0], config["num_test_samples"])
    assert_close(logits, data["aud_logits"], BOUND)
    assert_close(model.probabilities(logits), data["aud_probs"], BOUND)

    leaf, labels = tensor(data["aud_logits"]).requires_grad_(), tensor(data["aud_labels"])
    loss = audio_loss(leaf, labels)
    assert_close(loss, data["aud_loss"], BOUND)
    loss.backward()
    assert_close(leaf.grad, data["aud_loss_grad_logits"], BOUND)


def test_heads_start_as_released(golden):
    data = golden("finetune_heads")
    config = sizes(data, "aud_config_json")
    torch.manual_seed(0)
    audio = Classifier(ClassifierConfig("audio", config["num_classes"], audio=audio_config(config)))
    assert_close(audio.head.bias, data["aud_cls_bias_init"], 1e-6)
    classes = 500
    video = Classifier(ClassifierConfig("video", classes, video=video_config(sizes(data, "vid_config_json"))))
    assert (video.head.bias == 0).all()
    width = video.head.in_features
    assert video.head.weight.std().item() == pytest.approx(math.sqrt(2 / (width + classes)), rel=0.05)
    assert 2.1 < video.head.weight.abs().max() / video.head.weight.std() < 2.4  # a cut normal; uniform: 1.73
    assert audio.head.weight.abs().max() <= math.sqrt(6 / (audio.head.in_features + config["num_classes"]))


def test_smoothing(golden):
    data = golden("data_ops")
    official = tensor(data["smooth_out"])
    labels = smooth_labels(official.argmax(1), official.shape[1], 1 - float(official.max() - official.min()))
    assert_within(np.abs(labels.numpy() - data["smooth_out"]).max(), 1e-6)


def test_a_clip_without_labels_weighs_nothing():
    torch.manual_seed(0)
    logits = torch.randn(3, 4)
    labels = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]])
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)
    # the first clip's labels occur twice and once: (1/2 + 1) / 2; the third's twice: 1/2
    assert audio_loss(logits, labels).item() == pytest.approx((0.75 * entropy[0] + 0.5 * entropy[2]).item() / 3)
    assert audio_loss(logits, torch.zeros(3, 4)).item() == 0
