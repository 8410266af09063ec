"""What does the model as released learn at toy size, in half an hour?"""

from dataclasses import replace

from vatt_edu import config
from vatt_edu.experiments.run import Arm, Experiment

STEPS = 7_200  # about half an hour on two cores


def experiment() -> Experiment:
    """``toy_plain``, twice as long as ``toy_long``; its log holds the curve."""
    plain = config.toy_plain()
    plain = replace(plain, train=replace(plain.train, steps=STEPS))
    return Experiment(
        "plain",
        "What does the model as released learn at toy size, in half an hour?",
        (Arm("toy_plain", plain),),
        splits=("train", "val", "test_iid", "test_comp", "test_bg"),
        seeds=1,
    )
