"""A whole run as a value: losses, data, optimizer, loop, and the tree that holds them and the model."""

import math
from dataclasses import asdict, dataclass, field
from typing import Literal

from vatt_edu.config.checks import require_not_negative, require_positive
from vatt_edu.config.model import ModelConfig
from vatt_edu.errors import UserError


@dataclass(frozen=True)
class LossConfig:
    """NCE between video and audio, MIL-NCE between video and text (paper, equations 4 and 5).

    ``form = "paper"`` with ``reduction = "sum"`` are the equations as printed; the released code averages, and counts
    the positive twice. ``weight_within`` is a departure, see ``training.views``.
    """

    form: Literal["asymmetric", "symmetric", "paper"] = "asymmetric"
    temperature: float = 0.07
    weight_va: float = 1.0
    weight_vt: float = 1.0
    line_masking: bool = False
    mask_mean: Literal["replica", "global"] = "replica"
    reduction: Literal["mean", "sum"] = "mean"
    weight_within: float = 0.0  # of NCE between two views of one modality, added to the total; 0 is off, as released

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise UserError(f"loss.temperature = {self.temperature} must be positive")
        weights = self.weight_va, self.weight_vt, self.weight_within
        if not (all(weight >= 0 for weight in weights) and sum(weights) > 0):
            raise UserError(
                "loss.weight_va and loss.weight_vt must not be negative, nor both zero without loss.weight_within, "
                "which must not be negative"
            )


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of a training clip; every one a function of (seed, index). Defaults: the released pre-training.

    ``brightness`` is a largest shift on the [0, 1] scale, ``contrast`` and ``saturation`` largest changes of a factor
    around 1, ``hue`` a largest turn of the color circle, ``color_prob`` and ``scale_prob`` the shares of clips that
    are changed at all; ``audio_noise`` is relative to the clip's peak, ``audio_gain`` the deviation of the log gain.
    ``crop`` is a window at a random place, or (paper's appendix, released fine-tuning) a random box that is stretched.
    """

    crop: Literal["window", "box"] = "window"
    scale: float = 0.2
    scale_prob: float = 0.8
    flip: bool = True
    brightness: float = 32 / 255
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.2
    color_prob: float = 0.8
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
    max_narrated_videos: int = 0  # of each source only so many narrated videos, from the first; 0: all

    def __post_init__(self) -> None:
        require_positive(self, "windows_per_video", "fps", "short_side", "sample_rate", "candidates")
        if self.max_narrated_videos < 0:
            raise UserError(f"data.max_narrated_videos = {self.max_narrated_videos} must not be negative; 0 is all")
        if min(self.narrated_videos, self.text_free) < 0 or self.batch_size < 2:
            raise UserError("data.narrated_videos and data.text_free must give a batch of at least 2 clips")

    @property
    def batch_size(self) -> int:
        """Clips in the global batch."""
        return self.narrated_videos * self.windows_per_video + self.text_free


@dataclass(frozen=True)
class OptimConfig:
    """Optimizer and learning-rate schedule. Defaults: the released pre-training."""

    name: Literal["keras_adam", "adam", "adamw"] = "keras_adam"  # released: epsilon before the bias is corrected
    lr: float = 1e-4
    final_lr: float = 5e-5
    warmup_steps: int = 5_000
    schedule: Literal["half_cosine", "quarter_cosine"] = "half_cosine"  # released code; the paper's words
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-7
    weight_decay: float = 0.0  # decoupled, times the learning rate (adamw)
    grad_clip_norm: float = 0.0  # 0 is off

    def __post_init__(self) -> None:
        others = (self.final_lr, self.warmup_steps, self.weight_decay, self.grad_clip_norm, self.eps)
        if not (self.lr > 0 and all(value >= 0 for value in others)):
            raise UserError(
                "optim: lr must be positive; final_lr, warmup_steps, weight_decay, grad_clip_norm, eps not negative"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UserError(f"optim.betas = {self.betas} must lie in [0, 1)")


@dataclass(frozen=True)
class TrainConfig:
    """The loop: how long, how often to save, on what."""

    steps: int = 500_000
    checkpoint_every: int = 10_000
    eval_every: int = 0  # steps between retrievals on the split val, which go into val.jsonl; 0 is never
    keep_checkpoints: int = 3
    workers: int = 0  # processes that read clips; 0 reads in a background thread
    threads: int = 0  # of torch on the CPU; 0 takes the cores there are, at most 8
    device: str = "auto"
    precision: Literal["fp32", "bf16"] = "fp32"  # bf16 falls back to fp32 where the device has none
    micro_batch: int = 0  # clips that go through the towers at once, on each process; 0: its whole share of the batch
    loss_chunk: int = 0  # clips that the losses compare with all others at once; 0: all
    max_nonfinite: int = 0  # steps in a row that are left out where loss or gradient is no number; one more ends it
    hang_seconds: float = 600.0  # without a move of any process, after which the one that hangs is named, and all end
    loggers: tuple[str, ...] = ()  # that write beside log.jsonl: tensorboard
    peak_tflops: float = 0.0  # of one device, which mfu is a share of; 0: its datasheet's bf16 peak, where it is known
    profile_steps: int = 0  # that torch.profiler traces into the run's folder, from the fourth of a call on
    compile: Literal["off", "inductor", "aot_eager"] = "off"  # torch.compile of each encoder layer, by which backend
    recompute: bool = False  # forget what is inside an encoder layer, and compute it again on the way back
    fused: bool = (
        False  # one product for queries, keys and values; one kernel for the optimizer's step, where there is one
    )
    sound_bits: Literal[16, 32] = 32  # in which sound travels to the device; 16 needs data.augment.audio_noise 0

    def __post_init__(self) -> None:
        require_positive(self, "steps", "checkpoint_every", "keep_checkpoints", "hang_seconds")
        require_not_negative(self, "eval_every", "micro_batch", "loss_chunk", "max_nonfinite", "profile_steps")
        require_not_negative(self, "peak_tflops")
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
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = DataConfig()
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UserError(f"seed = {self.seed} must lie in [0, 2**63)")
        if self.train.sound_bits == 16 and self.data.augment.audio_noise:
            raise UserError("train.sound_bits = 16: noise has no 16-bit samples; set data.augment.audio_noise 0, or 32")
        if self.data.short_side < max(self.model.video.height, self.model.video.width):
            raise UserError(
                f"data.short_side = {self.data.short_side} is smaller than the crop "
                f"{self.model.video.height} x {self.model.video.width} (model.video)"
            )
        if self.loss.weight_within and self.train.micro_batch:
            raise UserError("loss.weight_within sees a batch twice at once: train.micro_batch must be 0")
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
