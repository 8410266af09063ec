"""What things look like: a shape filled with a color, drawn in the manner of a material.

Sprites are drawn once at a few sizes and kept: a picture then costs one small warp for each thing in it.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8

from vatt_edu.minitube.physics.stage import corners

PALETTE = {
    "red": (222, 40, 34),
    "blue": (38, 84, 222),
    "green": (36, 160, 56),
    "yellow": (244, 204, 28),
    "purple": (150, 56, 190),
    "white": (240, 240, 240),
}
SPRITE_RADII = (8, 16, 32, 64)
"""Radii in pixels at which sprites are kept; what is drawn comes from the next larger one."""
SPRITE_VARIANTS = 4
SPRITE_MARGIN = 1.12
"""Half the side of a sprite in radii."""

Sprite = UInt8[np.ndarray, "D D 4"]
"""RGB already multiplied by alpha, and alpha."""
Axis = Float32[np.ndarray, "D D"]
Shade = Float[np.ndarray, "D D"]


def outline(shape: str, radius: float) -> Float64[np.ndarray, "N 2"]:
    """Corner points around the origin; a ball gets many."""
    points = corners(shape, radius)
    if not points:
        turns = np.linspace(0, 2 * math.pi, 64, endpoint=False)
        return np.stack([np.cos(turns), np.sin(turns)], 1) * radius
    return np.array(points)


def _mask(shape: str, radius: int, side: int, grow: float = 1.0) -> Axis:
    """Coverage of the shape in [0, 1], by drawing four times as large."""
    large = np.zeros((side * 4, side * 4), np.uint8)
    points = outline(shape, radius * 4 * grow) + side * 2
    cv2.fillPoly(large, [np.round(points * 16).astype(np.int32)], 255, shift=4)
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _wood(u: Axis, v: Axis, rng: np.random.Generator) -> tuple[Shade, Shade]:
    grain = 0.5 + 0.5 * np.sin(11 * v + 3 * np.sin(2.2 * u + rng.uniform(0, 6)) + rng.normal(0, 0.3))
    return 0.5 + 0.5 * grain, np.zeros_like(u)


def _metal(u: Axis, v: Axis, rng: np.random.Generator) -> tuple[Shade, Shade]:
    sheen = 0.5 + 0.5 * np.cos(4.2 * (u + v) + rng.uniform(-0.6, 0.6))
    return 0.45 + 0.55 * sheen, 0.75 * sheen**5


def _glass(u: Axis, v: Axis, rng: np.random.Generator) -> tuple[Shade, Shade]:
    shine = np.exp(-((u + 0.32) ** 2 + (v + 0.3) ** 2) / 0.025) + 0.6 * np.exp(-((u - v) ** 2) / 0.01) * (u > 0.1)
    return np.ones_like(u), np.clip(0.15 + shine, 0, 1)


def _rubber(u: Axis, v: Axis, rng: np.random.Generator) -> tuple[Shade, Shade]:
    distance = np.hypot(u, v)
    # A tire: a dark band around a hub, and a bar by which one sees it turn.
    tire = ((distance > 0.34) & (distance < 0.54)) | ((np.abs(u) < 0.08) & (distance < 0.34))
    return np.where(tire, 0.12, 0.95 - 0.15 * distance), np.zeros_like(u)


def _stone(u: Axis, v: Axis, rng: np.random.Generator) -> tuple[Shade, Shade]:
    side = len(u)
    rough = cv2.resize(rng.normal(0, 1, (9, 9)).astype(np.float32), (side, side))
    specks = cv2.resize((rng.random((20, 20)) < 0.22).astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    return np.clip(0.85 + 0.13 * rough - 0.6 * specks, 0.2, 1.1), 0.16 + 0.05 * rough


MATERIAL_LOOKS = {"wood": _wood, "metal": _metal, "glass": _glass, "rubber": _rubber, "stone": _stone}


@lru_cache(maxsize=4096)
def sprite(shape: str, material: str, color: str, variant: int, level: int) -> Sprite:
    """A thing seen from the front, point up, with radius ``level`` pixels in the middle of a square.

    Args:
        shape: One of the world's shapes.
        material: Its manner of drawing.
        color: Name in `PALETTE`.
        variant: Which of ``SPRITE_VARIANTS`` grains, specks, reflections.
        level: Radius in pixels, one of `SPRITE_RADII`.
    """
    rng = np.random.default_rng((7000, variant, sorted(MATERIAL_LOOKS).index(material)))
    side = 2 * math.ceil(level * SPRITE_MARGIN)
    axis = (np.arange(side, dtype=np.float32) + 0.5 - side / 2) / level
    u, v = np.meshgrid(axis, axis)
    shade, white = MATERIAL_LOOKS[material](u, v, rng)
    tint = np.array(PALETTE[color], np.float32) / 255
    if material == "wood":
        # Grain is brown, whatever the paint.
        dark = tint * np.array([0.62, 0.45, 0.32], np.float32)
        colors = dark + (tint - dark) * ((shade - 0.5) * 2)[..., None]
    else:
        colors = tint * shade[..., None]
    colors = colors + (1 - colors) * white[..., None]
    alpha = _mask(shape, level, side)
    if material == "glass":
        # Glass lets the background through, but for its rim and its shine.
        rim = alpha - _mask(shape, level, side, 0.82)
        alpha = alpha * np.clip(0.58 + 0.4 * rim + 0.6 * (white - 0.15), 0, 1)
        colors = colors * (1 - 0.3 * np.clip(rim, 0, 1)[..., None])
    # A dark rim separates a thing from whatever is behind it.
    edge = np.clip(_mask(shape, level, side) - _mask(shape, level, side, 0.9), 0, 1)
    colors = colors * (1 - (0.35 if material == "glass" else 0.65) * edge[..., None])
    rgba = np.concatenate([np.clip(colors, 0, 1) * alpha[..., None], alpha[..., None]], 2)
    return np.round(rgba * 255).astype(np.uint8)


def paste_sprite(
    image: UInt8[np.ndarray, "H W 3"], shape: tuple[str, str, str, int], x: float, y: float, radius: float, angle: float
) -> None:
    """Draw a thing into a picture, in place.

    Args:
        image: The picture.
        shape: Shape, material, color and variant of its `sprite`.
        x: Center in pixels.
        y: Center in pixels.
        radius: In pixels.
        angle: In radians.
    """
    level = next((size for size in SPRITE_RADII if size >= radius), SPRITE_RADII[-1])
    source = sprite(*shape, level)
    half = math.ceil(radius * SPRITE_MARGIN) + 1
    left, top = math.floor(x) - half, math.floor(y) - half
    box = 2 * half + 1
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(image.shape[1], left + box), min(image.shape[0], top + box)
    if x1 <= x0 or y1 <= y0:
        return
    scale = radius / level
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    middle = source.shape[0] / 2 - 0.5
    matrix = np.array(
        [[c, -s, x - x0 - c * middle + s * middle], [s, c, y - y0 - s * middle - c * middle]], dtype=np.float32
    )
    patch = cv2.warpAffine(source, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    rgb, alpha = cv2.cvtColor(patch, cv2.COLOR_RGBA2RGB), cv2.cvtColor(patch[..., 3], cv2.COLOR_GRAY2RGB)
    under = image[y0:y1, x0:x1]
    image[y0:y1, x0:x1] = cv2.add(cv2.multiply(under, 255 - alpha, scale=1 / 255), rgb)
