"""The released schedule of the learning rate in full: several levels, as its fine-tuning may have them."""

import math
from collections.abc import Sequence

from vatt_edu.errors import UserError


def stepwise_cosine(
    step: int, levels: Sequence[float], starts: Sequence[int], total: int, warmup_from: float = 0.0
) -> float:
    """The released schedule in full: half a cosine from each level to the next, at last to 0.

    ``training.schedule.learning_rate`` is the case of two levels whose second begins where the run ends.

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
