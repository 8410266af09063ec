"""The losses against the official ones: both forms, masks, weights, simulated replicas, and their gradients."""

from dataclasses import replace

import numpy as np
import torch
from helpers.golden_files import assert_close, assert_within, present, sizes, tensor

from vatt_edu.batch import Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import Pairs, vatt_loss


def _cases(data):
    return sorted({key.split("/")[0] for key in data if key.endswith("/config_json")})


def test_losses(golden):
    data = golden("losses")
    cases = _cases(data)
    assert cases
    for case in cases:
        _check(case, {key.split("/", 1)[1]: value for key, value in data.items() if key.startswith(case + "/")})


def _check(case, data):
    config = sizes(data)
    leaves = {
        name: tensor(data["all_" + name]).requires_grad_()
        for name in ("vid_toaud", "vid_totxt", "aud_tovid", "txt_tovid")
    }
    total = len(leaves["vid_toaud"])
    pairs = Pairs(
        Embeddings(
            video_va=leaves["vid_toaud"],
            audio_va=leaves["aud_tovid"],
            video_vt=leaves["vid_totxt"],
            text_vt=leaves["txt_tovid"].unflatten(0, (total, config["L"])),
        ),
        has_video=torch.ones(total, dtype=torch.bool),
        has_audio=present(data["audio_mask"], total),
        has_text=present(data["text_mask"], total),
        text_id=torch.full((total, config["L"]), -1),
    )
    settings = LossConfig(
        form=config["kind"],
        temperature=config["temperature"],
        weight_va=config["vid_aud_weight"],
        weight_vt=config["vid_txt_weight"],
        mask_mean="replica",
    )
    share = total // config["replicas"]
    replicas = [
        vatt_loss(_slice(pairs, start, start + share), settings, pairs, start) for start in range(0, total, share)
    ]
    stacked = {name: torch.stack([getattr(r, name) for r in replicas]) for name in ("nce", "mil_nce", "total")}
    assert_close(stacked["total"], data["loss_r"], 1e-5)
    for ours, weight, key in (
        (stacked["nce"], settings.weight_va, "vidaud_r"),
        (stacked["mil_nce"], settings.weight_vt, "vidtxt_r"),
    ):
        if weight:  # the official code does not compute a term without weight
            assert_close(ours * weight, data[key], 1e-5)
    assert_close(stacked["total"].mean(), data["loss"], 1e-5)

    gradients = torch.autograd.grad(stacked["total"].mean(), leaves.values(), allow_unused=True)
    largest = max(np.abs(data["g_" + name]).max() for name in leaves)
    for name, gradient in zip(leaves, gradients, strict=True):
        official = torch.from_numpy(data["g_" + name])
        ours = torch.zeros_like(official) if gradient is None else gradient
        error = (ours - official).abs().max()
        assert_within(error, max(1e-3 * official.abs().max(), 1e-6 * largest), f"{case}: {name}")


def _slice(pairs, start, stop):
    cut = {name: getattr(pairs, name)[start:stop] for name in ("has_video", "has_audio", "has_text", "text_id")}
    embeddings = Embeddings(**{name: value[start:stop] for name, value in vars(pairs.embeddings).items()})
    return replace(pairs, embeddings=embeddings, **cut)
