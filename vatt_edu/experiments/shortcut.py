"""Does a model that can tell videos by their wallpaper learn anything else?

Only if telling them is easier than looking. Wallpaper tells one video from another, but not the windows of one video
from each other, so batches of the toy, which hold four of each, leave it little to tell. And which wallpaper goes with
which words has to be learned by heart, which many videos forbid and few allow. So the question is asked of the toy's
batches and of single windows, of all 480 narrated videos and of the first 120.
"""

from dataclasses import replace

from vatt_edu.config import Config, toy
from vatt_edu.experiments.run import Arm, Corpus, Experiment

VIDEOS = 120  # the few
WALLPAPER = Corpus("small", {"shortcut": True})


def single_windows(config: Config) -> Config:
    """The same number of clips in a batch, each of another video."""
    data = config.data
    return replace(
        config, data=replace(data, narrated_videos=data.narrated_videos * data.windows_per_video, windows_per_video=1)
    )


def experiment() -> Experiment:
    """``toy`` on the corpus, and on one whose videos keep one background; all tested where backgrounds change."""
    several, single = toy(), single_windows(toy())
    few = replace(single, data=replace(single.data, max_narrated_videos=VIDEOS))
    arms = []
    for what, config in (
        ("", several),
        (", single windows", single),
        (f", single windows of {VIDEOS} videos", few),
    ):
        arms.append(Arm(f"cuts{what}", config))
        arms.append(Arm(f"shortcut{what}", config, WALLPAPER, test_corpus=Corpus("small")))
    question = "Does a model that can tell videos by their wallpaper learn anything else?"
    return Experiment("shortcut", question, tuple(arms), splits=("test_iid", "test_bg"))
