"""What do the toy presets reach, with several seeds, and what does the model as released reach at toy size?"""

from dataclasses import replace

from vatt_edu import config
from vatt_edu.experiments.run import Arm, Experiment

PLAIN_STEPS = 7_200  # about half an hour on two cores


def experiment() -> Experiment:
    """``toy``, ``toy_long``, and ``toy_plain`` for half an hour."""
    plain = config.toy_plain()
    plain = replace(plain, train=replace(plain.train, steps=PLAIN_STEPS))
    return Experiment(
        "toy",
        "What do the toy presets reach, beside the model as released?",
        (Arm("toy", config.toy()), Arm("toy_long", config.toy_long()), Arm("toy_plain", plain)),
        splits=("train", "val", "test_iid", "test_comp", "test_bg"),
    )
