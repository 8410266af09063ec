"""The learning rate as a function of the step."""

import math

from vatt_edu.config import OptimConfig


def learning_rate(step: int, config: OptimConfig, steps: int) -> float:
    """Linear warm-up from 0, then a cosine from ``lr`` to ``final_lr``.

    ``half_cosine`` is what the released code does (its stepwise schedule with its default levels), ``quarter_cosine``
    what the paper says (appendix: a quarter period).

    Args:
        step: From 0.
        config: Rates and warm-up.
        steps: Length of the run; at and beyond it the rate stays ``final_lr``.
    """
    if step < config.warmup_steps:
        return config.lr * step / config.warmup_steps
    progress = min((step - config.warmup_steps) / max(steps - config.warmup_steps, 1), 1.0)
    if config.schedule == "half_cosine":
        share = (1 + math.cos(math.pi * progress)) / 2
    else:
        share = math.cos(math.pi / 2 * progress)
    return config.final_lr + (config.lr - config.final_lr) * share
