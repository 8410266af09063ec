"""What a VATT costs, in closed form (chapter *Cost*): parameters, FLOPs, memory, bytes that travel; hours and money.

Nothing is built or run.

A multiplication and an addition are two FLOPs; only matrix products count. Attention has two products of N × N: queries
with keys, and weights with values. The GFLOPs of the paper's Tables 5 and 6 come out within 1.5 % if *one* of them is
counted, and 3 to 19 % too high if both are; why is a hypothesis (the released code writes the first as an einsum, which
a counter may not see). So both counts are given: ``one_product`` to compare with the paper, ``both_products`` for what
is computed. The released code projects all tokens and then drops some; in ``here``, those are never projected.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from vatt_edu.config import AudioConfig, Config, EncoderConfig, ModelConfig, TextConfig, VideoConfig
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
    """Per layer two norms, four projections and two feed-forward matrices (three if gated); a last norm if pre-norm."""
    d, inner, ff, gates = config.width, config.heads * config.head_width, config.ff_width, _gates(config)
    weights = 4 * d * inner + (gates + 1) * d * ff
    biases = 3 * inner + d + gates * ff + d if config.bias else 0
    return config.layers * (4 * d + weights + biases) + (2 * d if config.norm == "pre" else 0)


def t5_parameters(config: TextConfig) -> int:
    """The T5-style encoder: no biases, RMSNorm before attention and at the end, one table of relative positions."""
    size = config.encoder
    d, inner, ff = size.width, size.heads * size.head_width, size.ff_width
    layer = d + 2 * d + 4 * d * inner + (_gates(size) + 1) * d * ff
    return size.layers * layer + d + config.relative_buckets * size.heads


def tower_parameters(
    config: Raw | TextConfig, shared: bool = False, agg_position: bool = False, positioned: bool = True
) -> dict[str, int]:
    """Of a tower, by part.

    Args:
        config: Of the tower.
        shared: Whether its encoder is the agnostic model's, and so not its own.
        agg_position: Whether AGG has a position.
        positioned: Whether tokens have positions that are learned and absolute.
    """
    d, parts = config.encoder.width, {}
    if isinstance(config, TextConfig):
        parts["words"] = config.vocab * config.embedding_width
        if config.style == "t5":
            projection = config.embedding_width * d
            return {
                **parts,
                "agg": config.embedding_width,
                "pre_projection": projection,
                "encoder": t5_parameters(config),
            }
        grid: tuple[int, ...] = (config.words,)
        before = config.embedding_width * d + (d if config.style == "agnostic" else 0)
    else:
        parts["tokenizer"] = math.prod(config.patch_shape) * d + d
        grid, before = config.grid, d * d + d
    if config.pre_projection:
        parts["pre_projection"] = before
    if positioned:
        parts["positions"] = (sum(grid) + agg_position) * d + 2 * d
    parts["agg"] = d
    if not shared:
        parts["encoder"] = encoder_parameters(config.encoder)
    if config.post_projection:
        parts["post_projection"] = (d + 1) * config.post_projection
    return parts


def head_parameters(config: ModelConfig) -> dict[str, int]:
    """Of the common space: weights, and what batch norm keeps track of (``statistics``), which is not trained."""
    maps = [layer for side in _sides(config) for layer in side]
    return {
        "weights": sum(a * b + (2 * b if normed else b) for a, b, normed in maps),
        "statistics": sum(2 * b for _, b, normed in maps if normed),
    }


def parameters(config: ModelConfig) -> dict[str, Any]:
    """All numbers of a model's state, by part; ``total`` counts as the official code does, statistics included."""
    shared = config.backbone == "agnostic"
    positioned = config.positions == "learned"
    parts = {name: tower_parameters(getattr(config, name), shared, config.agg_position, positioned)
             for name in ("video", "audio", "text")}  # fmt: skip
    if shared:
        parts["encoder"] = {"encoder": encoder_parameters(config.video.encoder)}
    parts["common_space"] = head_parameters(config)
    total = sum(sum(part.values()) for part in parts.values()) + config.learned_temperature
    frozen = 0 if config.text.train_words else parts["text"]["words"]
    return {
        **{name: {**part, "total": sum(part.values())} for name, part in parts.items()},
        "total": total,
        "trained": total - parts["common_space"]["statistics"] - frozen,
    }


# FLOPs ----------------------------------------------------------------------------------------------------------------


def encoder_flops(config: EncoderConfig, tokens: int) -> Flops:
    """An encoder on ``tokens`` tokens, AGG included: 24 d² N a layer where ff = 4 d, and 2 d N² for each product."""
    d, inner, ff = config.width, config.heads * config.head_width, config.ff_width
    return Flops(
        linear=config.layers * 2 * tokens * (4 * d * inner + (_gates(config) + 1) * d * ff),
        product=config.layers * 2 * tokens**2 * inner,
    )


def tower_flops(config: Raw | TextConfig, keep: float = 1.0) -> Flops:
    """A tower on one clip, or the text tower on one line.

    Args:
        config: Of the tower.
        keep: Share of the tokens that are kept. Text keeps all.
    """
    d = config.encoder.width
    if isinstance(config, TextConfig):
        tokens = kept = config.words
        projected = tokens + (config.style == "t5")  # T5's AGG, too, goes through the projection
        before = 2 * projected * config.embedding_width * d if config.pre_projection else 0
        cut = Flops(tokenizer=before, projected=before)
    else:
        tokens = math.prod(config.grid)
        kept = tokens if keep == 1 else keep_count(keep, tokens)
        patch = 2 * math.prod(config.patch_shape) * d + (2 * d * d if config.pre_projection else 0)
        cut = Flops(tokenizer=tokens * patch, projected=kept * patch)
    after = Flops(linear=2 * (kept + 1) * d * config.post_projection)
    return cut + encoder_flops(config.encoder, kept + 1) + after


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


def training_flops(config: Config) -> int:
    """Of a training step for one clip, at the keep rates of ``config``; what is computed again is not counted."""
    model, drop = config.model, config.model.droptoken
    parts = flops(model, config.data.candidates)
    parts |= {"video": tower_flops(model.video, drop.keep_video), "audio": tower_flops(model.audio, drop.keep_audio)}
    passes = PASSES * (2 if config.loss.weight_within else 1)  # two views of each clip
    return passes * sum(part.here for name, part in parts.items() if name != "total")


# Memory and traffic ---------------------------------------------------------------------------------------------------


def encoder_activations(config: EncoderConfig, tokens: int) -> int:
    """Bytes that a training step keeps of one clip's encoder for the way back, float32, with fused attention.

    A layer keeps what enters and leaves its two LayerNorms and their statistics; queries, keys, values and what
    attention makes of them (a fused kernel recomputes the N × N weights from a number for each query and head); and
    what enters and leaves the GELU. Dropout adds a byte for each of its decisions.
    """
    d, inner, ff = config.width, config.heads * config.head_width, config.ff_width
    kept = FLOAT * (4 * d + 4 + 4 * inner + config.heads + 2 * _gates(config) * ff)
    decided = 2 * d + ff if config.dropout else 0
    return tokens * (config.layers * (kept + decided) + FLOAT * (2 * d + 2))


def activations(config: ModelConfig, candidates: int, keep: float = 1.0) -> dict[str, int]:
    """Bytes of activations for one clip, by tower; tokenizers and heads, small beside them, are left out."""
    by_tower = {}
    for name in ("video", "audio"):
        tower: Raw = getattr(config, name)
        tokens = math.prod(tower.grid)
        kept = tokens if keep == 1 else keep_count(keep, tokens)
        by_tower[name] = encoder_activations(tower.encoder, kept + 1)
    by_tower["text"] = candidates * encoder_activations(config.text.encoder, config.text.words + 1)
    return by_tower


def traffic(config: Config, clips: int, processes: int) -> dict[str, int]:
    """Bytes that travel in a training step, with ``processes`` of ``clips`` clips each.

    ``batch``: from a process's memory to its device, pixels as bytes. What a process sends to the others, where they
    talk in a ring: to gather, what it has to each other one; to add up, nearly twice what there is. ``embeddings``:
    vectors, masks and lines of its clips, and back the gradient of everyone's vectors, added up, which is twice as
    much. ``norms``: the statistics of each batch norm, likewise. ``gradients``: those of the weights, to average them.
    """
    model, spec = config.model, config.clip
    pixels = spec.frames * spec.height * spec.width * 3
    words = spec.candidates * spec.words * 8
    space, others = model.common_space, processes - 1
    row = FLOAT * (2 * space.va_width + (1 + spec.candidates) * space.vt_width)
    marks = 8 * (3 + spec.candidates)  # three masks and the lines' numbers, as int64
    statistics = sum(FLOAT * (1 + 2 * width) for side in _sides(model) for _, width, normed in side if normed)
    return {
        "batch": clips * (pixels + config.train.sound_bits // 8 * spec.samples + words),
        "embeddings": clips * others * (3 * row + marks),
        "norms": 3 * others * statistics,
        "gradients": 2 * others * FLOAT * parameters(model)["trained"] // processes,
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
            name: (cost * clips).record() for name, cost in flops(config.model, config.data.candidates, keep).items()
        },
        "activations": {**kept, "total": sum(kept.values())},
        "state": FLOAT * (counted["total"] + 3 * counted["trained"]),
        "traffic": traffic(config, clips, processes),
    }


# Hours, energy and money ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accelerator:
    """What a datasheet promises of one chip.

    Attributes:
        name: Of the chip.
        peak: FLOPs a second in bf16 with fp32 sums, without sparsity.
        bandwidth: Bytes a second, to and from its memory.
        memory: Bytes.
        watts: Most that it draws.
        source: Address of the datasheet.
    """

    name: str
    peak: float
    bandwidth: float
    memory: float
    watts: float
    source: str


ACCELERATORS = (
    Accelerator("H100 SXM", 989e12, 3.35e12, 80e9, 700.0, "https://www.nvidia.com/en-us/data-center/h100/"),
    Accelerator("H200 SXM", 989e12, 4.8e12, 141e9, 700.0, "https://www.nvidia.com/en-us/data-center/h200/"),
    Accelerator("TPU v3 chip", 123e12, 0.9e12, 32 * 2.0**30, 262.0, "https://cloud.google.com/tpu/docs/v3"),
)
"""By their makers' pages, as read in 2026. NVIDIA prints twice the peak, with sparsity, which a Transformer lacks."""

PASSES = 3
"""Of a training step, in forward passes: backward forms two products for each one of forward."""


def run_cost(
    config: Config,
    chip: Accelerator,
    count: int = 1,
    *,
    steps: int = 500_000,
    batch: int = 2048,
    keep: float = 0.5,
    utilization: float = 0.3,
    price: float = 3.0,
    cores: int = 16,
    clips_a_second: float = 10.0,
) -> dict[str, float]:
    """A training of ``steps`` steps (the paper's: 500,000 of 2,048 clips).

    Args:
        config: Whose model is trained.
        chip: On which.
        count: How many of them.
        steps: Of the optimizer.
        batch: Clips of a step, all chips together.
        keep: Share of the tokens of video and audio that is kept.
        utilization: Share of the peak that the model's own FLOPs reach (MFU), in (0, 1], where the clips fit at once.
        price: Dollars for a chip and an hour.
        cores: That decode, for each chip.
        clips_a_second: That one core decodes.

    Returns:
        ``flops`` that all steps need; ``passes`` forward that a step costs: one more where a chip's share does not fit
        at once and goes through in pieces (GradCache); ``compute_hours`` of the chips, ``decode_hours`` of the cores
        that read, ``hours``, the longer of the two, since they go on at once; ``energy``, kilowatt-hours of the chips
        at their limit, without hosts and cooling; ``money``, dollars; ``memory``, bytes of a share at once, in float32.
    """
    one = cost(config, 1, keep)
    total = PASSES * one["flops"]["total"]["here"] * batch * steps
    memory = one["state"] + one["activations"]["total"] * batch / count
    passes = PASSES + (memory > chip.memory)
    compute = total * passes / PASSES / (chip.peak * utilization * count) / 3600
    decode = batch * steps / (clips_a_second * cores * count) / 3600
    hours = max(compute, decode)
    return {
        "flops": float(total),
        "passes": passes,
        "compute_hours": compute,
        "decode_hours": decode,
        "hours": hours,
        "energy": hours * count * chip.watts / 1000,
        "money": hours * count * price,
        "memory": memory,
    }


def resized(config: Config, frames: int | None = None, size: int | None = None) -> Config:
    """``config`` for video clips of other length, or of ``size`` × ``size`` pixels."""
    video = config.model.video
    height, width = (video.height, video.width) if size is None else (size, size)
    video = replace(video, frames=video.frames if frames is None else frames, height=height, width=width)
    data = replace(config.data, short_side=max(config.data.short_side, height, width))
    return replace(config, model=replace(config.model, video=video), data=data)


def _gates(config: EncoderConfig) -> int:
    """Matrices that lead into the feed-forward: two where one of them gates the other."""
    return 2 if config.activation == "geglu" else 1


def _sides(config: ModelConfig) -> tuple[list[tuple[int, int, bool]], ...]:
    """Inputs, outputs and whether batch norm follows (else a bias), of the linear layers of the common space.

    By side: video to va, audio to va, va to vt, text to vt.
    """
    space, plan = config.common_space, config.common_space.plan
    va, vt = space.va_width, space.vt_width

    def side(name: str, layers: int, width: int) -> list[tuple[int, int, bool]]:
        normed = name in plan.norms
        return [(getattr(config, name).feature_width, width, normed), (width, width, normed)][:layers]

    passage = [] if plan.passage == "none" else [(va, vt, "video" in plan.norms)]
    return side("video", plan.video, va), side("audio", plan.audio, va), passage, side("text", 1, vt)
