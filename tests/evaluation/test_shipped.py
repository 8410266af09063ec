"""The shipped models give the numbers of their own cards, and the cards those of their files."""

import json
import re
from pathlib import Path

import pytest

import vatt_edu as vatt
from vatt_edu import minitube
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.sources.open import open_source
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.terminal import percent

POINT = 0.01  # decoders and thread counts differ in the last bits


@pytest.fixture(scope="module", params=["toy", "toy_agnostic"])
def folder(request: pytest.FixtureRequest) -> Path:
    return vatt.shipped(request.param)


def test_small_and_free_of_this_machine(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "README.md", "config.json", "model.safetensors", "probe.json", "retrieval.json", "vocab.json"
    }  # fmt: skip
    assert (folder / "model.safetensors").stat().st_size <= 6e6
    assert json.loads((folder / "config.json").read_text())["data"] == ["build/minitube/small"]


def test_the_card_quotes_its_files(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    results = json.loads((folder / "retrieval.json").read_text())
    for name, split in results["splits"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[2] == percent(split["trained"]["text_to_video"]["R@5"])
        assert cells[4] == percent(split["trained"]["video_to_audio"]["R@5"])
    assert f"{results['steps']:,} steps" in text
    assert re.search(r"commit [0-9a-f]{12}", text)


def test_it_gives_the_numbers_of_its_card(folder: Path) -> None:
    stated = json.loads((folder / "retrieval.json").read_text())["splits"]["test_iid"]
    model, source = vatt.load(folder), open_source(minitube.ensure("small", "test_iid", quiet=True))
    windows = [Window(clip, text=clip.caption) for clip in source.clips("test_iid")]
    assert len(windows) == stated["n"] == 256
    spaces, _ = embed_windows(model.model, windows, model.config, model.vocab, source, "test_iid", quiet=True)
    for direction, (query, item) in metrics.DIRECTIONS.items():
        measured = metrics.retrieval(metrics.similarities(spaces[query], spaces[item]))
        for name in ("R@1", "R@5", "R@10"):
            assert abs(measured[name] - stated["trained"][direction][name]) <= POINT, (direction, name)
