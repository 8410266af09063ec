"""The live figure of *Transformer encoder*, without a kernel: mouse, keyboard, and the numbers that Python stored."""

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.live import model, says, state


@pytest.mark.figure("Walk")
def test_walk_says_what_python_says(figure: Any, site: Path) -> None:
    traits = state(site, "Walk")
    numbers = traits["table"]["numbers"]
    for layer, head in [(0, 1), (1, 2), (0, 3)]:
        figure.get_by_role("group", name="Layer").get_by_role("radio").nth(layer).check()
        figure.get_by_role("group", name="Head").get_by_role("radio").nth(head).check()
        looks, agg, own, same = numbers[layer][head][traits["place"] + 1]
        about, shares = says(figure).split(" of 197 tokens")
        assert float(about.rsplit(" ", 1)[1]) == pytest.approx(looks, abs=0.06 if looks < 10 else 0.5)
        values = [float(value) for value in re.findall(r"\d+\.\d", shares)]
        assert values == pytest.approx([100 * agg, 100 * own, 100 * same], abs=0.06)
    figure.get_by_role("button", name="AGG reads").click()
    assert "AGG looks at about" in says(figure)


@pytest.mark.figure("Walk")
def test_agg_has_a_tile(figure: Any, site: Path) -> None:
    """As light as the row's weight on it; to click on it is to ask where AGG reads."""
    traits = state(site, "Walk")
    (buffer,) = model(site, "Walk")["buffers"]
    packed = np.frombuffer(base64.b64decode(buffer["data"]), np.uint8)
    codes = np.stack([packed >> 4, packed & 15], 1).reshape(2, traits["heads"], 50, 197)
    shade, ring = (figure.get_by_role("img", name="AGG's tile").locator("rect").nth(n) for n in (0, 1))
    picture = figure.locator("svg").nth(traits["time"])
    picture.click(position={"x": picture.bounding_box()["width"] - 3, "y": 3})  # tests share the page, and its state
    assert "row 0, column 6" in says(figure)
    shades = set()
    for head in range(traits["heads"]):
        figure.get_by_role("group", name="Layer").get_by_role("radio").first.check()
        figure.get_by_role("group", name="Head").get_by_role("radio").nth(head).check()
        figure.get_by_text(f"Layer 1, head {head + 1}:").wait_for()
        shades.add(opacity := float(shade.get_attribute("fill-opacity")))
        assert opacity == pytest.approx(0.88 * (1 - codes[0, head, 1 + 6, 0] / 15), abs=1e-6)
    assert len(shades) > 1
    assert ring.get_attribute("visibility") == "hidden"
    figure.get_by_role("img", name="AGG's tile").click()
    assert "AGG looks at about" in says(figure)
    assert ring.get_attribute("visibility") == "visible"


@pytest.mark.figure("Walk")
def test_walk_by_mouse_and_keyboard(figure: Any, site: Path) -> None:
    traits = state(site, "Walk")
    (buffer,) = model(site, "Walk")["buffers"]
    packed = np.frombuffer(base64.b64decode(buffer["data"]), np.uint8)
    codes = np.stack([packed >> 4, packed & 15], 1).reshape(2, traits["heads"], 50, 197)
    picture = figure.locator("svg").nth(traits["time"])
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] - 3, "y": 3})
    assert "row 0, column 6" in says(figure)
    picture.focus()
    figure.page.keyboard.press("ArrowDown")
    figure.page.keyboard.press("ArrowLeft")
    assert "row 1, column 5" in says(figure)
    layer, head = (int(number) - 1 for number in re.findall(r"\d", says(figure))[:2])
    opacity = figure.locator("svg").first.locator("rect").first.get_attribute("fill-opacity")
    assert float(opacity) == pytest.approx(0.88 * (1 - codes[layer, head, 1 + 12, 1] / 15), abs=1e-6)
