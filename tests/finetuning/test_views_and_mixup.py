"""Crops of evaluation are where they are released to be; mixing treats signals and labels alike."""

import numpy as np
import pytest

from vatt_edu.data.loader.sampler import generator
from vatt_edu.finetuning.transforms import mixup, multi_crop


def test_crops_are_spread_from_end_to_end() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (4, 16, 20, 3), np.uint8)
    crops = multi_crop(frames, 16, 10)
    assert crops.shape == (12, 16, 10, 3)
    for place, left in enumerate((0, 5, 10)):
        assert (crops[4 * place : 4 * place + 4] == frames[:, :, left : left + 10]).all()
    tall = frames.transpose(0, 2, 1, 3)
    assert (multi_crop(tall, 10, 16) == multi_crop(frames, 16, 10).transpose(0, 2, 1, 3)).all()


@pytest.mark.parametrize(
    ("side", "target", "middle"), [(20, 12, 4), (19, 12, 4), (21, 12, 4), (23, 12, 6), (20, 13, 4), (21, 13, 4)]
)
def test_the_middle_crop_is_rounded_as_released(side: int, target: int, middle: int) -> None:
    """Half a side less half a crop, to the even number where it is a half; the shorter side begins at 0."""
    frames = np.random.default_rng(side).integers(0, 256, (1, 17, side, 3), np.uint8)
    crops = multi_crop(frames, 14, target)
    for picture, left in zip(crops, (0, middle, side - target), strict=True):
        assert (picture == frames[0, :14, left : left + target]).all()


def test_mixup_mixes_signals_and_labels_alike() -> None:
    signals = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    labels = np.eye(4, dtype=np.float32)
    mixed, soft = mixup(signals, labels, generator(0, "mixup", 5))
    assert soft.sum(1) == pytest.approx(np.ones(4))
    # a label's weights say what the signal is made of
    assert mixed == pytest.approx(np.einsum("ij,jab->iab", soft, signals), rel=1e-6)
    again = mixup(signals, labels, generator(0, "mixup", 5))
    assert (again[0] == mixed).all()
    shares = np.concatenate([
        mixup(signals, labels, generator(0, "mixup", n))[1].diagonal() for n in range(3_000)
    ])  # fmt: skip
    own = shares[shares < 0.9999]  # 1: the permutation left it where it was
    assert (own == 0).sum() == 0
    assert own.mean() == pytest.approx(0.5, abs=0.01)
    assert own.std() == pytest.approx((1 / (4 * 11)) ** 0.5, rel=0.05)  # Beta(5, 5)
    many = np.arange(20_000) % 2
    soft = mixup(np.zeros((20_000, 1), np.float32), np.eye(2, dtype=np.float32)[many], generator(0, "m"), 10.0, 2.0)[1]
    # Half of the partners have the same label, which leaves 1; of the others a mean of 10 / 12 is left.
    assert soft[np.arange(20_000), many].mean() == pytest.approx((1 + 10 / 12) / 2, abs=0.01)
