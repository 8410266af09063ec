"""Official tensors and sizes (google-research/vatt) into our models and configurations.

The names are in ``official_keys.py``; layouts follow from them.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from vatt_edu.config import (
    AudioConfig,
    CommonSpaceConfig,
    EncoderConfig,
    MelConfig,
    ModelConfig,
    TextConfig,
    VideoConfig,
)
from vatt_edu.errors import UserError
from vatt_edu.interop.official_keys import PREFIXES, Part, official_key, official_keys, parts_of
from vatt_edu.model import VATT

__all__ = [
    "PREFIXES", "Part", "audio_config", "config_from_official", "encoder_config", "from_official", "load_official",
    "official_key", "official_keys", "part_from_official", "parts_of", "text_config", "video_config",
]  # fmt: skip

POST_WIDTH = 1024  # of the agnostic model's features, where the sizes do not say


def from_official(key: str, tensor: Shaped[np.ndarray, "..."]) -> Shaped[Tensor, "..."]:
    """An official tensor in our layout."""
    value = torch.from_numpy(np.array(tensor))
    return value.reshape(-1, value.shape[-1]).T.contiguous() if key.endswith("/kernel") else value


def part_from_official(
    part: Part, module: nn.Module, tensors: Mapping[str, Shaped[np.ndarray, "..."]], prefix: str = ""
) -> set[str]:
    """Loads official tensors into one part of a model, or into a tower that stands alone.

    Args:
        part: Which part ``module`` is.
        module: Where to load; every tensor of its state dict must be found.
        tensors: Official tensors by key.
        prefix: What the keys of this part begin with.

    Returns:
        The keys that were read.

    Raises:
        UserError: If a tensor is missing or has another shape.
    """
    keys, state = set(), {}
    for name, own in module.state_dict().items():
        key = prefix + official_key(part, name)
        if key not in tensors:
            raise UserError(f"official tensor {key} is missing; it becomes {part}.{name}")
        value = from_official(key, tensors[key])
        if value.shape != own.shape:
            raise UserError(f"official tensor {key} becomes {part}.{name} of shape {tuple(value.shape)}, "
                            f"the model has {tuple(own.shape)}: check the configuration")  # fmt: skip
        keys.add(key)
        state[name] = value
    module.load_state_dict(state)
    return keys


def load_official(model: VATT, tensors: Mapping[str, Shaped[np.ndarray, "..."]]) -> set[str]:
    """Loads a whole official model, ``tx_fac`` or ``ut_fac``, with ``released`` heads; returns the keys it read."""
    return {
        key
        for part, module in parts_of(model).items()
        for key in part_from_official(part, module, tensors, PREFIXES[part])
    }


def video_config(sizes: Mapping[str, Any]) -> VideoConfig:
    """The video tower of official sizes; its clip is what the position tables cover."""
    t, s = sizes["temporal_patch_size"], sizes["spatial_patch_size"]
    return VideoConfig(
        frames=t * sizes["max_temporal_buckets"],
        height=s * sizes["max_vertical_buckets"],
        width=s * sizes["max_horizontal_buckets"],
        tubelet=(t, s, s),
        encoder=encoder_config(sizes),
        **_projections(sizes),
    )


def audio_config(sizes: Mapping[str, Any]) -> AudioConfig:
    """The waveform tower of official sizes, or the spectrogram tower where they speak of one ("spectoral", sic)."""
    patch, tokens = sizes["temporal_patch_size"], sizes["max_temporal_buckets"]
    if "spectoral_patch_size" in sizes:
        bins = sizes["spectoral_patch_size"]
        mel = MelConfig(bins=bins * sizes["max_spectoral_buckets"], patch_frames=patch, patch_bins=bins)
        # The spectrogram may be a little longer than its whole patches; only the input's shape says by how much.
        frames = sizes.get("input_shape", (0,))[0]
        frames = frames if frames // patch == tokens else patch * tokens
        return AudioConfig(
            samples=frames * mel.hop,
            signal="log_mel",
            mel=mel,
            encoder=encoder_config(sizes),
            **_projections(sizes),
        )
    if sizes.get("temporal_patch_stride", patch) != patch:
        raise UserError("audio segments that overlap (temporal_patch_stride) are not supported")
    return AudioConfig(samples=patch * tokens, patch=patch, encoder=encoder_config(sizes), **_projections(sizes))


def text_config(sizes: Mapping[str, Any], words: int, style: Literal["t5", "bert"] = "t5") -> TextConfig:
    """The text tower of official sizes, for sentences of ``words`` words."""
    return TextConfig(
        vocab=sizes["vocab_size"],
        words=words,
        embedding_width=sizes["d_embedding"],
        relative_buckets=sizes.get("num_relative_buckets", 32),
        max_distance=sizes.get("max_relative_distance", 64),
        style=style,
        encoder=encoder_config(sizes),
    )


def config_from_official(sizes: Mapping[str, Any]) -> ModelConfig:
    """The model of an official ``tx_fac`` or ``ut_fac`` configuration.

    Args:
        sizes: ``d_va`` and ``d_vat``, and the official sizes: under ``unified`` those of the agnostic model; else under
            ``video``, ``audio`` and ``text``, with the number of ``words``. The head width ``d_kv`` is 64 where it is
            not given, since a checkpoint does not hold it.
    """
    spaces = CommonSpaceConfig(va_width=sizes["d_va"], vt_width=sizes["d_vat"])
    if "unified" in sizes:
        return _agnostic(sizes["unified"], spaces)
    return ModelConfig(
        video=video_config(sizes["video"]),
        audio=audio_config(sizes["audio"]),
        text=text_config(sizes["text"], sizes["words"]),
        common_space=spaces,
    )


def _agnostic(sizes: Mapping[str, Any], spaces: CommonSpaceConfig) -> ModelConfig:
    encoder, post = encoder_config(sizes), sizes.get("d_post_proj", POST_WIDTH)
    t, s, space = sizes["vid_temporal_patch_size"], sizes["vid_spatial_patch_size"], sizes["max_vid_spatial_buckets"]
    patch = sizes["aud_temporal_patch_size"]
    return ModelConfig(
        backbone="agnostic",
        video=VideoConfig(
            frames=t * sizes["max_vid_temporal_buckets"],
            height=s * space,
            width=s * space,
            tubelet=(t, s, s),
            pre_projection=True,
            post_projection=post,
            encoder=encoder,
        ),
        audio=AudioConfig(
            samples=patch * sizes["max_aud_temporal_buckets"],
            patch=patch,
            pre_projection=True,
            post_projection=post,
            encoder=encoder,
        ),
        text=TextConfig(
            vocab=sizes["txt_vocab_size"],
            words=sizes["max_txt_temporal_buckets"],
            embedding_width=sizes["txt_embedding_dim"],
            style="agnostic",
            post_projection=post,
            encoder=encoder,
        ),
        common_space=spaces,
    )


def encoder_config(sizes: Mapping[str, Any]) -> EncoderConfig:
    """The encoder of official sizes."""
    return EncoderConfig(
        layers=sizes["num_layers"],
        width=sizes["d_model"],
        ff_width=sizes["d_ff"],
        heads=sizes["num_heads"],
        head_width=sizes.get("d_kv", 64),
        dropout=sizes.get("dropout_rate", 0.1),
        norm="pre" if sizes.get("pre_norm", True) else "post",
        activation=sizes.get("activation", "gelu"),
        bias=sizes.get("use_bias", True),
    )


def _projections(sizes: Mapping[str, Any]) -> dict[str, Any]:
    post = sizes.get("d_post_proj", POST_WIDTH) if sizes.get("post_projection", False) else 0
    return {"pre_projection": sizes.get("pre_projection", False), "post_projection": post}
