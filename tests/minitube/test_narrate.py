"""Words are true, and come as noisily as the knobs say."""

import numpy as np
import pytest

from vatt_edu.minitube.narrate import FILLERS, SAYINGS, narration, step_captions
from vatt_edu.minitube.presets import Knobs
from vatt_edu.minitube.world import ACTIONS, COUNTS, PIECES, SHAPES, Factors, factors_of

STEPS_PER_VIDEO = 8
STEP_SECONDS = 4.0


def events(number: int) -> list[tuple[Factors, str]]:
    steps = [factors_of(0, "howto", number, step) for step in range(STEPS_PER_VIDEO)]
    return [(f, "stands" if f.action == "stack" else "") for f in steps]


def lines(count: int, knobs: Knobs, seed: int = 0) -> list:
    return [line for n in range(count) for line in narration(events(n), STEP_SECONDS, seed, "howto", n, knobs)]


def test_captions_name_every_attribute() -> None:
    for number in range(200):
        f = factors_of(0, "test_iid", number, 0)
        for outcome in ("stands", "topples", "one falls") if f.action == "stack" else ("",):
            canonical, others = step_captions(f, outcome)
            assert len(others) == 3
            assert len({canonical, *others}) == 4
            for text in (canonical, *others):
                words = text.split()
                assert {f.size, f.color, f.material} <= set(words)
                assert f.shape in words or any(word in (f.shape + "s", f.shape + "es") for word in words)
                if f.action in COUNTS:
                    assert {2: "two", 3: "three", 4: "four", 5: "five"}[f.count] in words


def test_only_balls_roll() -> None:
    for shape in SHAPES:
        text = " ".join([*step_captions(Factors("roll", "wood", shape, "red", "big", 1), "")[1]])
        assert ("roll" in text) == (shape == "ball")
        assert ("tumble" in text) == (shape != "ball")


def test_a_fall_is_told_when_and_only_when_there_is_one() -> None:
    f = Factors("stack", "wood", "box", "red", "big", 3)
    for outcome in ("stands", "topples", "one falls"):
        canonical, others = step_captions(f, outcome)
        for text in (canonical, *others):
            assert any(word in text for word in ("fall", "drops")) == (outcome != "stands")


def test_outcomes_have_captions_of_their_own() -> None:
    f = Factors("stack", "wood", "box", "red", "big", 2)
    assert len({step_captions(f, outcome)[0] for outcome in ("stands", "topples", "one falls")}) == 3


def test_every_action_has_four_sayings() -> None:
    assert set(ACTIONS) - {"stack"} < set(SAYINGS)
    assert all(len(sayings) == 4 for sayings in SAYINGS.values())
    assert (
        step_captions(Factors("pour", "wood", "box", "red", "big", PIECES), "")[0]
        == "pour out a lot of big red wood boxes"
    )


@pytest.mark.parametrize("share", [0.0, 0.27, 0.45])
def test_fillers_are_their_share(share: float) -> None:
    track = lines(150, Knobs(filler_share=share, word_drop=0.0))
    fillers = [line for line in track if line.step == -1]
    assert len(fillers) / len(track) == pytest.approx(share, abs=0.025)
    assert {line.text for line in fillers} <= set(FILLERS)


@pytest.mark.parametrize(("mean", "sigma"), [(-0.4, 1.1), (1.0, 2.5)])
def test_lines_start_as_far_off_as_the_knobs_say(mean: float, sigma: float) -> None:
    # Only steps far from either end, where no shift is cut off; the first line of a step is not told from its second
    # look by its text, so that one is left out by taking fillers and second looks away.
    knobs = Knobs(offset_mean=mean, offset_sigma=sigma, filler_share=0.0)
    shifts = [
        line.start - line.step * STEP_SECONDS
        for line in lines(300, knobs)
        if line.step in (3, 4) and "look at" not in line.text and not line.text.startswith(("at the", "look the"))
    ]
    assert np.mean(shifts) == pytest.approx(mean, abs=4 * sigma / len(shifts) ** 0.5 + 0.03)
    assert np.std(shifts) == pytest.approx(sigma, rel=0.08)


def test_attributes_and_words_are_dropped_as_often_as_the_knobs_say() -> None:
    full = Knobs(attribute_drop=0.0, word_drop=0.0, filler_share=0.0)
    attributes = omissions = 0
    for number in range(60):
        steps = events(number)
        for line in narration(steps, STEP_SECONDS, 0, "howto", number, Knobs(word_drop=0.0, filler_share=0.0)):
            if "look at" not in line.text:
                f = steps[line.step][0]
                attributes += 3
                omissions += sum(word not in line.text.split() for word in (f.size, f.color, f.material))
    assert omissions / attributes == pytest.approx(0.12, abs=0.03)
    whole = sum(len(line.text.split()) for line in lines(60, full))
    some = sum(len(line.text.split()) for line in lines(60, Knobs(attribute_drop=0.0, filler_share=0.0)))
    assert 1 - some / whole == pytest.approx(0.03, abs=0.015)


def test_lines_are_sorted_and_lie_within_the_video() -> None:
    for number in range(50):
        track = narration(events(number), STEP_SECONDS, 0, "howto", number, Knobs(offset_sigma=6.0))
        assert [line.start for line in track] == sorted(line.start for line in track)
        for line in track:
            assert 0 <= line.start < line.end <= STEPS_PER_VIDEO * STEP_SECONDS
            assert line.end - line.start >= 0.5 - 1e-9
            assert line.text == line.text.lower().strip() != ""


def test_another_seed_says_the_same_things_otherwise() -> None:
    a, b, again = (lines(3, Knobs(), seed) for seed in (0, 1, 0))
    assert a == again
    assert [line.text for line in a] != [line.text for line in b]


def test_narration_shows_which_step_it_is_about() -> None:
    """The line nearest to a window names its middle step in most cases, one of the nearest four nearly always."""
    one = four = windows = 0
    rng = np.random.default_rng(0)
    for number in range(60):
        track = narration(events(number), STEP_SECONDS, 0, "howto", number, Knobs())
        for middle in rng.uniform(1.6, STEPS_PER_VIDEO * STEP_SECONDS - 1.6, 10):
            near = sorted(track, key=lambda line: abs((line.start + line.end) / 2 - middle))[:4]
            hit = [line.step == int(middle // STEP_SECONDS) for line in near]
            one, four, windows = one + hit[0], four + any(hit), windows + 1
    assert 0.5 < one / windows < 0.8
    assert four / windows > 0.97
