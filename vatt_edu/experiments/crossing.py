"""One encoder for video and sound, or one each; with the loss that crosses between them, or without.

A paper of 2026 (MJEPA, arXiv 2606.25225) predicts hidden parts of sound and video with one encoder. It reports that a
shared encoder without prediction across modalities falls below encoders of their own, and that with it both gain. The
twin of that question here: all four arms have a loss within each modality (``training.views``), and two of them NCE
between video and sound on top. Words are left out. Tokens are dropped more than in the toy, a quarter is kept, since
two views of half of a clip each are too easy to match, and cost twice as much.

Equal steps, and equal everything else. A shared encoder is one instead of three (the text's, too, which learns nothing
here), so arms that share have fewer parameters: another pair of arms would be needed to tell sharing from size.
"""

from dataclasses import replace

from vatt_edu.config import Config, toy_agnostic
from vatt_edu.evaluation.probing.both_towers import evaluate_towers
from vatt_edu.experiments.run import Arm, Experiment

STEPS = 500
KEEP = 0.25
SHARED, SEPARATE = "shared", "separate"
CROSSING, WITHIN = "with crossing loss", "without"


def arm_label(encoder: str, loss: str) -> str:
    """Of the arm that has both."""
    return f"{encoder}, {loss}"


def recipe(encoder: str, loss: str) -> Config:
    """``toy_agnostic`` on sound and video alone, its encoder shared or not, its losses crossing or not."""
    config = toy_agnostic()
    drop = replace(config.model.droptoken, keep_video=KEEP, keep_audio=KEEP)
    model = replace(config.model, backbone="agnostic" if encoder == SHARED else "specific", droptoken=drop)
    losses = replace(config.loss, weight_va=float(loss == CROSSING), weight_vt=0.0, weight_within=1.0)
    return replace(
        config,
        model=model,
        data=replace(config.data, candidates=1),  # no loss reads them
        loss=losses,
        train=replace(config.train, steps=STEPS, threads=1),
    )


def experiment() -> Experiment:
    """Two by two, five seeds each."""
    arms = [(encoder, loss) for encoder in (SEPARATE, SHARED) for loss in (WITHIN, CROSSING)]
    return Experiment(
        "crossing",
        "Does one encoder for sound and video need a loss that crosses between them?",
        tuple(Arm(arm_label(*arm), recipe(*arm)) for arm in arms),
        splits=("test_iid",),
        seeds=5,
        twin_arms=tuple(arm_label(*arm) for arm in arms),
        measure=evaluate_towers,
    )
