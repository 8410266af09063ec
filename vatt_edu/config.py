"""Configuration is a value: frozen dataclasses, and presets that are functions returning a whole tree.

The defaults of the dataclasses are the released code's behavior, so that its checkpoints load; a preset names whatever
it changes. The command line picks a preset by its function's name and sets fields by dotted name
(``vatt pretrain toy --optim.lr 3e-4``).
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from vatt_edu.errors import UserError


def _positive(config: object, *names: str) -> None:
    for name in names:
        if not 0 < getattr(config, name) < math.inf:
            raise UserError(f"{name} = {getattr(config, name)} must be positive ({type(config).__name__})")


def _rate(config: object, name: str) -> None:
    if not 0 <= getattr(config, name) < 1:
        raise UserError(f"{name} = {getattr(config, name)} must lie in [0, 1) ({type(config).__name__})")


@dataclass(frozen=True)
class EncoderConfig:
    """A pre-norm Transformer encoder (paper, section 3.3; sizes of Table 7)."""

    layers: int = 12
    width: int = 768
    ff_width: int = 3072
    heads: int = 12
    head_width: int = 64
    dropout: float = 0.1

    def __post_init__(self) -> None:
        _positive(self, "layers", "width", "ff_width", "heads", "head_width")
        _rate(self, "dropout")


@dataclass(frozen=True)
class VideoConfig:
    """The video tower: clip size in pixels and frames, tubelets, encoder."""

    frames: int = 32
    height: int = 224
    width: int = 224
    tubelet: tuple[int, int, int] = (4, 16, 16)
    encoder: EncoderConfig = EncoderConfig()

    def __post_init__(self) -> None:
        for name, size, patch in zip(("frames", "height", "width"), self.clip, self.tubelet, strict=True):
            if patch < 1 or size < patch or size % patch:
                raise UserError(f"video.{name} = {size} is not a positive multiple of its tubelet's {patch}")

    @property
    def clip(self) -> tuple[int, int, int]:
        """(frames, height, width) of the clip that enters the tower."""
        return self.frames, self.height, self.width

    @property
    def grid(self) -> tuple[int, int, int]:
        """(t, h, w): how many tubelets along each axis; also the sizes of the position tables."""
        t, h, w = (size // patch for size, patch in zip(self.clip, self.tubelet, strict=True))
        return t, h, w


@dataclass(frozen=True)
class MelConfig:
    """A log-mel spectrogram, computed inside the tokenizer. Defaults: the released spectrogram tower's."""

    window: int = 2_048  # samples
    hop: int = 1_024  # samples
    bins: int = 80
    low: float = 80.0  # Hz
    high: float = 7_600.0  # Hz
    sample_rate: int = 48_000  # must be that of the data
    patch_frames: int = 16  # a token spans so many frames and all bins

    def __post_init__(self) -> None:
        _positive(self, "window", "hop", "bins", "sample_rate", "patch_frames")
        if not 0 <= self.low < self.high <= self.sample_rate / 2:
            raise UserError(
                f"audio.mel.low = {self.low:g} and high = {self.high:g} must lie in order between 0 and half of "
                f"audio.mel.sample_rate = {self.sample_rate}"
            )


@dataclass(frozen=True)
class AudioConfig:
    """The audio tower: a raw waveform cut into segments, or a log-mel spectrogram cut into groups of frames."""

    samples: int = 153_600
    signal: Literal["waveform", "log_mel"] = "waveform"
    patch: int = 128
    gain: float = 1.0  # multiplies the signal before the tokenizer (official: none)
    mel: MelConfig = MelConfig()
    encoder: EncoderConfig = EncoderConfig()

    def __post_init__(self) -> None:
        if self.signal == "log_mel":
            if self.samples < self.mel.hop * self.mel.patch_frames:
                raise UserError(f"audio.samples = {self.samples} are too few for one patch of audio.mel")
        elif self.patch < 1 or self.samples < self.patch or self.samples % self.patch:
            raise UserError(f"audio.samples = {self.samples} is not a positive multiple of audio.patch = {self.patch}")

    @property
    def grid(self) -> tuple[int]:
        """(N,): how many tokens; also the size of the position table."""
        if self.signal == "log_mel":
            return (-(-self.samples // self.mel.hop) // self.mel.patch_frames,)
        return (self.samples // self.patch,)

    @property
    def patch_shape(self) -> tuple[int, ...]:
        """Size of a patch along each axis of the signal, channels last."""
        return (self.mel.patch_frames, self.mel.bins, 1) if self.signal == "log_mel" else (self.patch, 1)


@dataclass(frozen=True)
class TextConfig:
    """The text tower: word embeddings and a T5-style encoder."""

    vocab: int = 65_536
    words: int = 16
    embedding_width: int = 300
    train_words: bool = False  # released: a frozen word2vec table
    relative_buckets: int = 32
    max_distance: int = 64
    encoder: EncoderConfig = EncoderConfig(layers=6, width=512, ff_width=2048, heads=8)

    def __post_init__(self) -> None:
        _positive(self, "vocab", "words", "embedding_width", "relative_buckets", "max_distance")
        if self.relative_buckets < 4 or self.max_distance <= self.relative_buckets // 4:
            raise UserError(
                f"text.relative_buckets = {self.relative_buckets} must be at least 4, and text.max_distance = "
                f"{self.max_distance} more than a quarter of it"
            )


@dataclass(frozen=True)
class DropTokenConfig:
    """Which share of the positioned tokens a training step keeps (paper, section 3.2). Never text, never in eval."""

    keep_video: float = 0.5
    keep_audio: float = 0.5
    sharing: Literal["batch", "sample"] = "batch"  # batch: one permutation for a whole local batch, as released

    def __post_init__(self) -> None:
        for name in ("keep_video", "keep_audio"):
            if not 0 < getattr(self, name) <= 1:
                raise UserError(f"droptoken.{name} = {getattr(self, name)} must lie in (0, 1]; 1 keeps every token")


@dataclass(frozen=True)
class CommonSpaceConfig:
    """The projection heads (paper, section 3.4)."""

    heads: Literal["released", "paper", "deep_audio"] = "released"
    va_width: int = 512
    vt_width: int = 256

    def __post_init__(self) -> None:
        _positive(self, "va_width", "vt_width")


@dataclass(frozen=True)
class ModelConfig:
    """Three towers and a common space."""

    video: VideoConfig = VideoConfig()
    audio: AudioConfig = AudioConfig()
    text: TextConfig = TextConfig()
    pooling: Literal["agg", "max_mean"] = "agg"
    start: Literal["official", "whitened"] = "official"
    position_scale: float = 1.0  # where the gain of the positions' LayerNorm starts (official: 1)
    droptoken: DropTokenConfig = DropTokenConfig()
    common_space: CommonSpaceConfig = CommonSpaceConfig()


@dataclass(frozen=True)
class LossConfig:
    """NCE between video and audio, MIL-NCE between video and text (paper, equations 4 and 5)."""

    form: Literal["asymmetric", "symmetric"] = "asymmetric"
    temperature: float = 0.07
    weight_va: float = 1.0
    weight_vt: float = 1.0
    line_masking: bool = False
    mask_mean: Literal["replica", "global"] = "replica"

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise UserError(f"loss.temperature = {self.temperature} must be positive")
        if not (self.weight_va >= 0 and self.weight_vt >= 0 and self.weight_va + self.weight_vt > 0):
            raise UserError("loss.weight_va and loss.weight_vt must not be negative, nor both zero")


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of a training clip; every one a function of (seed, index). Defaults: the released pre-training.

    ``brightness`` is a largest shift on the [0, 1] scale, ``contrast`` and ``saturation`` largest changes of a factor
    around 1, ``hue`` a largest turn of the color circle, ``color_share`` and ``scale_share`` the shares of clips that
    are changed at all; ``audio_noise`` is relative to the clip's peak, ``audio_gain`` the deviation of the log gain.
    ``crop`` is a window at a random place, or (paper's appendix, released fine-tuning) a random box that is stretched.
    """

    crop: Literal["window", "box"] = "window"
    scale: float = 0.2
    scale_share: float = 0.8
    flip: bool = True
    brightness: float = 32 / 255
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.2
    color_share: float = 0.8
    audio_noise: float = 0.01
    audio_gain: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name != "crop" and not 0 <= value < math.inf:
                raise UserError(f"data.augment.{name} = {value} must not be negative; 0 is off")


@dataclass(frozen=True)
class DataConfig:
    """How clips are drawn from sources, and at which rates they are read.

    A batch holds ``narrated_videos * windows_per_video`` clips with text and ``text_free`` clips without; where a
    source has only one of the two kinds, that kind fills the batch.
    """

    narrated_videos: int = 1024
    windows_per_video: int = 1
    text_free: int = 1024
    fps: float = 10.0
    short_side: int = 224  # frames are read at this size, then cropped to model.video
    sample_rate: int = 48_000
    candidates: int = 5
    augment: AugmentConfig = AugmentConfig()

    def __post_init__(self) -> None:
        _positive(self, "windows_per_video", "fps", "short_side", "sample_rate", "candidates")
        if min(self.narrated_videos, self.text_free) < 0 or self.batch_size < 2:
            raise UserError("data.narrated_videos and data.text_free must give a batch of at least 2 clips")

    @property
    def batch_size(self) -> int:
        """Clips in the global batch."""
        return self.narrated_videos * self.windows_per_video + self.text_free


@dataclass(frozen=True)
class OptimConfig:
    """Optimizer and learning-rate schedule. Defaults: the released pre-training."""

    name: Literal["adam", "adamw"] = "adam"
    lr: float = 1e-4
    final_lr: float = 5e-5
    warmup_steps: int = 5_000
    schedule: Literal["half_cosine", "quarter_cosine"] = "half_cosine"  # released code; the paper's words
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-7
    weight_decay: float = 0.0  # decoupled, times the learning rate (adamw)
    clip_norm: float = 0.0  # 0 is off

    def __post_init__(self) -> None:
        others = (self.final_lr, self.warmup_steps, self.weight_decay, self.clip_norm, self.eps)
        if not (self.lr > 0 and all(value >= 0 for value in others)):
            raise UserError(
                "optim: lr must be positive; final_lr, warmup_steps, weight_decay, clip_norm, eps not negative"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UserError(f"optim.betas = {self.betas} must lie in [0, 1)")


@dataclass(frozen=True)
class TrainConfig:
    """The loop: how long, how often to save, on what."""

    steps: int = 500_000
    checkpoint_every: int = 10_000
    keep_checkpoints: int = 3
    workers: int = 0  # processes that read clips; 0 reads in a background thread
    threads: int = 0  # of torch on the CPU; 0 takes the cores there are, at most 8
    device: str = "auto"
    precision: Literal["fp32", "bf16"] = "fp32"  # bf16 falls back to fp32 where the device has none

    def __post_init__(self) -> None:
        _positive(self, "steps", "checkpoint_every", "keep_checkpoints")
        for name in ("workers", "threads"):
            if not 0 <= getattr(self, name) <= 1024:  # torch crashes when it is asked for very many
                raise UserError(f"train.{name} = {getattr(self, name)} must lie in [0, 1024]")


@dataclass(frozen=True)
class ClipSpec:
    """What the readers must deliver: derived from ``Config``, so that no size is written twice."""

    frames: int
    fps: float
    height: int
    width: int
    short_side: int
    samples: int
    sample_rate: int
    candidates: int
    words: int

    @property
    def seconds(self) -> float:
        """Length of a clip's window: the longer of its video and its audio."""
        return max(self.frames / self.fps, self.samples / self.sample_rate)


@dataclass(frozen=True)
class Config:
    """A whole run."""

    seed: int = 0
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UserError(f"seed = {self.seed} must lie in [0, 2**63)")
        if self.data.short_side < max(self.model.video.height, self.model.video.width):
            raise UserError(
                f"data.short_side = {self.data.short_side} is smaller than the crop "
                f"{self.model.video.height} x {self.model.video.width} (model.video)"
            )
        audio = self.model.audio
        if audio.signal == "log_mel" and audio.mel.sample_rate != self.data.sample_rate:
            raise UserError(
                f"model.audio.mel.sample_rate = {audio.mel.sample_rate} is not data.sample_rate = "
                f"{self.data.sample_rate}"
            )

    @property
    def clip(self) -> ClipSpec:
        """Sizes and rates of one clip."""
        video, audio, text, data = self.model.video, self.model.audio, self.model.text, self.data
        return ClipSpec(
            frames=video.frames,
            fps=data.fps,
            height=video.height,
            width=video.width,
            short_side=data.short_side,
            samples=audio.samples,
            sample_rate=data.sample_rate,
            candidates=data.candidates,
            words=text.words,
        )


# Presets: the toy ---------------------------------------------------------------------------------------------------


def toy() -> Config:
    """A VATT that learns on two CPU cores in about five minutes; named departures from the release below."""
    encoder = EncoderConfig(layers=2, width=128, ff_width=512, heads=4, head_width=32, dropout=0.0)
    return Config(
        model=ModelConfig(
            video=VideoConfig(frames=16, height=56, width=56, tubelet=(4, 8, 8), encoder=encoder),
            audio=AudioConfig(samples=51_200, patch=256, gain=6.0, encoder=encoder),
            text=TextConfig(
                vocab=1_024, embedding_width=128, train_words=True, encoder=replace(encoder, layers=1)
            ),
            pooling="max_mean",
            start="whitened",
            position_scale=0.5,
            droptoken=DropTokenConfig(sharing="sample"),
            common_space=CommonSpaceConfig(heads="deep_audio", va_width=128, vt_width=128),
        ),
        data=DataConfig(
            narrated_videos=8,
            windows_per_video=4,
            text_free=8,
            fps=5.0,
            short_side=64,
            sample_rate=16_000,
            candidates=4,
            augment=AugmentConfig(
                scale=0.0, brightness=0.1, contrast=0.4, saturation=0.0, hue=0.0, color_share=1.0,
                audio_noise=0.0, audio_gain=0.3,
            ),
        ),
        loss=LossConfig(temperature=0.2, line_masking=True, mask_mean="global"),
        optim=OptimConfig(
            name="adamw", lr=1e-3, final_lr=0.0, warmup_steps=80, betas=(0.9, 0.98), eps=1e-8,
            weight_decay=0.05, clip_norm=1.0,
        ),
        train=TrainConfig(steps=1_200, checkpoint_every=100, keep_checkpoints=2),
    )  # fmt: skip


def toy_long() -> Config:
    """``toy`` for about fifteen minutes."""
    config = toy()
    return replace(config, train=replace(config.train, steps=3_600))


def toy_plain() -> Config:
    """``toy`` as released: AGG token, official start, heads and DropToken sharing, single windows; words trained."""
    config = toy()
    data = replace(config.data, narrated_videos=32, windows_per_video=1)
    model = replace(
        config.model,
        pooling="agg",
        start="official",
        position_scale=1.0,
        audio=replace(config.model.audio, gain=1.0),
        droptoken=DropTokenConfig(),
        common_space=replace(config.model.common_space, heads="released"),
    )
    return replace(config, model=model, data=data, loss=LossConfig())


def toy_gpu() -> Config:
    """``toy`` wider and with a larger batch, in bf16: meant for one consumer GPU (8 GB, ten minutes; not yet timed)."""
    config = toy()
    encoder = EncoderConfig(layers=4, width=256, ff_width=1024, heads=4, head_width=64, dropout=0.0)
    model = replace(
        config.model,
        video=replace(config.model.video, encoder=encoder),
        audio=replace(config.model.audio, encoder=encoder),
        text=replace(config.model.text, encoder=replace(encoder, layers=2)),
    )
    data = replace(config.data, narrated_videos=48, text_free=64)
    train = replace(config.train, steps=3_000, precision="bf16", workers=4)
    return replace(config, model=model, data=data, train=train)


# Presets: the paper's (official but for per-sample DropToken and the global mean over valid samples) ------------------


def _specific(video: EncoderConfig) -> Config:
    model = ModelConfig(video=VideoConfig(encoder=video), droptoken=DropTokenConfig(sharing="sample"))
    return Config(model=model, loss=LossConfig(mask_mean="global"))


def base_base_small() -> Config:
    """VATT-BBS: Base video, Base audio, Small text."""
    return _specific(EncoderConfig())


def medium_base_small() -> Config:
    """VATT-MBS: Medium video, Base audio, Small text."""
    return _specific(EncoderConfig(width=1024, ff_width=4096, heads=16))


def large_base_small() -> Config:
    """VATT-LBS: Large video, Base audio, Small text."""
    return _specific(EncoderConfig(layers=24, width=1024, ff_width=4096, heads=16))


PRESETS: dict[str, Callable[[], Config]] = {
    preset.__name__: preset
    for preset in (toy, toy_long, toy_plain, toy_gpu, base_base_small, medium_base_small, large_base_small)
}


def preset(name: str) -> Config:
    """The whole configuration called ``name``.

    Raises:
        UserError: If there is no such preset; the message lists those there are.
    """
    if name not in PRESETS:
        raise UserError(f"unknown preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]()
