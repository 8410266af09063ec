"""The live figure of *Cost* in the rendered page: its script computes the bill that Python does."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from helpers.live import says, state

from vatt_edu import cost
from vatt_edu.config import preset
from vatt_edu.teach.interactive.bill import MODELS

NUMBER = r"([\d,.]+)"


def read(sentence: str) -> tuple[str, ...]:
    """Days, megawatt-hours, dollars, gigabytes."""
    pattern = rf": {NUMBER} days, {NUMBER} MWh, {NUMBER} dollars; .* Memory for a chip: {NUMBER} GB"
    match = re.search(pattern, sentence)
    assert match, sentence
    return match.groups()


def printed(numbers: tuple[str, ...], run: tuple[float, ...]) -> bool:
    """Whether each number is the true one, rounded to the digits that it is given with."""
    places = [len(number.partition(".")[2]) for number in numbers]
    return all(
        abs(float(number.replace(",", "")) - value) <= 0.5 * 10.0**-place * (1 + 1e-6)
        for number, value, place in zip(numbers, run, places, strict=True)
    )


def expected(clips_a_second: float, model: str, chip: int, **options: Any) -> tuple[float, ...]:
    run = cost.run_cost(
        preset(MODELS[model]), cost.ACCELERATORS[chip], clips_a_second=clips_a_second, steps=500_000, **options
    )
    return run["hours"] / 24, run["energy"] / 1000, run["money"], run["memory"] / 1e9


@pytest.mark.figure("Bill")
def test_the_untouched_figure_is_the_run_of_the_page(figure: Any) -> None:
    page = figure.page.locator("article, main").first.inner_text()
    days = re.search(rf"days of computing\s+{NUMBER}\s", page)
    dollars = re.search(rf"\ndollars\s+{NUMBER}\s", page)
    assert days
    assert dollars
    assert f"8 chips (H200 SXM): {days[1]} days," in says(figure)
    assert f" {dollars[1]} dollars; the chips are the slower part." in says(figure)
    assert "four passes are paid instead of three" in says(figure)


@pytest.mark.figure("Bill")
def test_the_bill(figure: Any, site: Path) -> None:
    traits = state(site, "Bill")
    clips = traits["clips_a_second"]
    keep, batch, count, share, price, cores = figure.locator('input[type="range"]').all()
    first = {name: traits[name] for name in ("batch", "keep", "count", "utilization", "price", "cores")}
    assert printed(read(says(figure)), expected(clips, "Medium", traits["chip"], **first))
    settings = ((5, 9, 3, 40, 200, 64), (100, 11, 10, 3.1, 1_000, 1), (35, 13, 0, 60, 50, 128))
    for (model, chip), (q, b, n, u, p, c) in itertools.product((("Base", 2), ("Agnostic Medium", 1)), settings):
        figure.get_by_role("radio", name=model, exact=True).check()
        figure.get_by_role("radio", name=cost.ACCELERATORS[chip].name).check()
        for slider, value in zip((keep, batch, count, share, price, cores), (q, b, n, u, p, c), strict=True):
            slider.fill(str(value))
        run = expected(clips, model, chip, keep=q / 100, batch=2**b, count=2**n, utilization=u / 100, price=p / 100,
                       cores=c)  # fmt: skip
        assert printed(read(says(figure)), run), (says(figure), run)


@pytest.mark.figure("Bill")
def test_the_bill_by_keyboard(figure: Any) -> None:
    figure.get_by_role("radio", name="Medium", exact=True).check()
    cores = figure.locator('input[type="range"]').nth(5)
    cores.focus()
    figure.page.keyboard.press("Home")
    assert "the cores are the slower part" in says(figure)
    figure.page.keyboard.press("End")
    count = figure.locator('input[type="range"]').nth(2)
    count.focus()
    figure.page.keyboard.press("Home")
    assert "on 1 chip (" in says(figure)
    assert "does not fit" in says(figure)
    count.press("End")
    assert "which fits" in says(figure)
