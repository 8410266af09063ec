"""Does a model that can tell videos by their wallpaper learn anything else?"""

from vatt_edu.config import toy
from vatt_edu.experiments.run import Arm, Corpus, Experiment


def experiment() -> Experiment:
    """``toy`` on the corpus, and on one whose videos keep one background; both tested where backgrounds change."""
    return Experiment(
        "shortcut",
        "Does a model that can tell videos by their wallpaper learn anything else?",
        (
            Arm("cuts", toy()),
            Arm("shortcut", toy(), Corpus("small", {"shortcut": True}), tested=Corpus("small")),
        ),
        splits=("test_iid", "test_bg"),
    )
