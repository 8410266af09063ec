"""Pictures: what is painted fast is painted the same."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from vatt_edu.minitube.picture.backgrounds import photos_at_hand
from vatt_edu.minitube.picture.camera import Camera
from vatt_edu.minitube.picture.render import draw_look
from vatt_edu.minitube.picture.sprites import paste_sprite, sprite
from vatt_edu.minitube.presets import FRAME_SIZE, Knobs
from vatt_edu.minitube.world import stream


def test_four_channels_are_warped_as_three_are() -> None:
    backdrop = draw_look(False, Knobs(), stream(0, "tests", 0, 0, "look")).backdrop
    matrix = Camera(1.03, 66.2, 61.7).warp()
    four, three = (
        cv2.warpAffine(image, matrix, (FRAME_SIZE, FRAME_SIZE), flags=cv2.INTER_LINEAR)
        for image in (backdrop, np.ascontiguousarray(backdrop[..., :3]))
    )
    assert np.array_equal(four[..., :3], three)


@pytest.mark.parametrize("shape", ["ball", "star"])
def test_a_thing_is_blended_over_what_is_behind(shape: str) -> None:
    under = np.full((40, 40, 3), 100, np.uint8)
    paste_sprite(under, (shape, "glass", "red", 1), 19.5, 19.5, 16.0, 0.0)
    rgba = sprite(shape, "glass", "red", 1, 16).astype(float)
    side = rgba.shape[0]
    top = 20 - side // 2
    expected = 100 * (255 - rgba[..., 3:]) / 255 + rgba[..., :3]
    assert np.abs(under[top : top + side, top : top + side] - expected).max() <= 2
    assert np.abs(under[top : top + side, top : top + side] - expected).mean() < 0.5


def test_photos_are_read_after_decord_too() -> None:
    """decord brings a zlib of its own, with which OpenCV's reader of PNG fails."""
    pytest.importorskip("decord")
    code = (
        "import decord\n"
        "from vatt_edu.minitube.picture.backgrounds import photo, photos_at_hand\n"
        "print(*(photo(name).shape for name in photos_at_hand()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("3)") == len(photos_at_hand())
