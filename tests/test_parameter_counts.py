"""Parameters with batch norm's running statistics, as the official code counts them at full size, part by part.

The numbers were counted by instantiating the official models; ours are counted on the meta device, which holds shapes
and no values.
"""

from dataclasses import replace

import pytest
import torch
from torch import nn

from vatt_edu.config import AudioConfig, EncoderConfig, MelConfig, TextConfig, VideoConfig, preset
from vatt_edu.encoder import Encoder
from vatt_edu.model import VATT, audio_tower, text_tower, video_tower

BASE = EncoderConfig()
MEDIUM = EncoderConfig(width=1024, ff_width=4096, heads=16)
LARGE = replace(MEDIUM, layers=24)
TABLE = 19_660_800  # the frozen table of words
MOVING = 2_560  # batch norm's running statistics


def count(module: nn.Module | nn.Parameter) -> int:
    if isinstance(module, nn.Parameter):
        return module.numel()
    return sum(value.numel() for value in module.state_dict().values())


def trained(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters() if value.requires_grad)


@pytest.fixture(autouse=True)
def _meta():
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    ("name", "video", "audio", "text", "head", "total", "training"),
    [
        ("base_base_small", 87_446_016, 86_078_976, 38_699_052, 1_316_608, 213_540_652, 193_877_292),
        ("medium_base_small", 154_343_424, 86_078_976, 38_699_052, 1_447_680, 280_569_132, 260_905_772),
        ("large_base_small", 305_498_112, 86_078_976, 38_699_052, 1_447_680, 431_723_820, 412_060_460),
    ],
)
def test_specific(name, video, audio, text, head, total, training):
    model = VATT(preset(name).model)
    parts = (model.video, model.audio, model.text, model.common_space)
    assert tuple(map(count, parts)) == (video, audio, text, head)
    assert (count(model), trained(model)) == (total, training)
    assert count(model.text.words) == TABLE
    assert sum(value.numel() for value in model.buffers()) == MOVING
    assert total - training == TABLE + MOVING


@pytest.mark.parametrize(
    ("name", "patch", "pre", "positions", "encoder", "post", "agg", "backbone", "total", "training"),
    [
        (
            "agnostic_base", (2_360_064, 99_072), (590_592, 590_592, 231_168), (29_184, 923_136, 13_824),
            85_056_000, 787_456, 2_304, 111_919_104, 113_628_928, 93_965_568,
        ),
        (
            "agnostic_medium", (3_146_752, 132_096), (1_049_600, 1_049_600, 308_224), (38_912, 1_230_848, 18_432),
            151_156_736, 1_049_600, 3_072, 180_943_872, 182_653_696, 162_990_336,
        ),
        (
            "agnostic_large", (3_146_752, 132_096), (1_049_600, 1_049_600, 308_224), (38_912, 1_230_848, 18_432),
            302_311_424, 1_049_600, 3_072, 332_098_560, 333_808_384, 314_145_024,
        ),
    ],
)  # fmt: skip
def test_agnostic(name, patch, pre, positions, encoder, post, agg, backbone, total, training):
    model = VATT(preset(name).model)
    towers = (model.video, model.audio, model.text)
    assert (count(model.video.tokenizer), count(model.audio.tokenizer)) == patch
    assert count(model.text.words) == TABLE
    assert tuple(count(tower.pre_projection) for tower in towers) == pre
    assert tuple(count(tower.positions) for tower in towers) == positions
    assert count(model.encoder) == encoder
    assert [count(tower.post_projection) for tower in towers] == [post] * 3
    assert sum(count(tower.agg) for tower in towers) == agg
    assert count(model.common_space) == 1_709_824
    assert count(model) - count(model.common_space) == backbone
    assert (count(model), trained(model)) == (total, training)


def test_parts():
    assert (count(Encoder(BASE)), count(Encoder(MEDIUM)), count(Encoder(LARGE))) == (
        85_056_000,
        151_156_736,
        302_311_424,
    )
    assert count(Encoder(BASE).layers[0]) == 7_087_872
    assert count(Encoder(BASE).norm) == 1_536
    video, audio = video_tower(VideoConfig()), audio_tower(AudioConfig())
    assert [count(part) for part in (video.tokenizer, video.positions, video.agg)] == [2_360_064, 29_184, 768]
    assert [count(part) for part in (audio.tokenizer, audio.positions, audio.agg)] == [99_072, 923_136, 768]


def test_other_towers():
    spectrogram = AudioConfig(signal="log_mel", mel=MelConfig(patch_bins=5), encoder=replace(BASE, bias=False))
    assert count(audio_tower(spectrogram)) == 85_056_768
    assert count(audio_tower(replace(spectrogram, encoder=replace(MEDIUM, bias=False)))) == 151_157_760
    assert count(audio_tower(AudioConfig(encoder=MEDIUM))) == 152_520_704
    assert count(text_tower(TextConfig(encoder=BASE))) == 104_854_956
    assert count(text_tower(TextConfig(style="bert", encoder=BASE))) == 104_961_792
