"""The official code's names and shapes, translated to ours and back (google-research/vatt).

One table of rules maps each of our parameter names to the official checkpoint key; layouts follow from the key: dense
kernels are ``(in, out)``, convolution kernels ``(*patch, in, out)``, everything else is stored as we store it.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vatt_edu.config import AudioConfig, CommonSpaceConfig, EncoderConfig, ModelConfig, TextConfig, VideoConfig
from vatt_edu.errors import UserError

_LAYER = "model/layer_with_weights-0/"
_HEAD = _LAYER + "_head_layer/_bridge_heads/0/"

# Where a part of our model lives in an official checkpoint. The official config calls both encoders' width "d_model".
PREFIXES = {
    "video": _LAYER + "_base_layer/vid_backbone/_base/",
    "audio": _LAYER + "_base_layer/aud_backbone/_base/",
    "text": _LAYER + "_base_layer/txt_backbone/",
    "common_space": _HEAD,
}

_AXES = {
    "video": ("temporal", "vertical", "horizontal"),
    "audio": ("temporal",),
}
_RAW_RULES = [
    (r"agg$", "agg_embedding"),
    (r"positions\.norm\.", "pos_embedding_lookup/layernorm/"),
    (r"encoder\.layers\.(\d+)\.attention_norm\.", r"tx/layers/\1/layer_norm/"),
    (r"encoder\.layers\.(\d+)\.attention\.", r"tx/layers/\1/mha/"),
    (r"encoder\.layers\.(\d+)\.ff_norm\.", r"tx/layers/\1/feed_forward/layer_norm/"),
    (r"encoder\.layers\.(\d+)\.ff\.", r"tx/layers/\1/feed_forward/mlp/"),
    (r"encoder\.norm\.", "tx/final_layer_norm/"),
]
_DENSE = {"weight": "kernel"}
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
_RULES = {
    "video": [(r"tokenizer\.", "voxel_to_patch/"), *_RAW_RULES],
    "audio": [(r"tokenizer\.", "wave_to_patch/"), *_RAW_RULES],
    "text": [
        (r"words\.weight$", "embedding/embeddings"),
        (r"agg$", "agg_embedding"),
        (r"pre_projection\.", "pre_proj/"),
        (
            r"encoder\.relative_bias\.weight$",
            "base_lm/layers/0/self_attention/attention/relative_attention_bias/embeddings",
        ),
        (r"encoder\.layers\.(\d+)\.attention_norm\.weight$", r"base_lm/layers/\1/self_attention/layer_norm/weight"),
        (r"encoder\.layers\.(\d+)\.attention\.", r"base_lm/layers/\1/self_attention/attention/"),
        (r"encoder\.layers\.(\d+)\.ff_norm\.", r"base_lm/layers/\1/feed_forward/layer_norm/"),
        (r"encoder\.layers\.(\d+)\.ff\.", r"base_lm/layers/\1/feed_forward/mlp/"),
        (r"encoder\.norm\.weight$", "base_lm/final_layer_norm/weight"),
    ],
    "common_space": [
        (r"video_to_va\.hidden\.", "vid_to_hid/"),
        (r"video_to_va\.hidden_norm\.", "hid_to_va/pre_bn/"),
        (r"video_to_va\.out\.", "hid_to_va/dense/"),
        (r"video_to_va\.out_norm\.", "hid_to_va/bn/"),
        (r"audio_to_va\.out\.", "aud_to_va/"),
        (r"va_to_vt\.out\.", "va_to_vat/dense/"),
        (r"va_to_vt\.out_norm\.", "va_to_vat/bn/"),
        (r"text_to_vt\.out\.", "txt_to_vat/"),
    ],
}


def official_key(part: str, name: str) -> str:
    """The official key, below the part's prefix, of one of our names.

    Args:
        part: ``"video"``, ``"audio"``, ``"text"`` or ``"common_space"``.
        name: A name in the state dict of that part, for example ``"encoder.layers.0.attention.q.weight"``.

    Raises:
        KeyError: If the official model has no such tensor (heads other than ``released``).
    """
    table = re.fullmatch(r"positions\.tables\.(\d+)", name)
    if table:
        return f"pos_embedding_lookup/{_AXES[part][int(table[1])]}_position_embeddings/embeddings"
    for pattern, replacement in _RULES[part]:
        key, count = re.subn("^" + pattern, replacement, name)
        if count and pattern.endswith("$"):
            return key
        if count:
            head, _, leaf = key.replace(".", "/").rpartition("/")
            return f"{head}/{(_NORM if 'norm' in name else _DENSE).get(leaf, leaf)}"
    raise KeyError(f"{part}: the official model has no counterpart of {name}")


def from_official(key: str, tensor: np.ndarray) -> Tensor:
    """An official tensor in our layout."""
    value = torch.from_numpy(np.array(tensor))
    return value.reshape(-1, value.shape[-1]).T.contiguous() if key.endswith("/kernel") else value


def part_from_official(part: str, module: nn.Module, tensors: Mapping[str, np.ndarray], prefix: str = "") -> set[str]:
    """Loads official tensors into one part of a model, or into a tower that stands alone.

    Args:
        part: Which part ``module`` is: ``"video"``, ``"audio"``, ``"text"`` or ``"common_space"``.
        module: Where to load; every tensor of its state dict must be found.
        tensors: Official tensors by key.
        prefix: What the keys of this part begin with.

    Returns:
        The keys that were read.

    Raises:
        UserError: If a tensor is missing or has another shape.
    """
    read, state = set(), {}
    for name, own in module.state_dict().items():
        key = prefix + official_key(part, name)
        if key not in tensors:
            raise UserError(f"official tensor {key} is missing; it becomes {part}.{name}")
        value = from_official(key, tensors[key])
        if value.shape != own.shape:
            raise UserError(f"official tensor {key} becomes {part}.{name} of shape {tuple(value.shape)}, "
                            f"the model has {tuple(own.shape)}: check the configuration")  # fmt: skip
        read.add(key)
        state[name] = value
    module.load_state_dict(state)
    return read


def load_official(model: nn.Module, tensors: Mapping[str, np.ndarray]) -> set[str]:
    """Loads a whole official model (``tx_fac``) into a ``VATT`` with ``released`` heads; returns the keys it read."""
    return {
        key
        for part, prefix in PREFIXES.items()
        for key in part_from_official(part, getattr(model, part), tensors, prefix)
    }


def video_config(sizes: Mapping[str, Any]) -> VideoConfig:
    """The video tower of official sizes; its clip is what the position tables cover."""
    t, s = sizes["temporal_patch_size"], sizes["spatial_patch_size"]
    return VideoConfig(
        frames=t * sizes["max_temporal_buckets"],
        height=s * sizes["max_vertical_buckets"],
        width=s * sizes["max_horizontal_buckets"],
        tubelet=(t, s, s),
        encoder=_encoder(sizes),
    )


def audio_config(sizes: Mapping[str, Any]) -> AudioConfig:
    """The waveform tower of official sizes."""
    patch = sizes["temporal_patch_size"]
    if sizes.get("temporal_patch_stride", patch) != patch:
        raise UserError("audio segments that overlap (temporal_patch_stride) are not supported")
    return AudioConfig(samples=patch * sizes["max_temporal_buckets"], patch=patch, encoder=_encoder(sizes))


def text_config(sizes: Mapping[str, Any], words: int) -> TextConfig:
    """The text tower of official sizes, for sentences of ``words`` words."""
    return TextConfig(
        vocab=sizes["vocab_size"],
        words=words,
        embedding_width=sizes["d_embedding"],
        relative_buckets=sizes.get("num_relative_buckets", 32),
        max_distance=sizes.get("max_relative_distance", 64),
        encoder=_encoder(sizes),
    )


def config_from_official(sizes: Mapping[str, Any]) -> ModelConfig:
    """The model of an official ``tx_fac`` configuration.

    Args:
        sizes: The official sizes under ``video``, ``audio`` and ``text``, with ``d_va``, ``d_vat`` and ``words``. The
            head width ``d_kv`` is 64 where it is not given, since a checkpoint does not hold it.
    """
    return ModelConfig(
        video=video_config(sizes["video"]),
        audio=audio_config(sizes["audio"]),
        text=text_config(sizes["text"], sizes["words"]),
        common_space=CommonSpaceConfig(va_width=sizes["d_va"], vt_width=sizes["d_vat"]),
    )


def _encoder(sizes: Mapping[str, Any]) -> EncoderConfig:
    return EncoderConfig(
        layers=sizes["num_layers"],
        width=sizes["d_model"],
        ff_width=sizes["d_ff"],
        heads=sizes["num_heads"],
        head_width=sizes.get("d_kv", 64),
        dropout=sizes.get("dropout_rate", 0.1),
    )
