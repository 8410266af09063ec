"""The model as a value: towers, DropToken, common space. Defaults: the released code's."""

from dataclasses import dataclass
from typing import Literal

from vatt_edu.config.checks import positive, rate
from vatt_edu.errors import UserError


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
        positive(self, "layers", "width", "ff_width", "heads", "head_width")
        rate(self, "dropout")


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
        positive(self, "window", "hop", "bins", "sample_rate", "patch_frames")
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
        positive(self, "vocab", "words", "embedding_width", "relative_buckets", "max_distance")
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
        positive(self, "va_width", "vt_width")


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
