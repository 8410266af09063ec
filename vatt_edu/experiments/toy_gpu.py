"""What does the toy's preset for one GPU reach, and in what time?"""

from vatt_edu import config
from vatt_edu.experiments.run import Arm, Experiment


def experiment() -> Experiment:
    """``toy_gpu`` alone. It runs on a CPU, too, in hours."""
    return Experiment(
        "toy_gpu",
        "What does the toy's preset for one GPU reach?",
        (Arm("toy_gpu", config.toy_gpu()),),
        splits=("train", "val", "test_iid", "test_comp", "test_bg"),
        seeds=1,
        folder="gpu",
    )
