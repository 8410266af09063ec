"""One step as physics leaves it: poses and tools picture by picture, and contacts at exact times.

Picture, sound and caption all follow from it: the picture shows its poses, the sound is struck at its contacts, the
caption tells its outcome. Lengths are in frame widths, times in seconds, angles in radians.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vatt_edu.minitube.world import Factors


@dataclass(frozen=True)
class Pose:
    """Where one thing is in one frame: center, angle and radius."""

    x: float
    y: float
    angle: float
    radius: float


# ------------------------------------------------------------------ tools: what helps and is not named by factors


@dataclass(frozen=True)
class Rod:
    """A tool from one point to another."""

    x: float
    y: float
    end_x: float
    end_y: float


class Rope(Rod):
    """From the hook to what hangs on it."""


class Crane(Rod):
    """From above the picture to what it lowers."""


class Stick(Rod):
    """From the tip, which hits, to the end that somebody holds."""


@dataclass(frozen=True)
class Cage:
    """A square by its center and half its side."""

    x: float
    y: float
    half: float


@dataclass(frozen=True)
class Jug:
    """A jug by its lip, tipped by ``angle`` (its sign is the side that it pours to)."""

    x: float
    y: float
    angle: float
    size: float


@dataclass(frozen=True)
class Post:
    """An upright of timber, from the floor to ``top``."""

    x: float
    top: float


@dataclass(frozen=True)
class Bumper:
    """A low wall at the side of the picture."""

    x: float
    height: float


Tool = Rope | Crane | Stick | Cage | Jug | Post | Bumper


@dataclass(frozen=True)
class Frame:
    """One frame: the poses of the named things and the tools that move."""

    poses: tuple[Pose, ...]
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True)
class Event:
    """A contact: seconds from the start of the step, impulse (1: a fall from the top of the picture), and radius."""

    time: float
    impulse: float
    radius: float


@dataclass(frozen=True)
class Scene:
    """All that happens in one step.

    Attributes:
        factors: What it is about.
        duration: In seconds.
        frames: One entry a picture.
        events: Contacts, by time.
        friction: For each picture, speed against the floor in frame widths per second, where something rolls or slides.
        outcome: What physics decided, where a caption tells it (``stands``, ``topples``, ``one falls``), else "".
        scenery: Tools that do not move, drawn behind everything.
        side: The half of the picture that it is played in: -1 left, 1 right; 0: all of it.
        beside: What a second thing does at the same time, in the other half.
    """

    factors: Factors
    duration: float
    frames: tuple[Frame, ...]
    events: tuple[Event, ...]
    friction: Float64[np.ndarray, " T"]
    outcome: str = ""
    scenery: tuple[Tool, ...] = ()
    side: int = 0
    beside: "Scene | None" = None

    @property
    def parts(self) -> "tuple[Scene, ...]":
        """Itself, and what is played beside it."""
        return (self,) if self.beside is None else (self, self.beside)

    @property
    def contacts(self) -> tuple[Event, ...]:
        """Contacts of all its things, by time."""
        return tuple(sorted((event for part in self.parts for event in part.events), key=lambda event: event.time))
