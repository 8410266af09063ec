"""Where actions are played: rigid bodies (pymunk), a floor, and a record of what is seen and heard.

What drives the things is a function of time that runs before every substep. A picture is taken every ten substeps,
contacts are noted when they happen.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pymunk
from jaxtyping import Float64

from vatt_edu.minitube.physics.scene import Bumper, Event, Frame, Pose, Tool
from vatt_edu.minitube.presets import FPS
from vatt_edu.minitube.world import EDGE, FLOOR, RADIUS, Factors

SUBSTEPS = 10
TICK = 1 / (FPS * SUBSTEPS)
UNIT = 100.0
"""pymunk's lengths per frame width: its tolerances are made for sizes of about a hundred."""
GRAVITY = 3.5
"""Frame widths per second squared."""
FULL_HIT = 4.0
"""Speed, in frame widths per second, whose stop is an impulse of 1."""
FAINTEST = 0.02
"""Impulses below this are no events."""

Drive = Callable[[float], None]


def corners(shape: str, radius: float) -> list[tuple[float, float]]:
    """Corners of a shape around its center, point up (none for a ball)."""
    if shape == "star":
        radii, n, turn = (radius, radius * 0.5), 10, -math.pi / 2
    else:
        n, turn = {"ball": (0, 0.0), "box": (4, math.pi / 4), "triangle": (3, -math.pi / 2)}[shape]
        radii = (radius, radius)
    angles = [turn + 2 * math.pi * i / n for i in range(n)]
    return [(radii[i % 2] * math.cos(a), radii[i % 2] * math.sin(a)) for i, a in enumerate(angles)]


@lru_cache(maxsize=16)
def foot(shape: str) -> float:
    """Height of the center above the floor when a thing of radius 1 stands upright."""
    return max((y for _, y in corners(shape, 1.0)), default=1.0)


class Stage:
    """A floor, a space, and a record of what is seen and heard."""

    def __init__(self, factors: Factors, duration: float, rng: np.random.Generator):
        self.factors = factors
        self.duration = duration
        self.rng = rng
        self.radius = RADIUS[factors.size] * rng.uniform(0.95, 1.05)
        self.side = 1 if rng.random() < 0.5 else -1
        self.start = rng.uniform(0.03, 0.2)
        self.time = 0.0
        self.space = pymunk.Space()
        self.space.gravity = (0, GRAVITY * UNIT)
        self.bodies: list[pymunk.Body] = []
        self.events: list[Event] = []
        self.tools: Callable[[float], tuple[Tool, ...]] = lambda t: ()
        self.extra: Callable[[float], tuple[Pose, ...]] = lambda t: ()
        self.rubbing: Callable[[], float] = lambda: 0.0
        self.scenery: list[Tool] = []
        self._last_contact: dict[tuple[int, int], float] = {}
        self.wall((-2.0, FLOOR), (3.0, FLOOR))
        self.space.on_collision(None, None, post_solve=self._contact)

    def wall(self, a: tuple[float, float], b: tuple[float, float], friction: float = 0.6) -> None:
        """An immovable line; it keeps all speed, so what hits it decides how it bounces."""
        segment = pymunk.Segment(self.space.static_body, _units(a), _units(b), 0.0)
        segment.elasticity = 1.0
        segment.friction = friction
        self.space.add(segment)

    def bumpers(self) -> None:
        """A low wall at either side of the picture (to physics, high enough that nothing leaves)."""
        for x, outwards in ((EDGE, -1), (1 - EDGE, 1)):
            self.wall((x, -2.0), (x, FLOOR), friction=0.0)
            # Its inner face is where things stop.
            self.scenery.append(Bumper(x + 0.03 * outwards, 0.24))

    def add(self, x: float, y: float, radius: float, elasticity: float, inertia: float = 1.0) -> pymunk.Body:
        """A thing of the step's shape (its convex hull touches), of mass 1; ``inertia`` scales its moment."""
        outline = [(px * UNIT, py * UNIT) for px, py in corners(self.factors.shape, radius)]
        moment = pymunk.moment_for_poly(1, outline) if outline else pymunk.moment_for_circle(1, 0, radius * UNIT)
        body = pymunk.Body(1.0, moment * inertia)
        shape = pymunk.Poly(body, outline) if outline else pymunk.Circle(body, radius * UNIT)
        shape.elasticity = elasticity
        shape.friction = 0.6
        body.position = _units((x, y))
        body.reach = radius
        self.space.add(body, shape)
        self.bodies.append(body)
        return body

    def hit(self, impulse: float, radius: float) -> None:
        """Note a contact at the present time."""
        if impulse >= FAINTEST:
            self.events.append(Event(self.time, min(impulse, 1.5), radius))

    def _contact(self, arbiter: pymunk.Arbiter, space: pymunk.Space, data: object) -> None:
        impulse = arbiter.total_impulse.length / (UNIT * FULL_HIT)
        if impulse < FAINTEST:
            return
        first, second = arbiter.shapes
        pair = (id(first), id(second))
        # A hit is spread over a few substeps, and what lies on the floor is pushed back by it all the time.
        if self.time - self._last_contact.get(pair, -1.0) > 0.04:
            # Walls and the cage have no reach: the sound is that of what hits them.
            reaches = [getattr(shape.body, "reach", None) for shape in (first, second)]
            self.hit(impulse, next((reach for reach in reaches if reach is not None), self.radius))
        self._last_contact[pair] = self.time

    def run(self, drive: Drive) -> tuple[list[Frame], Float64[np.ndarray, " T"]]:
        """Simulate the step: its frames and, for each, the speed of what rubs on the floor."""
        count = round(self.duration * FPS)
        frames = []
        friction = np.zeros(count)
        for i in range(count):
            for k in range(SUBSTEPS):
                self.time = (i * SUBSTEPS + k) * TICK
                drive(self.time)
                self.space.step(TICK)
            frames.append(Frame(self._poses(), self.tools(self.time)))
            friction[i] = self.rubbing()
        return frames, friction

    def _poses(self) -> tuple[Pose, ...]:
        poses = (Pose(b.position.x / UNIT, b.position.y / UNIT, b.angle, b.reach) for b in self.bodies)
        return (*poses, *self.extra(self.time))


def _units(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] * UNIT, point[1] * UNIT
