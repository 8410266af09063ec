"""The calculator of *Contrastive losses* in the rendered page: its script counts as Python does."""

import itertools
import re
from typing import Any

import pytest
from helpers.live import says

from vatt_edu.teach.chance import FORMS, OURS, PLATEAUS, Setting
from vatt_edu.teach.interactive.calculator import NAMES

CLIPS, VALID, LINES, HIDDEN, TEMPERATURE = range(5)


def read(figure: Any) -> tuple[float, float]:
    """Chance and floor, as the sentence gives them: four digits behind the point."""
    chance, floor = re.match(r"Chance ([\d.]+), floor ([\d.]+):", says(figure)).groups()
    return float(chance), float(floor)


def expected(setting: Setting) -> tuple[float, float]:
    return pytest.approx((setting.chance, setting.floor), abs=5.1e-5)


def move(figure: Any, number: int, value: int) -> None:
    figure.locator('input[type="range"]').nth(number).fill(str(value))


def pick(figure: Any, name: str) -> None:
    figure.get_by_role("radio", name=name, exact=True).check()


@pytest.mark.figure("Calculator")
def test_untouched_it_is_the_toy(figure: Any) -> None:
    assert read(figure) == expected(Setting("asymmetric", 40))


@pytest.mark.figure("Calculator")
def test_it_settles_the_three_public_plateaus(figure: Any) -> None:
    for plateau in PLATEAUS:
        pick(figure, plateau.name)
        assert read(figure) == expected(plateau.setting)
        assert figure.locator('input[type="number"]').input_value() == plateau.seen
        assert f"A loss of {float(plateau.seen):g} is chance" in says(figure)
    shown = {plateau.name: f"{plateau.setting.chance:.4f}" for plateau in PLATEAUS}
    assert [value[:5] for value in shown.values()] == ["8.909", "5.559", "4.852"]


@pytest.mark.figure("Calculator")
def test_script_and_python_agree(figure: Any) -> None:
    """All forms, and sliders at places that include their ends and settings that do not fit together."""
    for form, (clips, valid), (lines, hidden), heat in itertools.product(
        FORMS, ((16, 100), (85, 60), (256, 1)), ((1, 0), (4, 3), (8, 40)), (-106, -37, 16)
    ):
        pick(figure, NAMES[form])
        batch = round(2 ** (clips / 16))
        masks = {VALID: valid, LINES: lines, HIDDEN: hidden} if form in OURS else {}  # others have no such sliders
        for number, value in {CLIPS: clips, TEMPERATURE: heat, **masks}.items():
            move(figure, number, value)
        pairs = max(1, int(valid / 100 * batch + 0.5))
        temperature = float(f"{2 ** (heat / 16):.3g}")
        setting = Setting(form, batch, pairs, lines, min(hidden, (pairs - 1) * lines), temperature)
        assert read(figure) == expected(setting), setting


@pytest.mark.figure("Calculator")
def test_by_keyboard(figure: Any) -> None:
    pick(figure, "this book's toy, sound")
    clips, *_, temperature = figure.locator('input[type="range"]').all()
    clips.focus()
    figure.page.keyboard.press("Home")
    assert read(figure) == expected(Setting("asymmetric", 2))
    temperature.focus()
    figure.page.keyboard.press("End")
    assert read(figure) == expected(Setting("asymmetric", 2, temperature=2.0))
    typed = figure.locator('input[type="number"]')
    typed.focus()
    figure.page.keyboard.type("0.2")
    assert "is below the floor" in says(figure)
