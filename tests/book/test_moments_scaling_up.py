"""What *Scaling up* shows, by other ways: by hand, by other code of the package, and with the mistakes put in.

Its table, its rounds and its equality come from ``teach.one_step`` (``tests/teach/test_one_step.py``, on real
processes); every command that it prints for a reader is run by ``tests/training/test_launch_as_printed.py``.
"""

import ast
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.shares import Case
from torch import nn

import vatt_edu as vatt
from vatt_edu.common_space import BatchNorm
from vatt_edu.config import LossConfig
from vatt_edu.teach import one_step, shell
from vatt_edu.teach.one_step import RIGHT, compare
from vatt_edu.training.distributed.recipes import RECIPES
from vatt_edu.training.pretrain import backward

ROOT = Path(__file__).resolve().parents[2]
CELLS = json.loads((ROOT / "book" / "scaling_up.ipynb").read_text(encoding="utf-8"))["cells"]
SOURCES = {cell["id"]: "".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"}
BOUND = 1e-10  # double precision


def run(*cells: str, **names: object) -> dict:
    space = {"torch": torch, "nn": nn, "np": np, "vatt": vatt, "math": math, "replace": replace, **names}
    for cell in cells:
        exec(SOURCES[cell], space)
    return space


def test_every_moment_has_a_cell() -> None:
    tags = {tag for cell in CELLS for tag in cell["metadata"].get("tags", []) if tag.startswith("moment-")}
    names = (
        "live", "equality", "recipes", "norms", "gradcache", "kept", "rounds", "arithmetic", "loss-memory", "time",
        "curves", "wrong-norms", "survival", "dry-run", "launch-one", "launch-cloud", "launch-slurm",
    )  # fmt: skip
    assert {f"moment-{name}" for name in names} == tags


def test_the_modules_are_named_in_the_first_lines() -> None:
    first = "".join(CELLS[0]["source"])
    for module in ("gather", "gradient", "recipes"):
        assert f"`vatt_edu/training/distributed/{module}.py`" in first
        assert (ROOT / f"vatt_edu/training/distributed/{module}.py").exists()
    beginning = "".join("".join(cell["source"]) for cell in CELLS[:14])
    assert "](pretraining.ipynb)" in beginning
    assert "](cost.ipynb)" in "".join(CELLS[-1]["source"])


def test_the_recipes_of_the_page_are_those_of_the_package() -> None:
    ways = re.search(r"WAYS = (\[.*?\])", SOURCES["jobs"], re.DOTALL)[1]
    names = [node.value for node in ast.walk(ast.parse(ways)) if isinstance(node, ast.Constant)]
    assert names == [name for name in RECIPES if name != "norms in pieces"]
    assert all(name in one_step.WAYS for name in (RIGHT, *names))


def test_every_process_that_a_cell_starts_has_an_end() -> None:
    """Through ``shell`` alone, which ends what it has started; and no loop that waits for ever."""
    for name, source in SOURCES.items():
        assert not re.search(r"subprocess|Popen|os\.system|spawn|^!", source, re.MULTILINE), name
        if "while " in source:
            assert "time.monotonic() - began <" in source, name
        if "communicate(" in source.replace("job.communicate()[0]", ""):
            assert "communicate(timeout=" in source, name


def test_no_assertion_is_about_seconds() -> None:
    for cell in ("predict", "predict-says", "read", "read-table"):
        assert "assert" not in SOURCES[cell]


# GradCache --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_gradcache():
    return run("gradcache-own")["own_gradcache"]


def gradients(way, case: Case, micro_batch: int) -> dict[str, torch.Tensor]:
    model = case.model()
    config = replace(case.config, train=replace(case.config.train, micro_batch=micro_batch))
    way(model, case.batch(0), config, 0)
    return {name: p.grad for name, p in model.named_parameters()}


def test_own_gradcache_is_the_packages(own_gradcache) -> None:
    """With uneven pieces, missing signals and dropout: bit for bit; and without dropout the whole batch's."""
    for dropout in (0.0, 0.3):
        case = Case(micro_batch=5, dropout=dropout)
        ours, theirs = (gradients(way, case, 5) for way in (own_gradcache, backward))
        assert all(torch.equal(value, ours[name]) for name, value in theirs.items())
    whole = gradients(backward, Case(), 0)
    assert compare(gradients(own_gradcache, Case(), 5), whole).error < BOUND


def test_own_gradcache_without_replay_is_seen(own_gradcache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake of the section: other tokens in the second pass."""
    space = own_gradcache.__globals__
    original, calls = space["features_of"], []

    def other(model, part, number, config, step):
        calls.append(number)
        return original(model, part, number, config, step if len(calls) <= 4 else step + 1)

    monkeypatch.setitem(space, "features_of", other)
    assert compare(gradients(own_gradcache, Case(), 3), gradients(backward, Case(), 0)).error > 0.01


def test_by_hand() -> None:
    space = run("gradcache-by-hand")
    assert (space["whole"].item(), space["again"].item(), space["wrong"].item()) == (8, 8, 4)
    run("worked-row-gradient")


# Norms ------------------------------------------------------------------------------------------------------------


def test_row_norm_does_not_look_at_other_rows() -> None:
    row_norm = run("norm-kinds")["RowNorm"](6).double().train()
    x = torch.randn(5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(5, dtype=torch.bool)
    y = row_norm(x, valid)
    assert torch.equal(y[:2], row_norm(x[:2], valid[:2]))
    torch.testing.assert_close(y.mean(1), torch.zeros(5, dtype=torch.float64))
    assert isinstance(row_norm, BatchNorm)  # so that the recipe cuts it, too
    whole = BatchNorm(6).double().train()
    assert (whole(x, valid)[:2] - whole(x[:2], valid[:2])).abs().max() > 0.1


def test_two_rows_are_plus_and_minus_one() -> None:
    y = BatchNorm(3).double().train()(torch.tensor([[0.0, 5, -2], [1, 9, -3]]).double(), torch.tensor([True, True]))
    torch.testing.assert_close(y.abs(), torch.ones(2, 3, dtype=torch.float64), rtol=1e-4, atol=0)  # eps is 1e-5


@pytest.mark.parametrize("eps", [1e-5, 1e-7])
def test_the_gradient_through_two_rows_is_a_matter_of_eps(eps: float) -> None:
    """Half the distance h becomes h / sqrt(h² + eps), whose slope eps / (h² + eps)^1.5 vanishes where h is large."""

    def slope(half: float) -> float:
        x = torch.tensor([[-half], [half]], dtype=torch.float64, requires_grad=True)
        norm = BatchNorm(1).double().train()
        norm.eps = eps
        (gradient,) = torch.autograd.grad(norm(x, torch.tensor([True, True]))[1, 0], x)
        return float(gradient[1] - gradient[0])

    assert slope(1.0) == pytest.approx(eps, rel=1e-3)
    assert slope(eps**0.5) == pytest.approx(0.5**1.5 / eps**0.5, rel=1e-6)
    assert slope(eps**0.5 / 100) == pytest.approx(1 / eps**0.5, rel=1e-3)


@pytest.mark.parametrize("norm", ["batch", "row"])
def test_pieces_are_wrong_for_batch_norm_alone(norm: str) -> None:
    kind = run("norm-kinds")["RowNorm"]
    case, measured = Case(missing=False), []
    whole = None
    for pieces in (1, 2, 4, 6):
        model = case.model()
        for module in model.modules():
            if norm == "row" and isinstance(module, BatchNorm):
                module.__class__ = kind
        config = replace(case.config, train=replace(case.config.train, micro_batch=12 // pieces % 12))
        RECIPES["norms in pieces"](model, case.batch(0), config, 0)
        gradient = {name: p.grad for name, p in model.named_parameters()}
        whole = whole or gradient
        measured.append(compare(gradient, whole).error)
    if norm == "batch":
        assert min(measured[1:]) > 0.1
    else:
        assert max(measured) < BOUND


# Memory and time --------------------------------------------------------------------------------------------------


def test_the_loss_keeps_a_parabola_or_a_line() -> None:
    from vatt_edu.teach.kept import Kept

    kept = run("loss-kept", Kept=Kept)["kept_by_loss"]
    whole = [kept(n, n) for n in (32, 64, 96, 128)]
    assert np.ptp(np.diff(whole, 2)) == 0  # second differences of a parabola
    assert np.diff(whole, 2)[0] > 0
    chunks = [kept(16, n) for n in (64, 128, 192)]
    assert np.diff(chunks, 2)[0] == 0
    run("loss-kept", "worked-loss-matrix", Kept=Kept)


def test_the_large_row_is_within_what_the_issue_allows() -> None:
    """32,768 clips in chunks: far below 2 GB for the own share, and the whole table far above."""
    from vatt_edu.teach.kept import Kept

    space = run("loss-kept", "worked-loss-matrix", Kept=Kept)
    assert space["part"] < 2e9 < space["whole"]


def test_chunks_change_no_loss() -> None:
    embeddings = vatt.Embeddings(*(torch.randn(12, 4) for _ in range(3)), torch.randn(12, 3, 4))
    batch = Case(missing=False).batch(0)
    whole, part = (vatt.vatt_loss(embeddings, batch, LossConfig(), chunk=chunk).total for chunk in (0, 5))
    torch.testing.assert_close(whole, part, rtol=1e-6, atol=0)


def test_prediction_from_made_times() -> None:
    """Ten of each step do not depend on the share, a clip takes two; no message takes anything; one core a process."""
    times = {1: one_step.Times([42.0] * 8, {}), 2: one_step.Times([26.0] * 8, {8: [0.0] * 8, 800: [0.0] * 8})}
    around = {"right": {"small": {"w": torch.zeros(100)}}, "os": SevenCores, "display": print, "Markdown": str}
    space = run("worked-message-time", "fit", "predict", times=times, **around)
    assert space["predict"](*space["step_parts"]()) == pytest.approx(10 + 4 * 2)
    times[2] = one_step.Times([26.0 + 5 * 1 + 800 * 0.01] * 8, {8: [1.08] * 8, 808: [9.08] * 8})
    assert space["predict"](*space["step_parts"]()) == pytest.approx(18 + 5 * 3 + 1.5 * 800 * 0.01)


@pytest.mark.parametrize(
    ("alone", "clip", "fixed"), [(42.0, "2000.0", "10000.0"), (10.0, "\N{MINUS SIGN}2000.0", "26000.0")]
)
def test_a_clip_that_would_take_less_than_nothing_is_told(alone: float, clip: str, fixed: str) -> None:
    """The slope is printed as it came out, and that zero was used."""
    times, pages = {1: one_step.Times([alone] * 8, {}), 2: one_step.Times([26.0] * 8, {8: [0.0], 800: [0.0]})}, []
    around = {"right": {"small": {"w": torch.zeros(100)}}, "os": SevenCores, "display": pages.append, "Markdown": str}
    space = run("worked-message-time", "fit", "predict", "predict-says", times=times, **around)
    assert f"{clip} ms for each clip" in pages[0]
    assert ("zero is used" in pages[0]) == (alone < 26)
    assert f"share: {fixed} ms" in pages[0]
    assert space["predict"](*space["parts"]) == pytest.approx(18 if alone > 26 else 26)


class SevenCores:
    """In place of ``os``."""

    @staticmethod
    def sched_getaffinity(_: int) -> set[int]:
        return set(range(7))


# Launch -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["one", "cloud", "slurm"])
def test_every_line_of_the_files_is_explained(name: str) -> None:
    pages: list[str] = []
    run(f"launch-{name}", shell=shell, display=pages.append, Markdown=str)
    file = {"one": "one_machine.sh", "cloud": "cloud.sh", "slurm": "slurm.sbatch"}[name]
    for line in (ROOT / "launch" / file).read_text().splitlines():
        if line.strip() and (not line.startswith("#") or line.startswith("#SBATCH")):
            assert line in pages[0], line
