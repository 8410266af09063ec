"""What happens is what the captions will say."""

import math

import numpy as np
import pytest

from vatt_edu.minitube.physics.actions import simulate_step
from vatt_edu.minitube.physics.scene import Stick
from vatt_edu.minitube.picture.backgrounds import (
    FAMILIES,
    HELD_OUT_FAMILIES,
    HELD_OUT_PHOTOS,
    TEXTURE_VARIANTS,
    draw_background,
    texture,
)
from vatt_edu.minitube.presets import FPS, PRESETS, Knobs
from vatt_edu.minitube.world import (
    ACTIONS,
    COUNTS,
    FLOOR,
    HELD_OUT,
    MATERIALS,
    SHAPES,
    SIZES,
    Factors,
    distinct_factors,
    factors_of,
    stream,
)


def play(action: str, material: str = "wood", shape: str = "ball", size: str = "big", count: int = 1, chance: int = 0):
    return simulate_step(
        Factors(action, material, shape, "red", size, count), 4.0, stream(0, "tests", chance, 0, "physics")
    )


def test_held_out_pairs_are_in_test_comp_only() -> None:
    assert len(HELD_OUT) == 8
    assert {action for action, _ in HELD_OUT} == set(ACTIONS)
    assert {material for _, material in HELD_OUT} == set(MATERIALS)
    for split, steps in (("howto", 8), ("audioset", 2), ("val", 1), ("test_iid", 1), ("test_bg", 1)):
        draws = [factors_of(0, split, number, step) for number in range(96) for step in range(steps)]
        assert not HELD_OUT & {(f.action, f.material) for f in draws}
    comp = [factors_of(0, "test_comp", number, 0) for number in range(128)]
    assert {(f.action, f.material) for f in comp} == HELD_OUT


def test_all_other_pairs_are_in_train() -> None:
    pairs = {(f.action, f.material) for number in range(200) for f in [factors_of(0, "howto", number, number % 8)]}
    assert len(pairs) == 40 - 8


@pytest.mark.parametrize("split", ["val", "test_iid", "test_comp", "test_bg"])
def test_no_two_clips_of_a_gallery_are_about_the_same(split: str) -> None:
    count = PRESETS["full"].count(split)
    assert len({factors_of(3, split, number, 0) for number in range(count)}) == count


def test_galleries_of_small_and_full_are_the_same() -> None:
    for split in ("test_iid", "test_comp", "test_bg"):
        assert PRESETS["small"].count(split) == PRESETS["full"].count(split) == (256 if split == "test_iid" else 128)


def test_an_eval_clip_does_not_depend_on_how_many_there_are() -> None:
    assert distinct_factors(0, "test_iid", 71) == distinct_factors(0, "test_iid", 128)[:71]
    assert factors_of(0, "test_iid", 70, 0) == distinct_factors(0, "test_iid", 71)[70]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_moves_at_once_and_stays_in_the_picture(action: str) -> None:
    for chance, shape in enumerate(SHAPES):
        count = COUNTS.get(action, (12 if action == "pour" else 1,))[-1]
        scene = play(action, MATERIALS[chance], shape, SIZES[chance % 2], count, chance)
        assert len(scene.frames) == 4 * FPS
        first = scene.frames[0]
        assert scene.frames[round(0.45 * FPS)] != first
        for frame in scene.frames:
            for pose in frame.poses:
                assert -0.3 < pose.x < 1.3
                assert pose.y < FLOOR + 0.05


def test_events_come_in_order_within_the_step() -> None:
    for chance, action in enumerate(ACTIONS):
        count = COUNTS.get(action, (12 if action == "pour" else 1,))[0]
        events = play(action, count=count, chance=chance).events
        times = [event.time for event in events]
        assert times == sorted(times)
        assert all(0 <= time < 4 for time in times)
        assert all(event.impulse > 0 for event in events)


def test_a_bounce_bounces_at_the_floor() -> None:
    scene = play("bounce", "rubber")
    heights = np.array([frame.poses[0].y + frame.poses[0].radius for frame in scene.frames])
    assert len(scene.events) >= 4
    for event in scene.events:
        assert abs(heights[min(79, round(event.time * FPS))] - FLOOR) < 0.12
    # It comes up again, clearly, at least twice.
    rising = np.diff((heights < FLOOR - 0.1).astype(int)) == 1
    assert rising.sum() >= 2


def test_rubber_keeps_more_of_its_height_than_stone() -> None:
    def second_peak(material: str) -> float:
        scene = play("bounce", material)
        hits = [round(event.time * FPS) for event in scene.events]
        return FLOOR - min(frame.poses[0].y for frame in scene.frames[hits[0] + 1 : hits[1]])

    assert second_peak("rubber") > second_peak("stone") + 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_what_rolls_or_tumbles_turns_and_travels(shape: str) -> None:
    for chance in range(4):
        scene = play("roll", shape=shape, size=SIZES[chance % 2], chance=chance)
        angles = np.unwrap([frame.poses[0].angle for frame in scene.frames])
        places = [frame.poses[0].x for frame in scene.frames]
        assert np.abs(np.diff(angles)).sum() > 1.5 * math.pi
        assert max(places) - min(places) > 0.2


def test_what_slides_never_turns() -> None:
    scene = play("slide", shape="box")
    assert {frame.poses[0].angle for frame in scene.frames} == {0.0}
    assert scene.friction.max() > 0.3


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_tap_touches_as_often_as_its_count(count: int) -> None:
    scene = play("tap", count=count)
    assert len(scene.events) == count
    heights = np.array([next(tool.y for tool in frame.tools if isinstance(tool, Stick)) for frame in scene.frames])
    low = heights > heights.max() - 0.02
    assert (np.diff(low.astype(int)) == 1).sum() == count
    for event in scene.events:
        frame = round(event.time * FPS)
        assert low[frame - 1 : frame + 2].any()


def test_a_pour_drops_all_its_pieces() -> None:
    scene = play("pour", count=12)
    assert len(scene.frames[-1].poses) == 12
    assert len(scene.frames[0].poses) == 0


def test_a_stack_ends_as_its_outcome_says() -> None:
    outcomes = set()
    for chance in range(24):
        count = 2 + chance % 3
        scene = play("stack", shape=SHAPES[chance % 4], size=SIZES[chance % 2], count=count, chance=chance)
        poses = sorted(scene.frames[-1].poses, key=lambda pose: -pose.y)
        assert len(poses) == count
        levels = len({round((FLOOR - pose.y) / (pose.radius * 1.0)) for pose in poses})
        outcomes.add(scene.outcome)
        if scene.outcome == "stands":
            assert levels == count
            assert max(abs(pose.x - poses[0].x) for pose in poses) < 1.5 * poses[0].radius * (count - 1)
        else:
            highest = FLOOR - poses[-1].y
            assert highest < poses[0].radius * (1.45 * count - 0.4)
    assert {"stands", "topples"} <= outcomes


def test_the_same_address_gives_the_same_scene() -> None:
    a, b = (play("stack", "metal", "star", "small", 4, chance=7) for _ in range(2))
    assert a.frames == b.frames
    assert a.events == b.events


def test_backgrounds_of_test_bg_are_nowhere_else() -> None:
    def pool(held_out: bool) -> set[str]:
        return {draw_background(held_out, Knobs(), stream(0, "tests", n, 0, "look")) for n in range(3000)}

    train, test = pool(False), pool(True)
    assert not train & test
    assert len({name for name in train if name.startswith("texture")}) == 60
    assert len({name for name in test if name.startswith("texture")}) == len(HELD_OUT_FAMILIES) * TEXTURE_VARIANTS
    assert not {name.split(":")[1] for name in train} & {*HELD_OUT_FAMILIES, *HELD_OUT_PHOTOS}


def test_textures_differ() -> None:
    small = {texture(family, variant)[::8, ::8].tobytes() for family in FAMILIES for variant in range(2)}
    assert len(small) == 2 * len(FAMILIES)


def test_fewer_backgrounds_are_a_part_of_the_pool() -> None:
    knobs = Knobs(backgrounds=3, photo_share=0.0)
    assert len({draw_background(False, knobs, stream(0, "tests", n, 0, "look")) for n in range(200)}) == 3
