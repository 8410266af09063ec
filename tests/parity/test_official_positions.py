"""Position tables for clips of other sizes: the official spline, an exact one, and towers that use it."""

import re

import torch
from helpers.golden_files import SPLINE, assert_close, bound, sizes, tensor, weights, whole_patches

from vatt_edu.interop.official import audio_config, part_from_official, video_config
from vatt_edu.model import audio_tower, video_tower
from vatt_edu.positions import resized

LONG = 16  # rows from which the official float32 solution is not to be trusted


def test_tables(golden):
    data = golden("pos_interp")
    cases = [match for match in (re.fullmatch(r"exact_(\d+)_(\d+)", key) for key in data) if match]
    assert cases
    for case in cases:
        knots, rows = int(case[1]), int(case[2])
        table = tensor(data[f"table_{knots}"])
        assert_close(resized(table.double(), rows), data[case[0]], 1e-5)
        assert_close(resized(table, rows), data[case[0]], 1e-5)
        if knots <= LONG:
            assert_close(resized(table, rows), data[f"out_{knots}_{rows}"], SPLINE)


def test_video_of_another_size(golden):
    data = golden("pos_interp")
    config = video_config(sizes(data, "vit_config_json"))
    tower = video_tower(config).eval()
    _load("video", tower, data, "vit/_base/")
    video = whole_patches(tensor(data["vit_in"]), config.tubelet)
    grid = tower.grid_of(video)
    assert grid == data["vit_patch_conv"].shape[1:4] != config.grid
    _check(tower, video, grid, data, "vit_")
    assert_close(tower.positions(grid), data["vit_pos_only"], SPLINE)
    assert_close(tower.tokenizer(tower.patches(video)), data["vit_tokens"], 1e-5)


def test_a_waveform_of_another_length(golden):
    data = golden("pos_interp")
    config = audio_config(sizes(data, "wat_config_json"))
    tower = audio_tower(config).eval()
    _load("audio", tower, data, "wat/_base/")
    audio = whole_patches(tensor(data["wat_in"])[..., 0], (config.patch,))
    assert tower.grid_of(audio) != config.grid
    _check(tower, audio, tower.grid_of(audio), data, "wat_")


def _load(part, tower, data, prefix):
    assert part_from_official(part, tower, weights(data, prefix)) == set(weights(data, prefix))


def _check(tower, signal, grid, data, prefix):
    with torch.no_grad():
        pooled, hidden = tower(signal)
    limit = bound(1e-5, [(tower, grid)])
    assert limit == SPLINE
    assert_close(pooled, data[prefix + "features_pooled"], limit)
    assert_close(hidden, data[prefix + "features"].reshape(hidden.shape), limit)
