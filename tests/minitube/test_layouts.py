"""The same clips as MSR-VTT, Kinetics and ESC-50 lay them out: complete, equal, safe from being killed."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from helpers.decoding import decode

from vatt_edu import minitube
from vatt_edu.data.sources.adapters import minitube as adapter
from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError
from vatt_edu.minitube.corpus import workers
from vatt_edu.minitube.corpus.layout_media import make_item
from vatt_edu.minitube.corpus.layouts import FOLDS, LAYOUTS, Item, esc50_sounds, layout_items
from vatt_edu.minitube.presets import PRESETS, Knobs, Recipe


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def with_layouts(corpus: Path, preset: minitube.Preset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("layouts") / "few"
    shutil.copytree(corpus, out)
    return minitube.make(preset, out, layouts="all", workers=1, quiet=True)


def table(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_corpus_itself_stays_as_it_was(with_layouts: Path, corpus: Path) -> None:
    before, after = tree(corpus), tree(with_layouts)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"source.json"}
    assert {name.split("/")[0] for name in after if name not in before} == set(LAYOUTS)
    assert json.loads(after["source.json"])["layouts"] == {"msrvtt": 5, "kinetics": 7, "esc50": 5}
    assert open_source(with_layouts).videos == tuple(
        video.__class__(video.id, with_layouts / video.path.relative_to(corpus), *(getattr(video, name) for name in (
            "lines", "split", "captions", "labels", "start", "end"))) for video in open_source(corpus).videos
    )  # fmt: skip


def test_msrvtt(with_layouts: Path, preset: minitube.Preset) -> None:
    data = json.loads((with_layouts / "msrvtt/MSRVTT_data.json").read_text())
    assert set(data) == {"info", "videos", "sentences"}
    assert [video["split"] for video in data["videos"]] == ["validate"] + ["test"] * 4
    assert set(data["videos"][0]) == {"category", "video_id", "id", "url", "split", "start time", "end time"}
    assert len(data["sentences"]) == 4 * len(data["videos"])
    pairs = table(with_layouts / "msrvtt/MSRVTT_JSFUSION_test.csv")
    clips = json.loads((with_layouts / "eval/test_iid.json").read_text())
    assert [row["sentence"] for row in pairs] == [clip["caption"] for clip in clips]
    for row, clip in zip(pairs, clips, strict=True):
        assert (with_layouts / f"msrvtt/videos/{row['video_id']}.mp4").samefile(with_layouts / "eval" / clip["file"])
    source = open_source(f"msrvtt:{with_layouts}/msrvtt")
    assert source.splits == ("validate", "test_1ka")
    for video, clip in zip(source.clips("test_1ka"), clips, strict=True):
        assert video.captions == (clip["caption"], *clip["captions"])


def test_kinetics(with_layouts: Path) -> None:
    source = open_source(f"kinetics:{with_layouts}/kinetics")
    assert source.splits == ("train", "validate", "test")
    assert source.missing == 0
    annotations = minitube.read_annotations(with_layouts)
    for split in source.splits:
        for row, video in zip(table(with_layouts / f"kinetics/{split}.csv"), source.clips(split), strict=True):
            start, end = int(row["time_start"]), int(row["time_end"])
            step = next(step for step in annotations[row["youtube_id"]]["steps"] if step["start"] == start)
            assert (row["label"], end) == (step["action"], step["end"]) == (video.labels[0], start + 4)
            assert video.path.parent.name == row["label"]
    assert not set(source.clips("train")) & set(source.clips("test"))


def test_a_cut_shows_and_sounds_as_its_part_of_the_video(with_layouts: Path) -> None:
    cut = next((with_layouts / "kinetics/train").rglob("howto_00001_000004_000008.mp4"))
    frames, sound, rate = decode(cut)
    whole, soundtrack, _ = decode(with_layouts / "howto/videos/howto_00001.mp4")
    assert frames.shape[0] == 80
    part = whole[80:160].astype(float)
    assert 10 * np.log10(255**2 / np.square(frames - part).mean()) > 30
    a, b = sound[: 4 * rate], soundtrack[4 * rate : 8 * rate]
    length = min(len(a), len(b))
    assert np.corrcoef(a[:length], b[:length])[0, 1] > 0.95


def test_esc50(with_layouts: Path, preset: minitube.Preset) -> None:
    rows = table(with_layouts / "esc50/meta/esc50.csv")
    assert list(rows[0]) == ["filename", "fold", "target", "category", "esc10", "src_file", "take"]
    assert len(rows) == preset.val + preset.test_iid
    for row in rows:
        assert row["filename"] == f"{row['fold']}-{row['src_file']}-{row['take']}-{row['target']}.wav"
        with wave.open(str(with_layouts / "esc50/audio" / row["filename"])) as file:
            assert file.getparams()[:4] == (1, 2, 44_100, 5 * 44_100)
            sound = np.frombuffer(file.readframes(5 * 44_100), "<i2")
        assert np.abs(sound[: 4 * 44_100]).max() > 1000
        assert not sound[round(4.1 * 44_100) :].any()
    clips = json.loads((with_layouts / "eval/test_iid.json").read_text())
    assert [row["category"] for row in rows[preset.val :]] == [clip["material"] for clip in clips]
    source = open_source(f"esc50:{with_layouts}/esc50")
    assert {video.split for video in source.videos} <= {f"fold{k}" for k in range(1, FOLDS + 1)}


def test_folds_are_balanced_and_the_seeds() -> None:
    def folds(seed: int) -> list[tuple[int, str]]:
        return [(row["fold"], row["category"]) for row, _ in esc50_sounds(Recipe(PRESETS["small"], seed, Knobs()))]

    rows = folds(0)
    assert rows == folds(0)
    assert rows != folds(1)
    for material in {name for _, name in rows}:
        counts = [rows.count((fold, material)) for fold in range(1, FOLDS + 1)]
        assert max(counts) - min(counts) <= 1


def test_a_layout_brings_the_splits_it_is_made_from_and_no_other(
    with_layouts: Path, preset: minitube.Preset, tmp_path: Path
) -> None:
    out = minitube.make(preset, tmp_path / "x", splits="val", layouts="msrvtt", workers=1, quiet=True)
    assert set(minitube.read_source(out)["splits"]) == {"val", "test_iid"}
    assert tree(out / "msrvtt") == tree(with_layouts / "msrvtt")
    assert not (out / "kinetics").exists()
    minitube.make(preset, out, splits="val", layouts="esc50", workers=2, quiet=True)
    assert tree(out / "esc50") == tree(with_layouts / "esc50")


def test_where_links_fail_files_are_copied(
    with_layouts: Path, preset: minitube.Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise OSError(18, "cross-device link")

    out = tmp_path / "copied"
    shutil.copytree(with_layouts, out, ignore=lambda folder, names: ["msrvtt"] if "msrvtt" in names else [])
    monkeypatch.setattr(os, "link", no_link)
    minitube.make(preset, out, layouts="msrvtt", workers=1, quiet=True)
    assert tree(out) == tree(with_layouts)
    assert not (out / "msrvtt/videos/video0.mp4").samefile(out / "eval/val/val_00000.mp4")


def test_killed_and_run_again(with_layouts: Path, corpus: Path, preset: minitube.Preset, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    shutil.copytree(corpus, out)
    code = (
        "from vatt_edu import minitube\n"
        f"preset = minitube.Preset(**{vars(preset)!r})\n"
        f"minitube.make(preset, {str(out)!r}, workers=1, layouts='all', quiet=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    while not list((out / "kinetics").rglob("howto*.mp4")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for path in [path for path in out.rglob("*.mp4") if not path.name.startswith(".")]:
        decode(path)
    assert set(minitube.read_source(out).get("layouts", {})) <= {"msrvtt", "kinetics"}
    minitube.make(preset, out, workers=1, layouts="all", quiet=True)
    assert tree(out) == tree(with_layouts)


def test_a_full_disk_is_one_line_and_leaves_whole_files(
    with_layouts: Path, corpus: Path, preset: minitube.Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "full"
    shutil.copytree(corpus, out)
    real, calls = os.replace, []

    def full(source: str, target: str) -> None:
        calls.append(target)
        if len(calls) > 12:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"the disk is full: .* run the same command again") as error:
        minitube.make(preset, out, workers=1, layouts="all", quiet=True)
    assert "\n" not in str(error.value)
    monkeypatch.setattr(os, "replace", real)
    assert not list(out.rglob(".*.partial"))
    assert minitube.make(preset, out, workers=1, layouts="all", quiet=True) == out
    assert tree(out) == tree(with_layouts)


def test_narration_drawn_again_keeps_the_layouts(with_layouts: Path, tmp_path: Path) -> None:
    other = minitube.renarrate(with_layouts, tmp_path / "again", seed=3)
    assert open_source(other / "kinetics").splits == ("train", "validate", "test")


def test_unknown_layout(preset: minitube.Preset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown layout 'ucf101' of minitube: choose from msrvtt, "):
        minitube.make(preset, tmp_path / "x", layouts="ucf101")
    assert not (tmp_path / "x").exists()


def test_items_of_small_are_all_different() -> None:
    recipe = Recipe(PRESETS["small"], 0, Knobs())
    counts = {name: len({item.file for item in layout_items(recipe, name)}) for name in LAYOUTS}
    assert counts == {"msrvtt": 406, "kinetics": 1920 + 406, "esc50": 406}


def test_the_reader_knows_the_version_that_is_made(corpus: Path, tmp_path: Path) -> None:
    assert adapter.VERSION == minitube.VERSION
    about = json.loads((corpus / "source.json").read_text())
    (tmp_path / "source.json").write_text(json.dumps(about | {"version": 99}))
    with pytest.raises(UserError, match="corpus of version 99, this reads version 1: make it again"):
        open_source(tmp_path)


def test_a_worker_that_finds_the_disk_full_says_so(
    preset: minitube.Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error comes through its pipe as the same one line."""
    code = """import sys\nfor line in sys.stdin: print('{"error": "OSError: no space", "errno": 28}', flush=True)"""

    def start(recipe: object, out: object) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)

    monkeypatch.setattr(workers, "start_worker", start)
    with pytest.raises(UserError, match=r"the disk is full"):
        minitube.make(preset, tmp_path / "x", workers=2, quiet=True)


def test_copies_are_whole_or_not_there(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    source = str(corpus / "eval/val/val_00000.mp4")
    for kind in ("link", "cut", "wav"):
        with pytest.raises(OSError, match="No space"):
            make_item(tmp_path, Item(f"{kind}/a.mp4", source, kind, 0.0, 0.5))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
