"""Two things at once: who does what, and the same with the roles swapped.

With the knob ``things = 2`` each step has two things in two pens, side by side, and each does an action of its own. The
things share their shape, so that the same words tell what they do, and differ in color. *Swapped* means that each does
what the other did: the same words tell it, in another order, and only who does what has changed. Clips of evaluation
come in such pairs, number 2k and number 2k + 1, each filmed anew.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from vatt_edu.errors import UserError
from vatt_edu.minitube.presets import EVAL_SPLITS, Recipe
from vatt_edu.minitube.world import COLORS, HELD_OUT, MATERIALS, SHAPES, SIZES, Factors, factors_of, stream

ACTIONS_OF_TWO = ("bounce", "roll", "slide", "swing", "shake")
"""What one thing can do beside another: the actions of a single thing that no hand has a part in."""

FACTORS = tuple(field.name for field in fields(Factors))


@dataclass(frozen=True)
class Couple(Factors):
    """What a step with two things is about: the factors of the first thing, and those of the other.

    Attributes:
        other: Those of the second, of the same shape, another color and another action.
    """

    other: Factors

    @property
    def first(self) -> Factors:
        """The first thing alone."""
        return Factors(**{name: getattr(self, name) for name in FACTORS})

    @property
    def swapped(self) -> "Couple":
        """Each does what the other did: actions are exchanged, everything else stays with its thing.

        The actions keep their order and the things change places, so that both are told by one sentence in which only
        the things are exchanged.
        """
        first, other = replace(self.other, action=self.action), replace(self.first, action=self.other.action)
        return Couple(**asdict(first), other=other)

    @property
    def about(self) -> frozenset[object]:
        """What a couple shares with its swapped partner, and with the same couple told in the other order."""
        actions = frozenset((self.action, self.other.action))
        return frozenset((self.shape, actions, frozenset((_looks(self), _looks(self.other)))))


def _looks(thing: Factors) -> tuple[str, str, str]:
    return thing.size, thing.color, thing.material


def _draw(recipe: Recipe, split: str, number: int, step: int) -> Couple:
    """A couple. Neither it nor its partner shows a pair of action and material that is held out; or else both do."""
    rng = stream(recipe.seed, split, number, step, "couple")
    actions = rng.permutation(ACTIONS_OF_TWO)[:2].tolist()
    held_out = {material for action, material in HELD_OUT if action in actions}
    if split == "test_comp":
        material = next(material for action, material in HELD_OUT if action == actions[0])
        materials = [material, material]
    else:
        materials = rng.choice([name for name in MATERIALS if name not in held_out], 2).tolist()
    colors = rng.permutation(COLORS)[:2].tolist()
    shape = str(rng.choice(SHAPES))
    sizes = rng.choice(SIZES, 2).tolist()
    first, other = (
        Factors(action, material, shape, color, size, 1)
        for action, material, color, size in zip(actions, materials, colors, sizes, strict=True)
    )
    return Couple(**asdict(first), other=other)


def _distinct(recipe: Recipe, split: str, count: int) -> list[Couple]:
    """The first ``count`` couples of an evaluation split that are about different things."""
    draws: dict[frozenset[object], Couple] = {}
    for attempt in range(20 * count + 200):
        if len(draws) == count:
            break
        couple = _draw(recipe, split, attempt, 0)
        draws.setdefault(couple.about, couple)
    if len(draws) < count:
        raise UserError(f"{split} has no {count} pairs of clips with two things that are all different")
    return list(draws.values())


def couple_of(recipe: Recipe, split: str, number: int, step: int) -> Couple:
    """What that step of that video is about, where there are two things.

    Evaluation clips come in swapped pairs, and no two pairs of a split are about the same. With the knob ``partners``
    the second half of a narrated video's steps are those of the first half, swapped.
    """
    if split in EVAL_SPLITS:
        couple = _distinct(recipe, split, number // 2 + 1)[number // 2]
        return couple.swapped if number % 2 else couple
    half = recipe.preset.steps // 2
    if split == "howto" and recipe.knobs.partners and half <= step < 2 * half:
        return _draw(recipe, split, number, step - half).swapped
    return _draw(recipe, split, number, step)


def factors_at(recipe: Recipe, split: str, number: int, step: int) -> Factors:
    """What that step of that video is about: one thing or two."""
    if recipe.knobs.things == 2:
        return couple_of(recipe, split, number, step)
    return factors_of(recipe.seed, split, number, step)


def partner(number: int) -> int:
    """The number of the clip of evaluation that shows the same with roles swapped."""
    return number ^ 1


def factors_from(step: dict[str, Any]) -> Factors:
    """The factors of an annotated step."""
    first = {name: step[name] for name in FACTORS}
    return Couple(**first, other=Factors(**step["other"])) if "other" in step else Factors(**first)
