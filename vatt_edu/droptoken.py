"""Train on a random part of the tokens, evaluate on all of them (paper, section 3.2; chapter *DropToken*).

Dropped tokens are not masked but gone: the sequence is shorter, so a training step is cheaper. Which tokens are kept is
a function of (seed, step, modality) and, with ``sharing="sample"``, of the clip's place in the stream: a counter-based
hash instead of a generator with state, so that any process, on any device, can replay it. Rates are *keep* rates.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

Kept = Int[Tensor, " K"] | Int[Tensor, "B K"]

_MODALITIES = ("video", "audio")
_SIGN = (1 << 63) - 1


def keep_count(keep: float, num_tokens: int) -> int:
    """How many of ``num_tokens`` tokens a keep rate leaves: rounded down as released, but at least one."""
    return max(int(keep * num_tokens), 1)


def keep_indices(
    index: Int[Tensor, " B"],
    num_tokens: int,
    keep: float,
    *,
    seed: int,
    step: int,
    modality: Literal["video", "audio"],
    sharing: Literal["batch", "sample"],
) -> Kept:
    """Draws the tokens that a training step keeps.

    Args:
        index: The clips' places in the seeded stream (``Batch.index``); decides the device.
        num_tokens: ``N``, tokens of a clip.
        keep: Share of tokens to keep, in (0, 1].
        seed: Seed of the run.
        step: Training step.
        modality: Audio and video draw independently.
        sharing: ``"batch"``, one draw for the whole local batch (as released), or ``"sample"``, one for each clip.

    Returns:
        Distinct token numbers in random order: ``(K,)`` if shared by the batch, else ``(B, K)``.
    """
    tokens = torch.arange(num_tokens, device=index.device)
    counters = [seed, step, _MODALITIES.index(modality)]
    owners = [] if sharing == "batch" else [index[:, None]]
    keys = counter_hash([*counters, *owners, tokens])
    return keys.argsort(dim=-1)[..., : keep_count(keep, num_tokens)]


def counter_hash(counters: Sequence[int | Int[Tensor, "..."]]) -> Int[Tensor, "..."]:
    """Mixes counters into uniform 64-bit keys (SplitMix64's finalizer after each), broadcasting tensors.

    Integer arithmetic only, so the same on every device.
    """
    state = torch.zeros((), dtype=torch.int64)
    for counter in counters:
        value = counter if isinstance(counter, Tensor) else torch.tensor(counter, dtype=torch.int64)
        state = _mix(state.to(value.device) + value + as_signed(0x9E3779B97F4A7C15))
    return state


def gather_tokens(tokens: Shaped[Tensor, "B N D"], kept: Kept) -> Shaped[Tensor, "B K D"]:
    """Keeps the named tokens of each clip, in the order given."""
    if kept.dim() == 1:
        return tokens[:, kept]
    return tokens[torch.arange(len(tokens), device=kept.device)[:, None], kept]


def _mix(z: Tensor) -> Tensor:
    z = (z ^ shift_right(z, 30)) * as_signed(0xBF58476D1CE4E5B9)
    z = (z ^ shift_right(z, 27)) * as_signed(0x94D049BB133111EB)
    return z ^ shift_right(z, 31)


def shift_right(z: Int[Tensor, "*N"], bits: int) -> Int[Tensor, "*N"]:
    """Shifts in zeros from the left, where torch shifts int64 with its sign."""
    return (z >> bits) & (_SIGN >> (bits - 1))


def as_signed(constant: int) -> int:
    """The int64 that has the same 64 bits."""
    return constant - (1 << 64) if constant > _SIGN else constant
