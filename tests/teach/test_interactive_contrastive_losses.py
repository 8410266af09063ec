"""The live figure of *Contrastive losses* with a kernel: a changed input changes chance and floor, by the formulas."""

import math

import pytest

from vatt_edu.teach.chance import FORMS, PLATEAUS
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.calculator import NAMES, Calculator


def test_the_module_is_whole_and_small() -> None:
    module = Calculator._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000
    assert list(NAMES) == list(FORMS)


def test_every_input_changes_what_is_counted() -> None:
    figure = Calculator()
    assert figure.chance == pytest.approx(math.log(80))
    seen = {(figure.chance, figure.floor)}
    for name, value in (("form", 1), ("clips", 64), ("valid", 32), ("lines", 4), ("hidden", 3), ("temperature", 0.5)):
        figure.set_state({name: value})
        seen.add((figure.chance, figure.floor))
    assert len(seen) == 5  # lines alone change nothing where none is hidden, nor does the temperature of a bound
    assert figure.chance == pytest.approx(math.log((32 * 4 - 3 + 64 * 4 - 3 - 4) / 4))
    figure.set_state({"hidden": 0})
    assert figure.floor == pytest.approx(math.log1p(2 * 31 * math.exp(-(32 / 31) / 0.5)))


def test_sliders_that_do_not_fit_together_are_mended() -> None:
    figure = Calculator(clips=4, valid=40, lines=2, hidden=40)
    assert (figure.setting.pairs, figure.setting.hidden) == (4, 6)
    assert figure.chance == pytest.approx(math.log(2))  # each clip's own lines alone, both ways


def test_examples_are_the_toy_and_the_public_threads() -> None:
    figure = Calculator()
    assert [preset["name"] for preset in figure.presets][1:] == [plateau.name for plateau in PLATEAUS]
    for preset, plateau in zip(figure.presets[1:], PLATEAUS, strict=True):
        figure.set_state({name: preset[name] for name in ("form", "clips", "valid", "lines", "hidden", "temperature")})
        assert figure.chance == pytest.approx(plateau.setting.chance, abs=1e-12)
        assert preset["seen"] == float(plateau.seen)
