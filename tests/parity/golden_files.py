"""What parity tests share: reading golden files and comparing with them."""

import json
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

Golden = Mapping[str, np.ndarray]


def sizes(data: Golden, key: str = "config_json") -> dict:
    return json.loads(str(data[key]))


def weights(data: Golden, prefix: str = "") -> dict[str, np.ndarray]:
    start = "w:" + prefix
    return {key.removeprefix(start): value for key, value in data.items() if key.startswith(start)}


def tensor(array: np.ndarray) -> Tensor:
    value = torch.from_numpy(np.asarray(array))
    return value.float() if value.is_floating_point() else value.long()


def assert_close(ours: Tensor, official: np.ndarray, bound: float) -> None:
    """Largest difference at most ``bound`` x the largest official value (the bounds of design/interfaces.md)."""
    official = torch.from_numpy(np.asarray(official)).double()
    ours = ours.detach().double()
    assert ours.shape == official.shape
    error = (ours - official).abs().max().item()
    assert error <= bound * official.abs().max().item(), f"off by {error:.3g}, scale {official.abs().max():.3g}"
