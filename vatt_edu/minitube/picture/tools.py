"""Tools painted into a picture, in place: some behind the things of a scene, some before them."""

import math
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import UInt8

from vatt_edu.minitube.physics.scene import Bumper, Cage, Crane, Jug, Post, Rod, Rope, Stick, Tool
from vatt_edu.minitube.picture.camera import Camera
from vatt_edu.minitube.world import FLOOR

Image = UInt8[np.ndarray, "H W 3"]
Point = tuple[float, float]
Color = tuple[int, int, int]

DARK, STEEL, TIMBER, LIGHT = (38, 36, 40), (92, 98, 108), (122, 78, 40), (250, 214, 120)
HEMP = (214, 186, 140)


def paint_behind(image: Image, tool: Tool, camera: Camera) -> None:
    """What of a tool is behind the things of a scene."""
    match tool:
        case Rope():
            _cord(image, tool, HEMP, camera)
            _disc(image, camera.at(tool.x, tool.y), 4.0, DARK)
        case Crane():
            _cord(image, tool, STEEL, camera)
        case Post():
            _post(image, tool.x, 0.025, tool.top, TIMBER, camera)
        case Bumper():
            _post(image, tool.x, 0.03, FLOOR - tool.height, STEEL, camera)


def paint_before(image: Image, tool: Tool, camera: Camera) -> None:
    """What of a tool is before the things of a scene."""
    match tool:
        case Stick():
            _stick(image, tool, camera)
        case Cage():
            _cage(image, tool, camera)
        case Jug():
            _jug(image, tool, camera)
        case Crane():
            x, y = camera.at(tool.end_x, tool.end_y)
            _polygon(image, [(x - 6, y - 3), (x + 6, y - 3), (x + 4, y + 3), (x - 4, y + 3)], STEEL, DARK)


def _cord(image: Image, tool: Rod, color: Color, camera: Camera) -> None:
    for shade, width in ((DARK, 4), (color, 2)):
        _line(image, camera.at(tool.x, tool.y), camera.at(tool.end_x, tool.end_y), shade, width)


def _post(image: Image, x: float, half: float, top: float, color: Color, camera: Camera) -> None:
    ends = [(x - half, top), (x + half, top), (x + half, FLOOR + 0.01), (x - half, FLOOR + 0.01)]
    _polygon(image, [camera.at(*end) for end in ends], color, DARK)


def _stick(image: Image, tool: Stick, camera: Camera) -> None:
    tip, end = camera.at(tool.x, tool.y), camera.at(tool.end_x, tool.end_y)
    _line(image, tip, end, DARK, 7)
    _line(image, tip, end, LIGHT, 5)
    _disc(image, tip, 6.0, DARK)
    _disc(image, tip, 4.8, LIGHT)


def _cage(image: Image, tool: Cage, camera: Camera) -> None:
    half = tool.half
    corners = [
        camera.at(tool.x + a, tool.y + b) for a, b in ((-half, -half), (half, -half), (half, half), (-half, half))
    ]
    for color, width in ((DARK, 4), (LIGHT, 2)):
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            _line(image, a, b, color, width)
    for x in (tool.x + half * (-1 / 3), tool.x + half * (1 / 3)):
        _line(image, camera.at(x, tool.y - half), camera.at(x, tool.y + half), DARK, 1)


def _jug(image: Image, tool: Jug, camera: Camera) -> None:
    """A jug whose lip is at the tool's point, tipped by its angle."""
    side = 1 if tool.angle > 0 else -1
    cos, sin = math.cos(tool.angle), math.sin(tool.angle)

    def place(a: float, b: float) -> Point:
        # In the jug's own frame the lip is at the origin and the body hangs below and away from it.
        a, b = a * side * tool.size, b * tool.size
        return camera.at(tool.x + a * cos - b * sin, tool.y + a * sin + b * cos)

    body = [(0.1, -0.12), (-0.75, -0.05), (-0.7, 0.95), (-0.05, 0.95), (0.0, 0.05)]
    handle = [(-0.72, 0.15), (-1.0, 0.2), (-1.0, 0.7), (-0.7, 0.75)]
    ends = [place(*end) for end in handle]
    for a, b in pairwise(ends):
        _line(image, a, b, DARK, 4)
    _polygon(image, [place(*end) for end in body], (176, 186, 204), DARK)
    _line(image, place(-0.6, 0.1), place(-0.55, 0.8), (226, 232, 242), 2)


def fixed_point(point: Point) -> tuple[int, int]:
    """A point for OpenCV's drawing with four fractional bits."""
    return round(point[0] * 16), round(point[1] * 16)


def _line(image: Image, a: Point, b: Point, color: Color, width: int) -> None:
    cv2.line(image, fixed_point(a), fixed_point(b), color, width, cv2.LINE_AA, 4)


def _disc(image: Image, center: Point, radius: float, color: Color) -> None:
    cv2.circle(image, fixed_point(center), round(radius * 16), color, -1, cv2.LINE_AA, 4)


def _polygon(image: Image, points: list[Point], color: Color, rim: Color | None = None) -> None:
    corners = np.array([fixed_point(point) for point in points], np.int32)
    cv2.fillPoly(image, [corners], color, cv2.LINE_AA, 4)
    if rim is not None:
        cv2.polylines(image, [corners], True, rim, 1, cv2.LINE_AA, 4)
