"""No caption contradicts its frames: things stay in the picture, move at once, are seen and heard as often as told."""

import math
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from vatt_edu.minitube.physics.actions import simulate_step
from vatt_edu.minitube.physics.scene import Pose, Scene
from vatt_edu.minitube.physics.stage import corners
from vatt_edu.minitube.picture.camera import Camera
from vatt_edu.minitube.picture.render import draw_look, render_scene
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, Knobs
from vatt_edu.minitube.sound.synthesis import Voice, action_sound
from vatt_edu.minitube.world import ACTIONS, COUNTS, MATERIALS, SHAPES, SIZES, Factors, stream

ENTERING = {"pour", "stack"}
"""What comes from above may do so from beyond the picture's top."""


@cache
def scenes(action: str) -> list[Scene]:
    played = []
    for number, (shape, size) in enumerate(product(SHAPES, SIZES)):
        counts = COUNTS.get(action, (12 if action == "pour" else 1,))
        factors = Factors(action, MATERIALS[number % 5], shape, "red", size, counts[number % len(counts)])
        played.append(simulate_step(factors, 4.0, stream(0, "truth", number, 0, "physics")))
    return played


def extent(shape: str, pose: Pose) -> np.ndarray:
    """Corners of a thing where it is, (n, 2)."""
    turns = np.linspace(0, 2 * math.pi, 24)
    points = np.array(corners(shape, pose.radius) or np.stack([np.cos(turns), np.sin(turns)], 1) * pose.radius)
    c, s = math.cos(pose.angle), math.sin(pose.angle)
    return points @ np.array([[c, s], [-s, c]]) + (pose.x, pose.y)


@pytest.mark.parametrize("action", ACTIONS)
def test_no_camera_cuts_a_thing_off(action: str) -> None:
    looks = [draw_look(False, Knobs(), stream(0, "truth", number, 0, "look")) for number in range(40)]
    zoom = max(look.zoom[0] + look.zoom[1] for look in looks)
    sway = max(look.reach for look in looks)
    for scene in scenes(action):
        for frame in scene.frames:
            for pose in frame.poses:
                points = extent(scene.factors.shape, pose)
                for side in (-1, 1):
                    camera = Camera(zoom, FRAME_SIZE * (0.5 + side * sway), FRAME_SIZE * (0.5 + side * sway / 2))
                    places = np.array([camera.at(*point) for point in points]) / FRAME_SIZE
                    assert places[:, 0].min() > -0.01
                    assert places[:, 0].max() < 1.01
                    assert places[:, 1].max() < 1
                    assert action in ENTERING or places[:, 1].min() > -0.01


@pytest.mark.parametrize("action", ACTIONS)
def test_motion_is_seen_within_the_first_four_tenths(action: str) -> None:
    """Through a camera that is still, at least one pixel in two hundred changes clearly."""
    look = draw_look(False, Knobs(), stream(0, "truth", 1, 0, "look"))
    still = replace(look, reach=0.0, zoom=(1.0, 0.0), shake=0.0, grain=0.0)
    for scene in scenes(action):
        short = replace(scene, frames=scene.frames[: round(0.4 * FPS) + 1])
        pictures = np.stack(list(render_scene(short, still, 0.0, Knobs(), stream(0, "truth", 2, 0, "picture")))).astype(
            int
        )
        changed = (np.abs(pictures[1:] - pictures[0]).max(-1) > 25).mean((1, 2)).max()
        assert changed > 0.005


@pytest.mark.parametrize("action", ACTIONS)
def test_big_things_are_seen_to_be_bigger(action: str) -> None:
    count = COUNTS.get(action, (1,))[-1]
    radii = []
    for size in SIZES:
        scene = simulate_step(
            Factors(action, "wood", "box", "red", size, count), 2.0, stream(0, "truth", 3, 0, "physics")
        )
        radii.append(max(pose.radius for frame in scene.frames for pose in frame.poses))
    assert radii[1] > 1.3 * radii[0]
    assert radii[0] * FRAME_SIZE > 7


def onsets(sound: np.ndarray) -> int:
    """Sudden rises of loudness that are at least 0.3 s apart."""
    steps = np.sqrt(np.square(sound[: len(sound) // 480 * 480].reshape(-1, 480)).mean(1)) + 1e-4
    count, last = 0, -99
    for place in range(2, len(steps)):
        if steps[place] > 2 * steps[place - 2 : place].max() and steps[place] > 0.1 * steps.max() and place - last > 30:
            count, last = count + 1, place
    return count


@pytest.mark.parametrize("count", COUNTS["tap"])
def test_as_many_taps_are_heard_as_told(count: int) -> None:
    for number, material in enumerate(MATERIALS):
        factors = Factors("tap", material, SHAPES[number % 4], "red", SIZES[number % 2], count)
        scene = simulate_step(factors, 4.0, stream(0, "truth", number, 0, "physics"))
        voice = Voice(material, 1.0, 1.0)
        assert onsets(action_sound(scene, voice, stream(0, "truth", number, 0, "sound"))) == count
        gaps = np.diff([event.time for event in scene.events])
        assert gaps.min() > 0.4
        assert scene.events[-1].time < scene.duration - 0.2


def test_each_thing_of_a_stack_is_heard_to_land() -> None:
    for number, (shape, count) in enumerate(product(SHAPES, COUNTS["stack"])):
        factors = Factors("stack", "wood", shape, "red", SIZES[number % 2], count)
        scene = simulate_step(factors, 4.0, stream(0, "truth", number, 0, "physics"))
        assert len(scene.frames[-1].poses) == count
        assert len(scene.events) >= count
