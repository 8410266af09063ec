"""R@5 near 100%: does the model know who does what?

Two things in each clip, sentences that name both and say what each does, no noise in the narration. Retrieval is asked
among random others, and then between a clip and its partner, which shows the same things with their roles swapped. A
bag of placed patches and two layers are trained alike; a third arm sees both partners in every batch, so that the loss
asks to tell them apart.
"""

from dataclasses import replace

from vatt_edu.config import Config, toy
from vatt_edu.evaluation.protocols.roles import evaluate_roles
from vatt_edu.experiments.run import Arm, Corpus, Experiment
from vatt_edu.experiments.scoreboard import CPU_SECONDS, MILLISECONDS, PARTS

TWO_THINGS = {
    "things": 2, "offset_mean": 0.0, "offset_sigma": 0.0, "filler_share": 0.0, "attribute_drop": 0.0, "word_drop": 0.0,
}  # fmt: skip
"""Lines begin with their step and name everything: no line can be blamed."""
APART, TOGETHER = Corpus("small", TWO_THINGS), Corpus("small", TWO_THINGS | {"partners": True})
LAYERS = next(part for part in PARTS if part.name == "layers")


def _each_step_a_window(config: Config, row: str) -> Config:
    """Eight windows of each of four videos, so that each step has one, with its nearest line; for 240 CPU seconds.

    Where the second half of a video shows the first half with roles swapped, partners are then in one batch.
    """
    data = replace(config.data, narrated_videos=4, windows_per_video=8, candidates=1)
    train = replace(config.train, steps=round(1e3 * CPU_SECONDS / MILLISECONDS[row]), threads=1)
    return replace(config, data=data, train=train)


def experiment() -> Experiment:
    """A bag, two layers, and two layers that see the swapped partner in every batch."""
    bag, layers = _each_step_a_window(LAYERS.without(toy()), "without layers"), _each_step_a_window(toy(), "toy")
    arms = (
        Arm("bag of placed patches", bag, APART),
        Arm("two layers", layers, APART),
        Arm("two layers, partners in the batch", layers, TOGETHER),
    )
    return Experiment(
        "who_does_what",
        "Does a model that finds its clip among random others know who does what?",
        arms,
        splits=("val", "test_iid"),
        twin_arms=(arms[0].label, arms[2].label),
        measure=evaluate_roles,
        twin_corpus=Corpus("twin", TWO_THINGS | {"partners": True}),
    )
