"""What *Ablations* computes: each moment asserts or shows what results/ holds, and the page's functions are right."""

import ast
import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tools import audit
from vatt_edu.evaluation.protocols import selection
from vatt_edu.experiments import verdict

NOTEBOOK = json.loads((audit.BOOK / "ablations.ipynb").read_text(encoding="utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
MOMENTS = {"twelve", "aa", "pairs", "power", "loss", "curse", "twins", "inherited", "board", "crossing"}
SHOWN = {"twins", "inherited", "board", "crossing"}  # what results/ holds; tests of these are in tests/teach


def names_of(*cells: str, **names: Any) -> dict[str, Any]:
    """What these cells of the page define."""
    names = {"np": np, "stats": stats, "verdict": verdict, "selection": selection} | names
    for cell in cells:
        exec(CELLS[cell], names)  # the page's own code
    return names


def runs(count: int, seed: int, seed_spread: float = 0.05, queries: int = 80) -> np.ndarray:
    """Hits, 0 or 100, of runs whose chance of a hit varies with the run and with the query."""
    random = np.random.default_rng(seed)
    chances = 0.6 + 0.2 * random.normal(size=queries) + seed_spread * random.normal(size=(count, 1))
    return 100.0 * (random.random((count, queries)) < chances)


def test_each_moment_has_a_cell_that_asserts() -> None:
    tagged = {
        tag.removeprefix("moment-"): "".join(cell["source"])
        for cell in NOTEBOOK["cells"]
        for tag in cell["metadata"].get("tags", [])
        if tag.startswith("moment-")
    }
    assert set(tagged) == MOMENTS
    assert all("assert " in source for name, source in tagged.items() if name not in SHOWN)
    assert "twins.show()" in tagged["twins"]
    assert "crossing.show()" in tagged["crossing"]


def test_cells_have_names_of_their_own() -> None:
    ids = [cell["id"] for cell in NOTEBOOK["cells"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("paired", [True, False])
def test_own_interval_is_the_packages(paired: bool) -> None:
    hits = runs(10, 0)
    page = names_of("worked-resampled", hits=hits)
    ours = page["own_interval"](hits[:5], hits[5:], paired, np.random.default_rng(3))
    theirs = verdict.difference_of_scores(hits[:5], hits[5:], paired, seed=3)
    assert ours.tolist() == pytest.approx([theirs.low, theirs.high], abs=1e-9)


def test_rules_see_what_is_there_and_make_the_mistakes_they_make() -> None:
    """By five runs all see a large gain; one run a side without luck of its seed is judged as promised by queries."""
    page = names_of("worked-resampled", "aa-rules", hits=runs(10, 0))
    strong, weak = runs(10, 1), runs(10, 1) * (np.random.default_rng(2).random((10, 80)) < 0.4)
    for rule, seeds in (
        ("queries", 1),
        ("seeds", 5),
        ("seeds, by t", 5),
        ("queries and seeds", 5),
        ("queries and seeds, as pairs", 5),
    ):
        assert page["leaves_out_zero"](strong[:seeds], weak[:seeds], rule), rule
        assert not page["leaves_out_zero"](strong[:seeds], strong[:seeds], rule), rule
    equal = [runs(2, seed, seed_spread=0.0) for seed in range(100, 250)]
    wrong = sum(page["leaves_out_zero"](a, b, "queries") for a, b in ((one[:1], one[1:]) for one in equal))
    # 150 comparisons at 5 %: 7.5, and 99.99 % of the time at most 19.
    assert wrong <= stats.binom.ppf(0.9999, 150, 0.05)
    unequal = [runs(2, seed, seed_spread=0.15) for seed in range(100, 250)]
    assert sum(page["leaves_out_zero"](a, b, "queries") for a, b in ((one[:1], one[1:]) for one in unequal)) > 2 * wrong


def test_fishers_interval_holds_the_true_correlation_as_often_as_it_says() -> None:
    tree = ast.parse(CELLS["loss-noise"])
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    page: dict[str, Any] = {"np": np}
    exec(ast.unparse(function), page)
    random, inside = np.random.default_rng(0), 0
    for _ in range(400):
        x = random.normal(size=200)
        low, high = page["fisher"](np.corrcoef(x, 0.6 * x + 0.8 * random.normal(size=200))[0, 1], 200)
        inside += low <= 0.6 <= high
    assert inside >= stats.binom.ppf(1e-4, 400, 0.95)


def test_what_is_left_is_measured_on_other_seeds() -> None:
    """Equal recipes: the choice wins on val, and its recipe has nothing with other seeds."""
    random, shape = np.random.default_rng(0), (24, 24)
    luck = random.normal(size=shape)
    val, test = (luck + random.normal(size=shape) for _ in range(2))
    page = names_of("curse-measured", val=val, test=test, SEEDS=24, grid=[None] * 24)
    chosen, same_model, recipe = page["measured"](16).T
    prediction = selection.winner(16, selection.Spreads(0.0, 1.0, 1.0))
    for values, expected in ((chosen, prediction.chosen), (same_model, prediction.same_model), (recipe, 0.0)):
        # Seeds share no draw; five standard errors, and 0.1 for a mean over 23 other seeds of the same recipes.
        assert values.mean() == pytest.approx(expected, abs=5 * values.std(ddof=1) / 24**0.5 + 0.1)


def test_results_are_computed_and_never_typed() -> None:
    for name in ("pool", "aa", "pairs-table", "power", "loss-toy", "curse-answer", "twelve-answer", "board-aa"):
        strings = [n.value for n in ast.walk(ast.parse(CELLS[name])) if isinstance(n, ast.Constant)]
        assert audit.typed_numbers(" ".join(text for text in strings if isinstance(text, str))) == [], name
