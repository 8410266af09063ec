"""The live figure of *Scaling up* with a kernel: what is chosen there is compared anew by the package."""

import pytest
import torch

from vatt_edu.teach.interactive.arrows import PIECES, WORLDS, Arrows
from vatt_edu.teach.interactive.base import HERE
from vatt_edu.teach.one_step import compare

RIGHT, WRONG = "right", "wrong"


def gradient(angle: float, length: float, degree: float) -> dict[str, torch.Tensor]:
    radians = torch.deg2rad(torch.tensor(angle))
    return {
        "video.w": length * torch.cos(radians)[None], "audio.w": length * torch.sin(radians)[None],
        "log_temperature": torch.tensor([degree]),
    }  # fmt: skip


def gradients() -> dict:
    grid = {}
    for number, heads in enumerate(("plain", "normed")):
        for world in WORLDS:
            for pieces in PIECES:
                grid[heads, RIGHT, world, pieces] = gradient(0.0, 2.0, 3.0)
                grid[heads, WRONG, world, pieces] = gradient(10.0 * world + pieces, 2.0 / world, 3.0 + number)
    return grid


@pytest.fixture
def figure() -> Arrows:
    return Arrows(gradients(), RIGHT, [RIGHT, WRONG])


def test_the_module_is_whole_and_small() -> None:
    module = Arrows._esm
    text = str(getattr(module, "_contents", module))
    assert text.startswith((HERE / "layer.js").read_text()[:40])
    assert text.rstrip().endswith("export default { render };")
    assert len(text) < 20_000


def test_inputs_change_outputs(figure: Arrows) -> None:
    assert (figure.cosine, figure.length, figure.temperature) == (1.0, 1.0, 1.0)
    figure.set_state({"way": 1})
    assert figure.cosine == pytest.approx(torch.cos(torch.deg2rad(torch.tensor(24.0))).item(), abs=1e-5)
    assert figure.length == pytest.approx(1 / 2, abs=1e-5)
    figure.set_state({"world": 2, "pieces": 0, "heads": 1})
    assert figure.cosine == pytest.approx(torch.cos(torch.deg2rad(torch.tensor(41.0))).item(), abs=1e-5)
    assert (figure.length, figure.temperature) == pytest.approx((1 / 4, 4 / 3), abs=1e-5)


def test_ways_without_pieces_are_named_by_number() -> None:
    assert Arrows(gradients(), RIGHT, [RIGHT, WRONG], uncut=[WRONG]).uncut == [1]
    assert Arrows(gradients(), RIGHT, [RIGHT, WRONG]).uncut == []


def test_the_table_is_what_the_package_says(figure: Arrows) -> None:
    for heads, name in enumerate(figure.models):
        for way, title in enumerate(figure.ways):
            for world, processes in enumerate(WORLDS):
                for cut, pieces in enumerate(PIECES):
                    it = compare(gradients()[name, title, processes, pieces], gradient(0.0, 2.0, 3.0))
                    values = figure.table["values"][heads][way][world][cut]
                    assert values == pytest.approx([it.cosine, it.length, it.temperature], abs=1e-5)
