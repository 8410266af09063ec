"""The scoreboard: each row changes what its name says, from the row before; the last but one is the toy."""

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.tiny import random_batch

from vatt_edu import config
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.experiments import run, scoreboard
from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.model import VATT

ROOT = Path(__file__).parents[2]

CHANGES = {
    "words": {"model.text.encoder.layers"},
    "start": {"model.tokenizer_init"},
    "positions": {"model.positions"},
    "droptoken": {"model.droptoken.keep_video", "model.droptoken.keep_audio"},
    "depth": {"model.video.encoder.layers", "model.audio.encoder.layers"},
    "hierarchy": {"model.common_space.heads"},
    "candidates": {"data.candidates", "loss.line_masking"},
    "agnostic": {
        "model.backbone",
        "model.video.pre_projection",
        "model.video.post_projection",
        "model.audio.pre_projection",
        "model.audio.post_projection",
        "model.text.style",
        "model.text.post_projection",
        "model.text.encoder.layers",
    },
    "toy": {"model.pooling", "model.audio.gain", "data.narrated_videos", "data.windows_per_video"},
}


def test_each_row_changes_what_its_name_says() -> None:
    configs = scoreboard.configs()
    assert list(configs) == [row.label for row in scoreboard.ROWS] == list(scoreboard.STEPS)
    trees = [to_json(one) for one in configs.values()]
    for label, before, after in zip(list(configs)[1:], trees, trees[1:], strict=False):
        assert set(differences(before, after)) - {"train.steps"} == CHANGES[label], label


def test_one_row_is_the_toy() -> None:
    last = scoreboard.configs()["toy"]
    toy = config.toy()
    assert replace(last, train=toy.train) == toy


@pytest.mark.parametrize("label", [row.label for row in scoreboard.ROWS])
def test_every_row_learns_something(label: str) -> None:
    """One step of gradient descent along its own gradient lowers the loss of its own batch."""
    from vatt_edu.losses import Pairs, vatt_loss

    one = scoreboard.configs()[label]
    torch.manual_seed(0)
    model = VATT(one.model).train()
    batch = random_batch(one.model, clips=4, lines=one.data.candidates)
    kept = model.draw_kept(batch.index, 0, 0)

    def loss() -> torch.Tensor:
        return vatt_loss(Pairs.of(model(batch, kept=kept), batch), one.loss).total

    before = loss()
    before.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight -= 1e-3 * weight.grad / weight.grad.norm().clamp(min=1e-9)
    assert loss() < before


@pytest.fixture(scope="module")
def rerun(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    """The twin's rows, trained again here."""
    folder = tmp_path_factory.mktemp("twin")
    return run.run(get_experiment("scoreboard").twin(), runs=folder / "runs", results=folder, quiet=True)["rows"]


def test_the_twin_reruns_within_its_band(rerun: list[dict]) -> None:
    """All rows, six steps on ``tiny``: what is trained now is what was trained when the results were written."""
    recorded = json.loads((ROOT / "results" / "twins" / "scoreboard.json").read_text())
    assert [row["label"] for row in rerun] == [row["label"] for row in recorded["rows"]] == list(scoreboard.STEPS)
    for row, before in zip(rerun, recorded["rows"], strict=True):
        assert row["config_hash"] == before["config_hash"], f"stale: {recorded['command']}"
        for loss in ("nce", "mil_nce"):
            assert row[loss] == pytest.approx(before[loss], abs=run.TWIN_BAND), (row["label"], loss)


def test_the_band_is_narrower_than_what_separates_the_rows(rerun: list[dict]) -> None:
    """So that a row trained as its neighbor is noticed."""
    for one, other in itertools.pairwise(rerun):
        assert max(abs(one[loss] - other[loss]) for loss in ("nce", "mil_nce")) > 2 * run.TWIN_BAND
