"""The clapperboard in the rendered page, without a kernel."""

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.live import says, state


@pytest.mark.figure("Clapper")
def test_clapper(figure: Any, site: Path) -> None:
    traits = state(site, "Clapper")

    def shown() -> list[int]:
        pairs = re.findall(r"(\d+) ms (early|late)", says(figure))
        return [int(number) * (1 if side == "late" else -1) for number, side in pairs]

    def by_hand(claimed: int) -> list[int]:
        pairs = zip(traits["flashes"], traits["clicks"], strict=True)
        return [round(1e3 * (number / claimed - flash)) for flash, number in pairs]

    slider = figure.locator('input[type="range"]')
    assert shown() == traits["offsets"]
    assert "more than a frame" in says(figure)
    for claimed in (14_000, 16_000, 17_500):
        slider.fill(str(claimed))
        assert shown() == by_hand(claimed)
    slider.fill("16000")
    assert "within a frame" in says(figure)
    slider.focus()
    figure.page.keyboard.press("ArrowLeft")
    assert shown() == by_hand(15_900)
    box = figure.locator("svg").first.bounding_box()
    figure.page.mouse.click(box["x"] + 0.72 * box["width"], box["y"] + 30)
    assert int(slider.input_value()) != 15_900
