"""The records on a page: what stands is a row, what waits is named, and nothing is made up."""

import json
from pathlib import Path

import pytest

from vatt_edu.experiments import speedrun
from vatt_edu.teach import speedrun as page


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list:
    outputs: list = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    return outputs


def runs(label: str, words: float, sounds: float) -> list:
    rows = []
    for seed in range(100, 105):
        off = (seed - 102) / 100
        scores = {"text_to_video": {"R@5": words + off}, "video_to_audio": {"R@5": sounds + off}}
        rows.append({"label": label, "seed": seed, "steps": 3_300, "commit": "a1b2", "config_hash": "c",
                     "metrics": {"val": scores, "test_iid": scores}})  # fmt: skip
    return rows


def written(path: Path, runs: list) -> Path:
    rows = speedrun.record_rows(runs)
    path.write_text(json.dumps({"rows": rows, "command": "vatt experiment speedrun", "versions": {"torch": "2.13.0"}}))
    return path


def test_without_results_all_recipes_wait(tmp_path: Path, shown: list) -> None:
    page.show_records(tmp_path / "speedrun.json")
    (text,) = shown
    lines = text.data.splitlines()
    assert [line.split("`")[1] for line in lines] == [record.recipe for record in speedrun.RECORDS]
    assert all(line.endswith(f"not run yet with its {speedrun.SEEDS} seeds.") for line in lines)
    assert "|" not in text.data


def test_a_record_is_a_row_and_a_miss_is_named(tmp_path: Path, shown: list) -> None:
    second = speedrun.RECORDS[1].recipe
    path = written(tmp_path / "speedrun.json", [*runs("toy_long", 0.95, 0.22), *runs(second, 0.95, 0.15)])
    page.show_records(path)
    (text,) = shown
    rows = [line for line in text.data.splitlines() if line.startswith("| `")]
    assert len(rows) == 1
    assert rows[0].startswith("| `toy_long` |")
    assert "95.0\N{NO-BREAK SPACE}[93.0,\N{NO-BREAK SPACE}97.0]" in rows[0]
    (miss,) = [line for line in text.data.splitlines() if f"`{second}`" in line]
    assert miss.endswith("below a target at $p < 0.01$.")
    assert "commit a1b2" in text.data
