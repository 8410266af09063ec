"""The figure of *Positional encoding* with a kernel: its cosines are those of the package's positions."""

import pytest
import torch

from vatt_edu.positions import AxisPositions
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.interactive.places import Places, similarities


@pytest.fixture
def kinds() -> dict[str, AxisPositions]:
    torch.manual_seed(0)
    return {"axes": AxisPositions((2, 3, 4), 16), "free": AxisPositions((24,), 16)}


def test_the_module_is_whole() -> None:
    module = Places._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert text.count("://") == text.count("http://www.w3.org/2000/svg")
    assert len(text) < 20_000


def test_a_place_is_compared_by_the_packages_positions(kinds: dict[str, AxisPositions]) -> None:
    figure = Places(kinds, (3, 4), place=1)
    for number, positions in enumerate(kinds.values()):
        every = positions().detach()
        for place in (0, 5, 11):
            figure.set_state({"kind": number, "place": place})
            expected = [100 * torch.cosine_similarity(every[place], every[n], dim=0).item() for n in range(12)]
            assert figure.cosines == pytest.approx(expected, abs=0.51)
            assert figure.cosines == figure.table["cosines"][number][place]
    with torch.no_grad():  # the kernel computes from the positions as they are now, not from the table
        kinds["free"].tables[0][11] = kinds["free"].tables[0][0]
    figure.set_state({"place": 0})
    assert figure.cosines[11] == 100


def test_similarities(kinds: dict[str, AxisPositions]) -> None:
    cosines = similarities(kinds["axes"], 12)
    assert cosines.shape == (12, 12)
    torch.testing.assert_close(cosines, cosines.T)
    torch.testing.assert_close(cosines.diagonal(), torch.ones(12, dtype=torch.float64))


def test_axes_share_rows_and_a_free_table_does_not() -> None:
    """At the start, two places that share a row of two of three tables have a cosine near 2/3, of one near 1/3."""
    torch.manual_seed(0)
    axes, free = similarities(AxisPositions((4, 7, 7), 512), 49), similarities(AxisPositions((196,), 512), 49)
    assert axes[24, 25] == pytest.approx(2 / 3, abs=0.1)
    assert axes[24, 31] == pytest.approx(2 / 3, abs=0.1)
    assert axes[24, 32] == pytest.approx(1 / 3, abs=0.1)
    assert (free - torch.eye(49, dtype=torch.float64)).abs().max() < 0.25
