"""What *Contrastive losses* computes: its own losses against a loop over pairs, and not by the package's."""

import ast
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import audit
from vatt_edu.teach import chance

NOTEBOOK = json.loads((audit.BOOK / "contrastive_losses.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
PROSE = "\n".join("".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "markdown")
MOMENTS = {
    "equal", "chance", "plateaus", "start", "floor", "temperature", "weights", "false-negatives", "grid", "wrong",
}  # fmt: skip
OWN = ("own-logits", "own-loss")
FORMS = {"released": "asymmetric", "printed": "paper", "sum": "symmetric"}


def names_of(*cells: str, **names: Any) -> dict[str, Any]:
    """What these cells of the page define."""
    space: dict[str, Any] = {"np": np, "torch": torch, "F": F, "math": math, **names}
    for cell in cells:
        exec(CELLS[cell], space)  # the page's own code
    return space


def test_each_moment_has_a_cell_that_asserts() -> None:
    tagged = {
        tag.removeprefix("moment-"): "".join(cell["source"])
        for cell in NOTEBOOK["cells"]
        for tag in cell["metadata"].get("tags", [])
        if tag.startswith("moment-")
    }
    assert set(tagged) == MOMENTS
    assert all("assert" in source for source in tagged.values())


def test_the_pages_own_losses_do_not_call_the_package() -> None:
    for cell in OWN:
        names = {node.id for node in ast.walk(ast.parse(CELLS[cell])) if isinstance(node, ast.Name)}
        assert not names & {"vatt", "chance", "checks", "minitube"}
    assert "vatt.vatt_loss(" in CELLS["equal"]
    assert "assert_close" in CELLS["equal"]
    assert "autograd.grad" in CELLS["equal"]


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 6), lines=st.integers(1, 3), form=st.sampled_from(list(FORMS)),
)  # fmt: skip
def test_the_pages_own_losses_are_a_loop_over_pairs(seed: int, size: int, lines: int, form: str) -> None:
    """Double precision; losses are near 2."""
    page = names_of(*OWN, "shared-lines")
    g = torch.Generator().manual_seed(seed)
    x, y = torch.randn(size, 4, generator=g).double(), torch.randn(size, lines, 4, generator=g).double()
    has_clip, has_lines = torch.rand(2, size, generator=g) > 0.3
    has_clip[0] = has_lines[0] = True
    ids = torch.randint(-1, 5, (size, lines), generator=g)
    loss = page["of_logits"](page["logits"](x, y, 0.2), has_clip, has_lines, page["shared_lines"](ids), form)
    expected = oracle.contrastive(
        x.tolist(), y.tolist(), has_clip.tolist(), has_lines.tolist(), ids.tolist(), FORMS[form], 0.2, True
    )
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_the_three_threads_are_linked_and_settled() -> None:
    for plateau in chance.PLATEAUS:
        assert f"]({plateau.address})" in PROSE
    assert f"{math.log(511) / 0.7:.3f}" == "8.909"
    assert f"{math.log(49) / 0.7:.4f}" == "5.5597"
    assert f"{math.log(128):.3f}" == "4.852"
    assert f"{math.log(127) / 0.7:.3f}" in CELLS["quiz-plateau"]


def test_the_four_tests_tell_every_mistake_from_the_right_loss() -> None:
    """Each mistake fails the tests that it should, by what the page's cells define."""
    cells = ("wrong-versions", "wrong-list", "wrong-tests")
    page = names_of(*OWN, *cells, everyone=torch.ones(40, dtype=torch.bool), chance=chance)
    failed = {name: [n for n, fine in enumerate(page["tests_of"](loss)[1]) if not fine]
              for name, loss in page["versions"].items()}  # fmt: skip
    assert failed == {
        "right": [],
        "length forgotten": [1],
        "multiplied by τ": [1],
        "scale ln(1/τ)": [1],
        "right one left out": [0, 1],
        "another clip's sound": [1, 2, 3],
        "mean over all clips": [0],
        "missing sounds are negatives": [0, 3],
    }
