"""What a phone must show whole, and what a desk has room for: plots, formulas, names, boxes, tables."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from helpers.opening import PHONE, visiting

PHONED = ("failure_museum", "evaluation", "droptoken", "transformer_encoder")


@pytest.fixture(scope="module")
def phone(browser: Any, site: Path) -> Iterator[Callable[[str], Any]]:
    """Opens each chapter once, on a phone."""
    pages: dict[str, Any] = {}
    with ExitStack() as stack:

        def get(name: str) -> Any:
            if name not in pages:
                address = (site / f"{name}.html").as_uri()
                pages[name] = stack.enter_context(visiting(browser, address, size=PHONE)).page
            return pages[name]

        yield get


@pytest.mark.parametrize("name", ["failure_museum", "evaluation"])
def test_a_phone_shows_every_mark_and_word_of_a_plot(phone: Callable[[str], Any], name: str) -> None:
    outside = (
        phone(name)
        .locator("figure.vatt-figure")
        .evaluate_all("""figures => figures.flatMap((figure, n) => {
        const edge = figure.querySelector(".vatt-figure-scroll").getBoundingClientRect().right - 1;
        return [...figure.querySelectorAll("svg use, svg text")]
            .filter((mark) => mark.getBoundingClientRect().right > edge)
            .map((mark) => `Figure ${n + 1}: ${mark.textContent || mark.id || "a mark"}`);
    })""")
    )
    assert outside == []


@pytest.mark.parametrize("name", PHONED)
def test_punctuation_stays_with_its_formula(phone: Callable[[str], Any], name: str) -> None:
    """On the last line of the formula, not alone on the next."""
    apart = """formulas => formulas.filter((formula) => {
        const after = (formula.closest("span.math") ?? formula).nextSibling;
        if (after?.nodeType !== Node.TEXT_NODE || !/^[.,;:!?)]/.test(after.data)) return false;
        const range = document.createRange();
        range.setStart(after, 0);
        range.setEnd(after, 1);
        return range.getBoundingClientRect().top > formula.getBoundingClientRect().bottom - 2;
    }).map((formula) => formula.parentElement.textContent.slice(0, 80))"""
    formulas = phone(name).locator(".bd-article mjx-container:not([display])")
    assert formulas.evaluate_all(apart) == []


def test_display_formulas_do_not_run_into_their_number(phone: Callable[[str], Any]) -> None:
    cut = (
        phone("evaluation")
        .locator("div.math > mjx-container")
        .evaluate_all("""displays => displays
        .filter((display) => display.scrollWidth > display.clientWidth + 1)
        .map((display) => display.textContent.slice(0, 60))""")
    )
    assert cut == []


def test_long_names_break_between_their_words(phone: Callable[[str], Any]) -> None:
    inside = (
        phone("failure_museum")
        .locator(".vatt-exhibit code")
        .evaluate_all("""names => names.flatMap((name) => {
        const letters = [], range = document.createRange();
        const walker = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) for (let n = 0; n < walker.currentNode.length; n++) {
            range.setStart(walker.currentNode, n);
            range.setEnd(walker.currentNode, n + 1);
            letters.push([walker.currentNode.data[n], range.getBoundingClientRect().top]);
        }
        return letters.slice(1).filter(([, top], n) => top > letters[n][1] + 4 && /\\w/.test(letters[n][0])
            && letters[n][0] !== "_").map(() => name.textContent);
    })""")
    )
    assert inside == []


def test_group_and_exhibit_differ_in_size(phone: Callable[[str], Any]) -> None:
    size = "heading => parseFloat(getComputedStyle(heading).fontSize)"
    group, exhibit = (
        phone("failure_museum").locator(f".bd-article {tag}").first.evaluate(size) for tag in ("h2", "h3")
    )
    assert group > 1.2 * exhibit


def test_icons_of_a_folded_box_are_in_its_title(phone: Callable[[str], Any]) -> None:
    places = (
        phone("droptoken")
        .locator(".admonition.toggle > .admonition-title")
        .evaluate_all("""titles => titles.map(
        (title) => {
            const box = title.getBoundingClientRect(), chevron = title.querySelector("svg").getBoundingClientRect();
            const bell = parseFloat(getComputedStyle(title, "::after").top);
            return chevron.top >= box.top && chevron.bottom <= box.bottom && bell >= 0 && bell + 16 <= box.height;
        })""")
    )
    assert len(places) >= 2
    assert all(places)


def test_a_table_that_scrolls_says_so(phone: Callable[[str], Any]) -> None:
    """By the shadow that figures have, which no row covers."""
    hints = (
        phone("transformer_encoder")
        .locator(".pst-scrollable-table-container")
        .evaluate_all("""boxes => boxes
        .filter((box) => box.scrollWidth > box.clientWidth + 1)
        .map((box) => [getComputedStyle(box).backgroundAttachment, box.tabIndex,
            ...[...box.querySelectorAll("tr")].map((row) => getComputedStyle(row).backgroundColor)])""")
    )
    assert hints
    for attachment, index, *rows in hints:
        assert (attachment, index) == ("local, scroll", 0)
        assert all("/ 0." in color or color == "rgba(0, 0, 0, 0)" for color in rows)


def test_on_a_desk_the_scoreboard_is_seen_whole(browser: Any, site: Path) -> None:
    """All columns, and no name has over four lines."""
    with visiting(browser, (site / "transformer_encoder.html").as_uri()) as visit:
        boxes = visit.page.locator(".bd-article .pst-scrollable-table-container")
        sizes = boxes.evaluate_all("""boxes => boxes.map(box => [box.scrollWidth, box.clientWidth,
            Math.max(...[...box.querySelectorAll("td:first-child > p")]
                .map((name) => name.offsetHeight / parseFloat(getComputedStyle(name).lineHeight)))])""")
        assert sizes
        assert all(width <= shown + 1 and lines < 4.5 for width, shown, lines in sizes)


def test_on_a_desk_a_table_that_would_scroll_takes_the_margin(browser: Any, site: Path) -> None:
    """And the list of contents makes way while it is seen."""
    with visiting(browser, (site / "transformer_encoder.html").as_uri()) as visit:
        page = visit.page
        size = page.viewport_size
        page.locator(".bd-article .pst-scrollable-table-container table").first.evaluate(
            "table => { table.style.minWidth = `${table.offsetWidth + 120}px`; }"
        )
        page.set_viewport_size({**size, "width": size["width"] + 1})  # tables are fitted anew
        table = page.locator(".vatt-wide").first
        table.scroll_into_view_if_needed()
        page.wait_for_function("() => document.querySelector('.bd-sidebar-secondary').matches('.vatt-under')")
        width, shown, right = table.evaluate(
            "box => [box.scrollWidth, box.clientWidth, box.getBoundingClientRect().right]"
        )
        assert width <= shown + 1
        assert right <= size["width"] + 1
        page.evaluate("() => scrollTo(0, 0)")
        page.wait_for_function("() => !document.querySelector('.bd-sidebar-secondary').matches('.vatt-under')")


@pytest.mark.parametrize("name", ["official_weights", "raw_signals", "vatt_in_one_page"])
def test_wide_tables_leave_margin_notes_alone(browser: Any, site: Path, name: str) -> None:
    with visiting(browser, (site / f"{name}.html").as_uri()) as visit:
        boxes = "elements => elements.map((e) => e.getBoundingClientRect()).map((box) => [box.top, box.bottom])"
        notes = visit.page.locator(".bd-article aside.margin").evaluate_all(boxes)
        tables = visit.page.locator(".vatt-wide").evaluate_all(boxes)
        assert notes
        assert [pair for pair in tables for note in notes if pair[0] < note[1] and note[0] < pair[1]] == []


def test_numbers_stay_in_the_cells_of_a_live_table(phone: Callable[[str], Any]) -> None:
    spare = (
        phone("evaluation")
        .locator('[data-figure="Ties"] svg')
        .first.evaluate("""table => {
        const cells = [...table.querySelectorAll("rect + text")];
        return cells.map((text) => text.previousElementSibling.getBBox().width - text.getBBox().width);
    }""")
    )
    assert len(spare) == 64
    assert min(spare) >= 2
