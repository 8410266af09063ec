"""What *Common space* computes: its cells against brute force, and its own maps, which do not lean on the package's."""

import ast
import json
from typing import Any

import numpy as np
import pytest
import torch

from tools import audit
from vatt_edu.teach.interactive.passage import by_chance, choke, right_words

CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((audit.BOOK / "common_space.ipynb").read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code"
}
MOMENTS = {
    "before-and-after", "centering", "factor-map", "choke", "audio-meets-text", "gap", "hubs", "train-mode",
}  # fmt: skip


def names_of(*cells: str) -> dict[str, Any]:
    """What these cells of the page define."""
    names: dict[str, Any] = {"np": np, "torch": torch}
    for cell in cells:
        exec(CELLS[cell], names)  # the page's own code
    return names


def test_each_moment_has_a_cell_that_asserts() -> None:
    notebook = json.loads((audit.BOOK / "common_space.ipynb").read_text(encoding="utf-8"))
    tagged = {
        tag.removeprefix("moment-"): "".join(cell["source"])
        for cell in notebook["cells"]
        for tag in cell["metadata"].get("tags", [])
        if tag.startswith("moment-")
    }
    assert set(tagged) == MOMENTS
    assert all("assert " in source for source in tagged.values())


def test_the_pages_own_maps_do_not_call_the_package() -> None:
    for cell in ("own-norm", "own-space"):
        functions = [node for node in ast.parse(CELLS[cell]).body if isinstance(node, ast.FunctionDef)]
        nodes = [node for function in functions for node in ast.walk(function)]
        called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        assert not called & {"head", "package", "CommonSpace", "BatchNorm", "ProjectionHead"}
        assert not any("head." in name or "nn." in name or name.endswith(".to_vt") for name in called)
    assert "package(" in CELLS["equal"]
    assert "assert_close" in CELLS["equal"]


def test_share_is_one_minus_what_lies_within_groups() -> None:
    share = names_of("worked-share")["share"]
    random = np.random.default_rng(0)
    x, values = random.normal(size=(40, 6)), random.choice(list("abc"), 40)
    within = sum(np.square(x[values == v] - x[values == v].mean(0)).sum() for v in "abc")
    assert share(x, values) == pytest.approx(1 - within / np.square(x - x.mean(0)).sum())


def test_neighbor_is_brute_force_and_probe_reads_what_is_there() -> None:
    page = names_of("readings")
    random = np.random.default_rng(1)
    values = random.choice(list("ab"), 60)
    x = random.normal(size=(60, 5))
    same = 0
    for n, row in enumerate(x):
        cosines = [row @ other / np.linalg.norm(row) / np.linalg.norm(other) for other in x]
        cosines[n] = -2
        same += values[int(np.argmax(cosines))] == values[n]
    assert page["neighbor"](x, values) == pytest.approx(same / 60)
    tiny = np.c_[
        100 * x, 1e-3 * (values == "a")
    ]  # one small number that says it: the probe standardizes, cosines do not
    assert page["probe"](tiny, values) > page["probe"](x, values) + 0.1
    assert page["neighbor"](tiny, values) == pytest.approx(same / 60)


def test_choke_keeps_what_varies_most_and_the_rest_is_the_rest() -> None:
    x = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)) * torch.arange(8, 0, -1) + 3
    for count in (1, 3, 8):
        kept, rest = choke(x, count), choke(x, count, keep=False)
        torch.testing.assert_close(kept + rest - x.mean(0), x)
        assert torch.linalg.matrix_rank(kept - kept.mean(0)) == count
        values = torch.linalg.svdvals(x - x.mean(0)).square()
        assert float((kept - x.mean(0)).square().sum()) == pytest.approx(float(values[:count].sum()), rel=1e-4)


def test_right_words_and_chance_are_counted() -> None:
    values = np.array(["a", "a", "b", "b"])
    similarity = torch.tensor([[0.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    assert right_words(similarity, {"letter": values}) == {"letter": 0.5}
    assert by_chance(values) == pytest.approx(np.mean([[a == b for a in values] for b in values]))
