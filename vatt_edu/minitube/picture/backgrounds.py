"""Where it happens: photos, and procedural textures in families, some of which only ``test_bg`` shows.

Training draws from ten families of six textures and from three photos; three families and two photos are held out.
Photos come with scikit-learn (CC BY 2.0: china.jpg by danielbuechele, flower.jpg by vultilion, flickr) and scikit-image
(CC0: grass, brick, gravel); where those packages are missing, textures take their place.
"""

import importlib.util
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from jaxtyping import Float, Float32, Int64, UInt8

from vatt_edu.minitube.presets import Knobs

TEXTURE_SIDE = 256
TEXTURE_VARIANTS = 6
PHOTOS = {
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "grass": ("skimage", "data/grass.png"),
    "brick": ("skimage", "data/brick.png"),
    "gravel": ("skimage", "data/gravel.png"),
}
HELD_OUT_PHOTOS = ("flower", "gravel")

Axis = Float32[np.ndarray, "H W"]
Field = Float[np.ndarray, "H W"]
Painter = Callable[[np.random.Generator, Axis, Axis], Field]


def _clouds(rng: np.random.Generator, octave: int, keep: float) -> Axis:
    total = np.zeros((TEXTURE_SIDE, TEXTURE_SIDE), np.float32)
    for i in range(5):
        layer = rng.normal(0, keep**i, (octave * 2**i, octave * 2**i)).astype(np.float32)
        total += cv2.resize(layer, (TEXTURE_SIDE, TEXTURE_SIDE), interpolation=cv2.INTER_CUBIC)
    return total


def _turned(rng: np.random.Generator, x: Axis, y: Axis) -> tuple[Axis, Axis, float]:
    angle = rng.uniform(0, math.pi)
    u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    return u, v, rng.uniform(4, 14)


def _cloudy(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    return _clouds(rng, 4, 0.6)


def _stripes(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    u, _, pace = _turned(rng, x, y)
    return np.sin(2 * math.pi * pace * u)


def _eggbox(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    u, v, pace = _turned(rng, x, y)
    return np.sin(2 * math.pi * pace * u) * np.sin(2 * math.pi * pace * v)


def _wall(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    rows = rng.uniform(5, 12)
    row = np.floor(y * rows)
    along = x * rows * 0.5 + 0.5 * (row % 2)
    mortar = ((y * rows) % 1 < 0.1) | (along % 1 < 0.06)
    return np.where(mortar, -1.5, 0.6 + 0.3 * np.sin(row * 7.1 + np.floor(along) * 3.7))


def _marble(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    u, _, pace = _turned(rng, x, y)
    return np.sin(2 * math.pi * 0.6 * pace * u + 2 * _clouds(rng, 3, 0.5))


def _nearest(
    rng: np.random.Generator, x: Axis, y: Axis
) -> tuple[Float32[np.ndarray, "2 H W"], Int64[np.ndarray, "H W"]]:
    """Distance to the nearest and the second nearest of 36 points."""
    points = rng.random((36, 2)).astype(np.float32)
    distance = np.stack([(x - a) ** 2 + (y - b) ** 2 for a, b in points])
    return np.partition(distance, 1, axis=0)[:2], distance.argmin(0)


def _cells(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    (first, second), _ = _nearest(rng, x, y)
    return np.clip((np.sqrt(second) - np.sqrt(first)) * 20, 0, 2)


def _mosaic(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    _, which = _nearest(rng, x, y)
    return rng.normal(0, 1, 36)[which]


def _checks(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    u, v, pace = _turned(rng, x, y)
    return ((np.floor(u * pace) + np.floor(v * pace)) % 2) * 1.0


def _fibers(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    return cv2.GaussianBlur(
        rng.normal(0, 1, (TEXTURE_SIDE, TEXTURE_SIDE)), (0, 0), sigmaX=rng.uniform(4, 12), sigmaY=0.8
    )


def _discs(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    field = np.zeros((TEXTURE_SIDE, TEXTURE_SIDE), np.float32)
    for _ in range(60):
        center = (int(rng.integers(TEXTURE_SIDE)), int(rng.integers(TEXTURE_SIDE)))
        cv2.circle(field, center, int(rng.integers(5, 28)), float(rng.normal(0, 1.2)), -1)
    return field


def _rings(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    a, b = rng.uniform(0.2, 0.8, 2)
    return np.sin(2 * math.pi * rng.uniform(6, 14) * np.hypot(x - a, y - b))


def _zigzag(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    u, v, pace = _turned(rng, x, y)
    return np.sign(np.sin(2 * math.pi * pace * (u + 0.6 * np.abs((v * 3) % 1 - 0.5))))


def _rays(rng: np.random.Generator, x: Axis, y: Axis) -> Field:
    a, b = rng.uniform(0.2, 0.8, 2)
    return np.sin(np.arctan2(y - b, x - a) * int(rng.integers(5, 12)) + 3 * np.hypot(x - a, y - b))


FAMILIES: dict[str, Painter] = {
    "cloudy": _cloudy,
    "stripes": _stripes,
    "eggbox": _eggbox,
    "wall": _wall,
    "marble": _marble,
    "cells": _cells,
    "mosaic": _mosaic,
    "checks": _checks,
    "fibers": _fibers,
    "discs": _discs,
    "rings": _rings,
    "zigzag": _zigzag,
    "rays": _rays,
}
HELD_OUT_FAMILIES = ("rings", "zigzag", "rays")


@cache
def texture(family: str, variant: int) -> UInt8[np.ndarray, "H W 3"]:
    """A procedural texture, ``TEXTURE_SIDE`` wide: the same in every corpus, whatever its seed."""
    rng = np.random.default_rng((9000 + list(FAMILIES).index(family), variant))
    y, x = np.mgrid[0:TEXTURE_SIDE, 0:TEXTURE_SIDE].astype(np.float32) / TEXTURE_SIDE
    field = FAMILIES[family](rng, x, y)
    field = np.clip((field - field.mean()) / (field.std() + 1e-6), -2, 2) * 0.25 + 0.5
    dark, light = rng.random(3), rng.random(3)
    colors = dark + (light - dark) * field[..., None]
    if rng.random() < 0.5:
        colors = colors + 0.12 * np.clip(_clouds(rng, 6, 0.6), -2, 2)[..., None]
    return (np.clip(colors, 0, 1) * 255).astype(np.uint8)


@cache
def photos_at_hand() -> tuple[str, ...]:
    """Names of the photos that installed packages bring."""
    return tuple(name for name in PHOTOS if _photo_path(name) is not None)


def _photo_path(name: str) -> Path | None:
    package, inside = PHOTOS[name]
    # Found without importing: scikit-learn alone would take a second.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inside
    return path if path.is_file() else None


@cache
def photo(name: str) -> UInt8[np.ndarray, "H W 3"]:
    """A photo."""
    path = _photo_path(name)
    assert path is not None, f"there is no photo {name}"
    if path.suffix == ".png":  # not by OpenCV: once decord is imported, its PNG reader finds another zlib and fails
        with av.open(str(path)) as file:
            pixels: UInt8[np.ndarray, "H W 3"] = next(file.decode(video=0)).to_ndarray(format="rgb24")
        return pixels
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def draw_background(held_out: bool, knobs: Knobs, rng: np.random.Generator) -> str:
    """Identity of a background: ``photo:china`` or ``texture:cells:3``, from the pool of training or the other."""
    names = [name for name in photos_at_hand() if (name in HELD_OUT_PHOTOS) == held_out]
    choice, index = rng.random(), int(rng.integers(1 << 30))
    if names and choice < knobs.photo_share:
        return f"photo:{names[index % len(names)]}"
    families = [name for name in FAMILIES if (name in HELD_OUT_FAMILIES) == held_out]
    # Families take turns, so that a small pool still has some of each.
    pool = [(family, variant) for variant in range(TEXTURE_VARIANTS) for family in families]
    pool = pool if held_out else pool[: knobs.backgrounds]
    family, variant = pool[index % len(pool)]
    return f"texture:{family}:{variant}"


def crop_background(identity: str, side: int, rng: np.random.Generator) -> UInt8[np.ndarray, "{side} {side} 3"]:
    """A random square of a background, flattened and tinted so that things stand out."""
    kind, name, *variant = identity.split(":")
    image = photo(name) if kind == "photo" else texture(name, int(variant[0]))
    height, width = image.shape[:2]
    size = int(rng.uniform(0.45, 0.9) * min(height, width))
    top, left = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
    square = image[top : top + size, left : left + size]
    method = cv2.INTER_AREA if size > side else cv2.INTER_LINEAR
    square = cv2.resize(square, (side, side), interpolation=method)
    if rng.random() < 0.5:
        square = square[:, ::-1]
    square = cv2.GaussianBlur(square, (0, 0), rng.uniform(0.7, 3.0)).astype(np.float32)
    strength, level = rng.uniform(0.4, 0.65), rng.uniform(0.3, 0.7) * 255
    square = (square * strength + (1 - strength) * level) * rng.uniform(0.88, 1.1, 3).astype(np.float32)
    return np.clip(square, 0, 255).astype(np.uint8)
