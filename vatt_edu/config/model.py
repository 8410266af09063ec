"""The model as a value: towers, DropToken, common space. Defaults: the released code's."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from vatt_edu.config.checks import require_not_negative, require_positive, require_rate
from vatt_edu.errors import UserError


@dataclass(frozen=True)
class EncoderConfig:
    """A Transformer encoder (paper, section 3.3; sizes of Table 7).

    The last three fields are options of the released code: ``norm`` before each branch, with a final one, or after it,
    without; ``bias`` of every dense layer (the spectrogram tower has none). The ``t5`` text tower ignores ``bias``: it
    never has any.
    """

    layers: int = 12
    width: int = 768
    ff_width: int = 3072
    heads: int = 12
    head_width: int = 64
    dropout: float = 0.1
    norm: Literal["pre", "post"] = "pre"
    activation: Literal["gelu", "relu", "swish", "geglu"] = "gelu"
    bias: bool = True

    def __post_init__(self) -> None:
        require_positive(self, "width", "ff_width", "heads", "head_width")
        if self.layers < 0:
            raise UserError(f"layers = {self.layers} must not be negative; 0 leaves only the final norm")
        require_rate(self, "dropout")


@dataclass(frozen=True)
class VideoConfig:
    """The video tower: clip size in pixels and frames, tubelets, encoder."""

    frames: int = 32
    height: int = 224
    width: int = 224
    tubelet: tuple[int, int, int] = (4, 16, 16)
    pre_projection: bool = False  # a dense layer and a GELU on the tokens; the agnostic model's
    post_projection: int = 0  # width of the same on the hidden states; 0 is none
    encoder: EncoderConfig = EncoderConfig()

    def __post_init__(self) -> None:
        require_not_negative(self, "post_projection")
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

    @property
    def patch_shape(self) -> tuple[int, ...]:
        """Size of a tubelet along each axis, channels last."""
        return (*self.tubelet, 3)

    @property
    def feature_width(self) -> int:
        """Width of the pooled feature."""
        return self.post_projection or self.encoder.width


@dataclass(frozen=True)
class MelConfig:
    """A log-mel spectrogram, computed inside the tokenizer. Defaults: the released spectrogram tower's."""

    window: int = 2_048  # samples
    hop: int = 1_024  # samples
    bins: int = 80
    low: float = 80.0  # Hz
    high: float = 7_600.0  # Hz
    sample_rate: int = 48_000  # must be that of the data
    patch_frames: int = 16  # a token spans so many frames ...
    patch_bins: int = 0  # ... and so many bins (released: 5); 0 is all of them, and no second axis
    position_ids: Literal["transposed", "straight"] = "transposed"  # released: token k = (k // S, k % S) sits at
    # (k % T, k // T), a slip that its checkpoints have learned to live with; without a second axis both are the same

    def __post_init__(self) -> None:
        require_not_negative(self, "patch_bins")
        if self.patch_bins > self.bins:
            raise UserError(f"audio.mel.patch_bins = {self.patch_bins} are more than audio.mel.bins = {self.bins}")
        require_positive(self, "window", "hop", "bins", "sample_rate", "patch_frames")
        if not 0 <= self.low < self.high <= self.sample_rate / 2:
            raise UserError(
                f"audio.mel.low = {self.low:g} and high = {self.high:g} must lie in order between 0 and half of "
                f"audio.mel.sample_rate = {self.sample_rate}"
            )

    @property
    def patch_shape(self) -> tuple[int, int, int]:
        """Frames, bins and channels of a patch."""
        return self.patch_frames, self.patch_bins or self.bins, 1

    def grid(self, samples: int) -> tuple[int, ...]:
        """Tokens along time and, with ``patch_bins``, along frequency; what does not fill a patch is cut off."""
        frames = -(-samples // self.hop) // self.patch_frames
        return (frames, self.bins // self.patch_bins) if self.patch_bins else (frames,)


@dataclass(frozen=True)
class AudioConfig:
    """The audio tower: a raw waveform cut into segments, or a log-mel spectrogram cut into patches."""

    samples: int = 153_600
    signal: Literal["waveform", "log_mel"] = "waveform"
    patch: int = 128
    gain: float = 1.0  # multiplies the signal before the tokenizer (official: none)
    mel: MelConfig = MelConfig()
    pre_projection: bool = False
    post_projection: int = 0
    encoder: EncoderConfig = EncoderConfig()

    def __post_init__(self) -> None:
        require_not_negative(self, "post_projection")
        if self.signal == "log_mel":
            if self.samples < self.mel.hop * self.mel.patch_frames:
                raise UserError(f"audio.samples = {self.samples} are too few for one patch of audio.mel")
        elif self.patch < 1 or self.samples < self.patch or self.samples % self.patch:
            raise UserError(f"audio.samples = {self.samples} is not a positive multiple of audio.patch = {self.patch}")

    @property
    def grid(self) -> tuple[int, ...]:
        """How many tokens along each axis; also the sizes of the position tables."""
        return self.mel.grid(self.samples) if self.signal == "log_mel" else (self.samples // self.patch,)

    @property
    def patch_shape(self) -> tuple[int, ...]:
        """Size of a patch along each axis of the signal, channels last."""
        return self.mel.patch_shape if self.signal == "log_mel" else (self.patch, 1)

    @property
    def feature_width(self) -> int:
        """Width of the pooled feature."""
        return self.post_projection or self.encoder.width


@dataclass(frozen=True)
class TextConfig:
    """The text tower: word embeddings and an encoder.

    ``t5`` is the released specific tower, with relative positions. ``bert`` and ``agnostic`` have one learned position
    for each of ``words`` places and the encoder of video and audio; their pre-projections differ in that ``bert``'s has
    no bias. The agnostic model needs ``agnostic``.
    """

    vocab: int = 65_536
    words: int = 16
    embedding_width: int = 300
    train_words: bool = False  # released: a frozen word2vec table; the paper: learned
    style: Literal["t5", "bert", "agnostic"] = "t5"
    pre_projection: bool = True
    post_projection: int = 0
    relative_buckets: int = 32
    max_distance: int = 64
    encoder: EncoderConfig = EncoderConfig(layers=6, width=512, ff_width=2048, heads=8)

    def __post_init__(self) -> None:
        require_positive(self, "vocab", "words", "embedding_width", "relative_buckets", "max_distance")
        if self.relative_buckets < 4 or self.max_distance <= self.relative_buckets // 4:
            raise UserError(
                f"text.relative_buckets = {self.relative_buckets} must be at least 4, and text.max_distance = "
                f"{self.max_distance} more than a quarter of it"
            )
        require_not_negative(self, "post_projection")
        if self.style == "t5" and (self.encoder.norm, self.pre_projection, self.post_projection) != ("pre", True, 0):
            raise UserError(
                "text.style = t5 has encoder.norm pre, a pre_projection and no post_projection; "
                "bert and agnostic have a choice"
            )
        if not self.pre_projection and self.embedding_width != self.encoder.width:
            raise UserError(
                f"without text.pre_projection, text.embedding_width = {self.embedding_width} must be that of the "
                f"encoder, {self.encoder.width}"
            )

    @property
    def feature_width(self) -> int:
        """Width of the pooled feature."""
        return self.post_projection or self.encoder.width


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


class Heads(NamedTuple):
    """What projection heads are made of.

    Attributes:
        video: Linear layers between the video's feature and the video-audio space, one or two.
        audio: Likewise the audio's.
        norms: Sides on which batch norm follows each of them, of ``video audio text``.
        passage: The map from the video-audio to the video-text space: with a ReLU before its linear layer, without, or
            none, and then there is one space. It has batch norm where the video has.
        relu: A ReLU before each side's first layer.
    """

    video: int
    audio: int
    norms: tuple[str, ...]
    passage: Literal["relu", "linear", "none"]
    relu: bool = False


HeadsName = Literal[
    "released", "paper", "joint", "deep_audio", "deep_audio_shallow", "deep_audio_bare", "flat", "flat_norm",
    "flat_deep",
]  # fmt: skip

HEADS: dict[HeadsName, Heads] = {
    "released": Heads(2, 1, ("video",), "relu"),
    "paper": Heads(2, 1, ("video", "audio", "text"), "linear"),
    "joint": Heads(1, 1, ("video", "audio", "text"), "none", relu=True),  # in the released code, not in its models
    # ours: the toy's, the toy's with one thing taken out, and the way there from bare layers, one thing at a time
    "deep_audio": Heads(2, 2, ("video", "audio"), "relu"),
    "deep_audio_shallow": Heads(1, 1, ("video", "audio"), "relu"),
    "deep_audio_bare": Heads(2, 2, (), "relu"),
    "flat": Heads(1, 1, (), "none"),
    "flat_norm": Heads(1, 1, ("video", "audio"), "none"),
    "flat_deep": Heads(2, 2, ("video", "audio"), "none"),
}


@dataclass(frozen=True)
class CommonSpaceConfig:
    """The projection heads (paper, section 3.4), by a name in ``HEADS``."""

    heads: HeadsName = "released"
    va_width: int = 512
    vt_width: int = 256

    def __post_init__(self) -> None:
        require_positive(self, "va_width", "vt_width")
        if self.plan.passage == "none" and self.va_width != self.vt_width:
            raise UserError(
                f"common_space.heads = {self.heads} has one space, so va_width = {self.va_width} and vt_width = "
                f"{self.vt_width} must be equal"
            )

    @property
    def plan(self) -> Heads:
        """What the heads of that name are made of."""
        return HEADS[self.heads]


@dataclass(frozen=True)
class ModelConfig:
    """Three towers and a common space.

    With ``backbone = "agnostic"`` one encoder serves all three towers (paper, section 3.3); everything else, from
    tokenizer to post-projection, stays each tower's own.
    """

    backbone: Literal["specific", "agnostic"] = "specific"
    video: VideoConfig = VideoConfig()
    audio: AudioConfig = AudioConfig()
    text: TextConfig = TextConfig()
    pooling: Literal["agg", "mean", "max_mean"] = "agg"
    tokenizer_init: Literal["official", "whitened"] = "official"
    positions: Literal["learned", "none"] = "learned"
    position_scale: float = 1.0  # where the gain of the positions' LayerNorm starts (official: 1)
    agg_position: bool = False  # the paper's equation 2 gives the AGG token a position, too; released: none
    droptoken: DropTokenConfig = DropTokenConfig()
    common_space: CommonSpaceConfig = CommonSpaceConfig()
    learned_temperature: bool = False  # a weight that starts at loss.temperature; released: fixed

    def __post_init__(self) -> None:
        if self.backbone == "agnostic":
            if not self.video.encoder == self.audio.encoder == self.text.encoder:
                raise UserError(
                    "model.backbone = agnostic shares one encoder, so video.encoder, audio.encoder and text.encoder "
                    "must be equal"
                )
            if self.text.style != "agnostic":
                raise UserError(f"model.backbone = agnostic needs text.style = agnostic, not {self.text.style}")
