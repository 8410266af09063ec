"""What parity tests share: reading golden files and comparing with them."""

import json
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

MEASURED: list[dict[str, float]] = []  # what --record writes: each comparison, its difference and its bound
SPLINE = 2e-3  # the official spline is solved in float32; ours is exact
Golden = Mapping[str, np.ndarray]


def sizes(data: Golden, key: str = "config_json") -> dict:
    return json.loads(str(data[key]))


def weights(data: Golden, prefix: str = "") -> dict[str, np.ndarray]:
    start = "w:" + prefix
    return {key.removeprefix(start): value for key, value in data.items() if key.startswith(start)}


def tensor(array: np.ndarray) -> Tensor:
    value = torch.from_numpy(np.asarray(array))
    return value.float() if value.is_floating_point() else value.long()


def present(mask: np.ndarray | tuple, length: int) -> Tensor:
    """A mask over clips; an empty one means that all are there."""
    return tensor(np.asarray(mask)) > 0 if np.size(mask) else torch.ones(length, dtype=torch.bool)


def attention(layer: torch.nn.Module, x: Tensor, bias: Tensor | None) -> Tensor:
    """The attention weights of a layer, which its fused kernel does not give away."""
    queries, keys = (project(x).unflatten(-1, (layer.heads, -1)).transpose(1, 2) for project in (layer.q, layer.k))
    scale = queries.shape[-1] ** -0.5 if layer.scale is None else layer.scale
    logits = queries @ keys.transpose(-1, -2) * scale
    return (logits if bias is None else logits + bias).softmax(-1)


def whole_patches(signal: Tensor, patch: tuple[int, ...]) -> Tensor:
    """The part of a signal that fills patches: the official convolution drops the rest, ours refuses it."""
    for axis, size in enumerate(patch, 1):
        signal = signal.narrow(axis, 0, signal.shape[axis] // size * size)
    return signal


def bound(usual: float, towers: Iterable[tuple[torch.nn.Module, tuple[int, ...]]]) -> float:
    """``usual``, or the spline's 2e-3 where a tower's clip is not of the size of its position tables.

    Args:
        usual: The bound where no table is resampled.
        towers: Towers, each with the grid of the clip it gets.
    """
    return max(usual, SPLINE) if any(tuple(map(len, t.positions.tables)) != grid for t, grid in towers) else usual


def error(ours: Tensor, official: np.ndarray) -> tuple[float, float]:
    """Largest difference, and largest official value."""
    theirs = torch.from_numpy(np.asarray(official)).double()
    ours = ours.detach().double()
    assert ours.shape == theirs.shape
    return (ours - theirs).abs().max().item(), theirs.abs().max().item()


def assert_within(off: float, allowed: float, what: str = "", of: float = 1.0) -> None:
    """A difference is at most what is allowed; both are kept for ``--record``.

    Args:
        off: The difference.
        allowed: The most that it may be.
        what: Is compared, for the message.
        of: The size of which ``allowed`` is a share: the largest official value, or 1 for what is of that order.
    """
    MEASURED.append({"off": float(off), "allowed": float(allowed), "bound": float(allowed) / float(of)})
    assert off <= allowed, f"{what} off by {off:.3g}, allowed {allowed:.3g}"


def assert_close(ours: Tensor, official: np.ndarray, bound: float) -> None:
    """Largest difference at most ``bound`` x the largest official value (the bounds of design/interfaces.md)."""
    off, scale = error(ours, official)
    assert_within(off, bound * scale, of=scale or 1.0)
