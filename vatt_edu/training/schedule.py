"""The learning rate as a function of the step."""

import math
from collections.abc import Sequence

from vatt_edu.config import OptimConfig
from vatt_edu.errors import UserError


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


def stepwise_cosine(
    step: int, levels: Sequence[float], starts: Sequence[int], total: int, warmup_from: float = 0.0
) -> float:
    """The released schedule in full: half a cosine from each level to the next, at last to 0.

    ``learning_rate`` is the case of two levels whose second begins where the run ends.

    Args:
        step: From 0.
        levels: Learning rates.
        starts: The step at which each level is reached, ascending; the first ends the warm-up.
        total: Length of the run. Where it equals the last start, the last level is held (the released code divides 0
            by 0 there).
        warmup_from: The rate at step 0.

    Raises:
        UserError: If levels and starts differ in number, or the starts do not ascend to ``total``.
    """
    ends = [*starts[1:], total]
    if len(levels) != len(starts) or not levels or any(a > b for a, b in zip(starts, ends, strict=True)):
        raise UserError(f"levels {list(levels)} must each start at a step of their own: {list(starts)}, up to {total}")
    if step < starts[0]:
        return warmup_from + step / starts[0] * (levels[0] - warmup_from)
    place = max(number for number, start in enumerate(starts) if start <= step)
    start, end = starts[place], ends[place]
    if start == end:
        return levels[place]
    to = levels[place + 1] if place + 1 < len(levels) else 0.0
    return to + (levels[place] - to) * (1 + math.cos(math.pi * min((step - start) / (end - start), 1.0))) / 2
