"""Whatever the user gets wrong ends with exit code 2 and one line that says what, where and what to do.

Nothing is lost by it, and nothing half-made is left that would be in the way of the next call.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.config import PRESETS
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.open import open_sources
from vatt_edu.evaluation.embed import load
from vatt_edu.training.run_folder import read_config

SMALL = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
LINES = {"start": [0.5, 1.5], "end": [1.0, 2.0], "text": ["first line", "second line"]}

Fails = Callable[..., str]


def source(root: Path, kind: str) -> Path:
    """A corpus that is bad in one way."""
    root.mkdir()
    if kind == "nowhere":
        return root / "nowhere"
    if kind == "a file":
        (root / "notes.txt").write_text("hello")
        return root / "notes.txt"
    if kind in ("one text", "all text"):
        for number in range(1 if kind == "one text" else 3):
            (root / f"{number}.mp4").write_text("hello\n" * 500)
    if kind == "one cut off":
        whole = clips.write(root / "a.mp4", audio=clips.tone(440, rate=16_000), **SMALL).read_bytes()
        (root / "a.mp4").write_bytes(whole[: len(whole) // 2])
    captions = {
        "not JSON": "{\n",
        "JSON of another shape": json.dumps([1, 2]),
        "JSON that lacks a key": json.dumps({"start": [1.0]}),
        "columns of two lengths": json.dumps(LINES | {"text": ["only"]}),
        "times that are words": json.dumps(LINES | {"start": ["one", "two"]}),
        "all beyond the end": json.dumps({"start": [500.0, 1500.0], "end": [1000.0, 2000.0], "text": ["ms", "ms"]}),
    }
    if kind in captions:
        clips.write(root / "a.mp4", audio=clips.tone(440, rate=16_000), **SMALL)
        (root / "a.json").write_text(captions[kind])
    return root


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nowhere", ["no such directory", "nowhere"]),
        ("a file", ["notes.txt is a file", "a folder of videos"]),
        ("empty", ["empty corpus: no video in"]),
        ("one text", ["0.mp4", "not a media file"]),
        ("all text", ["0.mp4", "1.mp4", "2.mp4", "not a media file"]),
        ("one cut off", ["a.mp4", "cut off"]),
        ("not JSON", ["a.json, line 2, column 1: not JSON", "mend or remove"]),
        ("JSON of another shape", ["a.json, row 1: expected", '"text": [line, …]']),
        ("JSON that lacks a key", ["a.json: expected"]),
        ("columns of two lengths", ["a.json: expected"]),
        ("times that are words", ["a.json: expected"]),
        ("all beyond the end", ["all captions lie beyond the end", "a.mp4 ends at 4.0 s", "500.0 s", "give seconds"]),
    ],
)
@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_a_bad_corpus(kind: str, message: list[str], cache: str, tmp_path: Path, fails: Fails) -> None:
    root, out = source(tmp_path / "corpus", kind), tmp_path / "run"
    line = fails(runs.words(root, out, cache), *message, str(root), untouched=out)
    assert not out.exists()
    assert "Errno" not in line


def test_once_mended_the_same_call_works(tmp_path: Path, fails: Fails) -> None:
    root, out = source(tmp_path / "corpus", "one text"), tmp_path / "run"
    fails(runs.words(root, out), untouched=out)
    clips.write(root / "0.mp4", audio=clips.tone(440, rate=16_000), **SMALL)
    (root / "0.json").write_text("{")
    fails(runs.words(root, out), "0.json", untouched=out)
    (root / "0.json").write_text(json.dumps(LINES))
    assert main(runs.words(root, out)) == 0


def test_some_captions_beyond_the_end_are_a_note(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, lines in (("a", LINES), ("b", {"start": [1, 9, 99], "end": [2, 10, 100], "text": ["in", "out", "out"]})):
        clips.write(tmp_path / f"corpus/{name}.mp4", audio=clips.tone(440, rate=16_000), **SMALL)
        (tmp_path / f"corpus/{name}.json").write_text(json.dumps(lines))
    runs.pretrain(tmp_path / "corpus", tmp_path / "run")
    shown = capfd.readouterr()
    assert shown.out.startswith(f"note: {tmp_path / 'corpus'}: 2 captions beyond the end of their video are left out")
    assert "b.mp4 ends at 4.0 s, a caption begins at 9.0 s" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("weight", ["-1", "0", "nan", "inf"])
def test_a_weight_that_is_none(weight: str, world: Path, tmp_path: Path, fails: Fails) -> None:
    spec = f"{world}:{weight}"
    fails(runs.words(spec, tmp_path / "run"), f"{spec}: the weight of a source must be", untouched=tmp_path)


def test_no_source_at_all(tmp_path: Path, fails: Fails) -> None:
    words = ["pretrain", "toy", "--data", "--out", str(tmp_path / "run")]
    fails(words, "give at least one folder of videos, --data", untouched=tmp_path)


def test_a_preset_that_is_none(tmp_path: Path, fails: Fails) -> None:
    words = ["pretrain", "toyy", "--data", "x", "--out", str(tmp_path / "run")]
    fails(words, "unknown preset 'toyy'; there are: " + ", ".join(PRESETS), untouched=tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data.speed", "3"], "--data.speed"),
        (["--data.fps", "fast"], "'fast'"),
        (["--train.steps", "many"], "'many'"),
        (["--model.pooling", "min"], "max_mean"),
    ],
)
def test_a_field_that_is_none_or_of_another_type(
    words: list[str], message: str, world: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(runs.words(world, tmp_path / "run", *words))
    assert end.value.code == 2
    shown = capfd.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("model.video.height", "57", "video.height = 57 is not a positive multiple of its tubelet's 12"),
        ("model.video.height", "36", "data.short_side = 32 is smaller than the crop 36 x 24"),
        ("model.audio.samples", "1000", "audio.samples = 1000 is not a positive multiple of audio.patch = 256"),
        ("model.text.vocab", "2", "model.text.vocab = 2 leaves no room for a word"),
        ("model.text.encoder.heads", "0", "heads = 0 must be positive"),
        ("model.text.relative-buckets", "3", "text.relative_buckets = 3 must be at least 4"),
        ("model.droptoken.keep-audio", "0", "droptoken.keep_audio = 0.0 must lie in (0, 1]"),
        ("model.audio.encoder.dropout", "1", "dropout = 1.0 must lie in [0, 1)"),
        ("data.fps", "0", "fps = 0.0 must be positive"),
        ("data.fps", "nan", "fps = nan must be positive"),
        ("data.fps", "inf", "fps = inf must be positive"),
        ("data.sample-rate", "0", "sample_rate = 0 must be positive"),
        ("data.narrated-videos", "-1", "data.narrated_videos and data.text_free must give a batch of at least 2"),
        ("data.augment.brightness", "-1", "data.augment.brightness = -1.0 must not be negative"),
        ("loss.temperature", "0", "loss.temperature = 0.0 must be positive"),
        ("loss.weight-vt", "nan", "loss.weight_va and loss.weight_vt must not be negative"),
        ("optim.lr", "0", "optim: lr must be positive"),
        ("optim.lr", "nan", "optim: lr must be positive"),
        ("optim.eps", "-1", "eps not negative"),
        ("train.steps", "0", "steps = 0 must be positive"),
        ("train.workers", "-1", "train.workers = -1 must lie in"),
        ("train.threads", "100000", "train.threads = 100000 must lie in"),
        ("train.device", "abacus", "train.device = abacus cannot be used here"),
        ("seed", "-1", "seed = -1 must lie in"),
        ("seed", str(2**63), f"seed = {2**63} must lie in"),
    ],
)
def test_a_value_that_cannot_be(
    field: str, value: str, message: str, world: Path, tmp_path: Path, fails: Fails
) -> None:
    fails(runs.words(world, tmp_path / "run", f"--{field}", value), message, untouched=tmp_path)


def test_values_that_do_not_fit_together(world: Path, tmp_path: Path, fails: Fails) -> None:
    words = runs.words(world, tmp_path / "run", model__tokenizer_init="whitened", model__audio__patch=8)
    fails(words, "each audio patch has 8 values", "use model.tokenizer_init official", untouched=tmp_path)
    fails(runs.words(world, tmp_path / "run", "--optim.betas", "0.9", "1.0"), "optim.betas = (0.9, 1.0) must lie in",
          untouched=tmp_path)  # fmt: skip


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there(world: Path, tmp_path: Path, fails: Fails) -> None:
    words = runs.words(world, tmp_path / "run", "--train.device", "cuda")
    fails(words, "train.device = cuda cannot be used here", untouched=tmp_path)


def test_the_output_folder_holds_a_run(world: Path, run: Path, tmp_path: Path, fails: Fails) -> None:
    again = "already holds this run; add --resume to go on with it, or choose another --out"
    fails(runs.words(world, run), f"{run} {again}", untouched=run)
    other = "holds another run (its optim.lr differs); choose another --out"
    for resume in ([], ["--resume"]):
        fails(runs.words(world, run, *resume, "--optim.lr", "0.5"), f"{run} {other}", untouched=run)
    copy = shutil.copytree(world, tmp_path / "copy")
    other = f"{run} holds a run on other data ({world}): data.videos of {copy} is 3, there it was 4"
    (copy / "audioset/videos/aset_000001_30.mp4").unlink()
    fails(runs.words(copy, run, "--resume"), other, untouched=run)


def test_the_output_folder_holds_something_else(world: Path, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("precious")
    for resume in ([], ["--resume"]):
        fails(runs.words(world, tmp_path / "home", *resume), "is not empty and holds no run", untouched=tmp_path)
    thesis = tmp_path / "home/thesis.tex"
    fails(runs.words(world, thesis), f"{thesis} is not empty and holds no run", untouched=tmp_path)
    fails(runs.words(world, thesis / "run"), f"cannot make {thesis / 'run'}: {thesis} is no folder", untouched=tmp_path)


def test_a_kill_while_the_folder_was_claimed(world: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.config.json.123.partial").write_text('{"pre')
    runs.pretrain(world, tmp_path / "run")
    assert not list((tmp_path / "run").rglob("*partial"))
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "run/config.json", tmp_path / "other/config.json")
    runs.pretrain(world, tmp_path / "other", "--resume")
    for name in ("vocab.json", "model.safetensors"):
        assert (tmp_path / "other" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def test_what_a_kill_left_of_a_checkpoint_is_removed(world: Path, tmp_path: Path) -> None:
    run = runs.pretrain(world, tmp_path / "run", train__steps=2)
    left = run / "checkpoints/.step-00000004.123.partial"
    left.mkdir()
    (left / "state.safetensors").write_bytes(b"half")
    runs.pretrain(world, run, "--resume", train__steps=2)
    assert not left.exists()
    assert len(list((run / "checkpoints").glob("step-*"))) == 2


@pytest.mark.parametrize("start", ["official", "whitened"])
@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_mute_and_silent_videos_are_trained_on_without_their_sound(start: str, cache: str, tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    clips.write(root / "a_mute.mp4", **SMALL)
    clips.write(root / "b_silent.mp4", audio=np.zeros((1, 64_000), np.float32), **SMALL)
    for name in ("c", "d"):
        clips.write(root / f"{name}.mp4", audio=clips.tone(440, rate=16_000), **SMALL)
    fields = {
        "model__tokenizer_init": start,
        "data__narrated_videos": 1,
        "data__text_free": 2,
    }  # an epoch is one batch of 4
    run = runs.pretrain(root, tmp_path / "run", cache, **fields)
    assert (run / "skipped.jsonl").read_text() == ""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    assert all(line["nce"] > 0 and line["mil_nce"] == 0 for line in lines)
    config, record = read_config(run)
    vocab = load(run).vocab
    stream = ClipStream.open(open_sources(record["data"]), config, vocab, cache == "--cache", quiet=True)
    for step in range(3):
        batch, _ = stream.batch(step)
        assert sorted(batch.has_audio.tolist()) == [False, False, True, True]
        assert batch.has_video.all()
        assert (batch.audio[~batch.has_audio] == 0).all()
        assert (batch.audio[batch.has_audio].abs().amax(1) > 0.1).all()
