"""The picture of the model in the rendered page: chosen by mouse and keyboard, on a desk and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from helpers.live import PAGE_OF, says, state
from helpers.opening import PHONE, visiting

NAME = "ModelPicture"


def part(figure: Any, name: str) -> Any:
    return figure.locator(f'svg:visible [data-part="{name}"]')


@pytest.mark.figure(NAME)
def test_untouched_it_says_where_we_are(figure: Any, site: Path) -> None:
    traits = state(site, NAME)
    lit = figure.locator("svg:visible [data-part][data-lit]").evaluate_all(
        "parts => parts.map((part) => part.dataset.part)"
    )
    assert lit == [name for name, *_ in traits["parts"] if name in traits["lit"]]
    if len(lit) == len(traits["parts"]):
        assert says(figure).startswith(traits["overview"])


@pytest.mark.figure(NAME)
def test_a_part_says_what_it_does(figure: Any, site: Path) -> None:
    traits = state(site, NAME)
    words = {name: words for name, _, _, words in traits["parts"]}
    part(figure, "droptoken").locator("text").first.click()
    assert words["droptoken"] in says(figure)
    assert traits["table"]["toy"]["sentences"]["droptoken"] in says(figure)
    assert figure.locator("svg:visible [data-part][data-lit]").count() == 1
    figure.locator('svg:visible [data-plate="encoder"]').click(position={"x": 5, "y": 8})  # between its glyphs
    assert words["encoder"] in says(figure)
    part(figure, "tokens").focus()
    figure.page.keyboard.press("ArrowRight")
    assert words["positions"] in says(figure)
    figure.page.keyboard.press("End")
    assert words["losses"] in says(figure)
    figure.page.keyboard.press("ArrowDown")
    assert words["signals"] in says(figure)
    part(figure, "space").locator("text").first.hover()
    assert words["space"] in says(figure)
    figure.page.mouse.move(0, 0)
    assert words["signals"] in says(figure)


@pytest.mark.figure(NAME)
def test_the_switch_writes_what_python_computed(figure: Any, site: Path) -> None:
    table = state(site, NAME)["table"]
    for name, label in (("base", "the paper's Base model"), ("toy", "the toy that this book trains")):
        figure.get_by_role("radio", name=label).check()
        written = figure.locator("svg:visible [data-fact]").evaluate_all(
            "places => Object.fromEntries(places.map((place) => [place.dataset.fact, place.textContent]))"
        )
        assert written == table[name]["labels"]


@pytest.mark.figure(NAME)
def test_what_moves_can_be_stopped(figure: Any) -> None:
    moving = "svgs => svgs.map((svg) => !svg.animationsPaused())"
    assert all(figure.locator("svg").evaluate_all(moving))
    figure.get_by_role("button", name="Pause").click()
    assert not any(figure.locator("svg").evaluate_all(moving))
    figure.get_by_role("button", name="Pause").click()
    assert all(figure.locator("svg").evaluate_all(moving))


def test_a_phone_gets_it_upright_and_letters_can_be_read(browser: Any, site: Path) -> None:
    with visiting(browser, (site / f"{PAGE_OF[NAME]}.html").as_uri(), size=PHONE) as phone:
        figure = phone.page.locator(f'[data-figure="{NAME}"]')
        figure.scroll_into_view_if_needed()
        shown = figure.locator("svg:visible")
        assert shown.count() == 1
        box, inside = figure.bounding_box(), shown.bounding_box()
        assert inside["height"] > 1.5 * inside["width"]
        assert inside["width"] <= box["width"]
        scale = inside["width"] / float(shown.get_attribute("viewBox").split()[2])
        assert 11 * scale >= 9  # pixels
        part(figure, "losses").locator("text").first.click()
        assert "NCE asks" in says(figure)
        assert phone.troubles == []


def test_it_stands_still_where_motion_is_not_wanted(browser: Any, site: Path) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto((site / f"{PAGE_OF[NAME]}.html").as_uri())
    page.wait_for_selector(f'[data-figure="{NAME}"] svg')
    figure = page.locator(f'[data-figure="{NAME}"]')
    assert figure.locator("animateMotion").count() == 0
    assert figure.get_by_role("button", name="Pause").count() == 0
    context.close()
