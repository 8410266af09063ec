"""Encoders against attention written out, and against another library's T5 buckets where the golden numbers end."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from helpers.tiny import ENCODER
from torch import nn

from vatt_edu import config
from vatt_edu.common_space import BatchNorm
from vatt_edu.config import TextConfig
from vatt_edu.encoder import Attention, Encoder, FeedForward, TextEncoder, agg_token, relative_buckets
from vatt_edu.model import VATT


def test_attention_written_out():
    layer = Attention(ENCODER).double()
    x = torch.randn(2, 5, 16, dtype=torch.float64)
    bias = torch.randn(1, 2, 5, 5, dtype=torch.float64)
    q, k, v = (m(x).view(2, 5, 2, 8).transpose(1, 2) for m in (layer.q, layer.k, layer.v))
    weights = (q @ k.transpose(2, 3) / math.sqrt(8) + bias).softmax(-1)
    expected = layer.o((weights @ v).transpose(1, 2).reshape(2, 5, 16))
    torch.testing.assert_close(layer(x, bias), expected, rtol=1e-12, atol=1e-12)


def test_attention_drops_nothing_in_eval():
    layer = Attention(replace(ENCODER, dropout=0.5)).eval()
    x = torch.randn(1, 4, 16)
    assert torch.equal(layer(x), layer(x))
    layer.train()
    assert not torch.equal(layer(x), layer(x))


def test_encoder_does_not_know_the_order_of_its_tokens():
    encoder = Encoder(ENCODER).double()
    x, order = torch.randn(2, 7, 16, dtype=torch.float64), torch.randperm(7)
    torch.testing.assert_close(encoder(x[:, order]), encoder(x)[:, order], rtol=1e-12, atol=1e-12)


def test_layer_is_pre_norm():
    layer = Encoder(ENCODER).layers[0]
    x = torch.randn(1, 3, 16)
    middle = x + layer.attention(F.layer_norm(x, (16,), eps=1e-6))
    expected = middle + layer.ff.wo(F.gelu(layer.ff.wi(F.layer_norm(middle, (16,), eps=1e-6))))
    torch.testing.assert_close(layer(x), expected)


def test_post_norm_normalizes_the_sum_and_has_no_final_norm():
    encoder = Encoder(replace(ENCODER, norm="post"))
    layer = encoder.layers[0]
    x = torch.randn(1, 3, 16)
    middle = F.layer_norm(x + layer.attention(x), (16,), eps=1e-6)
    expected = F.layer_norm(middle + layer.ff.wo(F.gelu(layer.ff.wi(middle))), (16,), eps=1e-6)
    torch.testing.assert_close(layer(x), expected)
    torch.testing.assert_close(encoder(x), encoder.layers[1](expected))


def test_geglu_and_biases():
    encoder = Encoder(replace(ENCODER, activation="geglu", bias=False))
    ff, x = encoder.layers[0].ff, torch.randn(2, 3, 16)
    expected = (F.gelu(x @ ff.wi_0.weight.T) * (x @ ff.wi_1.weight.T)) @ ff.wo.weight.T
    torch.testing.assert_close(ff(x), expected)
    biases = [name for name, _ in encoder.named_parameters() if name.endswith("bias")]
    assert biases
    assert all("norm" in name for name in biases)  # those of LayerNorm stay


@pytest.mark.parametrize(("activation", "function"), [("relu", F.relu), ("swish", F.silu), ("gelu", F.gelu)])
def test_activations(activation, function):
    ff, x = FeedForward(replace(ENCODER, activation=activation)), torch.randn(2, 3, 16)
    torch.testing.assert_close(ff(x), ff.wo(function(ff.wi(x))))


def test_dropout_acts_on_what_leaves_a_pre_norm_encoder_and_not_a_post_norm_one():
    x = torch.randn(4, 50, 16)
    zeros = {norm: (Encoder(replace(ENCODER, norm=norm, dropout=0.5)).train()(x) == 0).float().mean()
             for norm in ("pre", "post")}  # fmt: skip
    assert zeros["pre"].item() == pytest.approx(0.5, abs=0.05)  # 3,200 values
    assert zeros["post"] == 0


def test_nothing_attends_to_a_token_that_is_not_valid():
    encoder = Encoder(ENCODER).double().eval()
    x, valid = torch.randn(2, 7, 16, dtype=torch.float64), torch.tensor([[1] * 7, [1] * 4 + [0] * 3]).bool()
    out = encoder(x, valid)
    torch.testing.assert_close(out[0], encoder(x)[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(out[1, :4], encoder(x[1:, :4])[0], rtol=1e-12, atol=1e-12)


def test_text_encoder_normalizes_as_released():
    config = TextConfig(encoder=ENCODER)
    encoder = TextEncoder(config)
    layer = encoder.layers[0]
    assert isinstance(layer.attention_norm, torch.nn.RMSNorm)
    assert isinstance(layer.ff_norm, torch.nn.LayerNorm)
    assert isinstance(encoder.norm, torch.nn.RMSNorm)
    assert not [name for name, _ in encoder.named_parameters() if name.endswith("bias") and "ff_norm" not in name]


def test_text_norms_keep_full_precision_under_autocast():
    norm, x = TextEncoder(TextConfig(encoder=ENCODER)).norm, torch.randn(3, 16).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        normed = norm(x)
    written_out = x.double() / (x.double().square().mean(-1, keepdim=True) + 1e-6).sqrt()
    torch.testing.assert_close(normed.double(), written_out, rtol=1e-6, atol=0)  # bf16 would be 4e-3 off


@pytest.mark.parametrize(("buckets", "reach"), [(32, 64), (32, 128), (8, 20)])
def test_buckets_one_distance_at_a_time(buckets, reach):
    half, exact = buckets // 2, buckets // 4
    for distance in range(-300, 301):
        away = abs(distance)
        bucket = away
        if away >= exact:
            log = math.log(away / exact) / math.log(reach / exact)
            if abs(log * (half - exact) - round(log * (half - exact))) < 1e-5:
                continue  # the truncation of a whole number is the rounding's choice; golden/ pins it
            bucket = min(exact + int(log * (half - exact)), half - 1)
        bucket += half if distance > 0 else 0
        assert relative_buckets(torch.tensor([distance]), buckets, reach).item() == bucket


def test_agg_start_has_unit_length_on_average():
    agg = agg_token(20_000)
    assert agg.square().sum().item() == pytest.approx(1.0, abs=0.03)  # variance 1/width, 20,000 draws


@pytest.mark.parametrize("name", ["toy", "toy_agnostic", "base_base_small"])
def test_norms_have_the_official_epsilons(name: str) -> None:
    """Their effect is below the bound of parity: PyTorch's own default, 1e-5, would pass tests/parity unseen."""
    with torch.device("meta"):
        model = VATT(config.preset(name).model)
    norms = [module for module in model.modules() if isinstance(module, nn.LayerNorm | nn.RMSNorm)]
    assert len(norms) > 5
    assert {norm.eps for norm in norms} == {1e-6}
    assert {module.eps for module in model.modules() if isinstance(module, BatchNorm)} == {1e-5}
