"""Whose unit is it: how much each hidden unit of a shared encoder's feed-forward is used by video, sound and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import traitlets
from jaxtyping import Float, Int
from torch import Tensor

from vatt_edu.batch import Batch
from vatt_edu.model import VATT
from vatt_edu.teach.interactive.base import Live

MODALITIES = ("video", "audio", "text")
OWN = 0.8
"""A unit is one modality's own if that modality has more than this share of its activity."""
SHOWN = 3  # words and clips


@dataclass(frozen=True)
class Activity:
    """What leaves the activation of each of ``U`` hidden units, where it is positive, averaged over tokens.

    Attributes:
        video: Of each clip.
        audio: Of each clip.
        words: Of each distinct word.
        word_ids: Which words these are.
        means: Over all tokens of a modality, AGG and padding left out: video, audio, text.
    """

    video: Float[Tensor, "B U"]
    audio: Float[Tensor, "B U"]
    words: Float[Tensor, "W U"]
    word_ids: Int[Tensor, " W"]
    means: Float[Tensor, "3 U"]

    @property
    def shares(self) -> Float[Tensor, "3 U"]:
        """Of each modality in a unit's activity; a unit that is never active belongs to nobody: a third each."""
        total = self.means.sum(0)
        return torch.where(total > 0, self.means / total.clamp(min=1e-12), 1 / 3)

    def specialists(self) -> list[int]:
        """How many units are a modality's own: video, audio, text."""
        return [int(count) for count in (self.shares > OWN).sum(1)]


@torch.no_grad()
def unit_activity(model: VATT, batch: Batch, layer: int = -1) -> Activity:
    """Runs a batch through an agnostic model and watches the hidden units of one layer's feed-forward.

    Args:
        model: With a shared encoder, in eval mode.
        batch: Each clip with one line of text.
        layer: Of the shared encoder.
    """
    assert model.encoder is not None
    assert not model.training
    seen: list[Tensor] = []
    second = model.encoder.layers[layer].get_submodule("ff.wo")
    watch = second.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][:, 1:].clamp(min=0)))
    try:
        model(batch)
    finally:
        watch.remove()
    video, audio, text = seen
    ids = batch.text.flatten(0, 1)
    spoken, ids = text[ids != 0], ids[ids != 0]
    word_ids, place, counts = ids.unique(return_inverse=True, return_counts=True)
    words = torch.zeros(len(word_ids), text.shape[-1]).index_add(0, place, spoken) / counts[:, None]
    means = torch.stack([video.mean((0, 1)), audio.mean((0, 1)), spoken.mean(0)])
    return Activity(video.mean(1), audio.mean(1), words, word_ids, means)


class Units(Live):
    """The units of a layer in a triangle whose corners are video, sound and words.

    Inputs: ``unit``, and ``model_number``, of the model whose units are shown. Outputs: ``shares`` of the three
    modalities in what that unit does, ``words`` that excite it most, and ``clips`` whose picture does.
    """

    script = "units.js"
    models: Any = traitlets.List().tag(sync=True)
    vocabulary: Any = traitlets.List().tag(sync=True)
    captions: Any = traitlets.List().tag(sync=True)
    unit = traitlets.Int(0).tag(sync=True)
    model_number = traitlets.Int(0).tag(sync=True)
    shares: Any = traitlets.List().tag(sync=True)
    words: Any = traitlets.List().tag(sync=True)
    clips: Any = traitlets.List().tag(sync=True)

    def __init__(
        self, activities: Mapping[str, Activity], words: Sequence[str], captions: Sequence[str], unit: int = 0
    ) -> None:
        """Makes the figure.

        Args:
            activities: Of each model by its name, on the same batch.
            words: The vocabulary.
            captions: Of the clips.
            unit: Shown first.
        """
        self._activities = list(activities.values())
        table = {
            "shares": [
                (1_000 * activity.shares.T).round().int().tolist() for activity in self._activities
            ],
            "own": [activity.specialists() for activity in self._activities],
            "words": [_loudest_words(activity) for activity in self._activities],
            "clips": [_loudest(activity.video) for activity in self._activities],
        }  # fmt: skip
        super().__init__(
            models=list(activities), vocabulary=list(words), captions=list(captions), table=table, unit=unit
        )
        self.observe(self._look, ["unit", "model_number"])
        self._look()

    def _look(self, _: Any = None) -> None:
        activity = self._activities[self.model_number]
        self.shares = (1_000 * activity.shares[:, self.unit]).round().int().tolist()
        self.words = _loudest_words(activity)[self.unit]
        self.clips = _loudest(activity.video)[self.unit]


def _loudest(activity: Float[Tensor, "R U"]) -> list[list[int]]:
    """For each unit, the rows that excite it most."""
    rows: list[list[int]] = activity.topk(min(SHOWN, len(activity)), dim=0).indices.T.tolist()
    return rows


def _loudest_words(activity: Activity) -> list[list[int]]:
    """By their numbers in the vocabulary."""
    ids = activity.word_ids.tolist()
    return [[ids[row] for row in rows] for rows in _loudest(activity.words)]
