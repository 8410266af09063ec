"""The figure of *Tokenization* with a kernel: a chosen token's row is what the package cuts."""

import math

import numpy as np
import pytest
import torch

from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.tubelets import CUTS, Tubelets, places, put_back
from vatt_edu.tokens import video_patches

SHAPE, TUBELET = (4, 6, 8), (2, 3, 2)


@pytest.fixture
def video() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*SHAPE, 3), dtype=np.uint8)


def test_the_module_is_whole() -> None:
    module = Tubelets._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert text.count("://") == text.count("http://www.w3.org/2000/svg")
    assert len(text) < 20_000


def test_a_token_is_a_row_of_the_packages_patches(video: np.ndarray) -> None:
    figure = Tubelets(video, TUBELET, 5.0)
    rows = video_patches(torch.from_numpy(video)[None], TUBELET)[0]
    for token in (0, 5, 15):
        figure.set_state({"token": token})
        assert figure.values == rows[token].tolist()
    for number, cut in enumerate(CUTS.values()):
        figure.set_state({"cut": number, "token": 7})
        assert figure.values == cut(torch.from_numpy(video)[None], TUBELET)[0, 7].tolist()


@pytest.mark.parametrize("cut", CUTS)
def test_every_cut_holds_every_pixel_once(cut: str) -> None:
    which = places(cut, SHAPE, TUBELET)
    assert which.shape == (math.prod(SHAPE) // math.prod(TUBELET), math.prod(TUBELET))
    assert sorted(which.ravel()) == list(range(math.prod(SHAPE)))


def test_cuts_by_brute_force() -> None:
    """Token 5 of a grid of 2 x 2 x 4: where each cut takes its first pixel from."""
    (_, height, width), (t, h, w) = SHAPE, TUBELET

    def start(a: int, b: int, c: int) -> int:
        return (a * t * height + b * h) * width + c * w

    assert places("right", SHAPE, TUBELET)[5, 0] == start(0, 1, 1)
    assert places("stripes", SHAPE, TUBELET)[5, 0] == 5 * t * h * w
    assert places("rows and columns exchanged", SHAPE, TUBELET)[5, 0] == start(0, 1, 2)
    assert places("time fastest", SHAPE, TUBELET)[5, 0] == start(1, 0, 2)


def test_only_the_right_cut_is_put_back(video: np.ndarray) -> None:
    back = {cut: put_back(video, cut, TUBELET) for cut in CUTS}
    assert [cut for cut in CUTS if np.array_equal(back[cut], video)] == ["right"]
    assert all(np.array_equal(np.sort(clip, axis=None), np.sort(video, axis=None)) for clip in back.values())


def test_wrong_orders_hold_whole_tubelets_and_stripes_do_not() -> None:
    right, *wrong = ({frozenset(row) for row in places(cut, SHAPE, TUBELET).tolist()} for cut in CUTS)
    assert [tokens == right for tokens in wrong] == [False, True, True]
