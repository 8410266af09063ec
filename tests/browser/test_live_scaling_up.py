"""The live figure of *Scaling up* in the rendered page: what it says is what Python compared."""

import math
import re
from typing import Any

import pytest
from helpers.live import says, state

WAY, WORLD, PIECES, HEADS = (slice(0, 6), slice(6, 9), slice(9, 12), slice(12, 14))


def picked(figure: Any, group: slice, number: int) -> None:
    figure.get_by_role("radio").nth(group.start + number).check()


@pytest.mark.figure("Arrows")
def test_the_untouched_figure_carries_the_message(figure: Any) -> None:
    assert says(figure).startswith("gather without gradient, 2 processes, each share at once:")
    angle, length = re.search(r"([\d.]+)° off, ([\d.]+) times as long", says(figure)).groups()
    assert float(angle) > 20
    assert abs(float(length) - 1) > 0.05


@pytest.mark.figure("Arrows")
def test_sentence_and_arrow_are_what_python_says(figure: Any, site: Any) -> None:
    values = state(site, "Arrows")["table"]["values"]
    for heads, way, world, pieces in ((0, 1, 2, 0), (1, 3, 1, 1), (1, 4, 0, 2), (0, 5, 2, 2)):
        uncut = way in (1, 2, 3)
        chosen = ((WAY, way), (WORLD, world), (HEADS, heads), *(() if uncut else ((PIECES, pieces),)))
        for group, number in chosen:
            picked(figure, group, number)
        cosine, length, temperature = values[heads][way][world][pieces]
        angle, long, degree = re.search(
            r"([\d.]+)° off, ([\d.]+) times as long; the temperature's gradient ([−\d.]+) times", says(figure)
        ).groups()
        assert float(angle) == pytest.approx(math.degrees(math.acos(min(1, cosine))), abs=0.06)
        assert float(long) == pytest.approx(length, abs=0.51 if length > 10 else 0.006)
        assert float(degree.replace("−", "-")) == pytest.approx(temperature, abs=0.006)
        arrow = figure.locator("svg line[stroke-width='3.5']")
        x1, y1, x2, y2 = (float(arrow.get_attribute(name)) for name in ("x1", "y1", "x2", "y2"))
        shown = min(length, 1.85)
        assert math.hypot(x2 - x1, y2 - y1) / 118 == pytest.approx(shown, abs=0.01)
        assert (x2 - x1) / 118 == pytest.approx(shown * cosine, abs=0.01)


@pytest.mark.figure("Arrows")
def test_pieces_can_be_chosen_where_there_are_any(figure: Any) -> None:
    pieces = figure.get_by_role("radio").nth(PIECES.start)
    for way, has_pieces in enumerate((True, False, False, False, True, True)):
        picked(figure, WAY, way)
        assert pieces.is_enabled() == has_pieces
        assert ("each share at once" in says(figure)) != has_pieces


@pytest.mark.figure("Arrows")
def test_by_keyboard(figure: Any) -> None:
    figure.get_by_role("radio").nth(0).focus()
    figure.page.keyboard.press("Space")
    assert "the right gradient." in says(figure)
    for _ in range(3):
        figure.page.keyboard.press("ArrowDown")
    assert says(figure).startswith("own rows of the whole loss")
