"""The clapperboard of *Raw signals* with a kernel."""

import numpy as np

from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.clapper import Clapper


def test_its_module_is_whole() -> None:
    text = str(getattr(Clapper._esm, "_contents", Clapper._esm))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert text.count("://") == text.count("http://www.w3.org/2000/svg")
    assert len(text) < 20_000


def test_clicks_drift_with_a_wrong_rate() -> None:
    """By hand: sample 32,016 at 16,000 Hz is at 2.001 s; at 14,700 Hz a click of second n comes 0.0884 n s late."""
    figure = Clapper(np.array([1.0, 2.0, 3.0]), np.array([16_000, 32_016, 48_000]), 16_000.0, 4.0, "data:", 16_000.0)
    assert figure.offsets == [0, 1, 0]
    figure.set_state({"claimed": 14_700.0})
    assert figure.offsets == [88, 178, 265]
    figure.set_state({"claimed": 18_000.0})
    assert figure.offsets == [-111, -221, -333]
