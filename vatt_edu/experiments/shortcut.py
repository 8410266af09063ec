"""Does a model that can tell videos by their wallpaper learn anything else?

Wallpaper tells one video from another, but not the windows of one video from each other. So the question is asked of
the toy's batches, which hold four windows of each video, and of batches that hold one. And since the toy's tokenizers
start where motion is visible, it is asked a third time of the model as released, whose tokens start as hardly more
than brightness and wallpaper.
"""

from dataclasses import replace

from vatt_edu.config import Config, toy, toy_plain
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
    released = replace(toy_plain(), train=several.train)
    return Experiment(
        "shortcut",
        "Does a model that can tell videos by their wallpaper learn anything else?",
        (
            Arm("cuts", several),
            Arm("shortcut", several, WALLPAPER, tested=Corpus("small")),
            Arm("cuts, single windows", single),
            Arm("shortcut, single windows", single, WALLPAPER, tested=Corpus("small")),
            Arm("cuts, as released", released),
            Arm("shortcut, as released", released, WALLPAPER, tested=Corpus("small")),
        ),
        splits=("test_iid", "test_bg"),
    )
