"""A camera: where places in the world are seen in the picture."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vatt_edu.minitube.presets import FRAME_SIZE
from vatt_edu.minitube.world import FLOOR

DETAIL = 2
"""The backdrop's pixels per pixel of the picture."""
BORDER = 0.15
"""How much backdrop there is beyond each edge of the picture, in frame widths."""


@dataclass(frozen=True)
class Camera:
    """A frame's view: pixel = zoom × width × (place − ½) + middle."""

    zoom: float
    x: float
    y: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place (frame widths) is seen (pixels)."""
        return self.zoom * FRAME_SIZE * (x - 0.5) + self.x, self.zoom * FRAME_SIZE * (y - 0.5) + self.y

    def half(self, side: int) -> "Camera":
        """The same for a world that is half as large, on the same floor, in the left (-1) or right (1) half."""
        x, y = self.at(0.5 + side / 4, 0.5 + (FLOOR - 0.5) / 2)
        return Camera(self.zoom / 2, x, y)

    def length(self, length: float) -> float:
        """How long a length (frame widths) is seen (pixels)."""
        return self.zoom * FRAME_SIZE * length

    def warp(self) -> Float32[np.ndarray, "2 3"]:
        """The matrix that takes the backdrop's pixels to the picture's."""
        scale = self.zoom / DETAIL
        x, y = self.at(-BORDER, -BORDER)
        # Pixel centers are at halves; warpAffine counts them from zero.
        return np.array([[scale, 0, x + 0.5 * scale - 0.5], [0, scale, y + 0.5 * scale - 0.5]], np.float32)
