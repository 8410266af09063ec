"""A clip cut into tubelets, the right way and three wrong ones: which pixels a token holds, and what was put back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import traitlets
from jaxtyping import Float, Int, Shaped, UInt8

from vatt_edu.teach.interactive.base import Live
from vatt_edu.tokens import Raw, video_patches

Sizes = tuple[int, int, int]
Video = UInt8[torch.Tensor, "B T H W 3"] | Float[torch.Tensor, "B T H W 3"]
Cut = Callable[[Video, Sizes], Raw]


def _grid(video: Video, tubelet: Sizes) -> Shaped[torch.Tensor, "B t h w P"]:
    """The right patches, along three axes."""
    grid = [size // step for size, step in zip(video.shape[1:], tubelet, strict=False)]
    return video_patches(video, tubelet).unflatten(1, grid)


def stripes(video: Video, tubelet: Sizes) -> Raw:
    """What ``view`` gives: as many numbers as a tubelet has, in the order in which they lie in memory."""
    patches = video_patches(video, tubelet)
    return video.reshape(patches.shape)


def exchanged(video: Video, tubelet: Sizes) -> Raw:
    """Tubelets in another order: down the columns of the grid, where the right one goes along the rows."""
    return _grid(video, tubelet).transpose(2, 3).flatten(1, 3)


def time_fastest(video: Video, tubelet: Sizes) -> Raw:
    """Tubelets in another order: first all of one place, at all times."""
    return _grid(video, tubelet).permute(0, 2, 3, 1, 4).flatten(1, 3)


CUTS: dict[str, Cut] = {
    "right": video_patches,
    "stripes": stripes,
    "rows and columns exchanged": exchanged,
    "time fastest": time_fastest,
}
"""The ways to cut that the figure knows; all give the same shape."""


def places(cut: str, shape: Sizes, tubelet: Sizes) -> Int[np.ndarray, "N pixels"]:
    """Which pixels of a clip a token holds, by their place in memory, in the token's own order.

    Args:
        cut: One of ``CUTS``.
        shape: Frames, rows and columns of the clip.
        tubelet: Frames, rows and columns of a tubelet.
    """
    numbers = torch.arange(int(np.prod(shape)), dtype=torch.float64).reshape(1, *shape, 1).expand(-1, -1, -1, -1, 3)
    return CUTS[cut](numbers, tubelet)[0, :, ::3].long().numpy()


def put_back(video: UInt8[np.ndarray, "T H W 3"], cut: str, tubelet: Sizes) -> UInt8[np.ndarray, "T H W 3"]:
    """A clip cut in one of the ways, and put back as if it had been the right one."""
    frames, height, width, _ = video.shape
    here, there = (places(name, (frames, height, width), tubelet).ravel() for name in ("right", cut))
    pixels = np.empty_like(video).reshape(-1, 3)
    pixels[here] = video.reshape(-1, 3)[there]
    return pixels.reshape(video.shape)


class Tubelets(Live):
    """A clip that plays, cut in four ways; a token to choose, and its pixels.

    Inputs: ``cut``, the number of one of ``CUTS``, and ``token``. Output: ``values``, the token's row of numbers.
    """

    script = "tubelets.js"
    clip = traitlets.Bytes().tag(sync=True)
    shape: Any = traitlets.List().tag(sync=True)
    tubelet: Any = traitlets.List().tag(sync=True)
    names: Any = traitlets.List(list(CUTS)).tag(sync=True)
    fps = traitlets.Float().tag(sync=True)
    cut = traitlets.Int(0).tag(sync=True)
    token = traitlets.Int(0).tag(sync=True)
    values: Any = traitlets.List().tag(sync=True)

    def __init__(self, video: UInt8[np.ndarray, "T H W 3"], tubelet: Sizes, fps: float, token: int = 0) -> None:
        """Makes the figure.

        Args:
            video: A small clip, RGB.
            tubelet: Frames, rows and columns of a tubelet.
            fps: At which it plays.
            token: That is shown first.
        """
        self._video = torch.from_numpy(np.ascontiguousarray(video))[None]
        super().__init__(
            clip=self._video.numpy().tobytes(), shape=list(video.shape[:3]), tubelet=list(tubelet), fps=fps, token=token
        )
        self.observe(self._cut, ["cut", "token"])
        self._cut()

    def _cut(self, _: Any = None) -> None:
        size = (self.tubelet[0], self.tubelet[1], self.tubelet[2])
        self.values = CUTS[self.names[self.cut]](self._video, size)[0, self.token].tolist()
