"""Costs in closed form against real modules, torch's counter of FLOPs, autograd's memory, and the paper's tables."""

import json
import math
from dataclasses import replace

import pytest
import torch
from helpers import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vatt_edu import cost
from vatt_edu.cli import main
from vatt_edu.config import (
    PRESETS,
    AudioConfig,
    CommonSpaceConfig,
    EncoderConfig,
    MelConfig,
    TextConfig,
    VideoConfig,
    preset,
)
from vatt_edu.config.model import HEADS
from vatt_edu.encoder import Encoder
from vatt_edu.model import VATT, WordTower

BASE = EncoderConfig()
MEDIUM = EncoderConfig(width=1024, ff_width=4096, heads=16)
LARGE = EncoderConfig(layers=24, width=1024, ff_width=4096, heads=16)

# Paper, Tables 5 and 6: GFLOPs of a forward call.
TABLE_5 = {0.25: 188.1, 0.5: 375.4, 0.75: 574.2, 1.0: 784.8}
TABLE_6 = {(32, 224, 1.0): 548.1, (64, 224, 1.0): 1222.1, (32, 320, 1.0): 1252.3, (32, 320, 0.75): 898.9,
           (32, 320, 0.5): 572.5, (32, 320, 0.25): 279.8}  # fmt: skip
# The same counts by hand (reference): one product, both.
BY_HAND_5 = {1.0: (778.2, 865.3), 0.75: (570.8, 619.8), 0.5: (374.3, 396.1), 0.25: (188.6, 194.1)}
BY_HAND_6 = {
    (32, 224, 1.0): (544.2, 604.7),
    (64, 224, 1.0): (1208.9, 1450.8),
    (32, 320, 1.0): (1238.6, 1490.4),
    (32, 320, 0.75): (886.9, 1028.6),
    (32, 320, 0.5): (566.6, 629.6),
    (32, 320, 0.25): (277.8, 293.6),
}
TABLE_1 = {"base": (BASE, 9.09), "medium": (MEDIUM, 15.02), "large": (LARGE, 29.80)}  # TFLOPs of 12 views


def size(module: nn.Module) -> int:
    return sum(value.numel() for value in module.state_dict().values())


def on_meta(config):
    with torch.device("meta"):
        return VATT(config)


def parts(tower: nn.Module) -> dict[str, int]:
    """Sizes of a tower's parts, by name."""
    sizes = {name: size(part) for name, part in tower.named_children()} | {"agg": tower.agg.numel()}
    if isinstance(tower, WordTower):
        sizes["words"] = sizes.pop("tokenizer")
    return {**{name: count for name, count in sizes.items() if count}, "total": size(tower)}


def matches(config) -> None:
    model, sizes = on_meta(config), cost.parameters(config)
    assert {name: sizes[name] for name in ("video", "audio", "text")} == {
        name: parts(getattr(model, name)) for name in ("video", "audio", "text")
    }
    assert sizes.get("encoder", {}).get("total", 0) == (size(model.encoder) if model.encoder else 0)
    weights = sum(value.numel() for value in model.common_space.parameters())
    assert sizes["common_space"]["weights"] == weights
    assert sizes["common_space"]["total"] == size(model.common_space)
    assert sizes["total"] == size(model)
    assert sizes["trained"] == sum(value.numel() for value in model.parameters() if value.requires_grad)


@pytest.mark.parametrize("name", list(PRESETS))
def test_parameters_of_presets_are_those_of_the_modules(name: str) -> None:
    matches(preset(name).model)


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("train_words", [False, True])
def test_parameters_of_every_head(heads: str, train_words: bool) -> None:
    config = tiny.model_config(common_space=tiny.space(heads))
    matches(replace(config, text=replace(config.text, train_words=train_words)))


OPTIONS = {
    "bert": {"text": TextConfig(20, 5, 12, style="bert", encoder=replace(tiny.ENCODER, bias=False))},
    "joint": {"common_space": CommonSpaceConfig("joint", 9, 9)},
    "agg_position": {"agg_position": True},
    "no positions": {"positions": "none"},
    "no layers": {"video": VideoConfig(4, 12, 8, (2, 4, 4), encoder=replace(tiny.ENCODER, layers=0))},
    "post-norm, gated": {
        "video": VideoConfig(4, 12, 8, (2, 4, 4), encoder=replace(tiny.ENCODER, norm="post", activation="geglu"))
    },
    "gated T5": {"text": TextConfig(20, 5, 12, encoder=replace(tiny.ENCODER, activation="geglu"))},
    "projections": {
        "audio": AudioConfig(64, patch=8, pre_projection=True, post_projection=7, encoder=tiny.ENCODER)
    },
    "spectrogram": {
        "audio": AudioConfig(
            12 * 1_024, "log_mel", mel=MelConfig(bins=20, patch_frames=4, patch_bins=5),
            encoder=replace(tiny.ENCODER, bias=False),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPTIONS))
def test_every_option_of_the_model(name: str) -> None:
    config = tiny.model_config(**OPTIONS[name])
    matches(config)
    model, batch = VATT(config).eval(), tiny.random_batch(config, 2, 3)
    assert counted(model, batch) == cost.flops(config, 3)["total"].here * 2 + spectrum(config) * 2


def spectrum(config) -> int:
    """The product of the mel matrix with the spectrum, which is the reading of a signal and not the model's."""
    if config.audio.signal == "waveform":
        return 0
    mel = config.audio.mel
    return 2 * -(-config.audio.samples // mel.hop) * (mel.window // 2 + 1) * mel.bins


@pytest.mark.parametrize(
    ("name", "video", "audio", "text", "head", "total", "trained"),
    [  # official_vatt.md, section 14
        ("base_base_small", 87_446_016, 86_078_976, 38_699_052, 1_316_608, 213_540_652, 193_877_292),
        ("medium_base_small", 154_343_424, 86_078_976, 38_699_052, 1_447_680, 280_569_132, 260_905_772),
        ("large_base_small", 305_498_112, 86_078_976, 38_699_052, 1_447_680, 431_723_820, 412_060_460),
    ],
)
def test_parameters_of_the_released_models(
    name: str, video: int, audio: int, text: int, head: int, total: int, trained: int
) -> None:
    counts = cost.parameters(preset(name).model)
    assert [counts[part]["total"] for part in ("video", "audio", "text", "common_space")] == [video, audio, text, head]
    assert (counts["total"], counts["trained"]) == (total, trained)
    assert counts["text"]["words"] == 19_660_800
    assert counts["common_space"]["statistics"] == 2_560


@pytest.mark.parametrize(
    ("name", "encoder", "total", "trained"),
    [  # official_vatt.md, section 14
        ("agnostic_base", 85_056_000, 113_628_928, 93_965_568),
        ("agnostic_medium", 151_156_736, 182_653_696, 162_990_336),
        ("agnostic_large", 302_311_424, 333_808_384, 314_145_024),
    ],
)
def test_parameters_of_agnostic_models(name: str, encoder: int, total: int, trained: int) -> None:
    counts = cost.parameters(preset(name).model)
    assert (counts["encoder"]["total"], counts["total"], counts["trained"]) == (encoder, total, trained)
    assert counts["common_space"]["total"] == 1_709_824


def within(ours: float, paper: float, bound: float) -> bool:
    return abs(ours / paper - 1) <= bound


@pytest.mark.parametrize("keep", list(TABLE_5))
def test_table_5(keep: float) -> None:
    config = preset("medium_base_small")
    total = cost.flops(config.model, config.data.candidates, keep)["total"]
    assert within(total.one_product / 1e9, TABLE_5[keep], 0.015)
    one, both = BY_HAND_5[keep]
    assert total.one_product / 1e9 == pytest.approx(one, abs=0.15)
    assert total.both_products / 1e9 == pytest.approx(both, abs=0.15)
    assert total.both_products / 1e9 > 1.03 * TABLE_5[keep]


@pytest.mark.parametrize("case", list(TABLE_6))
def test_table_6(case: tuple[int, int, float]) -> None:
    frames, pixels, keep = case
    flops = cost.tower_flops(VideoConfig(frames, pixels, pixels, encoder=MEDIUM), keep)
    assert within(flops.one_product / 1e9, TABLE_6[case], 0.015)
    one, both = BY_HAND_6[case]
    assert flops.one_product / 1e9 == pytest.approx(one, abs=0.06)
    assert flops.both_products / 1e9 == pytest.approx(both, abs=0.06)
    assert flops.both_products / 1e9 > 1.03 * TABLE_6[case]


@pytest.mark.parametrize("name", list(TABLE_1))
def test_table_1_out_of_sample(name: str) -> None:
    encoder, paper = TABLE_1[name]
    flops = cost.tower_flops(VideoConfig(32, 320, 320, encoder=encoder)) * 12
    assert within(flops.one_product / 1e12, paper, 0.015)
    assert flops.both_products / 1e12 > 1.1 * paper


def counted(module: nn.Module, *inputs, **options) -> int:
    # The math kernel is made of products that torch counts; of its fused one for CPUs it counts nothing.
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        module(*inputs, **options)
    return counter.get_total_flops()


AGNOSTIC = {
    "backbone": "agnostic",
    "video": VideoConfig(4, 12, 8, (2, 4, 4), pre_projection=True, post_projection=7, encoder=tiny.ENCODER),
    "audio": AudioConfig(64, patch=8, pre_projection=True, post_projection=7, encoder=tiny.ENCODER),
    "text": TextConfig(20, 5, 12, style="agnostic", post_projection=7, encoder=tiny.ENCODER),
}


@pytest.mark.parametrize("keep", [1.0, 0.5])
@pytest.mark.parametrize("changes", [{}, {"common_space": CommonSpaceConfig("deep_audio", 10, 6)}, AGNOSTIC])
def test_flops_are_those_that_torch_counts(keep: float, changes: dict) -> None:
    config = tiny.model_config(**changes)
    matches(config)
    clips, lines = 4, 3
    model, batch = VATT(config).train(), tiny.random_batch(config, clips, lines)
    kept = {
        name: torch.arange(int(keep * math.prod(getattr(config, name).grid))) for name in ("video", "audio") if keep < 1
    }
    flops = cost.flops(config, lines, keep)["total"] * clips
    assert counted(model, batch, kept=kept) == flops.here
    assert flops.here == flops.both_products if keep == 1 else flops.here < flops.both_products
    assert flops.both_products - flops.one_product == flops.product > 0


@given(
    layers=st.integers(1, 3), width=st.integers(1, 5), ff=st.integers(1, 40), heads=st.integers(1, 4),
    head_width=st.integers(1, 8), tokens=st.integers(1, 20),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_any_encoder(layers: int, width: int, ff: int, heads: int, head_width: int, tokens: int) -> None:
    config = EncoderConfig(layers, 4 * width, ff, heads, head_width, 0.0)
    encoder = Encoder(config)
    assert cost.encoder_parameters(config) == size(encoder)
    assert cost.encoder_flops(config, tokens).here == counted(encoder, torch.zeros(1, tokens, 4 * width))


def kept_bytes(module: nn.Module, x: torch.Tensor) -> int:
    """Bytes of all tensors that autograd keeps, each storage once, parameters left out."""
    own = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    sizes = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = module(x)
    assert output.requires_grad  # and so everything kept is still there: no address was used twice
    return sum(sizes.values())


@pytest.mark.parametrize("tokens", [33, 256])
def test_activations_are_what_autograd_keeps(tokens: int) -> None:
    config = EncoderConfig(3, 128, 512, 4, 32, 0.0)
    encoder, x = Encoder(config).train(), torch.randn(2, tokens, 128, requires_grad=True)
    size = kept_bytes(encoder, x)
    assert 2 * cost.encoder_activations(config, tokens) == pytest.approx(size, rel=0.03)


def test_activations_and_traffic_grow_with_what_they_should() -> None:
    config = preset("toy")
    small, large = cost.cost(config, 1), cost.cost(config, 8, keep=0.5, processes=4)
    assert small["activations"]["text"] * 8 == large["activations"]["text"]
    assert large["activations"]["video"] < small["activations"]["video"] * 8 * 0.51
    assert small["traffic"]["embeddings"] == small["traffic"]["gradients"] == 0
    clip = 16 * 56 * 56 * 3 + 4 * 51_200 + 4 * 16 * 8
    assert (small["traffic"]["batch"], large["traffic"]["batch"]) == (clip, 8 * clip)
    assert large["traffic"]["gradients"] == 2 * 3 * 4 * small["parameters"]["trained"] // 4
    marks = 8 * (3 + 4)  # three masks, four lines
    assert large["traffic"]["embeddings"] == 3 * 8 * (3 * 4 * (128 + 128 + 5 * 128) + marks)
    assert small["state"] == 4 * (small["parameters"]["total"] + 3 * small["parameters"]["trained"])


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cost", "medium_base_small", "--keep", "0.5"]
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["parameters"]["total"] == 280_569_132
    assert report["flops"]["total"]["one_product"] / 1e9 == pytest.approx(374.3, abs=0.1)
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "280,569,132  of which trained 260,905,772" in shown
    row = next(line.split() for line in shown.splitlines() if line.split()[:1] == ["total"])
    assert (float(row[1]), float(row[2])) == (pytest.approx(374.3, abs=0.1), pytest.approx(396.1, abs=0.1))
    assert main(["cost", "medium_base_small", "--frames", "64", "--size", "320", "--batch", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tokens"]["video"] == [16, 20, 20]
    assert report["flops"]["video"]["tokenizer"] == 2 * 6_400 * 2 * 3_072 * 1_024


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cost", "none"], "unknown preset 'none'"),
        (["cost", "toy", "--keep", "0"], "--keep in (0, 1]"),
        (["cost", "toy", "--frames", "7"], "video.frames = 7 is not a positive multiple"),
        (["cost", "toy", "--batch", "0"], "--batch and --processes must be at least 1"),
    ],
)
def test_bad_words(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1


H100 = cost.ACCELERATORS[0]


def test_a_whole_training_by_hand() -> None:
    """One clip of the toy is so many FLOPs; the rest is written out in seconds, cores and dollars."""
    config = preset("toy")
    run = cost.run_cost(
        config, H100, 4, steps=1_000, batch=40, keep=1.0, utilization=0.25, price=2.5, cores=8, clips_a_second=5.0
    )
    forward = cost.flops(config.model, config.data.candidates)["total"].here
    seconds = 3 * forward * 40 / (4 * 0.25 * 989e12) * 1_000
    assert run["flops"] == 3 * forward * 40 * 1_000
    assert run["compute_hours"] * 3600 == pytest.approx(seconds)
    assert run["decode_hours"] * 3600 == pytest.approx(1_000 * 40 / (4 * 8 * 5))
    assert run["hours"] == run["decode_hours"] > run["compute_hours"]  # a toy waits for its clips
    assert run["energy"] == pytest.approx(run["hours"] * 4 * 0.7)
    assert run["money"] == pytest.approx(run["hours"] * 4 * 2.5)
    ten = cost.cost(config, 10)
    assert run["memory"] == pytest.approx(ten["state"] + ten["activations"]["total"])


@given(
    count=st.integers(1, 512), utilization=st.floats(0.01, 1), keep=st.sampled_from([0.25, 0.5, 1.0]),
    cores=st.integers(1, 128), batch=st.sampled_from([128, 2048]),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_chips_share_the_time_and_not_the_bill(
    count: int, utilization: float, keep: float, cores: int, batch: int
) -> None:
    options = {"utilization": utilization, "keep": keep, "cores": cores, "batch": batch}
    one, many = (cost.run_cost(preset("base_base_small"), H100, chips, **options) for chips in (1, count))
    assert many["compute_hours"] * count / many["passes"] == pytest.approx(one["compute_hours"] / one["passes"])
    assert many["decode_hours"] * count == pytest.approx(one["decode_hours"])
    assert many["money"] == pytest.approx(many["hours"] * count * 3.0)
    assert many["money"] <= one["money"] * (1 + 1e-9)  # less where the batch fits at once
    assert many["energy"] / many["money"] == pytest.approx(one["energy"] / one["money"])
    assert many["memory"] <= one["memory"]
    faster = cost.run_cost(preset("base_base_small"), H100, count, **{**options, "utilization": 1.0})
    assert faster["compute_hours"] == pytest.approx(many["compute_hours"] * utilization)
    assert faster["decode_hours"] == many["decode_hours"]


def test_a_batch_that_does_not_fit_pays_a_pass_more() -> None:
    """Medium's share of 2,048 clips is too large on 8 chips of 141 GB, and on 32 it is not; what is needed stays."""
    few, many = (cost.run_cost(preset("medium_base_small"), cost.ACCELERATORS[1], count) for count in (8, 32))
    assert few["memory"] > 141e9 > many["memory"]
    assert (few["passes"], many["passes"]) == (4, 3)
    assert few["flops"] == many["flops"]
    assert few["compute_hours"] == pytest.approx(many["compute_hours"] * 4 * 4 / 3)


def test_chips_have_a_source() -> None:
    for chip in cost.ACCELERATORS:
        assert chip.source.startswith("https://")
        assert 1e14 < chip.peak < 1e15  # dense: with sparsity NVIDIA's would lie above
        assert chip.peak / chip.bandwidth > 100  # FLOPs for each byte: all of them starve on element-wise work
