"""The figure of units in the rendered page, without a kernel."""

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.live import says, state


@pytest.mark.figure("Units")
def test_units(figure: Any, site: Path) -> None:
    """By slider, keyboard and pointer; the sentence is that of the table, for both models."""
    traits = state(site, "Units")
    table, names = traits["table"], traits["models"]
    slider = figure.locator('input[type="range"]')
    for number, name in enumerate(names):
        figure.get_by_role("radio", name=name, exact=True).check()
        own = table["own"][number]
        assert says(figure).startswith(f"{name}: {sum(own)} of {len(table['shares'][number])} units")
        for unit in (0, 137, 511):
            slider.fill(str(unit))
            shares = [round(share / 10) for share in table["shares"][number][unit]]
            spoken = re.search(r"Unit (\d+): the picture (\d+)%, the sound (\d+)%, the words (\d+)%", says(figure))
            assert spoken
            assert int(spoken[1]) == unit
            assert all(abs(int(a) - b) <= 1 for a, b in zip(spoken.groups()[1:], shares, strict=True))
            if table["shares"][number][unit][2] >= 50:
                word = traits["vocabulary"][table["words"][number][unit][0]]
                assert f"Loudest words: “{word}”" in says(figure)
    figure.get_by_role("radio", name=names[0], exact=True).check()
    slider.focus()
    figure.page.keyboard.press("Home")
    figure.page.keyboard.press("ArrowRight")
    assert "Unit 1:" in says(figure)
    box = figure.locator("svg").bounding_box()
    figure.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 0.1 * box["height"])
    unit = int(slider.input_value())
    assert table["shares"][0][unit][2] == max(shares[2] for shares in table["shares"][0]) or (
        table["shares"][0][unit][2] > 800
    )
    assert f"Unit {unit}:" in says(figure)
