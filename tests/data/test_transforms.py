"""Random changes are what they say, and the same for the same (seed, index)."""

import colorsys
from dataclasses import replace

import numpy as np
import pytest

from vatt_edu.config import AugmentConfig, ClipSpec
from vatt_edu.data.clips.transforms import (
    change_saturation,
    color_jitter,
    crop,
    eval_clip,
    look_up,
    random_box,
    resize,
    scale_jitter,
    train_clip,
    turn_hue,
)
from vatt_edu.data.loader.sampler import generator

SPEC = ClipSpec(4, 5.0, 12, 10, 16, 400, 500, 2, 4)
NOTHING = AugmentConfig(
    scale=0.0, flip=False, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0, audio_noise=0.0, audio_gain=0.0
)


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 16, 20, 3), np.uint8)


@pytest.fixture
def audio() -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, 400).astype(np.float32)


def test_the_same_owner_gets_the_same_clip(frames: np.ndarray, audio: np.ndarray) -> None:
    np.random.seed(0)  # noqa: NPY002  (the global generator must not matter)
    first = train_clip(frames, audio, SPEC, AugmentConfig(audio_gain=0.3), generator(3, "clip", 7))
    np.random.seed(1)  # noqa: NPY002
    again = train_clip(frames, audio, SPEC, AugmentConfig(audio_gain=0.3), generator(3, "clip", 7))
    other = train_clip(frames, audio, SPEC, AugmentConfig(audio_gain=0.3), generator(3, "clip", 8))
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    assert (first[0] != other[0]).any()
    assert (first[1] != other[1]).any()


def test_seeds_differ_by_seed_purpose_and_owner() -> None:
    draws = [generator(*key).random() for key in ((0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2), (0, "a", 1, 0))]
    assert len(set(draws)) == 5
    assert generator(-1, "a").random() == generator(-1, "a").random()


def test_with_everything_off_only_the_crop_is_left(frames: np.ndarray, audio: np.ndarray) -> None:
    places = set()
    for index in range(600):
        picture, sound = train_clip(frames, audio, SPEC, NOTHING, generator(0, "clip", index))
        assert picture.shape == (4, 12, 10, 3)
        assert (sound == audio).all()
        places |= {(y, x) for y in range(5) for x in range(11) if (frames[:, y : y + 12, x : x + 10] == picture).all()}
    assert len(places) == 5 * 11  # every place is reached


def test_the_center_crop(frames: np.ndarray, audio: np.ndarray) -> None:
    picture, sound = eval_clip(frames, audio, SPEC)
    assert (picture == frames[:, 2:14, 5:15]).all()
    assert sound is audio
    assert (crop(frames, 16, 20, 0.99, 0.99) == frames).all()


def test_half_of_the_clips_are_flipped(frames: np.ndarray, audio: np.ndarray) -> None:
    flips = replace(NOTHING, flip=True)
    spec = replace(SPEC, height=16, width=20)
    seen = [train_clip(frames, audio, spec, flips, generator(0, "clip", index))[0] for index in range(100)]
    flipped = [(picture == frames[:, :, ::-1]).all() for picture in seen]
    assert all(flip or (picture == frames).all() for flip, picture in zip(flipped, seen, strict=True))
    assert 35 < sum(flipped) < 65


def test_the_table_is_brightness_then_contrast(frames: np.ndarray) -> None:
    table = np.random.default_rng(2).integers(0, 256, 256).astype(np.uint8)
    assert (look_up(table, frames[:, ::2, ::-1]) == table[frames[:, ::2, ::-1]]).all()
    augment = replace(NOTHING, brightness=0.1, contrast=0.4)
    draws = generator(0, "clip", 0)
    shift, _, contrast = draws.uniform(-0.1, 0.1), draws.uniform(1, 1), draws.uniform(0.6, 1.4)
    wanted = np.clip((frames / 255 + shift - 0.5) * contrast + 0.5, 0, 1) * 255
    assert np.abs(color_jitter(frames, augment, generator(0, "clip", 0)) - wanted).max() <= 0.5 + 1e-9


def test_full_color_jitter_stays_in_range_and_is_off_at_zero(frames: np.ndarray) -> None:
    faint = replace(NOTHING, saturation=1e-9, hue=1e-9)
    assert np.abs(color_jitter(frames, faint, generator(0, "clip", 0)).astype(int) - frames).max() <= 1
    changed = color_jitter(frames, AugmentConfig(), generator(0, "clip", 1))
    assert changed.dtype == np.uint8
    assert np.abs(changed.astype(int) - frames).mean() > 5


def test_saturation_and_hue_are_those_of_hsv() -> None:
    pixels = np.random.default_rng(3).random((50, 3)).astype(np.float32)
    pixels[:4] = [[0.5, 0.5, 0.5], [1, 0, 0], [0, 0, 0], [0.2, 0.7, 0.7]]
    for factor in (0.0, 0.6, 1.4):
        wanted = [
            colorsys.hsv_to_rgb(h, min(1, s * factor), v) for h, s, v in (colorsys.rgb_to_hsv(*p) for p in pixels)
        ]
        assert change_saturation(pixels, factor) == pytest.approx(np.asarray(wanted), abs=1e-5)
    for turn in (-0.2, 0.1, 1 / 3):
        wanted = [colorsys.hsv_to_rgb((h + turn) % 1, s, v) for h, s, v in (colorsys.rgb_to_hsv(*p) for p in pixels)]
        assert turn_hue(pixels, turn) == pytest.approx(np.asarray(wanted), abs=1e-5)


def test_resizing_is_bilinear() -> None:
    ramp = np.broadcast_to(np.arange(0, 240, 20, np.uint8)[None, None, :, None], (2, 4, 12, 3))
    wide = resize(ramp, 4, 24).astype(int)
    assert wide.shape == (2, 4, 24, 3)
    assert (wide[0, 0, 2:-2, 0] == np.rint(np.arange(24) * 10 - 5)[2:-2]).all()


def test_scale_jitter_keeps_the_short_side(frames: np.ndarray) -> None:
    for factors in ((0.8, 1.2), (1.2, 0.8), (1.0, 1.0)):
        assert min(scale_jitter(frames, np.asarray(factors), 16).shape[1:3]) == 16
    # As released: 16 x 0.8 is cut to 12, 20 x 1.2 is 24, and 24 / 12 x 16 = 32.
    assert scale_jitter(frames, np.asarray((0.8, 1.2)), 16).shape == (4, 16, 32, 3)
    assert scale_jitter(frames, np.asarray((1.1, 1.0)), 16).shape[2] == 18  # 17, 20: 18.8 is cut


def test_noise_is_relative_to_the_peak(frames: np.ndarray) -> None:
    audio = np.zeros(400, np.float32)
    audio[0] = 0.5
    noisy = train_clip(frames, audio, SPEC, replace(NOTHING, audio_noise=0.1), generator(0, "clip", 0))[1]
    assert noisy[1:].std() == pytest.approx(0.05, rel=0.15)


def test_gain_is_log_normal_and_the_sound_stays_in_range(frames: np.ndarray, audio: np.ndarray) -> None:
    augment = replace(NOTHING, audio_gain=0.3)
    waves = [train_clip(frames, audio, SPEC, augment, generator(0, "clip", index))[1] for index in range(300)]
    gains = np.log([np.median(wave / audio) for wave in waves])
    assert gains.std() == pytest.approx(0.3, rel=0.15)
    assert abs(gains.mean()) < 0.06
    loud = train_clip(frames, audio * 2, SPEC, replace(augment, audio_gain=2.0), generator(0, "clip", 3))[1]
    assert np.abs(loud).max() <= 1


def test_boxes_cover_what_they_may_and_reach_everywhere() -> None:
    height, width, boxes = 40, 60, [random_box(40, 60, generator(0, "box", n)) for n in range(2_000)]
    for top, left, rows, columns in boxes:
        assert 0 <= top <= top + rows <= height
        assert 0 <= left <= left + columns <= width
        assert 0.1 <= rows * columns / (height * width) <= 1
        assert 0.5 - 1 / rows <= columns / rows <= 2 + 1 / rows  # rounded to pixels
    areas = np.array([rows * columns for _, _, rows, columns in boxes]) / (height * width)
    aspects = np.array([columns / rows for _, _, rows, columns in boxes])
    assert areas.min() < 0.12
    assert areas.max() > 0.9
    assert aspects.min() < 0.6
    assert aspects.max() > 1.9
    assert {min(top, 1) for top, *_ in boxes} == {min(left, 1) for _, left, *_ in boxes} == {0, 1}
    assert random_box(40, 60, generator(0, "box", 7)) == boxes[7]


def test_where_no_box_fits_it_is_the_whole_picture() -> None:
    assert random_box(2, 400, generator(0, "box", 0), area=(0.9, 1.0)) == (0, 0, 2, 400)


def test_the_box_crop_is_part_of_training(frames: np.ndarray, audio: np.ndarray) -> None:
    boxes = replace(NOTHING, crop="box")
    seen = [train_clip(frames, audio, SPEC, boxes, generator(0, "clip", index))[0] for index in range(40)]
    assert {picture.shape for picture in seen} == {(4, 12, 10, 3)}
    assert len({picture.tobytes() for picture in seen}) == 40
    again = train_clip(frames, audio, SPEC, boxes, generator(0, "clip", 3))[0]
    assert (again == seen[3]).all()
    ramp = np.broadcast_to(np.arange(0, 240, 12, dtype=np.uint8)[None, None, :, None], (4, 16, 20, 3))
    stretched = train_clip(ramp, audio, SPEC, boxes, generator(0, "clip", 1))[0].astype(int)
    assert (np.diff(stretched[0, 0, :, 0]) >= 0).all()  # a box of the ramp is a ramp
    assert (stretched == stretched[:, :1, :, :1]).all()
