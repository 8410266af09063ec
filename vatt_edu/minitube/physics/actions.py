"""The eight actions, all alive from their first 0.4 s to the end of the step.

Each action is a function that builds its things on a `Stage` and returns what drives them. Here are those that are left
to physics; slide, swing and tap are in `motions`.
"""

import math
from itertools import pairwise

import numpy as np
import pymunk

from vatt_edu.minitube.physics.motions import slide, swing, tap
from vatt_edu.minitube.physics.scene import Cage, Crane, Jug, Pose, Scene
from vatt_edu.minitube.physics.stage import GRAVITY, TICK, UNIT, Drive, Stage, foot
from vatt_edu.minitube.world import EDGE, FLOOR, PIECES, Factors

RESTITUTION = {"rubber": 0.9, "metal": 0.8, "glass": 0.74, "wood": 0.67, "stone": 0.6}
"""Share of speed that a bounce keeps: material is seen in motion, too."""


def bounce(stage: Stage) -> Drive:
    """A thing falls, bounces until it is spent, and is tossed up again."""
    radius, rng = stage.radius, stage.rng
    start = (rng.uniform(0.35, 0.65), max(0.24, radius + EDGE))
    # A large moment of inertia keeps corners from turning the bounce into a spin.
    body = stage.add(*start, radius, RESTITUTION[stage.factors.material], inertia=5.0)
    body.angle = rng.uniform(-0.3, 0.3)
    drift = stage.side * rng.uniform(0.03, 0.12) * UNIT
    stage.bumpers()
    toss = math.sqrt(2 * GRAVITY * (FLOOR - radius - start[1])) * UNIT
    calm = 0.0

    def drive(time: float) -> None:
        nonlocal calm, drift
        if time < stage.start:
            body.position = (start[0] * UNIT, start[1] * UNIT)
            body.velocity = (drift, 0)
            body.angular_velocity = 0
            return
        low = body.position.y / UNIT > FLOOR - 1.12 * radius
        calm = calm + TICK if low and abs(body.velocity.y) < 0.25 * UNIT else 0.0
        if calm > 0.12 and time < stage.duration - 0.7:
            drift = abs(drift) if body.position.x < UNIT / 2 else -abs(drift)
            body.velocity = (drift, -toss)
            calm = 0.0

    return drive


def roll(stage: Stage) -> Drive:
    """A ball rolls from side to side; what has corners is pushed over and over."""
    stage.bumpers()
    return _roll_ball(stage) if stage.factors.shape == "ball" else _tumble(stage)


def _roll_ball(stage: Stage) -> Drive:
    radius = stage.radius
    body = stage.add(0.5 - stage.side * 0.2, FLOOR - radius, radius, 0.6)
    speed = stage.rng.uniform(0.45, 0.75) * UNIT
    direction = stage.side

    def drive(time: float) -> None:
        nonlocal direction
        if time < stage.start:
            body.velocity = (0, 0)
            return
        if abs(body.velocity.x) > 0.2 * speed and time > stage.start + 0.1:
            direction = 1 if body.velocity.x > 0 else -1
        if abs(body.velocity.x) < 0.8 * speed:
            # Whoever pushes it is not in the picture: the speed comes back over a tenth of a second.
            body.velocity = (body.velocity.x + direction * speed * 10 * TICK, body.velocity.y)
        body.angular_velocity = body.velocity.x / (radius * UNIT)

    stage.rubbing = lambda: abs(body.velocity.x) / UNIT
    return drive


def _tumble(stage: Stage) -> Drive:
    shape, radius = stage.factors.shape, stage.radius
    body = stage.add(0.5 - stage.side * 0.2, FLOOR - radius * foot(shape), radius, 0.15)
    for part in body.shapes:
        part.friction = 1.2
    turning = stage.rng.uniform(4.0, 5.5)
    strength = 14.0 * body.moment
    direction = stage.side

    def drive(time: float) -> None:
        nonlocal direction
        if time < stage.start:
            return
        x = body.position.x / UNIT
        if (x - 0.5) * direction > 0.42 - radius:
            direction = -direction
        lack = direction * turning - body.angular_velocity
        body.torque = strength * lack + direction * 0.8 * GRAVITY * UNIT * radius * UNIT

    return drive


def shake(stage: Stage) -> Drive:
    """A cage is shaken, and the thing inside rattles."""
    rng = stage.rng
    radius = stage.radius * 0.8
    half = radius * 1.4
    width, often = rng.uniform(0.09, 0.13), rng.uniform(1.8, 2.8)
    middle = 0.5
    cage = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    cage.position = (0.5 * UNIT, middle * UNIT)
    ends = [(-half, -half), (half, -half), (half, half), (-half, half)]
    stage.space.add(cage)
    thick = 0.05
    for (ax, ay), (bx, by) in zip(ends, ends[1:] + ends[:1], strict=True):
        # Thick walls outside the drawn ones: nothing fast slips through.
        dx, dy = np.sign(ax + bx) * thick, np.sign(ay + by) * thick
        start, end = ((ax + dx) * UNIT, (ay + dy) * UNIT), ((bx + dx) * UNIT, (by + dy) * UNIT)
        side = pymunk.Segment(cage, start, end, thick * UNIT)
        side.elasticity, side.friction = 1.0, 0.4
        stage.space.add(side)
    stage.add(0.5, middle + half - radius * foot(stage.factors.shape), radius, 0.4)

    def drive(time: float) -> None:
        since = max(0.0, time - stage.start)
        pace = 2 * math.pi * often
        growth = min(1.0, since / 0.3)
        x = 0.5 + width * growth * math.sin(pace * since)
        y = middle + 0.3 * width * growth * math.sin(2 * pace * since)
        cage.velocity = ((x * UNIT - cage.position.x) / TICK, (y * UNIT - cage.position.y) / TICK)

    stage.tools = lambda time: (Cage(cage.position.x / UNIT, cage.position.y / UNIT, half),)
    return drive


def pour(stage: Stage) -> Drive:
    """Many small things fall out of a jug that tips over."""
    rng = stage.rng
    radius = stage.radius * 0.4
    stage.bumpers()
    mouth = (0.5 - stage.side * 0.1, 0.29)
    lively = 0.8 * RESTITUTION[stage.factors.material]
    gap = (stage.duration - 1.3) / PIECES
    due = [stage.start + 0.15 + gap * i + rng.uniform(0, 0.4) * gap for i in range(PIECES)]

    def drive(time: float) -> None:
        while due and due[0] <= time:
            due.pop(0)
            piece = stage.add(mouth[0], mouth[1] + rng.uniform(-0.02, 0.02), radius, lively)
            piece.velocity = (stage.side * rng.uniform(0.15, 0.6) * UNIT, rng.uniform(0, 0.2) * UNIT)
            piece.angle = rng.uniform(-3, 3)
            piece.angular_velocity = rng.uniform(-3, 3)

    def jug(time: float) -> tuple[Jug, ...]:
        tilt = min(1.0, max(0.0, time - stage.start + 0.1) / 0.25)
        return (Jug(mouth[0], mouth[1], stage.side * (0.5 + 1.4 * tilt), 0.27),)

    stage.tools = jug
    return drive


STACK_SCALE = {2: 0.8, 3: 0.7, 4: 0.6}
"""Radius of each of so many stacked things, relative to one alone: as large as a tower of boxes leaves room for."""


def stack(stage: Stage) -> Drive:
    """Things are set on top of each other by a crane; physics decides whether they stay there."""
    rng, count = stage.rng, stage.factors.count
    shape = stage.factors.shape
    radius = stage.radius * STACK_SCALE[count]
    stage.bumpers()
    height = radius * (1 + foot(shape)) if shape != "box" else 2 * radius * foot(shape)
    gap = (stage.duration - 1.2) / count * rng.uniform(0.85, 1.0)
    due = [stage.start + 0.35 + gap * i for i in range(count)]
    places = [0.5 + rng.normal(0, 0.02) for _ in range(count)]
    lowering = 0.45

    def level(index: int) -> float:
        return max(0.12, FLOOR - radius * foot(shape) - index * height - 0.03)

    def drive(time: float) -> None:
        index = len(stage.bodies)
        if index < count and time >= due[index]:
            body = stage.add(places[index], level(index), radius, 0.1)
            body.velocity = (0, 0.3 * UNIT)

    def load(time: float) -> tuple[Pose, ...]:
        index = len(stage.bodies)
        if index >= count or time < due[index] - lowering:
            return ()
        part = (due[index] - time) / lowering
        return (Pose(places[index], level(index) - part * (level(index) + radius), 0.0, radius),)

    def crane(time: float) -> tuple[Crane, ...]:
        return tuple(Crane(pose.x, -0.2, pose.x, pose.y) for pose in load(time))

    stage.extra = load
    stage.tools = crane
    return drive


def tower(stage: Stage) -> str:
    """How a stack ended: ``stands``, ``one falls`` or ``topples``."""
    bodies = sorted(stage.bodies, key=lambda body: -body.position.y)
    levels = 1
    for low, high in pairwise(bodies):
        above = (low.position.y - high.position.y) / UNIT > 0.8 * low.reach
        levels += above and abs(low.position.x - high.position.x) / UNIT < 1.2 * low.reach
    if levels == len(bodies):
        return "stands"
    return "one falls" if levels == len(bodies) - 1 and levels > 1 else "topples"


ACTS = {
    "bounce": bounce,
    "roll": roll,
    "slide": slide,
    "swing": swing,
    "shake": shake,
    "pour": pour,
    "tap": tap,
    "stack": stack,
}


def simulate_step(factors: Factors, duration: float, rng: np.random.Generator) -> Scene:
    """Play one step.

    Args:
        factors: What it is about.
        duration: In seconds.
        rng: All chance comes from here.
    """
    stage = Stage(factors, duration, rng)
    frames, friction = stage.run(ACTS[factors.action](stage))
    outcome = tower(stage) if factors.action == "stack" else ""
    events = tuple(sorted(stage.events, key=lambda event: event.time))
    return Scene(factors, duration, tuple(frames), events, friction, outcome, tuple(stage.scenery))
