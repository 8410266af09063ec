"""The preset for one GPU, a few steps of it on the CPU: same code, bf16 autocast, processes that read."""

import json
from dataclasses import replace
from pathlib import Path

import torch
from helpers import clips

from vatt_edu import config
from vatt_edu.training.checkpoint import read_tensors
from vatt_edu.training.pretrain import pretrain


def test_a_few_steps_on_the_cpu(tmp_path: Path) -> None:
    corpus = clips.corpus(tmp_path / "corpus", narrated=2, text_free=2)
    preset = config.toy_gpu()
    assert preset.train.precision == "bf16"
    data = replace(preset.data, narrated_videos=1, text_free=2)
    train = replace(preset.train, steps=3, checkpoint_every=3, workers=1, device="cpu")
    pretrain(replace(preset, data=data, train=train), [str(corpus)], tmp_path / "run", quiet=True)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [0, 1, 2]
    assert all(0 < line["loss"] < 20 for line in log)
    weights = read_tensors(tmp_path / "run" / "model.safetensors")
    assert all(value.dtype == torch.float32 for value in weights.values())  # bf16 is for products, never for weights
