"""The encoder alone, in the official variants: pre- and post-norm, activations, with and without biases, masked."""

import torch
from helpers.golden_files import assert_close, attention, sizes, tensor, weights

from vatt_edu.encoder import Encoder
from vatt_edu.interop.official import encoder_config, part_from_official


def test_encoder_variants(golden):
    data = golden("encoder_variants")
    variants = sorted({key.split("/")[0] for key in data if key.endswith("/config_json")})
    assert variants
    for variant in variants:
        _check(variant, data)


def _check(variant, data):
    encoder = Encoder(encoder_config(sizes(data, f"{variant}/config_json"))).eval()
    official = weights(data, f"{variant}/")
    assert part_from_official("encoder", encoder, official) == set(official)

    seen = {}
    for number, layer in enumerate(encoder.layers):
        layer.attention.register_forward_pre_hook(
            lambda m, args, n=number: seen.__setitem__(f"{variant}/attn{n}", attention(m, *args))
        )
    x, valid = tensor(data[f"{variant}/in_x"]), tensor(data[f"{variant}/in_mask"]) > 0
    with torch.no_grad():
        out = encoder(x, valid)
    assert_close(out, data[f"{variant}/out"], 1e-5)
    compared = [key for key in seen if key in data]
    assert compared
    for key in compared:
        assert_close(seen[key], data[key], 1e-5)
