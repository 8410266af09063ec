"""The stream is a function of (seed, step); every video comes once an epoch; windows and lines are the right ones."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.config import DataConfig
from vatt_edu.data.loader.sampler import SHARE_BLOCK, Sampler, largest_remainder, window_start
from vatt_edu.data.text.captions import Line, nearest_lines


def sampler(narrated: tuple[int, ...], text_free: tuple[int, ...], seed: int = 0, **data: int) -> Sampler:
    config = DataConfig(**{"narrated_videos": 3, "windows_per_video": 4, "text_free": 5} | data)
    return Sampler(narrated, text_free, tuple(1.0 for _ in narrated), config, seed)


@given(size=st.integers(1, 40), seed=st.integers(0, 2**40), epoch=st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_every_epoch_is_a_permutation(size: int, seed: int, epoch: int) -> None:
    stream = sampler((size,), (0,), seed)
    drawn = [stream.draw("narrated", number) for number in range(epoch * size, (epoch + 1) * size)]
    assert sorted(drawn) == [(0, position) for position in range(size)]


def test_orders_differ_between_epochs_seeds_and_pools() -> None:
    orders = {
        tuple(sampler((20,), (20,), seed).draw(pool, number)[1] for number in range(epoch * 20, epoch * 20 + 20))
        for seed in (0, 1)
        for pool in ("narrated", "text_free")
        for epoch in (0, 1)
    }
    assert len(orders) == 8


def test_a_batch_has_groups_then_text_free_clips() -> None:
    slots = sampler((9,), (9,)).plan(7)
    assert [slot.index for slot in slots] == list(range(7 * 17, 8 * 17))
    assert [slot.pool for slot in slots] == ["narrated"] * 12 + ["text_free"] * 5
    assert [(slot.part, slot.parts) for slot in slots[:12]] == [(part, 4) for part in range(4)] * 3
    assert len({slot.position for slot in slots[:12]}) == 3
    assert all(len({slot.position for slot in slots[k : k + 4]}) == 1 for k in (0, 4, 8))


def test_the_plan_does_not_depend_on_what_was_asked_before() -> None:
    forward = [sampler((9,), (7,)).plan(step) for step in range(20)]
    stream = sampler((9,), (7,))
    assert [stream.plan(step) for step in reversed(range(20))] == forward[::-1]


@given(narrated=st.integers(0, 9), text_free=st.integers(0, 9), step=st.integers(0, 9))
@settings(deadline=None)
def test_an_empty_pool_is_filled_by_the_other(narrated: int, text_free: int, step: int) -> None:
    if narrated + text_free == 0:
        return
    slots = sampler((narrated,), (text_free,)).plan(step)
    assert [slot.index for slot in slots] == list(range(step * 17, step * 17 + 17))
    if not text_free:
        assert [slot.part for slot in slots] == [0, 1, 2, 3] * 4 + [0]
    if not narrated:
        assert all(slot.parts == 1 for slot in slots)
    for slot in slots:
        assert slot.position < (narrated if slot.pool == "narrated" else text_free)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=5).filter(lambda weights: sum(weights) > 0.01))
def test_shares_are_exact(weights: list[float]) -> None:
    counts = largest_remainder(tuple(weights))
    assert sum(counts) == SHARE_BLOCK
    for weight, count in zip(weights, counts, strict=True):
        assert (count > 0) == (weight > 0)
        assert abs(count - SHARE_BLOCK * weight / sum(weights)) < 1 + sum(w < 0.02 * sum(weights) for w in weights)


def test_weights_hold_within_every_block_and_epochs_within_every_source() -> None:
    stream = Sampler((10, 7, 0), (0, 0, 5), (3.0, 1.0, 6.0), DataConfig(), 0)
    for block in range(3):
        drawn = [stream.draw("narrated", number) for number in range(block * SHARE_BLOCK, (block + 1) * SHARE_BLOCK)]
        assert Counter(source for source, _ in drawn) == {0: 75, 1: 25}
    every = [stream.draw("narrated", number) for number in range(5 * SHARE_BLOCK)]
    for source, size in ((0, 10), (1, 7)):
        positions = [position for owner, position in every if owner == source]
        assert all(sorted(positions[k : k + size]) == list(range(size)) for k in range(0, len(positions) - size, size))
    assert stream.draw("text_free", 0)[0] == 2


@given(
    available=st.integers(1, 300),
    needed=st.integers(1, 40),
    parts=st.integers(1, 6),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_windows_lie_in_the_video_and_in_their_parts(available: int, needed: int, parts: int, chance: float) -> None:
    starts = [window_start(available, needed, part, parts, chance) for part in range(parts)]
    assert starts == sorted(starts)
    assert all(0 <= start <= max(0, available - needed) for start in starts)
    if available // parts >= needed + 1:
        for part, start in enumerate(starts):
            assert part * available / parts <= start
            assert start + needed <= (part + 1) * available / parts


def test_every_start_is_reached() -> None:
    chances = np.linspace(0, 1, 400, endpoint=False)
    assert {window_start(20, 16, 0, 1, float(c)) for c in chances} == {0, 1, 2, 3, 4}
    assert {window_start(160, 16, 2, 4, float(c)) for c in chances} == set(range(80, 105))  # its 8 s of 32 s, at 5 fps
    assert {window_start(10, 16, 3, 4, float(c)) for c in chances} == {0}


@given(
    times=st.lists(st.tuples(st.floats(0, 60), st.floats(0, 5)), min_size=1, max_size=30),
    center=st.floats(0, 60),
    count=st.integers(1, 8),
)
def test_nearest_lines_against_brute_force(times: list, center: float, count: int) -> None:
    lines = [Line(start, start + length, str(k), k) for k, (start, length) in enumerate(times)]
    near = nearest_lines(lines, center, count)
    assert len(near) == count
    distances = sorted(abs((line.start + line.end) / 2 - center) for line in lines)
    assert [abs(line.center - center) for line in near][: len(lines)] == distances[:count]
    assert all(line is near[0] for line in near[len(lines) :])
    assert len({line.text_id for line in near}) == min(count, len(lines))


def test_a_batch_of_the_paper() -> None:
    slots = Sampler((5000,), (5000,), (1.0,), DataConfig(), 0).plan(0)
    assert len(slots) == 2048
    assert len({(slot.pool, slot.position) for slot in slots}) == 2048


def test_too_few_parts_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ValueError, match="windows_per_video"):
        DataConfig(windows_per_video=0)
