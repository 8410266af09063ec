"""The choked passage in the rendered page, without a kernel."""

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.live import says, state


@pytest.mark.figure("Passage")
def test_passage(figure: Any, site: Path) -> None:
    traits = state(site, "Passage")

    def shown() -> list[int]:
        return [int(n) for n in re.findall(r"(\d+)%", says(figure))]

    def stored(order: int, count: int) -> list[int]:
        return [int(100 * share + 0.5) for share in traits["table"]["shares"][order][count - 1][:-1]]

    slider = figure.locator('input[type="range"]')
    assert shown() == stored(0, 6)
    assert "Nearest to chance (dashed): color" in says(figure)
    slider.focus()
    figure.page.keyboard.press("ArrowRight")
    assert shown() == stored(0, 7)
    figure.get_by_role("radio", name=traits["orders"][1]).check()
    assert shown() == stored(1, 7)
    slider.focus()
    figure.page.keyboard.press("Home")
    assert shown() == stored(1, 1)
    box = figure.locator("svg").first.bounding_box()
    figure.page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.3 * box["height"])
    count = int(slider.input_value())
    assert count > 8
    assert shown() == stored(1, count)
    figure.get_by_role("radio", name=traits["orders"][0]).check()
    slider.fill("6")
