"""Intervals of retrieval, and retrieval on clips that were trained on."""

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import made_runs

from vatt_edu.cli import main
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.retrieval import evaluate_retrieval, retrieval_windows


def ranks(n: int, seed: int, share: float = 0.4) -> np.ndarray:
    """Ranks of n queries; ``share`` of them are at most 5."""
    random = np.random.default_rng(seed)
    return np.where(random.random(n) < share, random.integers(1, 6, n), random.integers(6, 100, n))


def test_intervals_are_a_function_of_the_seed() -> None:
    places = ranks(256, 0)
    assert metrics.bootstrap(places) == metrics.bootstrap(places)
    assert metrics.bootstrap(places) != metrics.bootstrap(places, seed=1)
    scores = metrics.from_ranks(places)
    for name, (low, high) in metrics.bootstrap(places).items():
        assert low <= scores[name] <= high


def test_intervals_cover_and_shrink_as_one_over_the_root() -> None:
    truth, widths = 0.4, {}
    for n in (100, 400):
        intervals = [metrics.bootstrap(ranks(n, seed), resamples=400)["R@5"] for seed in range(200)]
        covered = np.mean([low <= truth <= high for low, high in intervals])
        assert covered == pytest.approx(0.95, abs=0.05)
        widths[n] = np.mean([high - low for low, high in intervals])
    assert widths[100] / widths[400] == pytest.approx(2, rel=0.1)
    assert widths[100] == pytest.approx(2 * 1.96 * np.sqrt(0.4 * 0.6 / 100), rel=0.1)


def test_intervals_of_equal_ranks_are_points() -> None:
    intervals = metrics.bootstrap(np.full(16, 16))
    assert intervals == {"R@1": [0.0, 0.0], "R@5": [0.0, 0.0], "R@10": [0.0, 0.0], "MedR": [16.0, 16.0]}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return made_runs.truthful(tmp_path_factory.mktemp("intervals") / "corpus")


@pytest.fixture(scope="module")
def run(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_runs.trained(source, tmp_path_factory.mktemp("intervals") / "run")


def test_training_clips_are_queries_where_there_is_ground_truth(
    source: Source, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "retrieval", str(run), "--data", str(source.root), "--quiet"]) == 0
    results = json.loads((run / "retrieval.json").read_text())
    assert set(results["splits"]) == {"train", "test_iid", "val"}
    split = results["splits"]["train"]
    assert split["n"] == 6  # nine steps, six different captions
    for name, value in split["trained"]["text_to_video"].items():
        low, high = split["interval"]["text_to_video"][name]
        assert low <= value <= high
    printed = capsys.readouterr().out
    low, high = split["interval"]["text_to_video"]["R@5"]
    assert f"[{100 * low:4.1f}, {100 * high:4.1f}]" in printed
    # Asked by name: the same numbers, and the other splits stay.
    assert main(["evaluate", "retrieval", str(run), "--data", str(source.root), "--split", "train", "--quiet"]) == 0
    again = json.loads((run / "retrieval.json").read_text())
    assert again["splits"] == results["splits"]


def test_without_ground_truth_training_clips_are_left_out(source: Source, run: Path, tmp_path: Path) -> None:
    hidden = source.root / "annotations.json"
    elsewhere = hidden.rename(tmp_path / "annotations.json")
    try:
        (run / "retrieval.json").unlink()
        assert set(evaluate_retrieval(run, open_source(source.root), quiet=True)["splits"]) == {"test_iid", "val"}
    finally:
        elsewhere.rename(hidden)


def test_training_queries_are_steps_with_their_captions(source: Source) -> None:
    config = made_runs.config()
    windows = retrieval_windows(source, "train", config)
    assert len({window.text for window in windows}) == len(windows) == 6
    for window in windows:
        assert window.video.split == "train"
        assert window.video.lines
        assert window.start in (1.2, 5.2, 9.2)  # 1.6 s in the middle of 4 s
        assert window.text == f"clip number {int(window.video.id[-1])} {int(window.start > 5 and window.start < 9)}"
    assert retrieval_windows(source, "train", config) == windows
