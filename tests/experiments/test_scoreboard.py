"""The scoreboard: each row changes what its name says, in fields, in parameters and in what a forward pass computes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers import clips
from helpers.tiny import random_batch

from vatt_edu import config, cost
from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import Config
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data import ClipStream, Vocabulary, open_source
from vatt_edu.experiments import run, scoreboard
from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.losses import vatt_loss
from vatt_edu.model import VATT
from vatt_edu.training.pretrain import initial_model

ROOT = Path(__file__).parents[2]
ROWS = scoreboard.rows()
BY_PART = {
    "start": {"model.tokenizer_init"},
    "words": {"model.text.encoder.layers"},
    "positions": {"model.positions"},
    "layers": {"model.video.encoder.layers", "model.audio.encoder.layers"},
    "droptoken": {"model.droptoken.keep_video", "model.droptoken.keep_audio"},
    "head_norm": {"model.common_space.heads"},
    "head_depth": {"model.common_space.heads"},
    "passage": {"model.common_space.heads"},
    "hierarchy": {"model.common_space.heads"},
    "candidates": {"data.candidates"},
    "pooling": {"model.pooling"},
    "temperature": {"loss.temperature"},
    "gain": {"model.audio.gain"},
    "line_masking": {"loss.line_masking"},
    "windows": {"data.narrated_videos", "data.windows_per_video"},
}
AGNOSTIC = {
    "model.backbone", "model.text.style", "model.text.encoder.layers",
    *(f"model.{side}.{field}" for side in ("video", "audio") for field in ("pre_projection", "post_projection")),
    "model.text.post_projection",
}  # fmt: skip
WIDER = {
    f"model.{side}.{field}"
    for side in ("video", "audio", "text")
    for field in ("encoder.width", "encoder.ff_width", "encoder.head_width")
}
SCHEDULE = {"train.steps", "train.eval_every", "train.threads"}
RAW, WORDS = {"video", "audio"}, {"text"}

# What a part changes: parameters that come or go, by the beginnings of their names; what is embedded otherwise, of
# video, audio and text, with all other weights equal; and whether the loss of equal embeddings does.
EFFECTS: dict[str, tuple[set[str], set[str], bool]] = {
    "start": (set(), set(), False),
    "words": ({"text.encoder.layers"}, WORDS, False),
    "positions": ({"video.positions", "audio.positions"}, RAW, False),
    "layers": ({"video.encoder.layers", "audio.encoder.layers"}, RAW, False),
    "droptoken": (set(), RAW, False),
    "head_norm": ({"common_space.video_to_va", "common_space.audio_to_va", "common_space.va_to_vt"}, RAW, False),
    "head_depth": ({"common_space.video_to_va", "common_space.audio_to_va"}, RAW, False),
    "passage": ({"common_space.va_to_vt"}, {"video_vt"}, False),
    "candidates": (set(), set(), True),
    "pooling": (set(), {"video", "audio", "text"}, False),
    "temperature": (set(), set(), True),
    "gain": (set(), {"audio"}, False),
    "line_masking": (set(), set(), True),
    "windows": (set(), set(), False),
}
PAIRS = [
    (row.part, row.config, ROWS[row.above].config)
    for row in ROWS.values()
    if row.above and row.table in ("added", "taken_out") and row.part in EFFECTS and row.seconds == 240
]
each_pair = pytest.mark.parametrize(("part", "one", "other"), PAIRS, ids=[f"{n}-{p[0]}" for n, p in enumerate(PAIRS)])


def fields(one: Config, other: Config) -> set[str]:
    return set(differences(to_json(one), to_json(other))) - SCHEDULE


def test_each_row_changes_what_its_name_says() -> None:
    for row in ROWS.values():
        if row.above is not None and row.table != "branch":
            assert fields(row.config, ROWS[row.above].config) == BY_PART[row.part], row.label


def test_the_end_of_what_is_added_is_the_toy() -> None:
    toy = config.toy()
    assert replace(ROWS["toy"].config, train=toy.train) == toy
    assert [row.label for row in ROWS.values() if row.table == "added"][:2] == ["baseline", "start"]
    assert {row.part for row in ROWS.values() if row.table == "added"} == {
        "baseline", *(part.name for part in scoreboard.PARTS if part.add is not None)
    }  # fmt: skip


def test_the_recipe_is_the_same_in_every_added_row() -> None:
    recipe = {name for part in ("pooling", "temperature", "gain", "line_masking", "windows") for name in BY_PART[part]}
    for row in ROWS.values():
        if row.table == "added":
            assert not fields(row.config, config.toy()) & recipe, row.label


def test_what_is_taken_out_of_the_heads_adds_up() -> None:
    """Without all three they are bare layers into one space; without ``candidates`` is the row before the toy."""
    assert ROWS["without hierarchy"].config.model.common_space.heads == "flat"
    assert fields(ROWS["passage"].config, ROWS["toy"].config) == BY_PART["candidates"]


def test_branches_change_what_they_say() -> None:
    toy = ROWS["toy"].config
    assert fields(ROWS["agnostic"].config, toy) == AGNOSTIC
    assert fields(ROWS["unshared"].config, toy) == AGNOSTIC - {"model.backbone"}
    assert fields(ROWS["agnostic_wide"].config, ROWS["agnostic"].config) == WIDER | {
        f"model.{side}.post_projection" for side in ("video", "audio", "text")
    }
    sizes = [cost.parameters(ROWS[label].config.model)["trained"] for label in ("agnostic_wide", "toy")]
    assert sizes[0] == pytest.approx(sizes[1], rel=2e-3)
    same = ROWS["droptoken, equal steps"].config
    assert same.train.steps == ROWS["layers"].config.train.steps
    assert fields(same, ROWS["droptoken"].config) == set()
    assert fields(ROWS["toy again"].config, toy) == set()
    assert not set(ROWS["toy again"].seeds) & set(ROWS["toy"].seeds)


def parameters(model: VATT) -> set[str]:
    return {name for name, _ in model.named_parameters()}


def begins(names: set[str], beginnings: set[str]) -> bool:
    return all(any(name.startswith(beginning) for beginning in beginnings) for name in names)


def twins(one: Config, other: Config) -> tuple[VATT, VATT]:
    """Both models, the second with all weights of the first that it has a place for."""
    torch.manual_seed(0)
    models = VATT(one.model).train(), VATT(other.model).train()
    theirs = models[1].state_dict()
    ours = {name: value for name, value in models[0].state_dict().items()
            if name in theirs and theirs[name].shape == value.shape}  # fmt: skip
    models[1].load_state_dict(ours, strict=False)
    return models


def changed(one: Embeddings, other: Embeddings) -> set[str]:
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in vars(one)}
    return {name for name, (a, b) in pairs.items() if not torch.allclose(a, b, rtol=0, atol=1e-5)}


def batch_of(one: Config) -> Batch:
    """Eight clips with four lines each, two of which are said in two clips."""
    batch = random_batch(one.model, clips=8, lines=4)
    batch.text_id[1, 0] = batch.text_id[0, 0]
    return batch


@each_pair
def test_parameters_and_forward_pass_change_as_the_name_says(part: str, one: Config, other: Config) -> None:
    comes_and_goes, embedded, loss_changes = EFFECTS[part]
    mine, theirs = twins(one, other)
    assert begins(parameters(mine) ^ parameters(theirs), comes_and_goes)
    assert bool(parameters(mine) ^ parameters(theirs)) == bool(comes_and_goes) or part in ("head_norm",)
    batch = batch_of(one)
    spaces = {"video": {"video_va", "video_vt"}, "audio": {"audio_va"}, "text": {"text_vt"}, "video_vt": {"video_vt"}}
    expected = set().union(*(spaces[name] for name in embedded))
    with torch.no_grad():
        embeddings = mine(batch, seed=0, step=0)
        assert changed(embeddings, theirs(batch, seed=0, step=0)) == expected
        if part == "candidates":
            return  # the stream gives fewer lines: see test_candidates
        losses = [vatt_loss(embeddings, batch, c.loss).total.item() for c in (one, other)]
    assert (abs(losses[0] - losses[1]) > 1e-4) == loss_changes


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.corpus(tmp_path_factory.mktemp("corpus") / "corpus", narrated=4, text_free=2)


def stream_of(corpus: Path, one: Config) -> ClipStream:
    source = open_source(corpus)
    return ClipStream.open([(source, 1.0)], one, Vocabulary.train(source.texts, one.model.text.vocab), quiet=True)


def test_the_start_changes_tokenizers_only(corpus: Path) -> None:
    one, other = ROWS["start"].config, ROWS["baseline"].config
    stream = stream_of(corpus, one)
    states = [initial_model(c, stream).state_dict() for c in (one, other)]
    names = {name for name in states[0] if not torch.equal(states[0][name], states[1][name])}
    assert names == {f"{side}.tokenizer.{name}" for side in ("video", "audio") for name in ("weight", "bias")}


def test_candidates(corpus: Path) -> None:
    """One line a window, and it is the first of the four."""
    one, four = (stream_of(corpus, ROWS[label].config).batch(0)[0] for label in ("passage", "toy"))
    assert one.text.shape[1] == 1
    assert four.text.shape[1] == 4
    assert torch.equal(one.text[:, 0], four.text[:, 0])
    assert torch.equal(one.video, four.video)


def test_windows(corpus: Path) -> None:
    """As many clips, more videos."""
    without, toy = ROWS["without windows"].config.data, ROWS["toy"].config.data
    assert without.batch_size == toy.batch_size
    assert (without.narrated_videos, toy.narrated_videos) == (32, 8)


def test_steps_fit_into_their_seconds() -> None:
    for row in ROWS.values():
        if row.label != "droptoken, equal steps":
            label = row.label.removesuffix(f" {row.seconds}")
            took = scoreboard.MILLISECONDS[scoreboard.AS_FAST_AS.get(label, label)] * row.config.train.steps / 1e3
            assert took == pytest.approx(row.seconds, rel=2e-3), row.label
    assert {row.seconds for row in ROWS.values()} == {240, 720, 1_500}


def test_budgets_and_seeds() -> None:
    """The rows that may cross at 720, three of them at 1,500; five seeds where a chapter claims an order."""
    longer = {row.label for row in ROWS.values() if row.seconds > 240}
    assert longer == {"baseline 720", "positions 720", "layers 720", "toy 720",
                      "positions 1500", "layers 1500", "toy 1500"}  # fmt: skip
    for row in ROWS.values():
        assert len(row.seeds) == (5 if (row.part in ("positions", "layers") and row.table == "added")
                                  or row.label in ("toy", "toy again") else 3), row.label  # fmt: skip
        assert bool(row.config.train.eval_every) == (row.seconds > 240)


@pytest.mark.parametrize("label", [row.label for row in ROWS.values() if row.seconds == 240])
def test_every_row_learns_something(label: str) -> None:
    """One step of gradient descent along its own gradient lowers the loss of its own batch."""
    one = ROWS[label].config
    torch.manual_seed(0)
    model = VATT(one.model).train()
    batch = random_batch(one.model, clips=4, lines=one.data.candidates)
    kept = model.draw_kept(batch.index, 0, 0)

    def loss() -> torch.Tensor:
        return vatt_loss(model(batch, kept=kept), batch, one.loss).total

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
    """Six steps on ``tiny``: what is trained now is what was trained when the results were written."""
    recorded = json.loads((ROOT / "results" / "twins" / "scoreboard.json").read_text())
    assert [row["label"] for row in rerun] == [row["label"] for row in recorded["rows"]]
    for row, before in zip(rerun, recorded["rows"], strict=True):
        assert row["config_hash"] == before["config_hash"], f"stale: {recorded['command']}"
        for loss in ("nce", "mil_nce"):
            assert row[loss] == pytest.approx(before[loss], abs=run.TWIN_BAND), (row["label"], loss)


def test_the_twin_touches_every_field_that_rows_change() -> None:
    twin = get_experiment("scoreboard").twin()
    assert len(twin.arms) <= 6
    toy = ROWS["toy"].config
    touched = set().union(*(fields(ROWS[arm.label].config, toy) for arm in twin.arms))
    every = set().union(*(fields(row.config, toy) for row in ROWS.values()))
    assert every - touched <= WIDER


def test_the_band_is_narrower_than_what_separates_the_rows(rerun: list[dict]) -> None:
    """So that a row trained as another is noticed."""
    for n, one in enumerate(rerun):
        for other in rerun[:n]:
            assert max(abs(one[loss] - other[loss]) for loss in ("nce", "mil_nce")) > 2 * run.TWIN_BAND
