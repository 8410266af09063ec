"""Official TensorFlow checkpoints, converted end to end: every weight has its place, outputs are the recorded ones."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.golden_files import assert_close, tensor

import vatt_edu as vatt
from vatt_edu.finetuning import classifier
from vatt_edu.interop.convert import convert

TOWER = 1e-5


@pytest.fixture
def converted(golden_dir: Path, tmp_path: Path, compared):
    """Converts a recorded checkpoint; returns how it fits, where it was written, and the recorded outputs."""

    def call(name: str):
        folder = golden_dir / name
        if not folder.is_dir():
            pytest.skip(f"{golden_dir} holds no {name}")
        compared(name)
        out = tmp_path / name
        report = convert(folder, out, folder / "config.json")
        expected = dict(np.load(folder / "expected.npz"))
        assert report.complete
        everything = {key.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE") for key in expected["all_keys"].tolist()}
        assert len(report.read) + len(report.ignored) == len(expected["all_keys"])
        weights = {key for key in everything if key.startswith("model/") and ".OPTIMIZER_SLOT" not in key}
        assert set(report.read) == weights
        assert not any(key.startswith("model/") and ".OPTIMIZER_SLOT" not in key for key in report.ignored)
        return report, out, expected

    return call


@pytest.mark.parametrize("kind", ["tx_fac", "ut_fac"])
def test_pretrained(converted, kind):
    report, out, expected = converted(f"{kind}_ckpt")
    assert report.kind == kind
    model = vatt.load(out).model
    with torch.no_grad():
        video, audio, text = (
            tensor(expected["in_video"]),
            tensor(expected["in_audio"])[..., 0],
            tensor(expected["in_text"]),
        )
        everyone = torch.ones(len(video), dtype=torch.bool)
        for modality, signal in (("video", video), ("audio", audio), ("text", text)):
            pooled, _ = getattr(model, modality)(signal)
            assert_close(pooled, expected[f"{modality}_features_pooled"], TOWER)
        embeddings = model(
            vatt.Batch(video, audio, text.unflatten(0, (len(video), -1)), everyone, everyone, everyone,
                       torch.arange(len(video)), torch.arange(len(text)).unflatten(0, (len(video), -1)))
        )  # fmt: skip
    assert_close(embeddings.video_va, expected["video_toaud"], TOWER)
    assert_close(embeddings.audio_va, expected["audio_tovid"], TOWER)
    assert_close(embeddings.video_vt, expected["video_totxt"], TOWER)
    assert_close(embeddings.text_vt.flatten(0, 1), expected["text_tovid"], TOWER)


def test_fine_tuned_video(converted):
    report, out, expected = converted("finetune_vit_ckpt")
    assert report.kind == "fine-tuned ViT"
    model = classifier.load(out)
    views = json.loads((out / "config.json").read_text())["classifier"]  # the file says nothing about views
    assert views["classes"] == expected["logits"].shape[1]
    with torch.no_grad():
        images = tensor(expected["in_images"])
        logits = model(images, len(images) // len(expected["logits"]))
    assert_close(logits, expected["logits"], TOWER)
    assert_close(model.probabilities(logits), expected["probabilities"], TOWER)
