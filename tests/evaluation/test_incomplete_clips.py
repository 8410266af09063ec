"""Some clips are mute, cannot be decoded or lack a caption: evaluation counts the others, and says so."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.data.clips.cache import PLACE
from vatt_edu.data.loader import Window, window_batches
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.media import MediaError
from vatt_edu.data.sources.open import open_source
from vatt_edu.evaluation.embed import load
from vatt_edu.evaluation.metrics import ranks, similarities
from vatt_edu.evaluation.report import write_report
from vatt_edu.evaluation.retrieval import evaluate_retrieval, validator

Capture = pytest.CaptureFixture[str]
SMALL = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
NAMES = ["video7", "video12", "video30", "video31", "video44", "video45"]
MUTE, BROKEN = {"video12", "video44"}, "video31"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    corpus = clips.corpus(
        tmp_path_factory.mktemp("corpus") / "corpus", narrated=2, text_free=2, evaluation=0, splits=()
    )
    return runs.pretrain(corpus, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def msrvtt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MSR-VTT's 1k-A with four clips that sound, two mute ones of which one is broken otherwise."""
    root = tmp_path_factory.mktemp("msrvtt")
    rows = ["key,vid_key,video_id,sentence"]
    for number, name in enumerate(NAMES):
        sound = None if name in MUTE else clips.tone(300 + 90 * number, rate=16_000)
        clips.write(root / f"TestVideo/{name}.mp4", audio=sound, **SMALL | {"duration": 3.2})
        rows.append(f"ret{number},msr{number},{name},line {number} of video")
    (root / f"TestVideo/{BROKEN}.mp4").write_bytes(b"\x00" * 3000)
    (root / "MSRVTT_JSFUSION_test.csv").write_text("\n".join(rows) + "\n")
    return root


def test_words_over_all_that_decode_and_sound_over_those_that_have_it(
    run: Path, msrvtt: Path, tmp_path: Path, capsys: Capture
) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    assert main(["evaluate", "retrieval", str(copy), "--data", f"msrvtt:{msrvtt}", "--quiet"]) == 0
    table = capsys.readouterr().out
    assert re.search(
        rf"^test_1ka: 5 clips, 3 with sound \(1 left out, TestVideo/{BROKEN}\.mp4: .+\); R@1", table, re.MULTILINE
    )
    split = json.loads((copy / "retrieval.json").read_text())["splits"]["test_1ka"]
    assert (split["n"], split["n_sound"]) == (5, 3)
    assert [row["file"] for row in split["left_out"]] == [f"TestVideo/{BROKEN}.mp4"]
    assert {name: len(rank) for name, rank in split["ranks"].items()} == {
        "text_to_video": 5, "video_to_text": 5, "video_to_audio": 3, "audio_to_video": 3, "audio_to_text": 3,
        "text_to_audio": 3,
    }  # fmt: skip
    assert split["chance"]["text_to_video"]["MedR"] == 3
    assert split["chance"]["video_to_audio"]["MedR"] == 2
    model, whole = load(run), [name for name in NAMES if name != BROKEN]
    sounding = [name for name in whole if name not in MUTE]
    words = model.embed_text([f"line {NAMES.index(name)} of video" for name in whole])

    def rows(embed, names, space):
        return np.stack([embed(msrvtt / f"TestVideo/{name}.mp4", space).numpy() for name in names])

    pictures = torch.from_numpy(rows(model.embed_video, whole, "vt"))
    assert split["ranks"]["text_to_video"] == ranks(similarities(words, pictures)).tolist()
    pictures, sounds = (
        torch.from_numpy(rows(embed, sounding, "va")) for embed in (model.embed_video, model.embed_audio)
    )
    assert split["ranks"]["video_to_audio"] == ranks(similarities(pictures, sounds)).tolist()


def test_the_report_says_both_numbers(run: Path, msrvtt: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    source = open_source(f"msrvtt:{msrvtt}")
    evaluate_retrieval(copy, source, quiet=True)
    page = write_report(copy, source, quiet=True).read_text()
    assert f"5 clips, 3 with sound (1 left out, TestVideo/{BROKEN}.mp4" in page


def test_a_set_without_any_sound_is_evaluated_on_words(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    rows = ["key,vid_key,video_id,sentence"]
    for number in range(3):
        clips.write(tmp_path / f"set/video{number}.mp4", **SMALL)
        rows.append(f"ret{number},msr{number},video{number},sentence {number}")
    (tmp_path / "set/MSRVTT_JSFUSION_test.csv").write_text("\n".join(rows))
    source = open_source(f"msrvtt:{tmp_path / 'set'}")
    split = evaluate_retrieval(copy, source, quiet=True)["splits"]["test_1ka"]
    assert set(split["trained"]) == {"text_to_video", "video_to_text"}
    assert (split["n"], split["n_sound"]) == (3, 0)
    page = write_report(copy, source, quiet=True).read_text()
    assert "Fewer than two of these clips have sound" in page


def test_a_clip_without_a_caption_counts_where_none_is_needed(run: Path, tmp_path: Path, capsys: Capture) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    corpus = clips.corpus(tmp_path / "corpus", narrated=1, text_free=1, evaluation=4)
    table = corpus / "eval/test_iid.json"
    rows = json.loads(table.read_text())
    rows[2] |= {"caption": "", "captions": []}
    table.write_text(json.dumps(rows))
    assert main(["evaluate", "retrieval", str(copy), "--data", str(corpus), "--quiet"]) == 0
    assert "\ntest_iid: 4 clips, 3 with a caption; R@1" in capsys.readouterr().out
    split = json.loads((copy / "retrieval.json").read_text())["splits"]["test_iid"]
    assert (split["n"], split["n_words"], len(split["ranks"]["video_to_audio"])) == (4, 3, 4)
    assert len(split["ranks"]["text_to_video"]) == 3


def test_validation_in_training_leaves_out_what_is_broken(run: Path, tmp_path: Path) -> None:
    corpus = clips.corpus(tmp_path, narrated=1, text_free=1, evaluation=4, splits=("val",))
    (corpus / "eval/val/val_00001.mp4").write_text("?")
    model = load(run)
    scores = validator([str(corpus)], model.config)(model.model, model.vocab)
    assert scores["text_to_video"]["MedR"] in (1, 2, 3)
    assert set(scores) >= {"text_to_video", "video_to_audio"}


def test_windows_that_cannot_be_read_are_taken_or_raised(run: Path, msrvtt: Path) -> None:
    config, source = load(run).config, open_source(f"msrvtt:{msrvtt}")
    windows = [Window(clip, text=clip.caption) for clip in source.clips("test_1ka")]
    broken = [window.video.id for window in windows].index(BROKEN)
    with pytest.raises(MediaError, match=BROKEN):
        list(window_batches(windows, config.clip, None, 2))
    skips: list[Skip] = []
    batches = list(window_batches(windows, config.clip, None, 4, skips=skips))
    assert [(skip.index, Path(skip.path).stem) for skip in skips] == [(broken, BROKEN)]
    assert [bool(here) for batch in batches for here in batch.has_video] == [n != broken for n in range(len(windows))]


def read_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be made below ``root`` (root may write to any folder, so permissions would not do)."""
    mkdir = Path.mkdir

    def refuse(path: Path, *args: object, **kwargs: object) -> None:
        if path.is_relative_to(root) and not path.exists():
            raise OSError(30, os.strerror(30), str(path))
        mkdir(path, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", refuse)


def test_data_that_may_only_be_read(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Evaluation reads the files, to the same numbers; training names what helps; a cache elsewhere is one."""
    corpus = clips.corpus(tmp_path / "corpus", narrated=1, text_free=1, evaluation=3)
    copies = [shutil.copytree(run, tmp_path / f"run{number}") for number in range(3)]
    evaluate = [["evaluate", "retrieval", str(copy), "--data", str(corpus), "--quiet"] for copy in copies]
    assert main(evaluate[0]) == 0
    shutil.rmtree(corpus / "cache")
    read_only(corpus, monkeypatch)
    capfd.readouterr()
    assert main(evaluate[1]) == 0
    note = capfd.readouterr().err
    assert note.startswith(f"note: cannot write the decoded cache {corpus / 'cache'}")
    assert note.endswith("(Read-only file system); reading the files instead\n")
    assert main(runs.words(corpus, tmp_path / "out")) == 2
    line = capfd.readouterr().err
    assert "set VATT_CACHE to a folder that you may write to, or train with --no-cache" in line
    assert line.count("\n") == 1
    runs.pretrain(corpus, tmp_path / "files", "--no-cache")
    monkeypatch.setenv(PLACE, str(tmp_path / "elsewhere"))
    runs.pretrain(corpus, tmp_path / "cached")
    assert main(evaluate[2]) == 0
    (place,) = (tmp_path / "elsewhere").iterdir()
    assert place.name.startswith("corpus-")
    assert not (corpus / "cache").exists()
    splits = [json.loads((copy / "retrieval.json").read_text())["splits"] for copy in copies]
    assert splits[0] == splits[1] == splits[2]
    losses = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("files", "cached")]
    assert losses[0] == losses[1]


def test_a_run_that_may_only_be_read(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    corpus = clips.corpus(tmp_path / "corpus", narrated=1, text_free=1, evaluation=2)
    access = os.access  # root may write anywhere, whatever the mode says
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (Path(path) == copy and mode & os.W_OK) and access(path, mode)
    )
    assert main(["evaluate", "retrieval", str(copy), "--data", str(corpus), "--quiet"]) == 2
    assert "copy the run to a folder that you may write to" in capsys.readouterr().err


def test_a_split_that_cannot_be_measured_does_not_stop_the_others(run: Path, tmp_path: Path, capsys: Capture) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    corpus = clips.corpus(tmp_path / "corpus", narrated=1, text_free=1, evaluation=2, splits=("test_bg", "test_comp"))
    (corpus / "eval/test_bg/test_bg_00000.mp4").write_text("?")
    assert main(["evaluate", "retrieval", str(copy), "--data", str(corpus), "--quiet"]) == 0
    note = capsys.readouterr().err
    assert note.startswith(f"note: not measured, {corpus}: of 2 clips of test_bg have 1 picture, 1 sound, 1 a caption;")
    assert list(json.loads((copy / "retrieval.json").read_text())["splits"]) == ["test_comp"]
    assert main(["evaluate", "retrieval", str(copy), "--data", str(corpus), "--quiet", "--split", "test_bg"]) == 2
