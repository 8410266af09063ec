"""What *Pre-training* shows, by other ways: its loop as a syntax tree and against the package, signs from results."""

import ast
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import made_runs
from helpers.tiny import model_config, random_batch
from scipy import stats
from torch import nn

import vatt_edu as vatt
from vatt_edu.batch import Embeddings
from vatt_edu.data import ClipStream
from vatt_edu.data.sources.source import Source
from vatt_edu.losses import vatt_loss
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import initial_model
from vatt_edu.training.run_folder import read_log
from vatt_edu.training.schedule import learning_rate
from vatt_edu.training.words import open_vocabulary

ROOT = Path(__file__).resolve().parents[2]
CELLS = json.loads((ROOT / "book" / "pretraining.ipynb").read_text(encoding="utf-8"))["cells"]
SOURCES = {cell["id"]: "".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"}


def rows(name: str) -> list:
    return json.loads((ROOT / "results" / f"{name}.json").read_text())["rows"]


def test_every_moment_has_a_cell() -> None:
    tags = {tag for cell in CELLS for tag in cell["metadata"].get("tags", []) if tag.startswith("moment-")}
    names = (
        "wallpaper",
        "from-nothing",
        "live",
        "equal",
        "apart",
        "signs",
        "threads",
        "start",
        "corpus-size",
        "records",
    )
    assert {f"moment-{name}" for name in names} == tags


def test_the_modules_are_named_in_the_first_lines() -> None:
    assert "`vatt_edu/training/pretrain.py`" in "".join(CELLS[0]["source"])
    assert "](common_space.ipynb)" in "".join("".join(cell["source"]) for cell in CELLS[:6])


# The loop ---------------------------------------------------------------------------------------------------------


def own_loop() -> dict:
    space = {"torch": torch, "nn": nn, "vatt": vatt, "initial_model": initial_model, "make_optimizer": make_optimizer,
             "math": math}  # fmt: skip
    exec(SOURCES["solution-rate"].split("checks.")[0], space)
    exec(SOURCES["own-loop"], space)
    return space


def test_the_loop_is_short_and_takes_no_step_of_the_package() -> None:
    source = SOURCES["own-loop"]
    assert len(source.splitlines()) <= 20
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    assert not names & {"train_step", "pretrain", "checkpoint"}
    assert {"backward", "step", "zero_grad", "clip_grad_norm_"} <= names


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return made_runs.truthful(tmp_path_factory.mktemp("corpus") / "world")


def test_the_loop_ends_where_the_packages_does(source: Source, tmp_path: Path) -> None:
    """All steps of a run, not only the first ones, bit for bit."""
    config = made_runs.config()
    made_runs.trained(source, tmp_path / "run")
    vocab = open_vocabulary(tmp_path / "none", [source], config, None)
    stream = ClipStream.open([(source, 1.0)], config, vocab, quiet=True)
    trace = own_loop()["own_loop"](config, stream, config.train.steps)
    assert trace == [line["loss"] for line in read_log(tmp_path / "run")]


def test_a_loop_without_its_clip_is_another(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the equality above is not one that any loop has."""
    config = made_runs.config()
    vocab = open_vocabulary(tmp_path / "none", [source], config, None)
    stream = ClipStream.open([(source, 1.0)], config, vocab, quiet=True)
    space = own_loop()
    trace = space["own_loop"](config, stream, config.train.steps)
    monkeypatch.setattr(nn.utils, "clip_grad_norm_", lambda *_: None)
    assert space["own_loop"](config, stream, config.train.steps) != trace


@pytest.mark.parametrize("step", [0, 1, 29, 30, 31, 90, 149, 150])
def test_own_rate_is_the_packages(step: int) -> None:
    optim = vatt.config.OptimConfig(lr=1e-3, final_lr=1e-4, warmup_steps=30)
    assert own_loop()["learning_rate"](step, 1e-3, 1e-4, 30, 150) == pytest.approx(learning_rate(step, optim, 150))


def test_knowing_nothing_is_ln_2b() -> None:
    """Equal vectors for all: against each clip stand B clips and B sounds."""
    clips = 6
    batch = random_batch(model_config(), clips)
    same = torch.full((clips, 4), 0.5)
    losses = vatt_loss(Embeddings(same, same, same, same[:, None].expand(-1, 3, -1)), batch, vatt.config.LossConfig())
    assert losses.nce.item() == pytest.approx(math.log(2 * clips), abs=1e-5)


# Signs of what is read from results -------------------------------------------------------------------------------


def test_wallpaper_lowers_the_loss_and_the_retrieval_in_every_pair_of_runs() -> None:
    """Every run with one background a video against every run without."""
    groups: dict[str, list[tuple[float, float]]] = {"cuts": [], "shortcut": []}
    for row in rows("shortcut"):
        if "120" in row["label"]:
            loss = (row["nce"] + row["mil_nce"]) / 2
            recall = row["metrics"]["test_iid"]["text_to_video"]["R@5"]
            groups[row["label"].split(",")[0]].append((loss, recall))
    assert [len(group) for group in groups.values()] == [3, 3]
    for loss, recall in groups["shortcut"]:
        assert all(loss < other and recall < better for other, better in groups["cuts"])


def test_between_runs_the_lower_loss_goes_with_fewer_clips() -> None:
    """Nine runs of the toy, by concordant pairs instead of a correlation, the three seeds of a group left out."""
    runs = [
        (row["label"], row["nce"] + row["mil_nce"], row["metrics"]["test_iid"]["text_to_video"]["R@5"])
        for row in rows("shortcut")
        if row["label"].endswith(("single windows", "of 120 videos")) and row["label"] != "shortcut, single windows"
    ]
    assert len(runs) == 9
    pairs = [(a, b) for n, a in enumerate(runs) for b in runs[:n] if a[0] != b[0]]
    assert all((a[1] < b[1]) == (a[2] < b[2]) for a, b in pairs)


def test_on_the_same_data_the_lower_loss_goes_with_more_clips() -> None:
    """Over pairs of recipes, by concordance: Simpson's paradox needs this sign beside the other one."""
    runs = {
        (row["nce"] + row["mil_nce"], row["metrics"]["test_iid"]["text_to_video"]["R@5"]) for row in rows("departures")
    }
    pairs = [(a, b) for a in runs for b in runs if a[0] < b[0] and a[1] != b[1]]
    assert np.mean([a[1] > b[1] for a, b in pairs]) > 0.8


def test_the_whitened_start_helps_the_toy() -> None:
    by_label = {row["label"]: row["metrics"]["test_iid"]["text_to_video"]["R@5"] for row in rows("departures")}
    assert by_label["toy"] - by_label["toy-without-start"] > 0.2


# The rule of the speed run ----------------------------------------------------------------------------------------


def test_the_best_of_many_seeds_is_luck_and_five_fresh_ones_are_not() -> None:
    """The page draws; here the chances are computed."""
    best = 1 - stats.norm.cdf(1) ** 10  # one of ten is more than a deviation above
    assert best > 0.5
    critical = stats.t.isf(0.01, 4)
    draws = np.random.default_rng(5).normal(size=(50_000, 5))
    t = draws.mean(1) / (draws.std(1, ddof=1) / math.sqrt(5))
    assert (t > critical).mean() == pytest.approx(0.01, abs=4 * math.sqrt(0.01 * 0.99 / 50_000))


def test_floating_point_sums_depend_on_their_order() -> None:
    a, b, c = np.float32([1e8, -1e8, 1.0])
    assert (a + b) + c != a + (b + c)
