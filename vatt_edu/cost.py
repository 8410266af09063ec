"""What a VATT costs, in closed form: parameters, FLOPs, memory, bytes that travel. Nothing is built or run.

A multiplication and an addition are two FLOPs; only matrix products count. Attention has two products of N × N: queries
with keys, and weights with values. The GFLOPs of the paper's Tables 5 and 6 come out within 1.5 % if *one* of them is
counted, and 3 to 19 % too high if both are; why is a hypothesis (the released code writes the first as an einsum, which
a counter may not see). So both counts are given: ``one_product`` to compare with the paper, ``both_products`` for what
is computed. The released code projects all tokens and then drops some; here those that are dropped are never projected
(``here``).
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from vatt_edu.config import AudioConfig, CommonSpaceConfig, Config, EncoderConfig, ModelConfig, TextConfig, VideoConfig
from vatt_edu.droptoken import keep_count

FLOAT = 4  # bytes

Raw = VideoConfig | AudioConfig


@dataclass(frozen=True)
class Flops:
    """Of a forward pass.

    Attributes:
        tokenizer: Projects all patches, as released; for text, the projection of the word vectors.
        projected: Projects the kept patches only.
        linear: All layers of the encoder that act on each token alone, and the heads of the common space.
        product: One of the two products of attention.
    """

    tokenizer: int = 0
    projected: int = 0
    linear: int = 0
    product: int = 0

    def __add__(self, other: "Flops") -> "Flops":
        return Flops(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __mul__(self, count: int) -> "Flops":
        return Flops(*(count * value for value in vars(self).values()))

    @property
    def one_product(self) -> int:
        """As the paper counts, it seems."""
        return self.tokenizer + self.linear + self.product

    @property
    def both_products(self) -> int:
        """As released."""
        return self.one_product + self.product

    @property
    def here(self) -> int:
        """As released, but for tokens that are dropped before they are projected."""
        return self.both_products - self.tokenizer + self.projected

    def record(self) -> dict[str, int]:
        """All numbers by name."""
        return {**asdict(self), **{name: getattr(self, name) for name in ("one_product", "both_products", "here")}}


# Parameters -----------------------------------------------------------------------------------------------------------


def encoder_parameters(config: EncoderConfig) -> int:
    """The pre-norm encoder: per layer two LayerNorms, four projections, two feed-forward matrices; a LayerNorm."""
    d, inner, ff = config.width, config.heads * config.head_width, config.ff_width
    attention = 3 * (d * inner + inner) + inner * d + d
    return config.layers * (4 * d + attention + (d * ff + ff) + (ff * d + d)) + 2 * d


def text_encoder_parameters(config: TextConfig) -> int:
    """The T5-style encoder: no biases, RMSNorm before attention and at the end, one table of relative positions."""
    size = config.encoder
    d, inner, ff = size.width, size.heads * size.head_width, size.ff_width
    return size.layers * (d + 2 * d + 4 * d * inner + 2 * d * ff) + d + config.relative_buckets * size.heads


def tower_parameters(config: Raw | TextConfig) -> dict[str, int]:
    """Of a tower, by part."""
    if isinstance(config, TextConfig):
        return {
            "words": config.vocab * config.embedding_width,
            "agg": config.embedding_width,
            "pre_projection": config.embedding_width * config.encoder.width,
            "encoder": text_encoder_parameters(config),
        }
    d = config.encoder.width
    return {
        "tokenizer": _patch(config) * d + d,
        "positions": sum(config.grid) * d + 2 * d,
        "agg": d,
        "encoder": encoder_parameters(config.encoder),
    }


def head_parameters(config: ModelConfig) -> dict[str, int]:
    """Of the common space: weights, and what batch norm keeps track of (``statistics``), which is not trained."""
    maps = _maps(config)
    return {
        "weights": sum(a * b + (2 * b if normed else b) for a, b, normed in maps),
        "statistics": sum(2 * b for _, b, normed in maps if normed),
    }


def parameters(config: ModelConfig) -> dict[str, Any]:
    """All numbers of a model's state, by part; ``total`` counts as the official code does, statistics included."""
    towers = {name: tower_parameters(getattr(config, name)) for name in ("video", "audio", "text")}
    heads = head_parameters(config)
    total = sum(sum(parts.values()) for parts in towers.values()) + sum(heads.values())
    frozen = 0 if config.text.train_words else towers["text"]["words"]
    return {
        **{name: {**parts, "total": sum(parts.values())} for name, parts in towers.items()},
        "common_space": {**heads, "total": sum(heads.values())},
        "total": total,
        "trained": total - heads["statistics"] - frozen,
    }


# FLOPs ----------------------------------------------------------------------------------------------------------------


def encoder_flops(config: EncoderConfig, tokens: int) -> Flops:
    """An encoder on ``tokens`` tokens, AGG included: 24 d² N a layer where ff = 4 d, and 2 d N² for each product."""
    d, inner, ff = config.width, config.heads * config.head_width, config.ff_width
    return Flops(
        linear=config.layers * 2 * tokens * (4 * d * inner + 2 * d * ff),
        product=config.layers * 2 * tokens**2 * inner,
    )


def tower_flops(config: Raw | TextConfig, keep: float = 1.0) -> Flops:
    """A tower on one clip, or the text tower on one line.

    Args:
        config: Of the tower.
        keep: Share of the tokens that are kept. Text keeps all.
    """
    if isinstance(config, TextConfig):
        tokens = config.words + 1
        projection = 2 * tokens * config.embedding_width * config.encoder.width
        return Flops(tokenizer=projection, projected=projection) + encoder_flops(config.encoder, tokens)
    tokens = math.prod(config.grid)
    kept = tokens if keep == 1 else keep_count(keep, tokens)
    patch = 2 * _patch(config) * config.encoder.width
    return Flops(tokenizer=tokens * patch, projected=kept * patch) + encoder_flops(config.encoder, kept + 1)


def flops(config: ModelConfig, candidates: int, keep: float = 1.0) -> dict[str, Flops]:
    """The whole model on one clip with ``candidates`` lines of text, by part and in ``total``."""
    video, audio, inner, text = _sides(config)
    lines = sum(2 * a * b for a, b, _ in text)
    parts = {
        "video": tower_flops(config.video, keep),
        "audio": tower_flops(config.audio, keep),
        "text": tower_flops(config.text) * candidates,
        "common_space": Flops(linear=sum(2 * a * b for a, b, _ in video + audio + inner) + candidates * lines),
    }
    return {**parts, "total": sum(parts.values(), Flops())}


# Memory and traffic ---------------------------------------------------------------------------------------------------


def encoder_activations(config: EncoderConfig, tokens: int) -> int:
    """Bytes that a training step keeps of one clip's encoder for the way back, float32, with fused attention.

    A layer keeps what enters and leaves its two LayerNorms and their statistics; queries, keys, values and what
    attention makes of them (a fused kernel recomputes the N × N weights from a number for each query and head); and
    what enters and leaves the GELU. Dropout adds a byte for each of its decisions.
    """
    d, inner, ff = config.width, config.heads * config.head_width, config.ff_width
    kept = FLOAT * (4 * d + 4 + 4 * inner + config.heads + 2 * ff)
    decided = 2 * d + ff if config.dropout else 0
    return tokens * (config.layers * (kept + decided) + FLOAT * (2 * d + 2))


def activations(config: ModelConfig, candidates: int, keep: float = 1.0) -> dict[str, int]:
    """Bytes of activations for one clip, by tower; tokenizers and heads, small beside them, are left out."""
    found = {}
    for name in ("video", "audio"):
        tower: Raw = getattr(config, name)
        tokens = math.prod(tower.grid)
        kept = tokens if keep == 1 else keep_count(keep, tokens)
        found[name] = encoder_activations(tower.encoder, kept + 1)
    found["text"] = candidates * encoder_activations(config.text.encoder, config.text.words + 1)
    return found


def traffic(config: Config, clips: int, processes: int) -> dict[str, int]:
    """Bytes that travel in a training step.

    ``batch``: from a process's memory to its device, pixels as bytes. ``embeddings``: what each of ``processes`` sends
    so that all see the embeddings of ``clips`` clips each, and to bring the gradients back. ``gradients``: what it
    sends to average them with all others (in a ring, each sends nearly twice what it has).
    """
    model, spec = config.model, config.clip
    pixels = spec.frames * spec.height * spec.width * 3
    words = spec.candidates * spec.words * 8
    space = model.common_space
    row = FLOAT * (2 * space.va_width + (1 + spec.candidates) * space.vt_width)
    return {
        "batch": clips * (pixels + FLOAT * spec.samples + words),
        "embeddings": 2 * (processes - 1) * clips * row,
        "gradients": 2 * (processes - 1) * FLOAT * parameters(model)["trained"] // processes,
    }


def cost(config: Config, clips: int = 1, keep: float = 1.0, processes: int = 1) -> dict[str, Any]:
    """Everything above for a batch of ``clips`` clips.

    Args:
        config: A whole configuration.
        clips: In the batch of one process.
        keep: Share of the video's and the audio's tokens that is kept.
        processes: That train together.

    Returns:
        ``parameters``, ``flops`` (forward; a training step takes about three times as many), ``activations`` and
        ``state`` (weights, gradients and Adam's two moments) in bytes, ``traffic`` in bytes.
    """
    counted = parameters(config.model)
    kept = {name: clips * size for name, size in activations(config.model, config.data.candidates, keep).items()}
    return {
        "clips": clips,
        "keep": keep,
        "tokens": {name: list(getattr(config.model, name).grid) for name in ("video", "audio")},
        "parameters": counted,
        "flops": {
            name: (found * clips).record() for name, found in flops(config.model, config.data.candidates, keep).items()
        },
        "activations": {**kept, "total": sum(kept.values())},
        "state": FLOAT * (counted["total"] + 3 * counted["trained"]),
        "traffic": traffic(config, clips, processes),
    }


def resized(config: Config, frames: int | None = None, size: int | None = None) -> Config:
    """``config`` for video clips of other length, or of ``size`` × ``size`` pixels."""
    video = config.model.video
    height, width = (video.height, video.width) if size is None else (size, size)
    video = replace(video, frames=video.frames if frames is None else frames, height=height, width=width)
    data = replace(config.data, short_side=max(config.data.short_side, height, width))
    return replace(config, model=replace(config.model, video=video), data=data)


def _patch(config: Raw) -> int:
    """Values of one patch."""
    return math.prod((*config.tubelet, 3) if isinstance(config, VideoConfig) else config.patch_shape)


def _maps(config: ModelConfig) -> list[tuple[int, int, bool]]:
    """Inputs, outputs and whether batch norm follows (else a bias), of every linear layer of the common space."""
    return [layer for side in _sides(config) for layer in side]


def _sides(config: ModelConfig) -> tuple[list[tuple[int, int, bool]], ...]:
    """The same by side: video to va, audio to va, va to vt, text to vt."""
    space: CommonSpaceConfig = config.common_space
    va, vt, everywhere = space.va_width, space.vt_width, space.heads == "paper"
    audio = config.audio.encoder.width
    return (
        [(config.video.encoder.width, va, True), (va, va, True)],
        [(audio, va, True), (va, va, True)] if space.heads == "deep_audio" else [(audio, va, everywhere)],
        [(va, vt, True)],
        [(config.text.encoder.width, vt, everywhere)],
    )
