"""The live figure of *Pre-training* in the rendered page: its script ranks as Python does, by mouse and keyboard."""

import re
from typing import Any

import numpy as np
import pytest
from helpers.live import says, state

from vatt_edu.teach.interactive.learning import ranks


def read(figure: Any) -> tuple[int, float, int, int]:
    """Steps, loss, R@5 in per cent, rank: as the sentence has them."""
    match = re.search(r"After (\d+) steps the loss is ([\d.]+), and (\d+)\s?%.* at rank (\d+) of", says(figure))
    assert match
    return int(match[1]), float(match[2]), int(match[3]), int(match[4])


def expected(stored: dict, moment: int, query: int) -> tuple[int, float, int, int]:
    rank = ranks(np.array(stored["cosines"][moment]), stored["own"])[query]
    recall = int(100 * stored["recalls"][moment] + 0.5)
    return stored["steps"][moment], stored["losses"][moment], recall, rank


@pytest.mark.figure("Learning")
def test_every_moment_and_sentence_is_ranked_as_in_python(figure: Any, site: Any) -> None:
    stored = state(site, "Learning")
    assert read(figure) == pytest.approx(expected(stored, len(stored["steps"]) - 1, 0), abs=0.0051)
    time = figure.get_by_role("slider", name="Steps trained")
    for query, name in enumerate(stored["sentences"]):
        figure.get_by_role("radio", name=name).check()
        for moment in range(len(stored["steps"])):
            time.fill(str(moment))
            assert read(figure) == pytest.approx(expected(stored, moment, query), abs=0.0051)


@pytest.mark.figure("Learning")
def test_by_keyboard_and_by_pointing_at_a_curve(figure: Any, site: Any) -> None:
    steps = state(site, "Learning")["steps"]
    figure.get_by_role("slider", name="Steps trained").focus()
    figure.page.keyboard.press("Home")
    assert read(figure)[0] == steps[0]
    figure.page.keyboard.press("ArrowRight")
    assert read(figure)[0] == steps[1]
    curve = figure.locator("svg").first
    box = curve.bounding_box()
    figure.page.mouse.click(box["x"] + 0.97 * box["width"], box["y"] + 0.5 * box["height"])
    assert read(figure)[0] == steps[-1]
