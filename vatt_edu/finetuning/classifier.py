"""Classification with one tower and a linear head: what fine-tuning trains (paper, section 4.2; released heads).

Video: one label a clip, softmax, cross entropy with smoothed labels. Audio: any number of labels a clip, sigmoid,
binary cross entropy weighted by how rare a clip's labels are. A file is seen in several views (windows, crops) that lie
side by side in the batch; their *logits* are averaged, as released.
"""

import math
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from vatt_edu.config import AudioConfig, VideoConfig
from vatt_edu.config.serialize import from_json
from vatt_edu.encoder import linear
from vatt_edu.errors import UserError
from vatt_edu.files import read_json
from vatt_edu.model import audio_tower, video_tower
from vatt_edu.training import checkpoint


@dataclass(frozen=True)
class ClassifierConfig:
    """A tower and how many classes it tells apart; ``video`` or ``audio`` counts, whichever ``signal`` names."""

    signal: Literal["video", "audio"] = "video"
    classes: int = 400
    dropout: float = 0.5  # before the head; released: 0.5 for video, 0 for audio
    video: VideoConfig = field(default_factory=VideoConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise UserError(f"classifier.classes = {self.classes} must be at least 2")
        if not 0 <= self.dropout < 1:
            raise UserError(f"classifier.dropout = {self.dropout} must lie in [0, 1)")


class Classifier(nn.Module):
    """A tower of VATT with a linear head on its pooled feature."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        video = config.signal == "video"
        self.tower = video_tower(config.video) if video else audio_tower(config.audio)
        self.dropout = nn.Dropout(config.dropout)
        width = (config.video if video else config.audio).feature_width
        self.head = linear(width, config.classes)
        if video:
            # Keras' glorot_normal is cut at two deviations, and widened so that the deviation stays.
            sigma = math.sqrt(2 / (width + config.classes)) / 0.87962566103423978
            nn.init.trunc_normal_(self.head.weight, std=sigma, a=-2 * sigma, b=2 * sigma)
        else:
            # Every class starts at a probability of 1 / classes instead of 1 / 2: most labels are absent.
            nn.init.constant_(self.head.bias, -math.log(config.classes - 1))

    def forward(self, signal: Shaped[Tensor, "V ..."], views: int = 1) -> Float[Tensor, "B classes"]:
        """Logits of each file.

        Args:
            signal: V = B × views clips, as the tower takes them; the views of a file side by side.
            views: How many clips show the same file.
        """
        pooled, _ = self.tower(signal)
        return self.head(self.dropout(pooled)).unflatten(0, (-1, views)).mean(1)

    def probabilities(self, logits: Float[Tensor, "B classes"]) -> Float[Tensor, "B classes"]:
        """Softmax for video, whose classes exclude each other; sigmoid for audio, whose classes do not."""
        return logits.softmax(-1) if self.config.signal == "video" else logits.sigmoid()


def smooth_labels(labels: Int[Tensor, " B"], classes: int, amount: float = 0.1) -> Float[Tensor, "B classes"]:
    """One-hot labels of which ``amount`` is spread evenly over all classes, the right one included (released)."""
    return F.one_hot(labels, classes).float() * (1 - amount) + amount / classes


def video_loss(logits: Float[Tensor, "B classes"], labels: Float[Tensor, "B classes"]) -> Float[Tensor, ""]:
    """Cross entropy with (smoothed) labels, mean over the clips."""
    return F.cross_entropy(logits, labels)


def audio_loss(logits: Float[Tensor, "B classes"], labels: Float[Tensor, "B classes"]) -> Float[Tensor, ""]:
    """Binary cross entropies summed over the classes and weighted by clip, mean over the clips (released).

    A clip's weight is the mean, over its labels, of one over how many clips of the batch have that label. A clip
    without labels weighs nothing.
    """
    occurrences = labels.sum(0)
    rarity = torch.where(occurrences > 0, 1 / occurrences.clamp(min=1e-12), 0)
    count = labels.sum(1)
    weights = torch.where(count > 0, (labels * rarity).sum(1) / count.clamp(min=1e-12), 0)
    entropies = F.binary_cross_entropy_with_logits(logits, labels, reduction="none").sum(1)
    return (weights * entropies).mean()


def load(folder: str | PathLike[str], device: str = "cpu") -> Classifier:
    """The classifier of a folder that ``vatt convert`` wrote, in eval mode. Reads safetensors and JSON only.

    Raises:
        UserError: If the folder holds no classifier, or its files are damaged or do not fit together.
    """
    path = Path(folder) / "config.json"
    if not path.exists():
        raise UserError(f"{folder} holds no classifier (there is no config.json in it); give a converted one")
    record: Any = read_json(path)
    if not isinstance(record, dict) or "classifier" not in record:
        raise UserError(f"{path} describes no classifier; if it is a run or a whole VATT, vatt.load reads it")
    model = Classifier(from_json(ClassifierConfig, record["classifier"], str(path))).eval()
    weights = Path(folder) / "model.safetensors"
    checkpoint.load_weights(model, checkpoint.read_tensors(weights), weights)
    return model.to(device)
