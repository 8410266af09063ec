"""Does a model that can tell videos by their wallpaper learn anything else?

Wallpaper tells one video from another, but not the windows of one video from each other. So the question is asked
twice: of batches that hold one window of each video, and of the toy's, which hold four of each.
"""

from dataclasses import replace

from vatt_edu.config import Config, toy
from vatt_edu.experiments.run import Arm, Corpus, Experiment

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
    return Experiment(
        "shortcut",
        "Does a model that can tell videos by their wallpaper learn anything else?",
        (
            Arm("cuts", several),
            Arm("shortcut", several, WALLPAPER, tested=Corpus("small")),
            Arm("cuts, single windows", single),
            Arm("shortcut, single windows", single, WALLPAPER, tested=Corpus("small")),
        ),
        splits=("test_iid", "test_bg"),
    )
