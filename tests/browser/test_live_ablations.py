"""The live figure of *Ablations* in the rendered page: its script counts as Python does."""

import itertools
import re
from typing import Any

import pytest
from helpers.live import says, state

from vatt_edu.evaluation.protocols.selection import Spreads, gallery_spread, winner

SLIDERS = ("Candidates", "Recipes differ by", "Seeds differ by", "Clips in the gallery")


def read(figure: Any) -> tuple[float, ...]:
    """The three numbers of the sentence: two digits behind the point."""
    values = re.findall(r"(\+[\d.]+|0\.00)(?= points|\.(?: |$))", says(figure))
    assert len(values) == 3, says(figure)
    return tuple(float(value) for value in values)


def move(figure: Any, **places: float) -> None:
    for slider, (name, value) in zip(SLIDERS, places.items(), strict=True):
        figure.get_by_role("slider", name=slider).fill(str(value))
        assert name


def expected(share: float, candidates: int, recipe: float, seed: float, clips: int) -> Any:
    return pytest.approx(winner(candidates, Spreads(recipe, seed, gallery_spread(share, clips))), abs=0.0051)


@pytest.mark.figure("Winner")
def test_the_untouched_figure_carries_the_message(figure: Any, site: Any) -> None:
    share = state(site, "Winner")["share"]
    assert says(figure).startswith("The best of 16 equal recipes, chosen on 256 clips, looks +")
    assert read(figure) == expected(share, 16, 0.0, 2.0, 256)
    assert read(figure)[2] == 0


@pytest.mark.figure("Winner")
def test_script_and_python_agree(figure: Any, site: Any) -> None:
    """Sliders at their ends and in between; that of clips counts in half powers of two."""
    share = state(site, "Winner")["share"]
    for k, recipe, seed, place in itertools.product((1, 2, 64), (0.0, 6.0), (0.0, 2.5), (10, 17, 26)):
        move(figure, candidates=k, recipe=recipe, seed=seed, gallery=place)
        assert read(figure) == expected(share, k, recipe, seed, int(2 ** (place / 2) + 0.5)), (k, recipe, seed, place)


@pytest.mark.figure("Winner")
def test_by_keyboard(figure: Any) -> None:
    move(figure, candidates=16, recipe=0, seed=2, gallery=16)
    candidates = figure.get_by_role("slider", name="Candidates")
    candidates.focus()
    figure.page.keyboard.press("Home")
    assert read(figure) == (0, 0, 0)  # of one candidate nothing is chosen
    figure.page.keyboard.press("End")
    assert says(figure).startswith("The best of 64 equal recipes")


@pytest.mark.figure("Winner")
def test_by_mouse_on_the_drawing(figure: Any) -> None:
    move(figure, candidates=16, recipe=2, seed=2, gallery=16)
    drawing = figure.locator("svg").last
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    mouse = figure.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + 0.99 * box["width"], box["y"] + box["height"] / 2, steps=4)
    mouse.up()
    assert "The best of 64 recipes whose true scores differ by 2.0 points" in says(figure)
    assert figure.get_by_role("slider", name="Candidates").input_value() == "64"


@pytest.mark.figure("Winner")
def test_by_finger_on_the_drawing(figure: Any) -> None:
    move(figure, candidates=16, recipe=0, seed=2, gallery=16)
    drawing = figure.locator("svg").last
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    session = figure.page.context.new_cdp_session(figure.page)
    y = box["y"] + box["height"] / 2
    for kind, places in (("touchStart", (0.6,)), ("touchMove", (0.3, 0.01)), ("touchEnd", (None,))):
        for place in places:
            points = [] if place is None else [{"x": box["x"] + place * box["width"], "y": y}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    figure.get_by_text("The best of 1 equal recipes").wait_for()
    assert figure.get_by_role("slider", name="Candidates").input_value() == "1"
