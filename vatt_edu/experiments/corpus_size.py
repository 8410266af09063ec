"""How many videos does it take: does the toy learn what it is shown, or what others like it show, too?

Narrated videos are halved again and again; everything else, the steps and the text-free videos included, stays. So few
videos are seen more often. If what is learned is the videos themselves, retrieval among the steps of those videos stays
high while that among new clips falls.
"""

from dataclasses import replace

from vatt_edu.config import Config, toy
from vatt_edu.experiments.run import Arm, Experiment

VIDEOS = (480, 240, 120, 60, 30, 15)
"""Narrated videos that are trained on; ``small`` has as many as the first of these."""


def on_first(config: Config, videos: int) -> Config:
    """The same on the first ``videos`` narrated videos of ``small``."""
    limit = 0 if videos == VIDEOS[0] else videos
    return replace(config, data=replace(config.data, max_narrated_videos=limit))


def experiment() -> Experiment:
    """``toy`` on fewer and fewer narrated videos, its retrieval on training steps beside that on new clips."""
    return Experiment(
        "corpus_size",
        "How many videos does it take?",
        tuple(Arm(f"{videos} videos", on_first(toy(), videos)) for videos in VIDEOS),
        splits=("train", "val", "test_iid"),
        twin_arms=(f"{VIDEOS[0]} videos", f"{VIDEOS[-1]} videos"),
    )
