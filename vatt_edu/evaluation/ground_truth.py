"""Ground truth: what happens in each step of a corpus that was made (``annotations.json``, see ``minitube.corpus``).

Evaluation reads it, training never does. A step is one window: its middle is the middle of the step, so a single-step
clip of an evaluation split gives the window that retrieval uses.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Shaped

from vatt_edu.config import ClipSpec
from vatt_edu.data.loader.sampler import generator
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.sources.adapters.minitube import FACTORS
from vatt_edu.data.sources.source import Source, Video
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

FILE = "annotations.json"


@dataclass(frozen=True)
class Step:
    """One step of a video and what is true of it.

    Attributes:
        video: The file it is in.
        start: Seconds from the beginning of the file.
        end: Seconds.
        caption: The canonical sentence: names every factor.
        factors: The value of each of ``FACTORS``, as a word.
        events: Contacts, in order of time: seconds from the beginning of the file, and impulse (1: a heavy hit).
    """

    video: Video
    start: float
    end: float
    caption: str
    factors: Mapping[str, str]
    events: tuple[tuple[float, float], ...]

    @property
    def middle(self) -> float:
        """Seconds from the beginning of the file."""
        return (self.start + self.end) / 2

    def window(self, spec: ClipSpec) -> Window:
        """The clip in the middle of the step, with its caption."""
        return Window(self.video, max(0.0, self.middle - spec.seconds / 2), self.caption)

    def hit(self, after: float, until: float, impulse: float) -> bool:
        """Whether a contact of at least ``impulse`` begins in [after, until) seconds, counted from the middle."""
        return any(after <= time - self.middle < until and hard >= impulse for time, hard in self.events)


def has_ground_truth(source: Source) -> bool:
    """Whether the source says what happens in its videos."""
    return (source.root / FILE).exists()


def list_steps(source: Source, split: str) -> list[Step]:
    """The steps of one split, in the order of its videos; of the training split, those of narrated videos.

    Raises:
        UserError: If the source has no ground truth or no such split, or the file does not fit.
    """
    if not has_ground_truth(source):
        raise UserError(f"{source.root} has no ground truth (no {FILE}): only a corpus that was made, MiniTube, has")
    videos = {os.path.relpath(video.path, source.root): video for video in source.clips(split)}
    by_video: dict[str, list[Step]] = {}
    path = source.root / FILE
    try:
        for annotation in read_json(path).values():
            video = videos.get(os.path.normpath(annotation["file"]))
            if video is not None and (split != "train" or video.lines):
                by_video[video.id] = [_step(video, row) for row in annotation["steps"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged or of another version ({error!r}): make the corpus again") from None
    steps = [step for video in videos.values() for step in by_video.get(video.id, [])]
    if not steps:
        raise UserError(f"{path} says nothing about split {split}: make the corpus again")
    return steps


def sample_steps(steps: Sequence[Step], count: int, seed: int, purpose: str, distinct: bool = False) -> list[Step]:
    """At most ``count`` random steps: a function of (seed, purpose), in the order drawn.

    Args:
        steps: Steps to draw from.
        count: How many at most.
        seed: Of the run.
        purpose: What they are for; another purpose draws others.
        distinct: No two with the same caption, so that each sentence has one right answer.
    """
    sample: list[Step] = []
    captions: set[str] = set()
    for number in generator(seed, purpose).permutation(len(steps)):
        step = steps[number]
        if len(sample) < count and not (distinct and step.caption in captions):
            sample.append(step)
            captions.add(step.caption)
    return sample


def factor_labels(steps: Sequence[Step], factor: str) -> Shaped[np.ndarray, " n"]:
    """The value of one factor for each step, as words."""
    return np.array([step.factors[factor] for step in steps])


def _step(video: Video, row: dict[str, Any]) -> Step:
    events = tuple((float(time), float(impulse)) for time, impulse in row["events"])
    if not all(math.isfinite(time) for time, _ in events):
        raise ValueError(f"events of {video.id}")
    factors = {name: str(row[name]) for name in FACTORS}
    return Step(video, float(row["start"]), float(row["end"]), str(row["caption"]), factors, events)
