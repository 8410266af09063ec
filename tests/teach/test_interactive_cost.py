"""The live figure of *Cost* with a kernel: what the reader chooses changes what the package counts."""

import pytest

from vatt_edu import cost
from vatt_edu.config import preset
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.bill import MODELS, RATES, Bill

OUTPUTS = ("compute_hours", "decode_hours", "energy", "money", "memory")


def test_the_module_is_whole_and_small() -> None:
    module = Bill._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"model": "Large"}, {"compute_hours", "energy", "money", "memory"}),
        ({"keep": 0.25}, {"compute_hours", "energy", "money", "memory"}),
        ({"chip": 2}, {"compute_hours", "energy", "money"}),
        ({"price": 6.0}, {"money"}),
        ({"utilization": 0.1}, {"compute_hours", "energy", "money"}),
        ({"cores": 128}, {"decode_hours"}),
        ({"count": 4}, {"compute_hours", "decode_hours", "memory"}),
        ({"count": 64}, set(OUTPUTS)),  # no pieces, and so a pass less
        ({"batch": 8192}, set(OUTPUTS)),
    ],
)
def test_an_input_changes_what_depends_on_it(inputs: dict, outputs: set[str]) -> None:
    figure = Bill(cores=64)  # enough for chips to be the slower part
    before = {name: getattr(figure, name) for name in OUTPUTS}
    figure.set_state(inputs)
    different = {name for name in OUTPUTS if getattr(figure, name) != pytest.approx(before[name], rel=1e-9)}
    assert different == outputs


def test_the_table_holds_what_python_counts() -> None:
    figure = Bill()
    assert set(figure.table) == set(MODELS)
    for name, model in MODELS.items():
        assert len(figure.table[name]) == len(RATES)
        flops, activations, state = figure.table[name][9]
        one = cost.cost(preset(model), 1, 0.5)
        assert (flops, activations, state) == (
            one["flops"]["total"]["here"], one["activations"]["total"], one["state"],
        )  # fmt: skip
