"""What fine-tuning does to clips: several crops of a video in evaluation, mixed sounds in training."""

import numpy as np
from jaxtyping import Float32, UInt8


def multi_crop(
    frames: UInt8[np.ndarray, "T H W 3"], height: int, width: int
) -> UInt8[np.ndarray, "3*T {height} {width} 3"]:
    """Three crops along the longer side, one after the other on the time axis (released evaluation).

    As released, the middle one begins at half the side less half the crop, rounded to the even number where it is a
    half, and the shorter side, which should be as long as the crop, is cut at its end.
    """
    tall = frames.shape[1] >= frames.shape[2]
    side, target = (frames.shape[1], height) if tall else (frames.shape[2], width)
    crops = []
    for start in (0, round(side / 2 - target // 2), side - target):
        top, left = (start, 0) if tall else (0, start)
        crops.append(frames[:, top : top + height, left : left + width])
    return np.concatenate(crops)


def mixup(
    signals: Float32[np.ndarray, "B ..."],
    labels: Float32[np.ndarray, "B classes"],
    generator: np.random.Generator,
    alpha: float = 5.0,
    beta: float = 5.0,
) -> tuple[Float32[np.ndarray, "B ..."], Float32[np.ndarray, "B classes"]]:
    """Each clip of a batch, and its labels, mixed with those of another (released fine-tuning of audio).

    Args:
        signals: Of any shape.
        labels: One row for each.
        generator: The batch's own.
        alpha: Of the beta distribution that a clip's own share is drawn from; the larger, the more of it is left.
        beta: Likewise; the larger, the less.
    """
    shares = generator.beta(alpha, beta, len(signals)).astype(np.float32)
    partner = generator.permutation(len(signals))

    def mix(values: Float32[np.ndarray, "B ..."]) -> Float32[np.ndarray, "B ..."]:
        share = shares.reshape(-1, *[1] * (values.ndim - 1))
        return share * values + (1 - share) * values[partner]

    return mix(signals), mix(labels)
