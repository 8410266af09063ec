"""The speed run: p by integration and by drawing, what the rules refuse, galleries, records, the clock, the command."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import made_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.cli import main
from vatt_edu.config import PRESETS, toy
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.experiments import run, scoreboard, speedrun
from vatt_edu.experiments.catalog import get_experiment
from vatt_edu.minitube import PRESETS as CORPORA
from vatt_edu.minitube.presets import SPLITS, Knobs, Recipe
from vatt_edu.minitube.video import make_video
from vatt_edu.minitube.world import factors_of
from vatt_edu.teach import speedrun as page

Capture = pytest.CaptureFixture[str]
FRESH = (100, 101, 102, 103, 104)


# p ----------------------------------------------------------------------------------------------------------------


def beyond(t: float, freedom: int) -> float:
    """Student's distribution above ``t``: its density, integrated over u in (0, 1) with x = t + u / (1 - u)."""
    u = (np.arange(200_000) + 0.5) / 200_000
    x = t + u / (1 - u)
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    return float(np.mean(constant * (1 + x**2 / freedom) ** (-(freedom + 1) / 2) / (1 - u) ** 2))


@settings(max_examples=25, deadline=None)
@given(
    scores=st.lists(st.integers(200, 256).map(lambda hits: hits / 256), min_size=2, max_size=9).filter(
        lambda values: len(set(values)) > 1
    ),
    target=st.floats(0.8, 0.98),
)
def test_p_is_the_tail_of_students_distribution(scores: list[float], target: float) -> None:
    mean, deviation = np.mean(scores), np.std(scores, ddof=1)
    t = (mean - target) / (deviation / math.sqrt(len(scores)))
    # The midpoint sum of 200,000 pieces is exact to 1e-6 at one degree of freedom, whose tail is the heaviest.
    assert speedrun.p_value(scores, target) == pytest.approx(beyond(t, len(scores) - 1), abs=2e-6)


def test_a_recipe_that_is_exactly_at_the_target_is_a_record_once_in_a_hundred_times() -> None:
    draws = np.random.default_rng(0).normal(0.9, 0.015, (4_000, 5))
    share = np.mean([speedrun.p_value(list(row), 0.9) < speedrun.LEVEL for row in draws])
    deviation = math.sqrt(0.01 * 0.99 / 4_000)
    assert abs(share - speedrun.LEVEL) < 4 * deviation


@pytest.mark.parametrize(("score", "p"), [(0.91, 0.0), (0.9, 1.0), (0.89, 1.0)])
def test_equal_scores_have_no_spread(score: float, p: float) -> None:
    assert speedrun.p_value([score] * 5, 0.9) == p


def test_more_seeds_with_the_same_spread_say_more() -> None:
    few = [0.905, 0.915]
    assert speedrun.p_value(few * 4, 0.9) < speedrun.p_value(few * 2, 0.9) < speedrun.p_value(few, 0.9)


# Rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ((100, 101, 102, 103), "4 seeds are too few for a record, which needs 5"),
        ((100, 101, 102, 103, 103), "4 seeds are too few"),
        ((), "needs a seed"),
        ((-1, 100, 101, 102, 103), "first-seed 0 or more"),
        ((99, 100, 101, 102, 103), "seed 99 is for tuning"),
    ],
)
def test_seeds_that_no_record_may_rest_on(seeds: tuple[int, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        speedrun.attempt("toy_long", seeds)


def test_a_trial_takes_any_seed_and_never_sees_the_test_split() -> None:
    assert speedrun.attempt("toy_long", (0,), trial=True).splits == ("val",)
    assert speedrun.attempt("toy_long", FRESH).splits == ("val", "test_iid")


@pytest.mark.parametrize("name", ["toy_long", "toy_fast", "toy_gpu"])
def test_rules_change_how_a_recipe_is_run_and_nothing_that_it_learns_by(name: str) -> None:
    config = speedrun.recipe_config(name)
    changes = set(differences(to_json(config), to_json(PRESETS[name]())))
    assert changes <= {"train.threads", "train.workers", "train.device", "train.eval_every"}
    assert (config.train.threads, config.train.workers, config.train.device) == (1, 0, "cpu")
    assert config.train.eval_every == 0


def test_records_start_with_the_long_toy_and_get_faster() -> None:
    assert speedrun.RECORDS[0].recipe == "toy_long"
    seconds = []
    for record in speedrun.RECORDS:
        speedrun.require_fresh(record.seeds)
        assert record.change
        steps = PRESETS[record.recipe]().train.steps
        seconds.append(speedrun.cpu_seconds(speedrun.STEP_MILLISECONDS[record.recipe], steps))
    assert seconds == sorted(seconds, reverse=True)
    assert len({record.recipe for record in speedrun.RECORDS}) == len(seconds)
    assert "toy" not in {record.recipe for record in speedrun.RECORDS}


def test_it_is_an_experiment_like_the_others() -> None:
    experiment = get_experiment("speedrun")
    assert [arm.label for arm in experiment.arms] == [record.recipe for record in speedrun.RECORDS]
    assert all(arm.corpus == run.Corpus("small") and arm.test_corpus == run.Corpus("speedrun")
               for arm in experiment.arms)  # fmt: skip
    assert experiment.splits == ("val", "test_iid")


# Galleries --------------------------------------------------------------------------------------------------------


def test_the_galleries_are_alike_and_no_training_clip_is_there() -> None:
    plan, small = CORPORA["speedrun"], CORPORA["small"]
    assert {split: plan.count(split) for split in SPLITS if plan.count(split)} == {"val": 256, "test_iid": 256}
    assert small.count("test_iid") == plan.count("test_iid")
    for split in ("val", "test_iid"):
        assert plan.shape(split) == small.shape("test_iid")
        assert len({factors_of(0, split, number, 0) for number in range(256)}) == 256


def test_small_is_what_it_was() -> None:
    small = CORPORA["small"]
    assert {split: small.count(split) for split in SPLITS} == {
        "howto": 480, "audioset": 160, "val": 150, "test_iid": 256, "test_comp": 128, "test_bg": 128,
    }  # fmt: skip


def test_the_test_split_is_that_of_small_byte_for_byte(tmp_path: Path) -> None:
    files = []
    for name in ("small", "speedrun"):
        video = make_video(Recipe(CORPORA[name], 0, Knobs()), "test_iid", 5, tmp_path / name)
        files.append((tmp_path / name / video["file"]).read_bytes())
    assert files[0] == files[1]


# Records ----------------------------------------------------------------------------------------------------------


def made(label: str, words: list[float], sounds: list[float], seeds: tuple[int, ...] = FRESH) -> list:
    rows = []
    for seed, word, sound in zip(seeds, words, sounds, strict=True):
        scores = {"text_to_video": {"R@5": word}, "video_to_audio": {"R@5": sound}}
        rows.append({"label": label, "seed": seed, "steps": 3_300, "commit": "a1", "config_hash": "c",
                     "metrics": {"val": scores, "test_iid": scores}})  # fmt: skip
    return rows


ABOVE, BARELY = [0.95, 0.96, 0.94, 0.95, 0.97], [0.16, 0.14, 0.15, 0.17, 0.14]
HEARD = [0.22, 0.20, 0.21, 0.23, 0.19]


def test_a_record_takes_its_runs_together() -> None:
    (row,) = speedrun.record_rows(made("toy_long", ABOVE, HEARD))
    assert row["standing"]
    assert row["p"] == max(row["p_values"].values()) < speedrun.LEVEL
    assert row["means"]["text_to_video"] == pytest.approx(sum(ABOVE) / 5)
    assert row["scores"] == row["test"] == {"text_to_video": ABOVE, "video_to_audio": HEARD}
    assert (row["seeds"], row["commit"], row["change"]) == (list(FRESH), "a1", speedrun.RECORDS[0].change)
    # toy_long: 3,300 steps and the ten batches that its start is fitted to
    assert row["cpu_seconds"] == pytest.approx(3_310 * scoreboard.MILLISECONDS["toy"] / 1e3, abs=0.1)
    assert "both targets" in speedrun.table(row)[-1]


def test_both_targets_have_to_be_reached() -> None:
    (row,) = speedrun.record_rows(made("toy_long", ABOVE, BARELY))
    assert row["means"]["video_to_audio"] > speedrun.TARGETS["video_to_audio"]
    assert not row["standing"]
    assert row["p"] == row["p_values"]["video_to_audio"] > speedrun.LEVEL
    assert speedrun.table(row)[-1] == "no record: video to audio not above its target at p < 0.01"


def test_four_seeds_are_no_record_however_good() -> None:
    (row,) = speedrun.record_rows(made("toy_long", ABOVE[:4], HEARD[:4], FRESH[:4]))
    assert row["p"] < speedrun.LEVEL
    assert not row["standing"]
    assert speedrun.table(row)[-1] == "no record: 4 of at least 5 seeds"
    (row,) = speedrun.record_rows(made("toy_long", ABOVE[:1], HEARD[:1], FRESH[:1]))
    assert row["p"] is None
    assert "p " not in "\n".join(speedrun.table(row)[:-1])


def test_fresh_seeds_are_those_that_no_record_has(tmp_path: Path) -> None:
    path = tmp_path / "speedrun.json"
    assert speedrun.fresh_seeds("toy_long", 5, path) == (105, 106, 107, 108, 109)
    assert speedrun.fresh_seeds("toy_gpu", 2, path) == (100, 101)
    rows = speedrun.record_rows(made("toy_long", ABOVE, HEARD, (100, 101, 102, 103, 110)))
    path.write_text(json.dumps({"rows": rows}))
    assert speedrun.fresh_seeds("toy_long", 5, path)[0] == 111


def test_the_latest_record_is_the_last_that_stands(tmp_path: Path) -> None:
    path = tmp_path / "speedrun.json"
    assert speedrun.latest(path) == speedrun.RECORDS[-1].recipe
    rows = speedrun.record_rows([*made("toy_long", ABOVE, HEARD), *made("toy_fast", ABOVE, BARELY)])
    path.write_text(json.dumps({"rows": rows}))
    assert speedrun.latest(path) == "toy_long"


# The clock --------------------------------------------------------------------------------------------------------


def test_a_slow_machine_changes_nothing_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns of the toy and of a recipe that takes half as long, on a machine that slows down threefold."""
    slow = [9.0, 1.0, 1.5, 3.0]
    turns = {"yardstick": [400 * s for s in slow], "toy_long": [200 * s for s in slow]}
    monkeypatch.setattr(speedrun, "step_milliseconds", lambda *_, **__: turns)
    (milliseconds,) = speedrun.calibrate(["toy_long"], Path()).values()
    assert milliseconds == pytest.approx(scoreboard.MILLISECONDS["toy"] / 2)


def test_turns_are_timed_for_every_configuration(tmp_path: Path) -> None:
    source = made_runs.truthful(tmp_path)
    turns = scoreboard.step_milliseconds({"a": made_runs.config(), "b": made_runs.config()}, source.root, 3, 1)
    assert set(turns) == {"a", "b"}
    assert all(len(taken) == 3 and min(taken) > 0 for taken in turns.values())


# The command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A world of a few clips that stands for both corpora, recipes of four steps, and an empty folder to work in."""
    source = made_runs.truthful(tmp_path / "corpus")
    monkeypatch.setattr(run.Corpus, "ensure", lambda self, quiet=False: source.root)
    monkeypatch.setattr(speedrun, "recipe_config", lambda name: made_runs.config())
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return source


def test_the_command_trains_tests_and_takes_up_what_is_done(
    small: Source, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    words = ["speedrun", "toy_long", "--quiet"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines()[2:7]] == ["105", "106", "107", "108", "109"]
    assert "CPU seconds by the clock" in shown
    assert "by the processor's own count" in shown
    assert not Path("results").exists()
    file = json.loads(Path("runs/speedrun/toy_long.json").read_text())
    assert file["command"] == "vatt speedrun toy_long --seeds 5 --first-seed 105"
    assert [row["seed"] for row in file["runs"]] == [105, 106, 107, 108, 109]
    (row,) = file["rows"]
    assert set(row) == set(speedrun.RecordRow.__annotations__)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("what is done is not done again")

    monkeypatch.setattr(run, "measure_arm", never)
    assert main([*words, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["scores"] == row["scores"]
    assert again["runs"] == file["runs"]


def test_a_trial_of_an_uncalibrated_recipe_is_clocked_here(
    small: Source, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(speedrun, "calibrate", lambda *_, **__: {"toy_plain": 1_000.0})
    assert main(["speedrun", "toy_plain", "--trial", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "14 CPU seconds by the clock" in shown  # four steps, and ten batches of the start
    assert "no record: 1 of at least 5 seeds" in shown
    (row,) = json.loads(Path("runs/speedrun/trials/toy_plain.json").read_text())["rows"]
    assert row["test"] == {}


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        (["--seeds", "4"], "4 seeds are too few"),
        (["--first-seed", "3"], "seed 3 is for tuning"),
        (["--seeds", "0", "--trial"], "needs a seed"),
        (["toy_fats"], "unknown preset 'toy_fats'"),
    ],
)
def test_what_breaks_a_rule_is_refused_in_a_line(
    words: list[str], mentions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["speedrun", *words]) == 2
    shown = capsys.readouterr()
    assert mentions in shown.err
    assert shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_experiment_refuses_too_few_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Before anything is trained, and before a file of records is replaced by one with less in it."""
    monkeypatch.chdir(tmp_path)
    assert main(["experiment", "speedrun", "--seeds", "4"]) == 2
    assert capsys.readouterr().err == "vatt: --seeds 4 is too few for speedrun: give at least 5\n"
    assert list(tmp_path.iterdir()) == []
    assert get_experiment("speedrun").twin().least_seeds == 1


def test_results_are_records_that_stand(root: Path) -> None:
    """Each with enough fresh seeds, its p as it is computed now, and faster than the one before."""
    path = root / "results" / "speedrun.json"
    if not path.exists():  # then the page names each recipe as waiting
        assert [line.split("`")[1] for line in page.waiting([]).splitlines()] == [r.recipe for r in speedrun.RECORDS]
        return
    file = json.loads(path.read_text())
    assert file["rows"] == json.loads(json.dumps(speedrun.record_rows(file["runs"])))
    assert file["rows"][0]["label"] == "toy_long"
    assert all(row["standing"] and row["commit"] for row in file["rows"])
    seconds = [row["cpu_seconds"] for row in file["rows"]]
    assert seconds == sorted(seconds, reverse=True)
    assert all(run["metrics"] and run["seed"] >= speedrun.FIRST_FRESH for run in file["runs"])


def test_a_thin_toy_stays_a_toy() -> None:
    """Recipes change the toy where they say so; its corpus, its clip and its vocabulary stay."""
    for record in speedrun.RECORDS:
        config = PRESETS[record.recipe]()
        assert config.clip == replace(toy(), data=config.data).clip
