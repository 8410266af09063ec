"""Trainings of a few milliseconds each, so that a page can run hundreds: two heads on what frozen towers make of clips.

What a seed, a gallery and a choice do to a number can only be seen in many runs. Here a run learns two matrices, one
for the pooled feature of a sentence and one for that of its clip, by the released form of NCE
(``losses.contrastive``, a test compares the two). Runs of one recipe are trained side by side, as one more dimension of
the tensors; each has weights and batches of its own, so it is the same run in any company (chapter *Ablations*).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

STREAM = 1_000_003
"""Added to the number of an order, so that weights and batches never come from one stream of random numbers."""


@dataclass(frozen=True)
class Recipe:
    """How a run is trained.

    Attributes:
        width: Of the common space.
        steps: Of Adam.
        clips: In a batch.
        lr: Learning rate.
        temperature: Of the loss.
    """

    width: int = 8
    steps: int = 20
    clips: int = 64
    lr: float = 1e-2
    temperature: float = 0.2


@dataclass(frozen=True)
class Gallery:
    """Sentences with their clips, as frozen towers see them.

    Attributes:
        text: A feature for each sentence.
        video: The feature of its clip.
    """

    text: Float[Tensor, "n Dt"]
    video: Float[Tensor, "n Dv"]

    def standardized(self, by: "Gallery") -> "Gallery":
        """Each component less its mean and by its deviation, both over another gallery's clips."""
        pairs = ((self.text, by.text), (self.video, by.video))
        return Gallery(*((x - y.mean(0)) / (y.std(0) + 1e-6) for x, y in pairs))


@dataclass(frozen=True)
class Runs:
    """What runs of one recipe reach on one gallery.

    Attributes:
        losses: Of the whole gallery as one batch, a number a run.
        ranks: Of each sentence's own clip, from 1, everything else counting against it.
    """

    losses: Float[np.ndarray, " S"]
    ranks: Int[np.ndarray, "S n"]

    def recalls(self, k: int = 5) -> Float[np.ndarray, " S"]:
        """R@k in per cent, a number a run."""
        return 100 * (self.ranks <= k).mean(1)


class Bench:
    """Where short runs are trained and measured.

    Args:
        train: What they learn from.
        galleries: What they are measured on, by name.
    """

    def __init__(self, train: Gallery, galleries: Mapping[str, Gallery]) -> None:
        self.train = train.standardized(train)
        self.galleries = {name: gallery.standardized(train) for name, gallery in galleries.items()}

    def run(self, recipe: Recipe, seeds: Sequence[int], orders: Sequence[int] | None = None) -> dict[str, Runs]:
        """Trains one run for each seed and measures it.

        Args:
            recipe: How.
            seeds: Of the first weights.
            orders: Of the batches, one for each seed; the seeds themselves if None.

        Returns:
            By gallery, in the order of the seeds.
        """
        heads = self._heads(recipe, seeds)
        optimizer = torch.optim.Adam(heads, recipe.lr)
        draws = [torch.Generator().manual_seed(STREAM + order) for order in (seeds if orders is None else orders)]
        for _ in range(recipe.steps):
            rows = torch.stack(
                [torch.randperm(len(self.train.video), generator=draw)[: recipe.clips] for draw in draws]
            )
            batch = self.train.text[rows], self.train.video[rows]
            optimizer.zero_grad()
            nce(similarities(batch, heads), recipe.temperature).sum().backward()
            optimizer.step()
        return {name: _measured(gallery, heads, recipe) for name, gallery in self.galleries.items()}

    def _heads(self, recipe: Recipe, seeds: Sequence[int]) -> list[Tensor]:
        heads = []
        for side, x in enumerate((self.train.text, self.train.video)):
            draws = [torch.Generator().manual_seed(2 * seed + side) for seed in seeds]
            shape = x.shape[1], recipe.width
            drawn = torch.stack([torch.randn(shape, generator=draw) for draw in draws]) / x.shape[1] ** 0.5
            heads.append(drawn.requires_grad_())
        return heads


def similarities(
    sides: tuple[Float[Tensor, "*S B Dt"], Float[Tensor, "*S B Dv"]], heads: Sequence[Float[Tensor, "S _ D"]]
) -> Float[Tensor, "S B B"]:
    """Cosines of each sentence (rows) and each clip, in the common space of each run.

    Args:
        sides: Features of sentences and clips, the same for all runs or a batch for each.
        heads: Two matrices a run.
    """
    text, video = (torch.nn.functional.normalize(x @ w, dim=-1) for x, w in zip(sides, heads, strict=True))
    return text @ video.transpose(-1, -2)


def nce(cosines: Float[Tensor, "S B B"], temperature: float) -> Float[Tensor, " S"]:
    """The released form of NCE of each run: both ways in one denominator, the own pair twice in it.

    Args:
        cosines: Own pairs on the diagonal.
        temperature: By which they are divided.
    """
    logits = cosines / temperature
    own = logits.diagonal(dim1=-2, dim2=-1)
    return (torch.logaddexp(logits.logsumexp(-1), logits.logsumexp(-2)) - own).mean(-1)


@torch.no_grad()
def _measured(gallery: Gallery, heads: Sequence[Tensor], recipe: Recipe) -> Runs:
    cosines = similarities((gallery.text, gallery.video), heads)
    own = cosines.diagonal(dim1=-2, dim2=-1)[..., None]
    return Runs(nce(cosines, recipe.temperature).double().numpy(), (~(cosines < own)).sum(-1).numpy())
