"""Answers to the exercises of ``official_weights``."""

import math
from collections.abc import Callable

import numpy as np
import torch

from vatt_edu.config import EncoderConfig, VideoConfig
from vatt_edu.interop.official import from_official
from vatt_edu.teach.checks import official_weights as checks
from vatt_edu.towers import video_tower


def to_torch(key: str, array: np.ndarray) -> np.ndarray:
    """By the converter's own function."""
    return from_official(key, array).numpy()


def tower_parameters(layers: int, width: int, hidden: int, patch: int, rows: tuple[int, ...]) -> int:
    """By building one, on the meta device."""
    size = EncoderConfig(layers=layers, width=width, ff_width=hidden, heads=1, head_width=width)
    frames, side = patch // 192, 8  # of a tubelet: 3 x 8 x 8 numbers a frame
    video = VideoConfig(frames * rows[0], side * rows[1], side * rows[2], (frames, side, side), encoder=size)
    with torch.device("meta"):
        return sum(value.numel() for value in video_tower(video).parameters())


def parts_left_out(*names: str) -> Callable[..., int]:
    """The count without some of what a tower holds."""

    def count(layers: int, width: int, hidden: int, patch: int, rows: tuple[int, ...]) -> int:
        sizes = {
            "biases": width * (1 + 5 * layers) + layers * hidden,
            "agg": width,
            "output": layers * (width * width + width),
            "last norm": 2 * width,
        }
        return tower_parameters(layers, width, hidden, patch, rows) - sum(sizes[name] for name in names)

    return count


def grid_of_positions(layers: int, width: int, hidden: int, patch: int, rows: tuple[int, ...]) -> int:
    return tower_parameters(layers, width, hidden, patch, rows) + (math.prod(rows) - sum(rows)) * width


def of_kernels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[str, np.ndarray], np.ndarray]:
    return lambda key, array: change(array) if "kernel" in key else array


REFERENCES = [
    (checks.to_torch, to_torch),
    (checks.tower_parameters, tower_parameters),
]

WRONG = [
    (checks.to_torch, lambda key, x: x.copy(), "fits either way"),
    (checks.to_torch, lambda key, x: to_torch("a/kernel", x) if x.ndim > 1 else x, "looked up, row by row"),
    (checks.to_torch, of_kernels(lambda x: np.transpose(x)), "mixes time with color"),
    (checks.to_torch, of_kernels(lambda x: np.resize(x, (x.shape[-1], x.size // x.shape[-1]))), "never moves a number"),
    (checks.to_torch, of_kernels(lambda x: np.rollaxis(x, x.ndim - 1)), "a tokenizer is a matrix"),
    (checks.to_torch, of_kernels(lambda x: x.reshape(x.size // x.shape[-1], -1)), "must still turn"),
    (checks.to_torch, lambda key, x: to_torch("a/kernel", x), "biases are added"),
    (checks.to_torch, lambda key, x: -to_torch(key, x), "should return"),
    (checks.tower_parameters, parts_left_out("biases"), "also has a bias"),
    (checks.tower_parameters, parts_left_out("agg"), "one learned vector"),
    (checks.tower_parameters, parts_left_out("output"), "four matrices"),
    (checks.tower_parameters, parts_left_out("last norm"), "after the last layer"),
    (checks.tower_parameters, grid_of_positions, "add up, not multiply"),
    (checks.tower_parameters, parts_left_out("agg", "last norm"), "should return"),
]
