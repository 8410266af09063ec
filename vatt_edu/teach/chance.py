"""What a contrastive loss is before anything is learned, and how low it can fall: arithmetic, no model.

*Chance* is the loss where everything looks alike to the model, all embeddings in one place: each loss is the logarithm
of how many terms its denominator has for each right one, so it is a matter of counting. The *floor* is the loss of the
best embeddings that there can be at a temperature. The forms are this library's three (``losses``) and three that are
widely used, to place losses that others report.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int

from vatt_edu.batch import Batch
from vatt_edu.config import LossConfig

Form = Literal["asymmetric", "paper", "symmetric", "clip", "simclr", "supcon"]
FORMS: tuple[Form, ...] = get_args(Form)
OURS = FORMS[:3]

BASE_TEMPERATURE = 0.07
"""By which the code of supervised contrastive learning divides its temperature before it multiplies the loss by it."""


@dataclass(frozen=True)
class Setting:
    """What a loss and its batch are like.

    Attributes:
        form: One of ``FORMS``; the last three know neither missing partners nor several lines.
        clips: In the batch, all with video; with ``simclr`` and ``supcon``, pictures of which there are two views each.
        valid: How many of them have the other signal; None: all.
        lines: Candidates of each.
        hidden: Candidates that are hidden from each clip's row, and from its column, since windows share them.
        temperature: By which cosines are divided.
    """

    form: Form = "asymmetric"
    clips: int = 40
    valid: int | None = None
    lines: int = 1
    hidden: int = 0
    temperature: float = 0.2

    @property
    def pairs(self) -> int:
        """Clips that have a partner."""
        return self.clips if self.valid is None or self.form not in OURS else self.valid

    @property
    def chance(self) -> float:
        """The loss at constant embeddings."""
        if self.form in OURS:
            rows, columns = self.pairs * self.lines - self.hidden, self.clips * self.lines - self.hidden
            return _of_counts(self.form, rows / self.lines, columns / self.lines)
        if self.form == "clip":
            return math.log(self.clips)
        return self._scale * math.log(2 * self.clips - 1)

    @property
    def floor(self) -> float:
        """A bound that the loss cannot get below.

        It is met by a regular simplex: partners in one place, each two clips at a cosine of -1 / (pairs - 1), for which
        the space needs ``pairs - 1`` numbers. Where lines are hidden, no more than the doubled positive is counted.
        """
        others = self.pairs - 1
        alone = others < 1 or (self.form in OURS and self.hidden > 0)
        negatives = 0.0 if alone else others * math.exp(-(1 + 1 / others) / self.temperature)
        if self.form == "asymmetric":
            return math.log(2 + 2 * negatives)
        if self.form == "symmetric":
            return 2 * math.log1p(negatives)
        if self.form == "clip":
            return math.log1p(negatives)
        return self._scale * math.log1p(2 * negatives)

    @property
    def _scale(self) -> float:
        return {"simclr": 2.0, "supcon": self.temperature / BASE_TEMPERATURE}.get(self.form, 1.0)


def _of_counts(form: Form, row: float, column: float) -> float:
    """Chance of a clip whose row and column hold so many terms for each right one."""
    if form == "symmetric":
        return math.log(row) + math.log(column)
    return math.log(row + column - (form == "paper"))


def chance_of(batch: Batch, loss: LossConfig) -> tuple[float, float]:
    """NCE and MIL-NCE of a batch at constant embeddings, every mask counted.

    Args:
        batch: Only its masks and ``text_id`` are read.
        loss: Form, line masking.

    Returns:
        The two losses; 0 where no clip counts.
    """
    video, audio, text = (mask.cpu().numpy() for mask in (batch.has_video, batch.has_audio, batch.has_text))
    lines = batch.text_id.cpu().numpy()
    if not loss.line_masking:
        lines = np.full_like(lines, -1)
    sounds = np.full((len(video), 1), -1)
    return mean_chance(loss.form, video, audio, sounds), mean_chance(loss.form, video, text, lines)


def mean_chance(
    form: Form, has_clip: Bool[np.ndarray, " B"], has_candidate: Bool[np.ndarray, " B"], lines: Int[np.ndarray, "B L"]
) -> float:
    """The mean over clips that have both, by counting the terms of each.

    Args:
        form: One of ``OURS``.
        has_clip: Which clips have video.
        has_candidate: Which have candidates.
        lines: Identity of each candidate; those with one identity are not each other's negatives. -1: shared by none.
    """
    if not (has_clip & has_candidate).any():
        return 0.0
    row, column = denominators(has_clip, has_candidate, lines)
    return float(np.mean([_of_counts(form, *counts) for counts in zip(row, column, strict=True)]))


def denominators(
    has_clip: Bool[np.ndarray, " B"], has_candidate: Bool[np.ndarray, " B"], lines: Int[np.ndarray, "B L"]
) -> tuple[Float[np.ndarray, " V"], Float[np.ndarray, " V"]]:
    """How many terms the row and the column of a clip hold for each of its candidates, its own among them.

    Args:
        has_clip: Which clips have video.
        has_candidate: Which have candidates.
        lines: Identity of each candidate, as for ``mean_chance``.

    Returns:
        Two numbers for each of the ``V`` clips that have both.
    """
    size, count = lines.shape
    alike = (lines[:, None, :, None] == lines[None, :, None, :]) & (lines >= 0)[:, None, :, None]
    alike[np.arange(size), np.arange(size)] = False
    row = (has_candidate[None, :, None] & ~alike.any(2)).sum((1, 2))
    column = (has_clip[None, :, None] & ~alike.any(3)).sum((1, 2))
    valid = has_clip & has_candidate
    return row[valid] / count, column[valid] / count


def start_excess(temperature: float, width: int, lines: int = 1) -> float:
    """How far above chance the loss of independent random directions lies, in nats.

    A cosine of such directions has variance 1 / width. Of a large batch, the logarithm of a sum of exponentials rises
    by half the variance of its terms; what is right does, too, where it is a sum over lines, by 1 - 1 / lines of that.

    Args:
        temperature: Of the loss.
        width: Numbers in an embedding.
        lines: Candidates of a clip, each in a direction of its own.
    """
    return 1 / (2 * temperature**2 * width * lines)


def head_start(temperature: float) -> float:
    """Cosine that the doubled positive is worth: tau times ln 2."""
    return temperature * math.log(2)


@dataclass(frozen=True)
class Plateau:
    """A loss that did not move, as somebody reported it, and what the run was.

    Attributes:
        name: Of the thread.
        address: Of the thread.
        seen: As it was printed there.
        setting: By what the thread says of the run, and the defaults of its code.
    """

    name: str
    address: str
    seen: str
    setting: Setting


_THREADS = "https://github.com/"
PLATEAUS = (
    Plateau("SupContrast 3", _THREADS + "HobbitLong/SupContrast/issues/3", "8.909",
            Setting("supcon", 256, temperature=0.1)),
    Plateau("positional_cl 5", _THREADS + "dewenzeng/positional_cl/issues/5", "5.5597",
            Setting("supcon", 25, temperature=0.1)),
    Plateau("open_clip 17", _THREADS + "mlfoundations/open_clip/issues/17", "4.8",
            Setting("clip", 128, temperature=0.07)),
)  # fmt: skip
"""Three public threads. The first does not say its batch: 196 steps an epoch on 50,000 pictures are batches of 256."""
