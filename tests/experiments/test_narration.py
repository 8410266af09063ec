"""The grid of narrations: what its arms differ in, its corpora, its twin, and what the page says of its results."""

import itertools
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from vatt_edu import minitube
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data import open_source
from vatt_edu.errors import UserError
from vatt_edu.experiments import run, scoreboard
from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.experiments.narration import CANDIDATES, GRID, LINE, OWN, PLACES, Place, Renarrated
from vatt_edu.teach import narration as page

ROOT = Path(__file__).parents[2]
ARMS = {arm.label: arm for arm in get_experiment("narration").arms}


def test_the_grid_has_two_levels_of_each_and_one_line_goes_through_it() -> None:
    levels = [sorted({getattr(place, name) for place in GRID}) for name in ("offset_sigma", "filler_share")]
    assert [len(level) for level in levels] == [2, 2]
    assert {(place.offset_sigma, place.filler_share) for place in GRID} == set(itertools.product(*levels))
    assert LINE[0] in GRID
    assert LINE[2] in GRID
    for name in ("offset_sigma", "filler_share"):
        values = [getattr(place, name) for place in LINE]
        assert values == sorted(set(values)), name
    assert set(ARMS) == {place.label(lines) for place in PLACES for lines in CANDIDATES}


def test_two_arms_of_a_place_differ_in_candidates_and_in_how_many_steps_fit() -> None:
    for place in PLACES:
        one, four = (ARMS[place.label(lines)] for lines in (1, 4))
        assert set(differences(to_json(one.config), to_json(four.config))) == {"data.candidates", "train.steps"}
        assert (one.config.data.candidates, four.config.data.candidates) == (1, 4)
        assert one.corpus == four.corpus
    configs = {lines: {run.digest(to_json(ARMS[place.label(lines)].config)) for place in PLACES} for lines in (1, 4)}
    assert all(len(digests) == 1 for digests in configs.values()), "places differ in the corpus alone"


def test_all_are_tested_on_the_same_clips_and_take_three_hours_at_most() -> None:
    assert {(arm.test_corpus or arm.corpus).preset for arm in ARMS.values()} == {"small"}
    assert all(not isinstance(arm.test_corpus or arm.corpus, Renarrated) for arm in ARMS.values())
    assert len(ARMS) * get_experiment("narration").seeds * scoreboard.CPU_SECONDS <= 3 * 3_600


def test_the_corpus_as_it_is_shares_its_runs_with_the_scoreboard() -> None:
    rows = scoreboard.rows()
    for lines, row in CANDIDATES.items():
        assert ARMS[OWN.label(lines)].key == run.Arm(row, rows[row].config).key


def test_the_narration_counts_for_the_key_and_a_plain_corpus_keeps_its_own() -> None:
    keys = {ARMS[place.label(4)].key for place in PLACES}
    assert len(keys) == len(PLACES)
    arm = ARMS[LINE[-1].label(4)]
    assert isinstance(arm.corpus, Renarrated)
    assert replace(arm, corpus=replace(arm.corpus, narration_seed=2)).key != arm.key
    assert vars(run.Corpus("small")) == {"preset": "small", "knobs": {}}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the tiny corpus in it, by a link."""
    tiny = minitube.ensure("tiny", quiet=True)
    (tmp_path / "minitube").mkdir()
    os.symlink(tiny.resolve(), tmp_path / "minitube" / "tiny")
    monkeypatch.setenv("VATT_DATA", str(tmp_path))
    monkeypatch.delenv("VATT_CACHE", raising=False)
    return tmp_path / "minitube"


def test_a_corpus_is_narrated_again_once_and_shares_its_files(world: Path) -> None:
    noisy = Renarrated("tiny", narration={"offset_sigma": 6.0, "filler_share": 0.8})
    folder = noisy.ensure(quiet=True)
    assert noisy.ensure(quiet=True) == folder
    assert folder.parent == world
    assert (folder / "cache").resolve() == (world / "tiny" / "cache").resolve()
    before, after = (minitube.read_annotations(path) for path in (world / "tiny", folder))

    def fillers(videos: dict) -> float:
        lines = [line for video in videos.values() for line in video["narration"]]
        return sum(line["step"] < 0 for line in lines) / len(lines)

    assert fillers(after) == pytest.approx(0.8, abs=0.03)
    assert fillers(before) < 0.4
    for name, video in before.items():
        assert [step["caption"] for step in video["steps"]] == [step["caption"] for step in after[name]["steps"]]
    evaluation = [list(open_source(path).clips("test_iid")) for path in (world / "tiny", folder)]
    assert [clip.caption for clip in evaluation[0]] == [clip.caption for clip in evaluation[1]]


def test_the_shared_cache_can_be_written_where_nobody_has_decoded_yet(world: Path) -> None:
    tiny = world / "tiny"
    elsewhere = [path for path in tiny.resolve().iterdir() if path.name != "cache"]
    tiny.unlink()
    tiny.mkdir()
    for path in elsewhere:
        os.symlink(path, tiny / path.name)
    folder = Renarrated("tiny", narration={"filler_share": 0.7}).ensure(quiet=True)
    (folder / "cache" / "decoded").mkdir(parents=True)
    assert (tiny / "cache" / "decoded").is_dir()


def test_a_folder_of_another_narration_is_refused(world: Path) -> None:
    noisy = Renarrated("tiny", narration={"filler_share": 0.8})
    folder = noisy.ensure(quiet=True)
    about = json.loads((folder / "source.json").read_text())
    about["knobs"]["filler_share"] = 0.1
    (folder / "source.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match="filler_share"):
        noisy.ensure(quiet=True)


def test_the_twin_reruns_within_its_band(world: Path, tmp_path: Path) -> None:
    recorded = json.loads((ROOT / "results" / "twins" / "narration.json").read_text())
    twin = get_experiment("narration").twin()
    rows = run.run(twin, runs=tmp_path / "runs", results=tmp_path, quiet=True)["rows"]
    assert [row["label"] for row in rows] == [row["label"] for row in recorded["rows"]]
    for row, before in zip(rows, recorded["rows"], strict=True):
        assert row["config_hash"] == before["config_hash"], f"stale: {recorded['command']}"
        for loss in ("nce", "mil_nce"):
            assert row[loss] == pytest.approx(before[loss], abs=run.TWIN_BAND), (row["label"], loss)
    one, four = rows
    assert abs(one["mil_nce"] - four["mil_nce"]) > 2 * run.TWIN_BAND


def made_up(place: Place, lines: int, seed: int, rank: int) -> dict:
    """A row in which every one of 64 queries has the same rank."""
    ranks = {page.SPLIT: {page.DIRECTION: [rank] * 64}}
    return {"label": place.label(lines), "seed": seed, "ranks": ranks}


def test_without_results_the_page_says_what_it_would_take(tmp_path: Path) -> None:
    runs = page.Runs.read(tmp_path / "none.json")
    assert page.table(runs) == page.verdicts(runs) == ""
    assert "Not run yet: 36 runs of 240 seconds, about 2.4 hours" in page.waiting(runs)


def test_with_results_the_page_says_who_wins_where(tmp_path: Path) -> None:
    clean, noisy, other = LINE[0], LINE[-1], GRID[1]
    better, worse = 1, 40
    arms = ((noisy, 4, better), (noisy, 1, worse), (clean, 4, worse), (clean, 1, better))
    rows = [made_up(place, lines, seed, rank) for place, lines, rank in arms for seed in range(3)]
    rows += [made_up(other, 4, 0, better)]
    path = tmp_path / "narration.json"
    path.write_text(json.dumps({"rows": rows}))
    runs = page.Runs.read(path)
    assert runs.places == [clean, noisy]
    assert runs.of_eight(noisy, 4) == [8.0] * 3
    text = page.verdicts(runs)
    assert f"four candidate lines win at a shift of {noisy.offset_sigma:g} s" in text
    assert f"the nearest line alone wins at a shift of {clean.offset_sigma:g} s" in text
    assert page.table(runs).count("\n") == 3
    assert "13 runs are there; not run yet: 23 runs" in page.waiting(runs)
    assert page.verdicts(replace(runs, rows=rows[::3])) == "", "one seed is no verdict"


def test_the_figure_names_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [made_up(place, lines, 0, lines) for place in LINE for lines in CANDIDATES]
    path = tmp_path / "narration.json"
    path.write_text(json.dumps({"rows": rows}))
    displayed: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vatt_edu.pages.display", displayed.append)
        patch.setattr("IPython.display.display", displayed.append)
        page.show(path)
    figure, words = displayed
    assert "4 candidate lines" in str(figure)
    assert "the nearest line" in str(figure)
    assert "one seed so far" in words.data
