"""The live figure of *Evaluation* in the rendered page: what it says is what Python ranks."""

import re
from typing import Any

import pytest
import torch
from helpers.live import says, state

from vatt_edu.evaluation.protocols.ties import RULES, recall


@pytest.mark.figure("Ties")
def test_the_untouched_figure_carries_the_message(figure: Any) -> None:
    assert "100% collapsed" in says(figure)
    assert "R@1 100.0% from 8 ranks of 8 sentences" in says(figure)
    bars = figure.locator("svg").nth(1).text_content()
    assert [float(value) for value in re.findall(r"R@1 ([\d.]+)%", bars)] == [100.0, 12.5, 12.5, 0.0]


@pytest.mark.figure("Ties")
def test_sentence_and_bars_are_what_python_says(figure: Any, site: Any) -> None:
    scores = state(site, "Ties")["table"]["scores"]
    shares = figure.get_by_role("slider", name="Collapsed")
    for step in (0, 4, 8, 10):
        shares.fill(str(step))
        table = torch.tensor(scores[step], dtype=torch.float64)
        for number, (rule, function) in enumerate(RULES.items()):
            figure.get_by_role("radio").nth(number).check()
            text = says(figure)
            assert f'By "{rule}"' in text
            share, count = re.search(r"R@1 ([\d.]+)% from (\d+) ranks", text).groups()
            assert float(share) == pytest.approx(100 * recall(table, rule, 1), abs=0.051)
            assert int(count) == len(function(table))


@pytest.mark.figure("Ties")
def test_by_keyboard(figure: Any) -> None:
    shares = figure.get_by_role("slider", name="Collapsed")
    shares.focus()
    figure.page.keyboard.press("End")
    figure.get_by_role("radio").nth(0).focus()
    for _ in range(3):
        figure.page.keyboard.press("ArrowDown")
    assert 'By "ties against us": R@1 0.0%' in says(figure)
    shares.focus()
    figure.page.keyboard.press("Home")
    assert says(figure).startswith("0% collapsed")
