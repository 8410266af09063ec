"""What do the toy presets reach, with several seeds?"""

from vatt_edu import config
from vatt_edu.experiments.run import Arm, Experiment


def experiment() -> Experiment:
    """``toy`` and ``toy_long``; retrieval among training steps stands beside, so that learning by heart shows."""
    return Experiment(
        "toy",
        "What do the toy presets reach, with several seeds?",
        (Arm("toy", config.toy()), Arm("toy_long", config.toy_long())),
        splits=("train", "val", "test_iid", "test_comp", "test_bg"),
    )
