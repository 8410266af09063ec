"""A file that is cut off is trained on as far as it goes, and a run says so before it begins; so does the data card."""

import json
from pathlib import Path

import pytest
from helpers import numbered

from vatt_edu.cli import main
from vatt_edu.config import ClipSpec
from vatt_edu.data.card.measure import measure
from vatt_edu.data.clips.cache import open_cache
from vatt_edu.data.clips.reader import FileReader
from vatt_edu.data.sources.open import open_source

SPEC = ClipSpec(4, 5.0, 24, 24, 32, 6_400, 8_000, 2, 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films of 6 s: one whole, one of which the second half is missing."""
    data = tmp_path / "data"
    data.mkdir()
    for name in ("whole", "half"):
        film = numbered.write(data / f"{name}.mkv", "h264", count=120, sound=6.0)
        film.path.with_suffix(".vtt").write_text(
            "WEBVTT\n\n00:00.500 --> 00:01.500\nlift the lid\n\n00:04.500 --> 00:05.500\nclose the box\n"
        )
    content = (data / "half.mkv").read_bytes()
    (data / "half.mkv").write_bytes(content[: len(content) // 2])
    return data


def test_the_cache_holds_what_is_there_and_the_remark(folder: Path) -> None:
    source = open_source(folder)
    for _ in range(2):  # made, then read again from its index
        reader = open_cache(source, source.videos, SPEC, quiet=True)
        tracks = {video.path.name: reader.track(video.path) for video in source.videos}
        assert tracks["whole.mkv"].remarks == ()
        assert tracks["whole.mkv"].duration == pytest.approx(6.0, abs=0.1)
        (remark,) = tracks["half.mkv"].remarks
        assert "cut off: it ends at" in remark
        assert 2.0 < tracks["half.mkv"].duration < 4.0
        assert tracks["half.mkv"] == FileReader(SPEC).track(folder / "half.mkv")
        assert reader.damaged == []
    rows = [json.loads(line) for line in next(folder.glob("cache/*/index.jsonl")).read_text().splitlines()]
    assert [("remarks" in row["track"]) for row in sorted(rows, key=lambda row: row["file"])] == [True, False]


def test_the_card_counts_and_names_it(folder: Path) -> None:
    partly = measure(open_source(folder), quiet=True)["files"]["partly"]
    assert partly["count"] == 1
    assert partly["names"][0]["file"] == "half.mkv"
    assert partly["names"][0]["reason"].startswith("cut off: it ends at")


def test_a_run_says_it_first(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--model.video.frames", "8", "--model.video.height", "24", "--model.video.width", "24",
             "--model.video.tubelet", "4", "12", "12", "--model.audio.samples", "25600", "--data.narrated-videos", "2",
             "--data.windows-per-video", "2", "--data.text-free", "2", "--data.fps", "2.5", "--data.short-side", "32",
             "--data.sample-rate", "8000", "--optim.warmup-steps", "1"]  # fmt: skip
    command = ["pretrain", "toy", "--quiet", *small, "--train.steps", "1", "--train.device", "cpu"]
    assert main([*command, "--data", str(folder), "--out", str(tmp_path / "run")]) == 0
    output = capsys.readouterr().out
    assert "1 files are read as far as they go: half.mkv (cut off: it ends at" in output
    assert "1 captions beyond the end of their video are left out (half.mkv" in output
