"""The table under the game, without a kernel: its script computes the losses that Python computes."""

import re
from typing import Any

import numpy as np
import pytest
from helpers.live import says, state

from vatt_edu.teach.interactive.matrix import losses


def numbers(figure: Any) -> tuple[float, float]:
    """The loss of the clip and the mean, as the sentence has them."""
    match = re.search(r"column: (\d+\.\d+); mean of all: (\d+\.\d+)\.", says(figure))
    assert match
    return float(match[1]), float(match[2])


@pytest.mark.figure("Matrix")
def test_losses_are_those_of_python(figure: Any, site: Any) -> None:
    tables = state(site, "Matrix")["cosines"]
    cells = figure.locator("svg rect[fill-opacity]")
    heat = figure.get_by_role("slider", name="Temperature")
    for stage, temperature in ((0, 0.2), (1, 0.2), (1, 0.5)):
        figure.get_by_role("radio").nth(stage).check()
        heat.fill(str(temperature))
        cells.nth(3 * 8 + 3).click()  # clip 4
        each = losses(np.array(tables[stage]), temperature)
        assert np.allclose(numbers(figure), (each[3], np.mean(each)), atol=0.006)


@pytest.mark.figure("Matrix")
def test_arrow_keys_choose_a_clip(figure: Any) -> None:
    figure.locator("svg rect[fill-opacity]").nth(0).click()
    figure.locator("svg").focus()
    figure.page.keyboard.press("ArrowDown")
    assert "Loss of clip 2," in says(figure)
    figure.page.keyboard.press("ArrowUp")
    assert "Loss of clip 1," in says(figure)
