"""The names of the released code's tensors (google-research/vatt), one for each of ours.

A *part* is a piece of a model whose names follow one table: a tower, or the heads. Layouts follow from the key: dense
kernels are ``(in, out)``, convolution kernels ``(*patch, in, out)``, everything else is stored as we store it.
"""

import re
from typing import Literal

from torch import nn

from vatt_edu.model import VATT

Part = Literal[
    "video", "audio", "spectrogram", "text", "bert", "encoder",
    "agnostic_video", "agnostic_audio", "agnostic_text", "agnostic_encoder", "common_space",
]  # fmt: skip

_LAYER = "model/layer_with_weights-0/"
_SPECIFIC = _LAYER + "_base_layer/"
_AGNOSTIC = _LAYER + "_base_layer/unified_backbone/unified_transformer/"

# What the keys of a part begin with in a checkpoint of a whole model.
PREFIXES: dict[Part, str] = {
    "video": _SPECIFIC + "vid_backbone/_base/",
    "audio": _SPECIFIC + "aud_backbone/_base/",
    "spectrogram": _SPECIFIC + "aud_backbone/_base/",
    "text": _SPECIFIC + "txt_backbone/",
    "bert": _SPECIFIC + "txt_backbone/",
    "encoder": "",
    "agnostic_video": _AGNOSTIC,
    "agnostic_audio": _AGNOSTIC,
    "agnostic_text": _AGNOSTIC,
    "agnostic_encoder": _AGNOSTIC + "tx/",
    "common_space": _LAYER + "_head_layer/_bridge_heads/0/",
}

_VIDEO = ("temporal", "vertical", "horizontal")
_AXES: dict[Part, tuple[str, ...]] = {
    "video": _VIDEO,
    "audio": ("temporal",),
    "spectrogram": ("temporal", "spectoral"),  # [sic]
    "bert": ("temporal",),
    "agnostic_video": _VIDEO,
    "agnostic_audio": ("temporal",),
    "agnostic_text": ("temporal",),
}

# Rules: a pattern that begins one of our names, and what takes its place; a pattern that ends in $ names all of it.
_Rules = list[tuple[str, str]]
_ENCODER: _Rules = [
    (r"layers\.(\d+)\.attention_norm\.", r"layers/\1/layer_norm/"),
    (r"layers\.(\d+)\.attention\.", r"layers/\1/mha/"),
    (r"layers\.(\d+)\.ff_norm\.", r"layers/\1/feed_forward/layer_norm/"),
    (r"layers\.(\d+)\.ff\.", r"layers/\1/feed_forward/mlp/"),
    (r"norm\.", "final_layer_norm/"),
]


def _positioned(tokenizer: str, base: str = "") -> _Rules:
    return [
        (r"tokenizer\.", tokenizer + "/"),
        (r"pre_projection\.", "pre_proj/"),
        (r"post_projection\.", "post_proj/"),
        (r"positions\.norm\.", f"{base}pos_embedding_lookup/layernorm/"),
        (r"agg$", f"{base}agg_embedding"),
        *((r"encoder\." + pattern, f"{base}tx/{key}") for pattern, key in _ENCODER),
    ]


def _agnostic(name: str, agg: str) -> _Rules:
    return [
        (r"tokenizer\.", f"raw_to_embeddings/{name}/"),
        (r"pre_projection\.", f"pre_proj/{name}/"),
        (r"post_projection\.", f"post_proj/{name}/"),
        (r"positions\.norm\.", f"pos_embedding_lookup/{name}/layernorm/"),
        (r"agg$", agg),
    ]


_T5 = r"base_lm/layers/\1/self_attention/"
_RULES: dict[Part, _Rules] = {
    "video": _positioned("voxel_to_patch"),
    "audio": _positioned("wave_to_patch"),
    "spectrogram": _positioned("spectrum_to_patch"),
    "bert": [(r"tokenizer\.weight$", "embedding/embeddings"), *_positioned("", "base_lm/")],
    "text": [
        (r"words\.weight$", "embedding/embeddings"),
        (r"agg$", "agg_embedding"),
        (r"pre_projection\.", "pre_proj/"),
        (
            r"encoder\.relative_bias\.weight$",
            "base_lm/layers/0/self_attention/attention/relative_attention_bias/embeddings",
        ),
        (r"encoder\.layers\.(\d+)\.attention_norm\.weight$", _T5 + "layer_norm/weight"),
        (r"encoder\.layers\.(\d+)\.attention\.", _T5 + "attention/"),
        (r"encoder\.layers\.(\d+)\.ff_norm\.", r"base_lm/layers/\1/feed_forward/layer_norm/"),
        (r"encoder\.layers\.(\d+)\.ff\.", r"base_lm/layers/\1/feed_forward/mlp/"),
        (r"encoder\.norm\.weight$", "base_lm/final_layer_norm/weight"),
    ],
    "encoder": _ENCODER,
    "agnostic_video": _agnostic("video", "vid_agg_embedding"),
    "agnostic_audio": _agnostic("audio", "aud_agg_embedding"),
    "agnostic_text": [
        (r"tokenizer\.weight$", "raw_to_embeddings/text/embeddings"),
        *_agnostic("text", "txt_agg_embedding"),
    ],
    "agnostic_encoder": _ENCODER,
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
_DENSE = {"weight": "kernel"}
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def official_key(part: Part, name: str) -> str:
    """The official key, below the part's prefix, of one of our names.

    Args:
        part: Which table to use.
        name: A name in the state dict of that part, for example ``"encoder.layers.0.attention.q.weight"``.

    Raises:
        KeyError: If the official model has no such tensor (heads other than ``released``, a position of AGG).
    """
    table = re.fullmatch(r"positions\.tables\.(\d+)", name)
    if table:
        where = "base_lm/" if part == "bert" else ""
        folder = f"{part.removeprefix('agnostic_')}/" if part.startswith("agnostic_") else ""
        axis = _AXES[part][int(table[1])]
        return f"{where}pos_embedding_lookup/{folder}{axis}_position_embeddings/embeddings"
    for pattern, replacement in _RULES[part]:
        key, count = re.subn("^" + pattern, replacement, name)
        if count and pattern.endswith("$"):
            return key
        if count:
            head, _, leaf = key.replace(".", "/").rpartition("/")
            return f"{head}/{(_NORM if 'norm' in name else _DENSE).get(leaf, leaf)}"
    raise KeyError(f"{part}: the official model has no counterpart of {name}")


def parts_of(model: VATT) -> dict[Part, nn.Module]:
    """The parts of a whole model, each once."""
    text, audio = model.config.text.style, model.config.audio.signal
    parts: dict[Part, nn.Module]
    if model.encoder is not None:
        parts = {
            "agnostic_encoder": model.encoder,
            "agnostic_video": model.video,
            "agnostic_audio": model.audio,
            "agnostic_text": model.text,
        }
    else:
        parts = {
            "video": model.video,
            "spectrogram" if audio == "log_mel" else "audio": model.audio,
            "text" if text == "t5" else "bert": model.text,
        }
    return {**parts, "common_space": model.common_space}


def official_keys(model: VATT) -> dict[str, str]:
    """For each name in the state dict of a whole model the official checkpoint key, without TensorFlow's suffix.

    Raises:
        KeyError: If the official model has no such tensor.
    """
    modules = {id(module): name for name, module in model.named_children()}
    return {
        f"{modules[id(module)]}.{name}": PREFIXES[part] + official_key(part, name)
        for part, module in parts_of(model).items()
        for name in module.state_dict()
    }
