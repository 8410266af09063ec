"""The losses against the official ones: both forms, masks, weights, simulated replicas, and their gradients."""

from dataclasses import replace

import numpy as np
import torch
from helpers.golden_files import assert_close, assert_within, present, sizes, tensor

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import GatheredEmbeddings, vatt_loss


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
    gathered = GatheredEmbeddings(
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
        vatt_loss(*_replica(gathered, start, start + share), settings, replace(gathered, first=start))
        for start in range(0, total, share)
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
        assert_within(error, max(1e-3 * official.abs().max(), 1e-6 * largest), f"{case}: {name}", of=largest)


def _replica(gathered, start, stop):
    """The embeddings of some of the clips, and their batch, whose signals do not matter."""
    size = stop - start
    names = ("has_video", "has_audio", "has_text", "text_id")
    batch = Batch(
        video=torch.zeros(size, 1, 1, 1, 3),
        audio=torch.zeros(size, 1),
        text=torch.zeros(*gathered.text_id[start:stop].shape, 1, dtype=torch.int64),
        index=torch.arange(size),
        **{name: getattr(gathered, name)[start:stop] for name in names},
    )
    return Embeddings(**{name: value[start:stop] for name, value in vars(gathered.embeddings).items()}), batch
