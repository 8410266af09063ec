"""The cheat sheet prints on one page of A4, readable, whatever the reader's color scheme."""

import re
from pathlib import Path
from typing import Any

import pytest
from helpers.opening import visiting

MM = 96 / 25.4  # CSS pixels
INNER = {"width": round((210 - 2 * 11) * MM), "height": round((297 - 2 * 11) * MM)}  # within the margins of custom.css
SMALLEST = 8.5  # CSS pixels: about 6.4 points, the size of a footnote


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_on_one_page(browser: Any, site: Path, scheme: str) -> None:
    with visiting(browser, (site / "cheat_sheet.html").as_uri(), scheme) as visit:
        printed = visit.page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
        assert visit.troubles == []


def test_another_page_prints_on_several(browser: Any, site: Path) -> None:
    """So that the count above can fail."""
    with visiting(browser, (site / "notation.html").as_uri()) as visit:
        printed = visit.page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_printed_can_be_read(browser: Any, site: Path, scheme: str) -> None:
    """Dark letters of a size that can be read, and nothing beyond the edge of a column."""
    with visiting(browser, (site / "cheat_sheet.html").as_uri(), scheme, size=INNER) as visit:
        page = visit.page
        page.emulate_media(media="print", color_scheme=scheme)
        letters = page.evaluate(
            """() => [...document.querySelectorAll('#cheat-sheet :is(p, td, th, code, pre, h2)')]
                .filter((e) => e.innerText.trim() && e.getBoundingClientRect().width)
                .map((e) => [parseFloat(getComputedStyle(e).fontSize), getComputedStyle(e).color, e.innerText])"""
        )
        assert len(letters) > 100
        assert min(size for size, _, _ in letters) >= SMALLEST
        for _, color, text in letters:
            assert sum(map(int, re.findall(r"\d+", color)[:3])) < 3 * 100, text
        wide = page.evaluate(
            """() => [...document.querySelectorAll('#cheat-sheet :is(table, pre)')]
                .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth + 1)
                .map((e) => e.innerText.slice(0, 60))"""
        )
        assert wide == []
