"""What there is: actions, materials, shapes, colors and sizes, and what each step of each video is about.

Lengths are in frame widths (x to the right, y down, both 0 to 1 inside the picture), times in seconds.
"""

import zlib
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from vatt_edu.minitube.presets import EVAL_SPLITS

ACTIONS = ("bounce", "roll", "slide", "swing", "shake", "pour", "tap", "stack")
MATERIALS = ("metal", "glass", "wood", "rubber", "stone")
SHAPES = ("ball", "box", "triangle", "star")
COLORS = ("red", "blue", "green", "yellow", "purple", "white")
SIZES = ("small", "big")
COUNTS = {"tap": (2, 3, 4, 5), "stack": (2, 3, 4)}
PIECES = 12
"""How many things a "pour" pours; its count."""

RADIUS = {"small": 0.145, "big": 0.22}
FLOOR = 0.88
EDGE = 0.055
"""Things keep this far from the sides and the top of the world's frame, so that no camera cuts them off."""

HELD_OUT = frozenset(
    {
        ("bounce", "glass"),
        ("roll", "wood"),
        ("slide", "metal"),
        ("swing", "rubber"),
        ("shake", "stone"),
        ("pour", "metal"),
        ("tap", "wood"),
        ("stack", "rubber"),
    }
)
"""Action and material pairs that only ``test_comp`` shows: 8 of 40, each action once, each material at least once."""


def stream(seed: int, split: str, number: int, step: int, part: str) -> np.random.Generator:
    """The random numbers of one part of one step: a function of its address, whatever else is drawn."""
    return np.random.default_rng((seed, zlib.crc32(split.encode()), number, step, zlib.crc32(part.encode())))


@dataclass(frozen=True)
class Factors:
    """What a step is about: the ground truth that a caption names."""

    action: str
    material: str
    shape: str
    color: str
    size: str
    count: int

    def as_json(self) -> dict[str, Any]:
        """The factors by name."""
        return asdict(self)


def _draw(rng: np.random.Generator, held_out: bool) -> Factors:
    """Uniform over what the split may show."""
    pairs = [(a, m) for a in ACTIONS for m in MATERIALS if ((a, m) in HELD_OUT) == held_out]
    # Actions first: a uniform choice among pairs would be the same here, but would not stay so if a pair moved.
    action = ACTIONS[rng.integers(len(ACTIONS))]
    materials = [m for a, m in pairs if a == action]
    material = materials[rng.integers(len(materials))]
    shape = SHAPES[rng.integers(len(SHAPES))]
    color = COLORS[rng.integers(len(COLORS))]
    size = SIZES[rng.integers(len(SIZES))]
    counts = COUNTS.get(action, (PIECES if action == "pour" else 1,))
    return Factors(action, material, shape, color, size, int(counts[rng.integers(len(counts))]))


@lru_cache(maxsize=64)
def distinct_factors(seed: int, split: str, count: int) -> tuple[Factors, ...]:
    """The first ``count`` different draws of an evaluation split, so that each caption has one right answer."""
    draws: dict[Factors, None] = {}
    for attempt in range(200 * count + 1000):
        if len(draws) == count:
            break
        draws[_draw(stream(seed, split, attempt, 0, "factors"), held_out=split == "test_comp")] = None
    assert len(draws) == count, f"{split} has no {count} different captions"
    return tuple(draws)


def factors_of(seed: int, split: str, number: int, step: int) -> Factors:
    """What that step of that video is about.

    Evaluation splits hold single steps, and no two of the same factors within a split.
    """
    if split in EVAL_SPLITS:
        # Blocks, so that asking for every number in turn does not draw everything anew each time.
        return distinct_factors(seed, split, 64 * (number // 64 + 1))[number]
    return _draw(stream(seed, split, number, step, "factors"), held_out=False)
