"""The official sizes of a model, read off the shapes of a checkpoint's tensors.

Almost everything is in them: widths, layers, patches, tables. What is not: how many heads share the width of the
queries (a head is 64 wide in every released model; the text tower's table of relative positions does tell), and how
many words a sentence has where no table counts them. A configuration file supplies these, and wins over the shapes.
"""

import re
from collections.abc import Mapping
from typing import Any

from vatt_edu.errors import UserError

Shapes = Mapping[str, tuple[int, ...]]
HEAD_WIDTH = 64
WORDS = 16


def video(shapes: Shapes, prefix: str) -> dict[str, Any]:
    """Sizes of the video tower whose keys begin with ``prefix``."""
    patch = _shape(shapes, f"{prefix}voxel_to_patch/kernel", 5)
    rows = {axis: _rows(shapes, prefix, axis) for axis in ("temporal", "vertical", "horizontal")}
    return {
        "temporal_patch_size": patch[0],
        "spatial_patch_size": patch[1],
        **{f"max_{axis}_buckets": count for axis, count in rows.items()},
        **_positioned(shapes, prefix),
    }


def audio(shapes: Shapes, prefix: str) -> dict[str, Any]:
    """Sizes of the waveform or the spectrogram tower whose keys begin with ``prefix``."""
    spectrum = f"{prefix}spectrum_to_patch/kernel"
    if spectrum in shapes:
        frames, bins, *_ = _shape(shapes, spectrum, 4)
        return {
            "temporal_patch_size": frames,
            "spectoral_patch_size": bins,
            "max_temporal_buckets": _rows(shapes, prefix, "temporal"),
            "max_spectoral_buckets": _rows(shapes, prefix, "spectoral"),
            **_positioned(shapes, prefix),
        }
    patch = _shape(shapes, f"{prefix}wave_to_patch/kernel", 3)[0]
    return {
        "temporal_patch_size": patch,
        "temporal_patch_stride": patch,
        "max_temporal_buckets": _rows(shapes, prefix, "temporal"),
        **_positioned(shapes, prefix),
    }


def text(shapes: Shapes, prefix: str) -> dict[str, Any]:
    """Sizes of the T5-style text tower whose keys begin with ``prefix``."""
    if f"{prefix}base_lm/tx/layers/0/mha/q/kernel" in shapes:
        raise UserError("the checkpoint's text tower is the BERT option, with which no whole model is converted")
    vocab, width = _shape(shapes, f"{prefix}embedding/embeddings", 2)
    layers = f"{prefix}base_lm/layers/"
    table = _shape(shapes, f"{layers}0/self_attention/attention/relative_attention_bias/embeddings", 2)
    encoder = _encoder(shapes, layers, "self_attention/attention/")
    return {
        "vocab_size": vocab,
        "d_embedding": width,
        "num_relative_buckets": table[0],
        **encoder,
        "num_heads": table[1],
        "d_kv": encoder["inner"] // table[1],
    }


def unified(shapes: Shapes, prefix: str) -> dict[str, Any]:
    """Sizes of the modality-agnostic backbone whose keys begin with ``prefix``."""
    raw, tables = f"{prefix}raw_to_embeddings/", f"{prefix}pos_embedding_lookup/"
    patch = _shape(shapes, f"{raw}video/kernel", 5)
    vocab, width = _shape(shapes, f"{raw}text/embeddings", 2)
    rows = {part: _shape(shapes, f"{tables}{part}/temporal_position_embeddings/embeddings", 2)[0]
            for part in ("video", "audio", "text")}  # fmt: skip
    return {
        "vid_temporal_patch_size": patch[0],
        "vid_spatial_patch_size": patch[1],
        "aud_temporal_patch_size": _shape(shapes, f"{raw}audio/kernel", 3)[0],
        "txt_vocab_size": vocab,
        "txt_embedding_dim": width,
        "max_vid_temporal_buckets": rows["video"],
        "max_vid_spatial_buckets": _shape(shapes, f"{tables}video/vertical_position_embeddings/embeddings", 2)[0],
        "max_aud_temporal_buckets": rows["audio"],
        "max_txt_temporal_buckets": rows["text"],
        "d_post_proj": _shape(shapes, f"{prefix}post_proj/video/kernel", 2)[1],
        **_options(shapes, f"{prefix}tx/"),
    }


def complete(sizes: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says over what shapes say; then the number of heads, which no shape says.

    Args:
        sizes: Sizes by name; those of a tower in a dictionary of their own.
        overrides: The same form, incomplete.

    Raises:
        UserError: If heads and their width do not give the width of the queries.
    """
    sizes = dict(sizes)
    for name, value in overrides.items():
        nested = isinstance(sizes.get(name), dict)
        if nested and not isinstance(value, Mapping):
            raise UserError(f"--config: {name} must be an object with the sizes of that part, not {value!r}")
        counted = name in ("num_heads", "d_kv") or type(sizes.get(name)) is int
        if counted and (type(value) is not int or value < 1):
            raise UserError(f"--config: {name} must be a whole number of at least 1, not {value!r}")
        sizes[name] = complete(sizes[name], value) if nested else value
    for name, value in sizes.items():
        if isinstance(value, dict) and name not in overrides:
            sizes[name] = complete(value, {})
    if "inner" in sizes:
        inner = sizes.pop("inner")
        if "d_kv" not in sizes:
            heads = sizes.get("num_heads")
            sizes["d_kv"] = inner // heads if heads else HEAD_WIDTH
        sizes.setdefault("num_heads", inner // sizes["d_kv"])
        if sizes["num_heads"] * sizes["d_kv"] != inner:
            raise UserError(
                f"{inner} wide queries are not {sizes['num_heads']} heads of {sizes['d_kv']}: a checkpoint does not "
                "say how many heads there are; give d_kv or num_heads of every part in --config FILE"
            )
    return sizes


def _positioned(shapes: Shapes, prefix: str) -> dict[str, Any]:
    """The projections and the encoder of a tower that is not T5's."""
    post = f"{prefix}post_proj/kernel"
    width = {"d_post_proj": _shape(shapes, post, 2)[1]} if post in shapes else {}
    return {
        "pre_projection": f"{prefix}pre_proj/kernel" in shapes,
        "post_projection": post in shapes,
        **width,
        **_options(shapes, f"{prefix}tx/"),
    }


def _options(shapes: Shapes, encoder: str) -> dict[str, Any]:
    """The encoder, and which of the released code's options it was built with; of ReLU and swish nothing shows."""
    layers = f"{encoder}layers/"
    gated = {"activation": "geglu"} if f"{layers}0/feed_forward/mlp/wi_0/kernel" in shapes else {}
    return {
        "pre_norm": f"{encoder}final_layer_norm/gamma" in shapes,
        "use_bias": f"{layers}0/mha/q/bias" in shapes,
        **gated,
        **_encoder(shapes, layers, "mha/"),
    }


def _encoder(shapes: Shapes, layers: str, attention: str) -> dict[str, Any]:
    width, inner = _shape(shapes, f"{layers}0/{attention}q/kernel", 2)
    feed_forward = f"{layers}0/feed_forward/mlp/"
    gated = f"{feed_forward}wi_0/kernel" in shapes
    numbers = {int(match[1]) for key in shapes if (match := re.match(re.escape(layers) + r"(\d+)/", key))}
    return {
        "d_model": width,
        "d_ff": _shape(shapes, f"{feed_forward}{'wi_0' if gated else 'wi'}/kernel", 2)[1],
        "num_layers": len(numbers),
        "inner": inner,
    }


def _rows(shapes: Shapes, prefix: str, axis: str) -> int:
    return _shape(shapes, f"{prefix}pos_embedding_lookup/{axis}_position_embeddings/embeddings", 2)[0]


def _shape(shapes: Shapes, key: str, axes: int) -> tuple[int, ...]:
    if key not in shapes:
        raise UserError(f"the checkpoint lacks {key}, from which the model's sizes are read: it is not complete")
    if len(shapes[key]) != axes:
        raise UserError(f"the checkpoint's {key} has shape {shapes[key]}, not {axes} axes: it is another model's")
    return shapes[key]
