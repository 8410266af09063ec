"""Configurations: presets and what they promise, JSON and back, and values that are refused."""

import json
import math
from dataclasses import replace

import pytest

from vatt_edu import config
from vatt_edu.config import PRESETS, Config, preset
from vatt_edu.config.serialize import from_json, to_json
from vatt_edu.errors import UserError


@pytest.mark.parametrize("name", PRESETS)
def test_json_and_back(name: str) -> None:
    config = preset(name)
    assert from_json(Config, json.loads(json.dumps(to_json(config)))) == config
    assert preset(name) == config


def test_the_toy_is_what_it_promises() -> None:
    toy = config.toy()
    assert toy.data.batch_size == 40
    assert math.prod(toy.model.video.grid) == 196
    assert math.prod(toy.model.audio.grid) == 200
    assert toy.clip.seconds == pytest.approx(3.2)
    assert (toy.model.droptoken.keep_video, toy.model.droptoken.keep_audio) == (0.5, 0.5)
    assert toy.model.droptoken.sharing == "sample"
    assert (toy.model.pooling, toy.model.tokenizer_init, toy.model.common_space.heads) == (
        "max_mean",
        "whitened",
        "deep_audio",
    )
    assert toy.loss.line_masking
    longer = config.toy_long()
    assert longer.train.steps > 2 * toy.train.steps
    assert replace(longer, train=toy.train) == toy


def test_the_plain_toy_is_as_released() -> None:
    plain, released = config.toy_plain().model, config.ModelConfig()
    assert (plain.pooling, plain.tokenizer_init, plain.position_scale) == ("agg", "official", 1.0)
    assert plain.droptoken == released.droptoken
    assert plain.common_space.heads == released.common_space.heads
    assert plain.audio.gain == released.audio.gain
    assert config.toy_plain().loss == config.LossConfig()


@pytest.mark.parametrize("name", ["base_base_small", "medium_base_small", "large_base_small"])
def test_the_papers_sizes(name: str) -> None:
    made = preset(name)
    assert math.prod(made.model.video.grid) == 1568
    assert math.prod(made.model.audio.grid) == 1200
    assert made.data.batch_size == 2048
    assert made.model.droptoken.sharing == "sample"
    assert made.loss == config.LossConfig(mask_mean="global")
    unchanged = replace(made.model, video=config.VideoConfig(), droptoken=config.DropTokenConfig())
    assert unchanged == config.ModelConfig()


def test_the_agnostic_presets() -> None:
    toy, shared = config.toy(), config.toy_agnostic()
    assert shared.model.backbone == "agnostic"
    assert replace(shared, model=toy.model) == toy
    for side in ("video", "audio", "text"):
        assert getattr(shared.model, side).encoder == toy.model.video.encoder
    medium = config.agnostic_medium().model
    assert medium.video.encoder == config.medium_base_small().model.video.encoder
    assert {medium.video.post_projection, medium.audio.post_projection, medium.text.post_projection} == {1024}
    for name in ("agnostic_base", "agnostic_large"):
        assert "Not in the paper" in (getattr(config, name).__doc__ or "")


def test_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(UserError, match="toy_long"):
        preset("toys")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optim": {"rate": 1.0}}, r"config\.optim: unknown field 'rate'; there are: name, lr"),
        ({"optim": {"lr": "fast"}}, r"config\.optim\.lr: expected float, got 'fast'"),
        ({"optim": {"lr": True}}, r"config\.optim\.lr: expected float, got True"),
        ({"train": {"steps": 1.5}}, r"config\.train\.steps: expected int, got 1\.5"),
        ({"model": {"pooling": "sum"}}, r"config\.model\.pooling: expected 'agg' \| 'mean' \| 'max_mean', got 'sum'"),
        ({"model": {"video": {"tubelet": [4, 8]}}}, r"config\.model\.video\.tubelet"),
        ({"model": 3}, r"config\.model: expected an object with the fields of ModelConfig"),
    ],
)
def test_json_with_a_mistake(change: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        from_json(Config, change)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: config.VideoConfig(height=230), "video.height = 230 is not a positive multiple"),
        (lambda: config.AudioConfig(samples=1000), "audio.samples = 1000"),
        (lambda: config.DropTokenConfig(keep_video=0.0), "keep_video"),
        (lambda: config.DropTokenConfig(keep_audio=1.1), "keep_audio"),
        (lambda: config.EncoderConfig(layers=-1), "layers"),
        (lambda: config.EncoderConfig(dropout=1.0), "dropout"),
        (lambda: config.LossConfig(temperature=0.0), "temperature"),
        (lambda: config.LossConfig(weight_va=0.0, weight_vt=0.0), "zero"),
        (lambda: config.DataConfig(narrated_videos=0, text_free=1), "at least 2"),
        (lambda: config.OptimConfig(lr=-1.0), "lr must be positive"),
        (lambda: config.TrainConfig(steps=0), "steps"),
        (lambda: replace(config.toy(), data=replace(config.toy().data, short_side=40)), "smaller than the crop"),
        (lambda: config.OptimConfig(lr=math.nan), "lr must be positive"),
    ],
)
def test_values_that_are_refused(build, message: str) -> None:
    with pytest.raises(UserError, match=message):
        build()
