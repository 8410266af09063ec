"""VATT in PyTorch: from raw video, raw audio and raw text to aligned representations.

The names below follow the data: a ``Batch`` of raw signals becomes tokens with positions, some are dropped, towers
encode the rest, a common space compares them, losses teach it. The names that need more than torch, numpy and jaxtyping
(``load``, ``minitube``) are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from vatt_edu import config, losses
from vatt_edu.batch import Batch, Embeddings
from vatt_edu.tokens import PatchTokenizer, WordEmbedding, audio_patches, video_patches
from vatt_edu.positions import AxisPositions
from vatt_edu.droptoken import keep_count, keep_indices
from vatt_edu.encoder import Encoder, TextEncoder
from vatt_edu.common_space import CommonSpace
from vatt_edu.model import VATT
from vatt_edu.losses import vatt_loss

if TYPE_CHECKING:
    from vatt_edu import minitube
    from vatt_edu.evaluation.embed import load
    from vatt_edu.samples import shipped

_LATER = {"load": "vatt_edu.evaluation.embed", "shipped": "vatt_edu.samples"}

__all__ = [
    "Batch", "Embeddings", "video_patches", "audio_patches", "PatchTokenizer", "WordEmbedding", "AxisPositions",
    "keep_count", "keep_indices", "Encoder", "TextEncoder", "CommonSpace", "VATT", "vatt_loss", "config", "losses",
    "load", "minitube", "shipped",
]  # fmt: skip  # in teaching order


def __getattr__(name: str) -> Any:
    if name == "minitube":
        return importlib.import_module("vatt_edu.minitube")
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module 'vatt_edu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
