"""What *Evaluation* computes: each moment asserts, and the page's own functions do what they say."""

import ast
import json
from typing import Any

import numpy as np
import pytest
import torch

from tools import audit
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.protocols import rescoring

NOTEBOOK = json.loads((audit.BOOK / "evaluation.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
MOMENTS = {
    "collapsed", "dual-softmax", "truth-aware", "whose-captions", "three-verdicts", "intervals", "bag-of-words",
    "who-does-what",
}  # fmt: skip
SHOWN = {"who-does-what"}  # what results/ holds, with verdicts of its own; its tests are in tests/teach
N = 20


def names_of(*cells: str, **names: Any) -> dict[str, Any]:
    """What these cells of the page define."""
    names = {"np": np, "torch": torch, "metrics": metrics, "rescoring": rescoring, "display": lambda _: None} | names
    for cell in cells:
        exec(CELLS[cell], names)  # the page's own code
    return names


def test_each_moment_has_a_cell_that_asserts() -> None:
    tagged: dict[str, str] = {}
    code = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    for cell, after in zip(code, [*code[1:], {"source": []}], strict=True):
        for tag in cell["metadata"].get("tags", []):
            if tag.startswith("moment-"):
                tagged[tag.removeprefix("moment-")] = "".join(cell["source"]) + "".join(after["source"])
    assert set(tagged) == MOMENTS
    assert all("assert " in source for name, source in tagged.items() if name not in SHOWN)
    assert "show_roles()" in tagged["who-does-what"]


def table(seed: int, spread: float = 1.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.eye(N).double() * 0.5 + spread * torch.randn(N, N, generator=random).double() * 0.2


def test_gain_is_that_of_a_test_written_out() -> None:
    words = table(0)
    page = names_of("dsl", words=words, n=N)
    rows = np.array([3, 3, 3, 5, 7])
    written = rescoring.dual_softmax(words[rows], 0.1)
    before = [metrics.ranks(words)[row] == 1 for row in rows]
    after = [int((written[k] >= written[k, row]).sum()) == 1 for k, row in enumerate(rows)]
    assert page["gain"](0.1, rows) == pytest.approx(100 * (np.mean(after) - np.mean(before)))


def test_a_repeated_query_is_as_many_copies() -> None:
    words = table(1)
    page = names_of("dsl", words=words, n=N)
    query, times = 4, 6
    rows = np.r_[np.arange(N), np.full(times - 1, query)]
    assert page["repeated"](0.1, times)[query] == pytest.approx(page["gain"](0.1, rows))
    assert page["gain"](0.1, np.array([query])) == 0  # asked alone


def test_first_counts_ties_against_the_query() -> None:
    page = names_of("dsl", words=torch.ones(N, N, dtype=torch.float64), n=N)
    assert page["plain"].sum() == 0
    assert page["first"](torch.ones(N, N), torch.arange(N)).sum() == 0


def test_neighbor_and_probe_read_what_is_there() -> None:
    random = np.random.default_rng(0)
    labels = random.choice(list("ab"), 60)
    page = names_of("readers", n=60)
    x = random.normal(size=(60, 5))
    expected = []
    for k, row in enumerate(x):
        cosines = [row @ other / np.linalg.norm(row) / np.linalg.norm(other) for other in x]
        cosines[k] = -2
        expected.append(labels[int(np.argmax(cosines))] == labels[k])
    assert page["neighbor"](x, labels).tolist() == expected
    hidden = np.c_[100 * x, 1e-3 * (labels == "a")]
    assert page["probe"](hidden, labels).mean() > page["probe"](x, labels).mean() + 0.1
    assert page["neighbor"](hidden, labels).tolist() == expected  # too small for a cosine


def test_sentences_of_what_can_be_heard_do_not_tell_what_cannot() -> None:
    page: dict[str, Any] = {}
    source = CELLS["three-texts"]
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    from vatt_edu.minitube.narrate import NUMBERS, SAYINGS
    from vatt_edu.minitube.world import COLORS, SHAPES, SIZES, factors_of

    page.update(SAYINGS=SAYINGS, NUMBERS=NUMBERS)
    exec("\n".join(map(ast.unparse, functions)), page)
    for number in range(60):
        factors = {name: str(value) for name, value in factors_of(0, "test_iid", number, 0).as_json().items()}
        for wording in range(4):
            text = page["audible"](factors, wording).split()
            assert factors["material"] in text
            assert not set(text) & {*COLORS, *SHAPES, *SIZES}


def test_results_are_computed_and_never_typed() -> None:
    """Sentences about results come from f-strings: no measured number stands in a cell as text."""
    for name in ("dsl-sentence", "truth-sentence", "verdicts-sentence", "intervals-sentence", "two-sentences-moment"):
        strings = [n.value for n in ast.walk(ast.parse(CELLS[name])) if isinstance(n, ast.Constant)]
        assert audit.typed_numbers(" ".join(text for text in strings if isinstance(text, str))) == [], name
