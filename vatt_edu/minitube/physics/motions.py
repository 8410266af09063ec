"""The three actions whose path is their point, so that a formula says it: slide, swing, tap."""

import math

from vatt_edu.minitube.physics.scene import Event, Pose, Post, Rope, Stick
from vatt_edu.minitube.physics.stage import FULL_HIT, GRAVITY, TICK, UNIT, Drive, Stage, corners, foot
from vatt_edu.minitube.world import EDGE, FLOOR


def slide(stage: Stage) -> Drive:
    """A thing is pushed to and fro over the floor and never turns."""
    radius, rng = stage.radius, stage.rng
    y = FLOOR - radius * foot(stage.factors.shape)
    reach = 0.5 - EDGE - radius
    period = rng.uniform(1.3, 2.0)
    body = stage.add(0.5, y, radius, 0.0)
    velocity = 0.0

    def path(time: float) -> float:
        # Strokes with a short stop at either end: a scrape is heard for each.
        phase = max(0.0, time - stage.start) / period
        part = phase % 1
        stroke = min(1.0, (part % 0.5) / 0.42)
        smooth = 0.5 - 0.5 * math.cos(math.pi * stroke)
        return stage.side * reach * (smooth if part < 0.5 else 1 - smooth) * 2 - stage.side * reach

    def drive(time: float) -> None:
        nonlocal velocity
        velocity = (path(time) - path(time - TICK)) / TICK
        body.position = ((0.5 + path(time)) * UNIT, y * UNIT)
        body.velocity = (0, 0)
        body.angular_velocity = 0

    stage.rubbing = lambda: abs(velocity)
    return drive


def swing(stage: Stage) -> Drive:
    """A thing on a rope swings against a post, and is kept going."""
    radius = stage.radius
    top, length = 0.02, 0.5
    # Hung off the middle, away from the post: there is room for the swing.
    hook = 0.5 - stage.side * 0.08
    widest = math.asin((1 - EDGE - radius - 0.42) / length)
    pace = 1.7 * GRAVITY / length  # Brisker than gravity, so that it hits about once a second.
    hit_angle = -stage.side * stage.rng.uniform(0.02, 0.1)
    angle, turning = stage.side * min(stage.rng.uniform(0.6, 0.75), widest), 0.0
    restitution = {"rubber": 0.97, "metal": 0.93, "glass": 0.9, "wood": 0.88, "stone": 0.85}[stage.factors.material]
    reach = radius * max((x for x, _ in corners(stage.factors.shape, 1.0)), default=1.0)
    touch = hook + length * math.sin(hit_angle) - stage.side * (reach + 0.025)
    stage.scenery.append(Post(touch, 0.42))
    weight = Pose(hook, top + length, 0.0, radius)

    def drive(time: float) -> None:
        nonlocal angle, turning, weight
        if time >= stage.start:
            turning -= pace * math.sin(angle) * TICK
            angle += turning * TICK
        if (angle - hit_angle) * stage.side < 0 and turning * stage.side < 0:
            stage.hit(abs(turning) * length / FULL_HIT * 1.6, radius)
            # A hand that is not in the picture keeps it going.
            turning = stage.side * max(restitution * abs(turning), 1.7)
            angle = hit_angle
        weight = Pose(hook + length * math.sin(angle), top + length * math.cos(angle), -angle, radius)

    stage.extra = lambda time: (weight,)
    stage.tools = lambda time: (Rope(hook, top, weight.x, weight.y),)
    return drive


def tap(stage: Stage) -> Drive:
    """A stick hits a thing, as many times as the count says."""
    rng, count, shape = stage.rng, stage.factors.count, stage.factors.shape
    radius = stage.radius
    y = FLOOR - radius * foot(shape)
    top = y - radius * (foot("box") if shape == "box" else 1.0)
    period = rng.uniform(0.75, 1.0) * (stage.duration - 0.9) / (count - 0.5)
    hits = [stage.start + 0.2 + i * period for i in range(count)]
    loud = rng.uniform(0.4, 0.8, count)
    rest = Pose(0.5, y, 0.0, radius)
    for when, impulse in zip(hits, loud, strict=True):
        stage.events.append(Event(when, float(impulse), radius))

    def lift(time: float) -> float:
        """Height of the stick above the thing, in [0, 1]: it falls fast and rises slowly."""
        ahead = min((when - time for when in hits if when >= time), default=9.0)
        behind = min((time - when for when in hits if when <= time), default=9.0)
        return min(1.0, (ahead / 0.2) ** 2, max(0.0, behind - 0.04) / 0.25)

    def thing(time: float) -> tuple[Pose, ...]:
        behind = min((time - when for when in hits if when <= time), default=9.0)
        dip = 0.012 * math.exp(-behind / 0.05) * math.cos(60 * behind)
        return (Pose(rest.x, rest.y + dip, 0.0, radius),)

    def stick(time: float) -> tuple[Stick, ...]:
        height = 0.26 * lift(time)
        return (Stick(0.5, top - 0.03 - height, 0.5 + stage.side * 0.5, top - 0.22 - 1.3 * height),)

    stage.extra = thing
    stage.tools = stick
    return lambda time: None
