"""What a corpus consists of: how many clips of which split, and how hard they are.

A preset counts, a ``Knobs`` says how the world, the recording and the narration behave, and together with a seed they
say everything: each video is a function of (seed, split, number) and of the knobs, whatever else is made.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from vatt_edu.errors import UserError

EVAL_SPLITS = ("val", "test_iid", "test_comp", "test_bg")
SPLITS = ("howto", "audioset", *EVAL_SPLITS)
GROUPS = {"train": ("howto", "audioset"), "all": SPLITS}

FPS = 20
FRAME_SIZE = 128
SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class Knobs:
    """How hard the corpus is; the defaults are the floors that its numbers rest on.

    Attributes:
        shortcut: One background and one camera for a whole video, so that wallpaper identifies it (an ablation).
        backgrounds: How many procedural textures the training splits draw from, 1 to 60.
        photo_share: Share of steps in front of a photo, where photos are at hand, in [0, 1].
        still_objects: Objects per step that stand by, do nothing and are never narrated, 0 to 3.
        snr_low: Noise and distractors are at least this far below the action's sound, in dB.
        snr_high: And at most this far, in dB.
        distractor_share: Share of steps with a sound that belongs to nothing in the picture, in [0, 1].
        real_sounds: Draw some distractors from recordings (``data_samples/sounds/*.flac``) where there are any.
        pitch_spread: Each instance's pitch lies within ± this many semitones.
        decay_spread: Each instance rings up to this many times longer or shorter, ≥ 1.
        offset_mean: Mean shift of a line's start against its step's, in seconds (negative: said before it is seen).
        offset_sigma: Standard deviation of that shift, in seconds.
        filler_share: Share of narration lines that name nothing in the picture, in [0, 1).
        attribute_drop: Chance that a line leaves out size, color or material, each, in [0, 1].
        word_drop: Chance that speech recognition loses a word, in [0, 1].
        things: How many things of a step do something and are narrated, 1 or 2 (see `vatt_edu.minitube.couples`).
        partners: With two things: the second half of a narrated video's steps shows the first half's, roles swapped.
    """

    shortcut: bool = False
    backgrounds: int = 60
    photo_share: float = 0.3
    still_objects: int = 0
    snr_low: float = 0.0
    snr_high: float = 15.0
    distractor_share: float = 0.7
    real_sounds: bool = True
    pitch_spread: float = 12.0
    decay_spread: float = 1.6
    offset_mean: float = -0.4
    offset_sigma: float = 1.1
    filler_share: float = 0.27
    attribute_drop: float = 0.12
    word_drop: float = 0.03
    things: int = 1
    partners: bool = False

    def __post_init__(self) -> None:
        _within(self, 0.0, 1.0, "photo_share", "distractor_share", "attribute_drop", "word_drop")
        _within(self, 0.0, 0.95, "filler_share")
        _within(self, 1.0, 60.0, "backgrounds")
        _within(self, 0.0, 3.0, "still_objects")
        _within(self, 0.0, 24.0, "pitch_spread")
        _within(self, 1.0, 4.0, "decay_spread")
        _within(self, 0.0, 60.0, "offset_sigma")
        _within(self, -20.0, 60.0, "snr_low", "snr_high")
        _within(self, 1.0, 2.0, "things")
        if self.partners and self.things == 1:
            raise UserError("knob partners = True needs things = 2: one thing has nobody to swap roles with")
        if self.snr_low > self.snr_high:
            raise UserError(f"knob snr_low = {self.snr_low} is above snr_high = {self.snr_high}")


NEWER_KNOBS = ("things", "partners")
"""Knobs that came after the first corpora, which do not name them: written down only where they are set."""


def named_knobs(knobs: Knobs) -> dict[str, Any]:
    """The knobs as ``source.json`` has them."""
    default = Knobs()
    return {
        name: value
        for name, value in asdict(knobs).items()
        if name not in NEWER_KNOBS or value != getattr(default, name)
    }


NARRATION_KNOBS = ("offset_mean", "offset_sigma", "filler_share", "attribute_drop", "word_drop")
"""The knobs that touch captions only: `renarrate` changes them without rendering anything."""


def _within(knobs: Knobs, low: float, high: float, *names: str) -> None:
    for name in names:
        if not low <= getattr(knobs, name) <= high:
            raise UserError(f"knob {name} = {getattr(knobs, name)} must lie in [{low}, {high}]")


@dataclass(frozen=True)
class Preset:
    """How many videos of each split, and how long they are.

    Attributes:
        name: What ``source.json`` calls it.
        howto: Narrated videos of ``steps`` steps.
        audioset: Text-free clips of two steps, ten seconds.
        val: Single-step clips for choosing between models.
        test_iid: Single-step clips of new seeds.
        test_comp: Single-step clips of action and material pairs that are in no other split.
        test_bg: Single-step clips in front of backgrounds that are in no other split.
        steps: Steps of a narrated video.
        step_seconds: Length of a step in seconds (text-free clips: five).
    """

    name: str
    howto: int
    audioset: int
    val: int
    test_iid: int
    test_comp: int
    test_bg: int
    steps: int = 8
    step_seconds: float = 4.0

    def count(self, split: str) -> int:
        """Number of videos in a split."""
        return int(getattr(self, split))

    def shape(self, split: str) -> tuple[int, float]:
        """Steps of a video of that split, and seconds of a step."""
        if split == "audioset":
            return 2, 5.0
        return (self.steps if split == "howto" else 1), self.step_seconds


@dataclass(frozen=True)
class Recipe:
    """What every video of a corpus shares."""

    preset: Preset
    seed: int
    knobs: Knobs


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("tiny", howto=24, audioset=24, val=16, test_iid=48, test_comp=16, test_bg=16),
        Preset("small", howto=480, audioset=160, val=150, test_iid=256, test_comp=128, test_bg=128),
        # The test galleries of full are those of small, file for file, so that numbers compare.
        Preset("full", howto=1000, audioset=1000, val=488, test_iid=256, test_comp=128, test_bg=128),
        # The speed run's galleries: val as large as test_iid, which is that of small; it trains on small.
        Preset("speedrun", howto=0, audioset=0, val=256, test_iid=256, test_comp=0, test_bg=0),
        # What the tests of experiments make whose world no preset has.
        Preset("twin", howto=3, audioset=2, val=8, test_iid=0, test_comp=0, test_bg=0),
    )
}


def get_preset(preset: str | Preset) -> Preset:
    """The preset of that name (a `Preset` is passed through); `UserError` lists those there are."""
    if isinstance(preset, Preset):
        return preset
    if preset not in PRESETS:
        raise UserError(f"unknown preset {preset!r} for minitube: choose one of {', '.join(PRESETS)}")
    return PRESETS[preset]


def get_splits(splits: str | Sequence[str] | None) -> tuple[str, ...]:
    """Splits in their fixed order from names, ``"train"``, ``"all"`` or None (all)."""
    names = SPLITS if splits is None else (splits,) if isinstance(splits, str) else tuple(splits)
    selection = {split for name in names for split in GROUPS.get(name, (name,))}
    if unknown := sorted(selection - set(SPLITS)):
        raise UserError(f"unknown split {unknown[0]!r} of minitube: choose from {', '.join((*SPLITS, *GROUPS))}")
    return tuple(split for split in SPLITS if split in selection)


def knobs_from(values: dict[str, Any], base: Knobs | None = None) -> Knobs:
    """Knobs with some values replaced; `UserError` for a name that is none, or a value of another type."""
    base = base or Knobs()
    kinds = {field.name: type(getattr(base, field.name)) for field in fields(base)}
    for name, value in values.items():
        if name not in kinds:
            raise UserError(f"unknown knob {name!r} of minitube: there are {', '.join(kinds)}")
        fits = isinstance(value, kinds[name]) or (kinds[name] is float and type(value) is int)
        if not fits or (kinds[name] is not bool and isinstance(value, bool)):
            raise UserError(f"knob {name} = {value!r} must be of type {kinds[name].__name__}")
    return replace(base, **{name: kinds[name](value) for name, value in values.items()})
