"""What it looks like: a background, a floor, things, tools, and a camera that is not quite still.

What does not move in a step (background, floor, posts) is painted once, at twice the size; each frame then is one
warp by the camera, and the few things that move are drawn through the same camera.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import UInt8

from vatt_edu.minitube.physics.scene import Pose, Scene
from vatt_edu.minitube.picture.backgrounds import crop_background, draw_background
from vatt_edu.minitube.picture.camera import BORDER, DETAIL, Camera
from vatt_edu.minitube.picture.sprites import SPRITE_VARIANTS, paste_sprite
from vatt_edu.minitube.picture.tools import Image, fixed_point, paint_before, paint_behind
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, Knobs
from vatt_edu.minitube.world import COLORS, FLOOR, MATERIALS, RADIUS, SHAPES


@dataclass(frozen=True)
class Look:
    """The look of a step, or of a whole video where the shortcut is on.

    Attributes:
        background: Identity of the background.
        backdrop: RGB and an unused channel (OpenCV warps four in half the time of three):
            background and floor.
        floor: Color of the floor.
        sway: Pace and phase of the camera's sway.
        reach: How far it sways, in frame widths.
        zoom: Middle of the zoom, and how far it goes.
        shake: Standard deviation of the camera's jitter, in pixels.
        grain: Standard deviation of the sensor's noise, in [0, 255].
    """

    background: str
    backdrop: UInt8[np.ndarray, "D D 4"]
    floor: tuple[int, int, int]
    sway: tuple[float, float]
    reach: float
    zoom: tuple[float, float]
    shake: float
    grain: float


def draw_look(held_out: bool, knobs: Knobs, rng: np.random.Generator) -> Look:
    """Choose background, floor and camera.

    Args:
        held_out: From the backgrounds that only ``test_bg`` shows.
        knobs: Which backgrounds there are.
        rng: All chance comes from here.
    """
    identity = draw_background(held_out, knobs, rng)
    side = round((1 + 2 * BORDER) * FRAME_SIZE * DETAIL)
    backdrop = crop_background(identity, side, rng)
    red, green, blue = (int(value) for value in rng.uniform(60, 180) * rng.uniform(0.85, 1.15, 3))
    floor = (red, green, blue)
    top = round((FLOOR + BORDER) * FRAME_SIZE * DETAIL)
    plain = np.full_like(backdrop[top:], floor)
    backdrop[top:] = cv2.addWeighted(backdrop[top:], 0.25, plain, 0.75, 0)
    backdrop[top : top + 3] = backdrop[top : top + 3] // 2
    return Look(
        identity,
        np.asarray(cv2.cvtColor(backdrop, cv2.COLOR_RGB2RGBA), np.uint8),
        floor,
        sway=(rng.uniform(0.3, 1.2), rng.uniform(0, 6.28)),
        reach=rng.uniform(0, 0.03),
        zoom=(rng.uniform(0.96, 1.02), rng.uniform(0, 0.03)),
        shake=rng.uniform(0, 0.35),
        grain=rng.uniform(0.5, 3),
    )


def _camera(look: Look, time: float, rng: np.random.Generator) -> Camera:
    pace, phase = look.sway
    zoom = look.zoom[0] + look.zoom[1] * math.sin(0.5 * time + phase)
    dx, dy = rng.normal(0, look.shake, 2) if look.shake else (0.0, 0.0)
    x = FRAME_SIZE * (0.5 + look.reach * math.sin(pace * time + phase)) + dx
    y = FRAME_SIZE * (0.5 + 0.5 * look.reach * math.cos(0.7 * pace * time)) + dy
    return Camera(zoom, x, y)


def _shadow(image: Image, pose: Pose, look: Look, camera: Camera) -> None:
    height = max(0.0, FLOOR - pose.y - pose.radius)
    width = pose.radius * max(0.2, 1 - 1.2 * height)
    axes = (round(camera.length(width) * 16), round(camera.length(0.016) * 16))
    color = tuple(value * 0.4 for value in look.floor)
    cv2.ellipse(image, fixed_point(camera.at(pose.x, FLOOR + 0.012)), axes, 0, 0, 360, color, -1, cv2.LINE_AA, 4)


@lru_cache(maxsize=4)
def _grain(size: int) -> UInt8[np.ndarray, "{size} {size}"]:
    """A tile of noise with standard deviation 32 around 128; frames show random windows of it."""
    noise = np.random.default_rng(42).normal(128, 32, (size, size))
    return np.clip(noise, 0, 255).astype(np.uint8)


def _add_grain(image: Image, strength: float, rng: np.random.Generator) -> Image:
    tile = _grain(2 * FRAME_SIZE)
    a, b = rng.integers(0, FRAME_SIZE, 2)
    window = cv2.cvtColor(tile[a : a + FRAME_SIZE, b : b + FRAME_SIZE], cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, 1.0, window, strength / 32, -128 * strength / 32)


Thing = tuple[str, str, str, int]


def _thing(scene: Scene, rng: np.random.Generator) -> Thing:
    factors = scene.factors
    return factors.shape, factors.material, factors.color, int(rng.integers(SPRITE_VARIANTS))


def _bystanders(knobs: Knobs, rng: np.random.Generator) -> list[tuple[Thing, Pose]]:
    """Things that stand by and do nothing."""
    standing = []
    for _ in range(knobs.still_objects):
        shape, material, color = (str(rng.choice(pool)) for pool in (SHAPES, MATERIALS, COLORS))
        radius = rng.uniform(0.5, 0.8) * RADIUS["small"]
        pose = Pose(rng.uniform(0.08, 0.92), FLOOR - 0.9 * radius, 0.0, radius)
        standing.append(((shape, material, color, int(rng.integers(SPRITE_VARIANTS))), pose))
    return standing


def render_scene(scene: Scene, look: Look, start: float, knobs: Knobs, rng: np.random.Generator) -> Iterator[Image]:
    """The pictures of a step, ``FRAME_SIZE`` wide.

    Args:
        scene: What happens.
        look: Where, and through what camera.
        start: When the step starts in its video, in seconds: the camera sways on over steps that share a look.
        knobs: Bystanders.
        rng: Grain, jitter, variants.
    """
    things = [_thing(part, rng) for part in scene.parts]
    bystanders = _bystanders(knobs, rng)
    for index, frames in enumerate(zip(*(part.frames for part in scene.parts), strict=True)):
        camera = _camera(look, start + index / FPS, rng)
        backdrop = cv2.warpAffine(
            look.backdrop,
            camera.warp(),
            (FRAME_SIZE, FRAME_SIZE),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        image = np.asarray(cv2.cvtColor(backdrop, cv2.COLOR_RGBA2RGB), np.uint8)
        views = [camera.half(part.side) if part.side else camera for part in scene.parts]
        for part, frame, view in zip(scene.parts, frames, views, strict=True):
            for tool in (*part.scenery, *frame.tools):
                paint_behind(image, tool, view)
        seen = [(name, pose, camera) for name, pose in bystanders]
        for thing, frame, view in zip(things, frames, views, strict=True):
            seen += [(thing, pose, view) for pose in frame.poses]
        for _, pose, view in seen:
            _shadow(image, pose, look, view)
        for name, pose, view in seen:
            paste_sprite(image, name, *view.at(pose.x, pose.y), view.length(pose.radius), pose.angle)
        for frame, view in zip(frames, views, strict=True):
            for tool in frame.tools:
                paint_before(image, tool, view)
        yield _add_grain(image, look.grain, rng)
