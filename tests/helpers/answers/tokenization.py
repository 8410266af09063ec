"""Answers to the exercises of ``tokenization``."""

import math

import numpy as np
import torch

from vatt_edu.teach.checks import tokenization as checks
from vatt_edu.tokens import video_patches

Sizes = tuple[int, int, int]


def patchify(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    """By the package's own function, which is another way than the grader's."""
    pixels = torch.from_numpy(clip).double()
    (t, h, w), colors = tubelet, clip.shape[-1]
    if colors == 3:
        return video_patches(pixels[None], tubelet)[0].numpy()
    return np.stack(
        [
            clip[a : a + t, b : b + h, c : c + w].reshape(-1)
            for a in range(0, clip.shape[0], t)
            for b in range(0, clip.shape[1], h)
            for c in range(0, clip.shape[2], w)
        ]
    )


def put_back(rows: np.ndarray, grid: Sizes, tubelet: Sizes) -> np.ndarray:
    """Block by block."""
    (_, down, across), (t, h, w) = grid, tubelet
    sizes = [count * size for count, size in zip(grid, tubelet, strict=True)]
    clip = np.zeros((*sizes, rows.shape[1] // (t * h * w)), rows.dtype)
    for number, row in enumerate(rows):
        a, b, c = number // (down * across), number // across % down, number % across
        clip[a * t : a * t + t, b * h : b * h + h, c * w : c * w + w] = row.reshape(t, h, w, -1)
    return clip


def lost_share(shape: tuple[int, ...], patch: tuple[int, ...]) -> float:
    """By counting what remainders leave."""
    kept = math.prod(size - size % step for size, step in zip(shape, patch, strict=True))
    return (math.prod(shape) - kept) / math.prod(shape)


def view(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    return clip.reshape(-1, math.prod(tubelet) * clip.shape[-1])


def blocks(clip: np.ndarray, tubelet: Sizes) -> dict[Sizes, np.ndarray]:
    """Each block of a clip by its place in the grid."""
    (t, h, w), (frames, height, width, _) = tubelet, clip.shape
    return {
        (a, b, c): clip[a * t : a * t + t, b * h : b * h + h, c * w : c * w + w]
        for a in range(frames // t) for b in range(height // h) for c in range(width // w)
    }  # fmt: skip


def time_fastest(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    every = blocks(clip, tubelet)
    return np.stack([every[place].ravel() for place in sorted(every, key=lambda p: (p[1], p[2], p[0]))])


def down_columns(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    every = blocks(clip, tubelet)
    return np.stack([every[place].ravel() for place in sorted(every, key=lambda p: (p[0], p[2], p[1]))])


def channels_first(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    return np.stack([np.moveaxis(block, -1, 0).ravel() for block in blocks(clip, tubelet).values()])


def transposed_pixels(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    return np.stack([block.swapaxes(1, 2).ravel() for block in blocks(clip, tubelet).values()])


def frames_last(clip: np.ndarray, tubelet: Sizes) -> np.ndarray:
    return np.stack([block.transpose(1, 2, 0, 3).ravel() for block in blocks(clip, tubelet).values()])


def undo(cut: object) -> object:
    """What puts back the clips that ``cut`` cuts, number by number."""

    def function(rows: np.ndarray, grid: Sizes, tubelet: Sizes) -> np.ndarray:
        sizes = [count * size for count, size in zip(grid, tubelet, strict=True)]
        shape = (*sizes, rows.shape[1] // math.prod(tubelet))
        order = cut(np.arange(rows.size).reshape(shape), tubelet).ravel()
        clip = np.zeros(rows.size, rows.dtype)
        clip[order] = rows.ravel()
        return clip.reshape(shape)

    return function


REFERENCES = [
    (checks.patchify, patchify),
    (checks.put_back, put_back),
    (checks.lost_share, lost_share),
]

WRONG = [
    (checks.patchify, view, "stripes"),
    (checks.patchify, time_fastest, "time runs fastest"),
    (checks.patchify, channels_first, "colors come first"),
    (checks.patchify, down_columns, "down its columns"),
    (checks.patchify, transposed_pixels, "rows and columns of pixels have changed places"),
    (checks.patchify, frames_last, "time runs faster"),
    (checks.patchify, lambda clip, tubelet: patchify(clip, tubelet).ravel(), "one row per tubelet"),
    (checks.patchify, lambda clip, tubelet: patchify(clip, tubelet)[::-1], "should return"),
    (checks.put_back, undo(view), "no number has moved"),
    (checks.put_back, undo(time_fastest), "time fastest"),
    (checks.put_back, undo(down_columns), "down its columns"),
    (checks.put_back, undo(channels_first), "all reds first"),
    (checks.put_back, undo(transposed_pixels), "have changed places"),
    (checks.lost_share, lambda s, p: 1 - lost_share(s, p), "that is kept"),
    (checks.lost_share, lambda s, p: math.prod(lost_share([n], [m]) for n, m in zip(s, p, strict=True)), "if any"),
    (checks.lost_share, lambda s, p: sum(lost_share([n], [m]) for n, m in zip(s, p, strict=True)), "counted twice"),
    (checks.lost_share, lambda s, p: max(lost_share([n], [m]) for n, m in zip(s, p, strict=True)), "only the worst"),
    (checks.lost_share, lambda s, p: lost_share(s[:1], p[:1]), "first axis"),
    (checks.lost_share, lambda s, p: lost_share(s, p) * math.prod(s), "how many numbers"),
    (checks.lost_share, lambda s, p: lost_share([math.prod(s)], [math.prod(p)]), "axis by axis"),
    (checks.lost_share, lambda s, p: 0.0, "should return"),
]
