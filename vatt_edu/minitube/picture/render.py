"""What it looks like: a background, a floor, things, tools, and a camera that is not quite still.

What does not move in a step (background, floor, posts) is painted once, at twice the size; each frame then is one
warp by the camera, and the few things that move are drawn through the same camera.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

from vatt_edu.minitube.picture.backgrounds import crop, draw_background
from vatt_edu.minitube.picture.sprites import VARIANTS, paste
from vatt_edu.minitube.presets import FPS, SIZE, Knobs
from vatt_edu.minitube.world import COLORS, FLOOR, MATERIALS, RADIUS, SHAPES, Pose, Scene, Tool

DETAIL = 2
"""The backdrop's pixels per pixel of the picture."""
BORDER = 0.15
"""How much backdrop there is beyond each edge of the picture, in frame widths."""

DARK, STEEL, TIMBER, LIGHT = (38, 36, 40), (92, 98, 108), (122, 78, 40), (250, 214, 120)
HEMP = (214, 186, 140)


@dataclass(frozen=True)
class Look:
    """The look of a step, or of a whole video where the shortcut is on.

    Attributes:
        background: Identity of the background.
        backdrop: ``(S, S, 4)`` uint8 RGB and an unused channel (OpenCV warps four in half the time of three):
            background and floor.
        floor: Color of the floor.
        sway: Pace and phase of the camera's sway.
        reach: How far it sways, in frame widths.
        zoom: Middle of the zoom, and how far it goes.
        shake: Standard deviation of the camera's jitter, in pixels.
        grain: Standard deviation of the sensor's noise, in [0, 255].
    """

    background: str
    backdrop: np.ndarray
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
    side = round((1 + 2 * BORDER) * SIZE * DETAIL)
    backdrop = crop(identity, side, rng)
    red, green, blue = (int(value) for value in rng.uniform(60, 180) * rng.uniform(0.85, 1.15, 3))
    floor = (red, green, blue)
    top = round((FLOOR + BORDER) * SIZE * DETAIL)
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


@dataclass(frozen=True)
class Camera:
    """A frame's view: pixel = zoom × width × (place − ½) + middle."""

    zoom: float
    x: float
    y: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place (frame widths) is seen (pixels)."""
        return self.zoom * SIZE * (x - 0.5) + self.x, self.zoom * SIZE * (y - 0.5) + self.y

    def length(self, length: float) -> float:
        """How long a length (frame widths) is seen (pixels)."""
        return self.zoom * SIZE * length

    def backdrop(self) -> np.ndarray:
        """The ``(2, 3)`` matrix that takes the backdrop's pixels to the picture's."""
        scale = self.zoom / DETAIL
        x, y = self.at(-BORDER, -BORDER)
        # Pixel centers are at halves; warpAffine counts them from zero.
        return np.array([[scale, 0, x + 0.5 * scale - 0.5], [0, scale, y + 0.5 * scale - 0.5]], np.float32)


def _camera(look: Look, time: float, rng: np.random.Generator) -> Camera:
    pace, phase = look.sway
    zoom = look.zoom[0] + look.zoom[1] * math.sin(0.5 * time + phase)
    dx, dy = rng.normal(0, look.shake, 2) if look.shake else (0.0, 0.0)
    x = SIZE * (0.5 + look.reach * math.sin(pace * time + phase)) + dx
    y = SIZE * (0.5 + 0.5 * look.reach * math.cos(0.7 * pace * time)) + dy
    return Camera(zoom, x, y)


# ------------------------------------------------------------------ painting


def _fixed(point: tuple[float, float]) -> tuple[int, int]:
    """A point for OpenCV's drawing with four fractional bits."""
    return round(point[0] * 16), round(point[1] * 16)


def _line(image: np.ndarray, a: tuple[float, float], b: tuple[float, float], color: tuple, width: int) -> None:
    cv2.line(image, _fixed(a), _fixed(b), color, width, cv2.LINE_AA, 4)


def _disc(image: np.ndarray, center: tuple[float, float], radius: float, color: tuple) -> None:
    cv2.circle(image, _fixed(center), round(radius * 16), color, -1, cv2.LINE_AA, 4)


def _polygon(image: np.ndarray, points: list[tuple[float, float]], color: tuple, rim: tuple | None) -> None:
    fixed = np.array([_fixed(point) for point in points], np.int32)
    cv2.fillPoly(image, [fixed], color, cv2.LINE_AA, 4)
    if rim is not None:
        cv2.polylines(image, [fixed], True, rim, 1, cv2.LINE_AA, 4)


def _paint_behind(image: np.ndarray, tool: Tool, camera: Camera) -> None:
    if tool.kind == "rope":
        _cord(image, tool, HEMP, camera)
        _disc(image, camera.at(tool.x, tool.y), 4.0, DARK)
    elif tool.kind == "crane":
        _cord(image, tool, STEEL, camera)
    elif tool.kind == "post":
        _post(image, tool.x, 0.025, tool.y, TIMBER, camera)
    elif tool.kind == "bumper":
        _post(image, tool.x, 0.03, FLOOR - tool.y, STEEL, camera)


def _cord(image: np.ndarray, tool: Tool, color: tuple, camera: Camera) -> None:
    for shade, width in ((DARK, 4), (color, 2)):
        _line(image, camera.at(tool.x, tool.y), camera.at(tool.u, tool.v), shade, width)


def _post(image: np.ndarray, x: float, half: float, top: float, color: tuple, camera: Camera) -> None:
    ends = [(x - half, top), (x + half, top), (x + half, FLOOR + 0.01), (x - half, FLOOR + 0.01)]
    _polygon(image, [camera.at(*end) for end in ends], color, DARK)


def _paint_before(image: np.ndarray, tool: Tool, camera: Camera) -> None:
    if tool.kind == "stick":
        _line(image, camera.at(tool.x, tool.y), camera.at(tool.u, tool.v), DARK, 7)
        _line(image, camera.at(tool.x, tool.y), camera.at(tool.u, tool.v), LIGHT, 5)
        _disc(image, camera.at(tool.x, tool.y), 6.0, DARK)
        _disc(image, camera.at(tool.x, tool.y), 4.8, LIGHT)
    elif tool.kind == "cage":
        half = tool.u
        ends = [(-half, -half), (half, -half), (half, half), (-half, half)]
        corners = [camera.at(tool.x + a, tool.y + b) for a, b in ends]
        for color, width in ((DARK, 4), (LIGHT, 2)):
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
                _line(image, a, b, color, width)
        for part in (-1 / 3, 1 / 3):
            _line(
                image,
                camera.at(tool.x + half * part, tool.y - half),
                camera.at(tool.x + half * part, tool.y + half),
                DARK,
                1,
            )
    elif tool.kind == "jug":
        _jug(image, tool, camera)
    elif tool.kind == "crane":
        x, y = camera.at(tool.u, tool.v)
        _polygon(image, [(x - 6, y - 3), (x + 6, y - 3), (x + 4, y + 3), (x - 4, y + 3)], STEEL, DARK)


def _jug(image: np.ndarray, tool: Tool, camera: Camera) -> None:
    """A jug whose lip is at the tool's point, tipped by ``u`` radians (its sign is the side that it pours to)."""
    side = 1 if tool.u > 0 else -1
    cos, sin = math.cos(tool.u), math.sin(tool.u)

    def place(a: float, b: float) -> tuple[float, float]:
        # In the jug's own frame the lip is at the origin and the body hangs below and away from it.
        a, b = a * side * tool.v, b * tool.v
        return camera.at(tool.x + a * cos - b * sin, tool.y + a * sin + b * cos)

    body = [(0.1, -0.12), (-0.75, -0.05), (-0.7, 0.95), (-0.05, 0.95), (0.0, 0.05)]
    handle = [(-0.72, 0.15), (-1.0, 0.2), (-1.0, 0.7), (-0.7, 0.75)]
    ends = [place(*end) for end in handle]
    for a, b in pairwise(ends):
        _line(image, a, b, DARK, 4)
    _polygon(image, [place(*end) for end in body], (176, 186, 204), DARK)
    _line(image, place(-0.6, 0.1), place(-0.55, 0.8), (226, 232, 242), 2)


def _shadow(image: np.ndarray, pose: Pose, look: Look, camera: Camera) -> None:
    height = max(0.0, FLOOR - pose.y - pose.radius)
    width = pose.radius * max(0.2, 1 - 1.2 * height)
    axes = (round(camera.length(width) * 16), round(camera.length(0.016) * 16))
    color = tuple(value * 0.4 for value in look.floor)
    cv2.ellipse(image, _fixed(camera.at(pose.x, FLOOR + 0.012)), axes, 0, 0, 360, color, -1, cv2.LINE_AA, 4)


@lru_cache(maxsize=4)
def _grain(size: int) -> np.ndarray:
    """A tile of noise with standard deviation 32 around 128; frames show random windows of it."""
    noise = np.random.default_rng(42).normal(128, 32, (size, size))
    return np.clip(noise, 0, 255).astype(np.uint8)


def _add_grain(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    tile = _grain(2 * SIZE)
    a, b = rng.integers(0, SIZE, 2)
    window = cv2.cvtColor(tile[a : a + SIZE, b : b + SIZE], cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(image, 1.0, window, strength / 32, -128 * strength / 32)


Thing = tuple[str, str, str, int]


def _bystanders(knobs: Knobs, rng: np.random.Generator) -> list[tuple[Thing, Pose]]:
    """Things that stand by and do nothing."""
    standing = []
    for _ in range(knobs.still_objects):
        shape, material, color = (str(rng.choice(pool)) for pool in (SHAPES, MATERIALS, COLORS))
        radius = rng.uniform(0.5, 0.8) * RADIUS["small"]
        pose = Pose(rng.uniform(0.08, 0.92), FLOOR - 0.9 * radius, 0.0, radius)
        standing.append(((shape, material, color, int(rng.integers(VARIANTS))), pose))
    return standing


def render(scene: Scene, look: Look, start: float, knobs: Knobs, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The pictures of a step, ``(SIZE, SIZE, 3)`` uint8 RGB each.

    Args:
        scene: What happens.
        look: Where, and through what camera.
        start: When the step starts in its video, in seconds: the camera sways on over steps that share a look.
        knobs: Bystanders.
        rng: Grain, jitter, variants.
    """
    factors = scene.factors
    thing = (factors.shape, factors.material, factors.color, int(rng.integers(VARIANTS)))
    bystanders = _bystanders(knobs, rng)
    for index, frame in enumerate(scene.frames):
        camera = _camera(look, start + index / FPS, rng)
        seen = cv2.warpAffine(
            look.backdrop, camera.backdrop(), (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        image = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), np.uint8)
        for tool in (*scene.scenery, *frame.tools):
            _paint_behind(image, tool, camera)
        for pose in (*(pose for _, pose in bystanders), *frame.poses):
            _shadow(image, pose, look, camera)
        for name, pose in (*bystanders, *((thing, pose) for pose in frame.poses)):
            paste(image, name, *camera.at(pose.x, pose.y), camera.length(pose.radius), pose.angle)
        for tool in frame.tools:
            _paint_before(image, tool, camera)
        yield _add_grain(image, look.grain, rng)
