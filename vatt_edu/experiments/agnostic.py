"""What does it cost to have one encoder for video, audio and text, at equal steps?

At equal seconds of processor time the same two are the last rows of ``scoreboard``.
"""

from vatt_edu import config
from vatt_edu.experiments.run import Arm, Experiment


def experiment() -> Experiment:
    """``toy`` and ``toy_agnostic``."""
    return Experiment(
        "agnostic",
        "What does it cost to have one encoder for video, audio and text, at equal steps?",
        (Arm("toy", config.toy()), Arm("toy_agnostic", config.toy_agnostic())),
        splits=("val", "test_iid", "test_comp"),
    )
