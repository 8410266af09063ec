"""The live figure of *Ablations* with a kernel: what is moved there is counted by the package."""

import math

import pytest

from vatt_edu.evaluation.protocols.selection import Spreads, expected_best, gallery_spread, winner
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.winner import Winner


def test_the_module_is_whole_and_small() -> None:
    module = Winner._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000


def test_the_untouched_figure_carries_the_message() -> None:
    figure = Winner(share=0.2)
    assert figure.recipe == 0  # equal recipes
    assert figure.chosen > figure.same_model > figure.fresh_seed == 0
    assert figure.chosen == pytest.approx(expected_best(16) * math.sqrt(4 + 100**2 * 0.16 / 256))


def test_inputs_change_outputs() -> None:
    figure = Winner(share=0.2)
    first = (figure.chosen, figure.same_model, figure.fresh_seed)
    for name, value in (("candidates", 64), ("recipe", 3.0), ("seed", 5.0), ("gallery", 4_096), ("candidates", 1)):
        figure.set_state({name: value})
        parts = Spreads(figure.recipe, figure.seed, gallery_spread(0.2, figure.gallery))
        outputs = (figure.chosen, figure.same_model, figure.fresh_seed)
        assert outputs == winner(figure.candidates, parts)
        assert outputs != first
        first = outputs
    assert figure.chosen == pytest.approx(0, abs=1e-9)  # of one candidate nothing is chosen
