"""The page holds the numbers of the files, needs nothing from elsewhere, and says its pictures in words."""

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import made_runs

from vatt_edu.cli import main
from vatt_edu.config import toy, toy_plain
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.ground_truth import list_steps
from vatt_edu.evaluation.report import drawing, run_files, write_report
from vatt_edu.evaluation.report.drawing import Curve
from vatt_edu.evaluation.report.gallery import confusion
from vatt_edu.evaluation.report.recorded import experiment_tables


class Page(HTMLParser):
    """What a page holds: elements with their attributes, exact numbers with the text that shows them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.shown: list[tuple[float, str]] = []
        self._waiting: float | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.elements.append((tag, values))
        if "data-value" in values:
            self._waiting = float(values["data-value"])

    def handle_data(self, data: str) -> None:
        if self._waiting is not None:
            self.shown.append((self._waiting, data))
            self._waiting = None


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return made_runs.truthful(tmp_path_factory.mktemp("report") / "corpus", evaluation=6)


@pytest.fixture(scope="module")
def run(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = made_runs.trained(source, tmp_path_factory.mktemp("report") / "run")
    (run / "skipped.jsonl").write_text(2 * '{"step": 1, "path": "a & b.mp4", "reason": "no <moov>", "index": 3}\n')
    assert main(["evaluate", "all", str(run), "--data", str(source.root), "--quiet"]) == 0
    return run


@pytest.fixture(scope="module")
def text(run: Path) -> str:
    return (run / "report.html").read_text()


def leaves(value: object) -> list[float]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    return [float(value)] if isinstance(value, int | float) else []


def test_every_number_of_the_files_is_there_exactly(run: Path, text: str) -> None:
    page = Page(text)
    there = Counter(value for value, _ in page.shown)
    wanted: Counter[float] = Counter()
    for split in json.loads((run / "retrieval.json").read_text())["splits"].values():
        for who in ("trained", "random_init", "chance"):
            wanted += Counter(leaves(split[who]))
    for split in json.loads((run / "probe.json").read_text())["splits"].values():
        for values in split["factors"].values():
            wanted += Counter(leaves(values["features"]))
            wanted += Counter(values[name] for name in ("chance", "majority", "by_action") if values[name] is not None)
    assert wanted - there == Counter()
    for value, shown in page.shown:  # and what is read is what is held, rounded
        number = float(re.match(r"[\d.]+", shown.strip()).group())
        assert min(abs(number - value), abs(number - 100 * value)) <= 0.5


def test_intervals_are_there(run: Path, text: str) -> None:
    intervals = [(a["data-low"], a["data-high"]) for tag, a in Page(text).elements if "data-low" in a]
    split = json.loads((run / "retrieval.json").read_text())["splits"]["test_iid"]
    for direction in split["trained"]:
        for low, high in split["interval"][direction].values():
            assert (repr(low), repr(high)) in intervals


def test_nothing_from_elsewhere(text: str) -> None:
    assert "http" not in text
    assert "url(" not in text
    assert "@import" not in text
    for tag, values in Page(text).elements:
        assert tag not in ("script", "link", "iframe", "object")
        assert values.get("src", "data:").startswith("data:")
        assert values.get("href", "#").startswith("#")
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


def test_pictures_are_said_in_words(text: str) -> None:
    elements = Page(text).elements
    images = [values for tag, values in elements if tag == "img"]
    assert len(images) > 20
    assert all(len(values["alt"]) > 10 for values in images)
    assert all(
        values.get("aria-label") or values.get("aria-hidden") == "true" for tag, values in elements if tag == "svg"
    )
    assert all(values["aria-label"] for tag, values in elements if tag == "audio")


def test_what_was_run_and_skipped_is_told(text: str) -> None:
    assert "model.pooling" in text
    assert "max_mean" in text
    assert "a &amp; b.mp4" in text
    assert "no &lt;moov&gt;" in text
    assert "<td>2</td>" in text
    assert "the right one" in text


def test_departures_name_each_field_once() -> None:
    names = [name for name, _, _ in run_files.departures(toy(), toy_plain())]
    assert set(names) == {
        "model.pooling", "model.tokenizer_init", "model.position_scale", "model.audio.gain", "model.droptoken.sharing",
        "model.common_space.heads", "loss.line_masking", "loss.mask_mean", "data.narrated_videos",
        "data.windows_per_video", "loss.temperature",
    }  # fmt: skip
    assert len(set(names)) == len(names)
    assert run_files.departures(toy(), toy()) == []


def test_waiting_is_a_share_of_all_time() -> None:
    log = run_files.Training({"clips_per_s": [10.0, 40.0], "data_wait": [1.0, 0.5]}, batch=40)  # 4 s and 1 s
    assert log.waiting == pytest.approx(1.5 / 5)
    assert log.clips_per_s == 25


def test_confusion_by_hand(source: Source) -> None:
    steps = list_steps(source, "test_iid")
    assert [step.factors["size"] for step in steps] == ["big", "small"] * 3
    similarity = torch.eye(6)[[0, 1, 3, 2, 4, 4]]  # 2 finds 3 (small), 3 finds 2 (big), 5 finds 4 (big)
    counts, names = confusion(steps, similarity, "size")
    assert names == ["big", "small"]
    assert counts.tolist() == [[2, 1], [2, 1]]


def test_charts_and_ticks() -> None:
    assert drawing.ticks(0.0, 1.0) == [0, 0.5, 1]
    assert drawing.ticks(3.6, 5.4) == [3.5, 4, 4.5, 5, 5.5]
    assert drawing.ticks(0.0, 1e-3) == [0, 0.0005, 0.001]
    assert drawing.ticks(2.0, 2.0) == [2]
    assert drawing.smoothed([2.0, 2.0, 2.0]) == pytest.approx([2, 2, 2])
    x = [float(step) for step in range(1000)]
    drawn = drawing.chart("x", x, [Curve("y", np.sin(x).tolist()), Curve("z", [float("nan")] * 1000)], "waves")
    assert 'aria-label="waves"' in drawn
    assert max(drawn.count(","), 0) <= 2 * drawing.POINTS
    assert "nan" not in drawn
    assert "nothing logged" in drawing.chart("x", [], [Curve("y", [])], "none")


def test_a_run_that_was_not_evaluated_says_how(source: Source, run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    for name in ("retrieval.json", "probe.json", "log.jsonl", "skipped.jsonl"):
        (copy / name).unlink()
    text = write_report(copy, source, quiet=True).read_text()
    assert "vatt evaluate retrieval" in text
    assert "vatt evaluate probe" in text
    assert "Nothing has been logged" in text


def test_without_ground_truth_there_are_no_probes(
    source: Source, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = Path(shutil.copytree(source.root, tmp_path / "corpus", ignore=shutil.ignore_patterns("annotations.json")))
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "probe.json").unlink()
    assert main(["evaluate", "all", str(copy), "--data", str(plain), "--quiet", "--split", "test_iid"]) == 0
    assert "no ground truth" in capsys.readouterr().out
    assert not (copy / "probe.json").exists()
    assert "nothing to compare with" in (copy / "report.html").read_text()


def test_a_damaged_file_is_one_line(source: Source, run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "retrieval.json").write_text("{")
    with pytest.raises(UserError, match=r"retrieval\.json, line 1, column 2: not JSON"):
        write_report(copy, open_source(source.root), quiet=True)


def test_recorded_experiments_show_median_and_range(tmp_path: Path) -> None:
    def one(label: str, seed: int, value: float) -> dict:
        metrics = {"test_iid": {name: {"R@5": value} for name in ("text_to_video", "video_to_audio")}}
        return {"label": label, "seed": seed, "steps": 600, "metrics": metrics}

    rows = [one("toy", 0, 0.5), one("toy", 1, 0.7), one("toy", 2, 0.6), one("toy-without-heads", 0, 0.25)]
    results = {
        "name": "departures",
        "question": "Which?",
        "command": "vatt experiment departures",
        "commit": "abc",
        "seeds": [0, 1, 2],
        "rows": rows,
    }
    (tmp_path / "departures.json").write_text(json.dumps(results))
    page = experiment_tables(tmp_path)
    assert "median of 3 seeds, test_iid" in page
    assert 'data-value="0.6"' in page
    assert "50.0" in page
    assert "70.0" in page
    assert 'data-value="0.25"' in page
    assert "vatt experiment departures, commit abc" in page
    plain = {
        **results,
        "name": "plain",
        "rows": [one("toy_plain", 0, 0.5) | {"curve": [[9.0, 4.4, 4.3], [19.0, 4.0, 3.5]]}],
    }
    (tmp_path / "plain.json").write_text(json.dumps(plain))
    assert "toy_plain over 19 steps: NCE from 4.40 to 4.00, MIL-NCE from 4.30 to 3.50." in experiment_tables(tmp_path)
    assert "None recorded" in experiment_tables(tmp_path / "nothing")
