"""The figure of places in the rendered page, without a kernel."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.live import says, state

SPOKEN = re.compile(r"row (\d), column (\d): mean cosine ([−\d.]+) .* ([−\d.]+) with all others")


def spoken(figure: Any) -> tuple[int, int, float, float]:
    match = SPOKEN.search(says(figure))
    assert match
    near, far = (float(value.replace("−", "-")) for value in match.groups()[2:])
    return int(match[1]), int(match[2]), near, far


@pytest.mark.figure("Places")
def test_places(figure: Any, site: Path) -> None:
    """By slider, keyboard and pointer; the sentence and the numbers are those of the table."""
    traits = state(site, "Places")
    names, columns = traits["names"], traits["columns"]
    down, across = (figure.get_by_role("slider", name=name) for name in ("Row", "Column"))
    for kind, name in enumerate(names):
        figure.get_by_role("radio", name=name, exact=True).check()
        assert says(figure).startswith(f"{name}, row")
        for row, column in [(0, 0), (3, 5), (6, 2)]:
            down.fill(str(row))
            across.fill(str(column))
            place = row * columns + column
            cosines = np.array(traits["table"]["cosines"][kind][place]).reshape(-1, columns)
            texts = figure.locator("svg text").all_text_contents()
            assert texts[place] == "1"
            other = (place + 1) % cosines.size
            shown = float(texts[other].replace("−", "-"))
            assert shown == pytest.approx(cosines.ravel()[other] / 100)
            same = np.zeros(cosines.shape, bool)
            same[row], same[:, column] = True, True
            apart = cosines[~same].mean()
            same[row, column] = False
            expected = (row, column, pytest.approx(cosines[same].mean() / 100, abs=0.0051))
            assert spoken(figure) == (*expected, pytest.approx(apart / 100, abs=0.0051))
    grid = figure.locator("svg")
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    figure.page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    assert spoken(figure)[:2] == (3, 3)
    grid.focus()
    figure.page.keyboard.press("ArrowUp")
    figure.page.keyboard.press("ArrowRight")
    assert spoken(figure)[:2] == (2, 4)
    down.focus()
    figure.page.keyboard.press("End")
    assert spoken(figure)[:2] == (6, 4)
