"""The live figure of *DropToken* in the rendered page: its script counts as Python does."""

import re
from typing import Any

import pytest
from helpers.live import says

from vatt_edu.teach.interactive.attention_share import SIZES, layer


def expected(tokens: int, width: int, keep: float) -> tuple[int, int, float]:
    """Share of the products, work left, how many times cheaper: as the sentence rounds them."""
    left = layer(tokens, width, keep)
    rest = left.linear + left.products
    return int(100 * layer(tokens, width).share + 0.5), int(100 * rest + 0.5), round(1 / rest, 1)


def read(sentence: str) -> tuple[int, int, float]:
    share, rest = map(int, re.findall(r"(\d+)%", sentence))
    (times,) = re.findall(r"([\d.]+) times cheaper", sentence)
    return share, rest, float(times)


@pytest.mark.figure("AttentionShare")
def test_attention_share(figure: Any) -> None:
    assert read(says(figure)) == expected(1_568, 768, 0.5)
    keep = figure.locator('input[type="range"]').nth(2)
    for name, tokens, width in SIZES:
        figure.get_by_role("radio", name=name).check()
        for percent in (5, 25, 70, 100):
            keep.fill(str(percent))
            assert read(says(figure)) == pytest.approx(expected(tokens, width, percent / 100), abs=0.11)


@pytest.mark.figure("AttentionShare")
def test_attention_share_by_keyboard(figure: Any) -> None:
    tokens, width, keep = figure.locator('input[type="range"]').all()
    figure.get_by_role("radio", name="Base video").check()
    tokens.focus()
    figure.page.keyboard.press("Home")
    assert says(figure).startswith("16 tokens of width 768")
    width.focus()
    figure.page.keyboard.press("End")
    assert says(figure).startswith("16 tokens of width 16,384")
    keep.focus()
    figure.page.keyboard.press("End")
    assert "100% of the work is left: 1.0 times" in says(figure)
    figure.page.keyboard.press("ArrowLeft")
    assert "With 15 tokens kept" in says(figure)
    assert not any(radio.is_checked() for radio in figure.get_by_role("radio").all())
