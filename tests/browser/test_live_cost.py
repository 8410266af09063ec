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


def read(sentence: str) -> tuple[float, ...]:
    """Days, megawatt-hours, dollars, gigabytes."""
    pattern = rf": {NUMBER} days, {NUMBER} MWh, {NUMBER} dollars; .* Memory for a chip: {NUMBER} GB"
    match = re.search(pattern, sentence)
    assert match, sentence
    return tuple(float(number.replace(",", "")) for number in match.groups())


def expected(clips_a_second: float, model: str, chip: int, **options: Any) -> tuple[float, ...]:
    run = cost.run_cost(
        preset(MODELS[model]), cost.ACCELERATORS[chip], clips_a_second=clips_a_second, steps=500_000, **options
    )
    return run["hours"] / 24, run["energy"] / 1000, run["money"], run["memory"] / 1e9


@pytest.mark.figure("Bill")
def test_the_bill(figure: Any, site: Path) -> None:
    traits = state(site, "Bill")
    clips = traits["clips_a_second"]
    keep, batch, count, share, price, cores = figure.locator('input[type="range"]').all()
    first = {name: traits[name] for name in ("batch", "keep", "count", "utilization", "price", "cores")}
    # The sentence gives three digits, or whole numbers from 100 on.
    assert read(says(figure)) == pytest.approx(expected(clips, "Medium", 0, **first), rel=5e-3)
    settings = ((5, 9, 3, 40, 200, 6), (100, 11, 10, 3, 1_000, 0), (35, 13, 0, 60, 50, 7))
    for (model, chip), (q, b, n, u, p, c) in itertools.product((("Base", 2), ("Agnostic Medium", 1)), settings):
        figure.get_by_role("radio", name=model, exact=True).check()
        figure.get_by_role("radio", name=cost.ACCELERATORS[chip].name).check()
        for slider, value in zip((keep, batch, count, share, price, cores), (q, b, n, u, p, c), strict=True):
            slider.fill(str(value))
        run = expected(clips, model, chip, keep=q / 100, batch=2**b, count=2**n, utilization=u / 100, price=p / 100,
                       cores=2**c)  # fmt: skip
        assert read(says(figure)) == pytest.approx(run, rel=5e-3)


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
