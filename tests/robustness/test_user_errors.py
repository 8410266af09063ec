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
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.evaluation.embed import load
from vatt_edu.training.run_folder import read_config

SMALL = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
LINES = {"start": [0.5, 1.5], "end": [1.0, 2.0], "text": ["first line", "second line"]}

Fails = Callable[..., str]
Content = dict[str, bytes | None]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not write here (the decoded cache is fine)."""
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=2, text_free=2, evaluation=2)


@pytest.fixture(scope="module")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; do not write here: ``run`` is a copy."""
    return runs.pretrain(world, tmp_path_factory.mktemp("done") / "run")


@pytest.fixture
def run(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "run"))


@pytest.fixture
def fails(capfd: pytest.CaptureFixture[str]) -> Fails:
    def call(words: list[str], *parts: str, untouched: Path) -> str:
        """The one line; ``untouched`` is as it was before, byte for byte, or still not there."""
        before = content(untouched)
        capfd.readouterr()
        assert main(words) == 2
        shown = capfd.readouterr()
        assert shown.out == ""
        assert shown.err.startswith("vatt: ")
        assert (shown.err.count("\n"), shown.err[-1]) == (1, "\n")
        assert [part for part in parts if part not in shown.err] == []
        assert content(untouched) == before
        return shown.err

    return call


def content(place: Path) -> Content:
    """Every path at or below ``place`` and what is in it."""
    paths = [place, *sorted(place.rglob("*"))] if place.exists() else []
    return {str(path.relative_to(place)): path.read_bytes() if path.is_file() else None for path in paths}


def film(world: Path) -> str:
    return str(world / "eval/test_iid/test_iid_00000.mp4")


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


DAMAGE = [
    ("config.json", None, "holds no run (there is no config.json in it)"),
    ("config.json", b"{", "config.json is damaged"),
    ("config.json", b"[1]", "config.json is damaged"),
    ("config.json", b"\xff\xfe\x00", "config.json is damaged"),
    ("config.json", b'{"config": {}}', "config.json is damaged"),
    ("config.json", b'{"preset": "toy", "data": ["x"], "config": {"speed": 1}}', "config.json: unknown field 'speed'"),
    ("config.json", b'{"preset": "toy", "data": ["x"], "config": {"seed": "1"}}', "config.json.seed: expected int"),
    ("vocab.json", None, "no such vocabulary"),
    ("vocab.json", b"", "vocab.json is not a vocabulary"),
    ("vocab.json", b'{"a": 1}', "vocab.json is not a vocabulary"),
    ("model.safetensors", b"", "model.safetensors cannot be read as safetensors"),
    ("model.safetensors", b"not tensors " * 100, "model.safetensors cannot be read as safetensors"),
]


@pytest.mark.parametrize(("name", "damage", "message"), DAMAGE)
@pytest.mark.parametrize("command", ["embed", "evaluate"])
def test_a_damaged_run(
    command: str, name: str, damage: bytes | None, message: str, world: Path, run: Path, tmp_path: Path, fails: Fails
) -> None:
    if damage is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(damage)
    if command == "embed":
        words = ["embed", str(run), film(world), "--space", "va", "--out", str(tmp_path / "out.npz")]
    else:
        words = ["evaluate", "retrieval", str(run), "--data", str(world), "--quiet"]
    fails(words, message, str(run), untouched=tmp_path)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("checkpoints/step-00000000/state.safetensors", b"", "state.safetensors cannot be read as safetensors"),
        ("checkpoints/step-00000003/meta.json", b"{", "meta.json, line 1, column 2: not JSON"),
        ("checkpoints/step-00000003/meta.json", b"[1]", "meta.json is damaged"),
        ("LAST", b"step-00009999\n", "LAST names no checkpoint; write into it the name of one in"),
        ("LAST", b"", "LAST names no checkpoint"),
        ("retrieval.json", b"{", "retrieval.json, line 1, column 2: not JSON"),
        ("retrieval.json", b'{"splits": 3}', "retrieval.json is damaged"),
    ],
)
def test_what_evaluation_needs_is_damaged(
    name: str, damage: bytes, message: str, world: Path, run: Path, fails: Fails
) -> None:
    (run / name).write_bytes(damage)
    fails(["evaluate", "retrieval", str(run), "--data", str(world), "--quiet"], message, str(run), untouched=run)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("config.json", b"{", "config.json is damaged"),
        ("vocab.json", b"{", "vocab.json is not a vocabulary"),
        ("LAST", b"step", "LAST names no checkpoint"),
        ("checkpoints/step-00000003/meta.json", b"", "meta.json, line 1, column 1: not JSON"),
        ("checkpoints/step-00000003/state.safetensors", b"", "state.safetensors cannot be read as safetensors"),
    ],
)
def test_a_damaged_run_is_not_begun_again(
    name: str, damage: bytes, message: str, world: Path, run: Path, fails: Fails
) -> None:
    """Where there is one before it that is more than the start, that is gone on from: tests/training/test_survival."""
    shutil.rmtree(run / "checkpoints/step-00000002")
    (run / name).write_bytes(damage)
    fails(runs.words(world, run, "--resume"), message, str(run), untouched=run)


def test_parts_of_two_runs(world: Path, run: Path, tmp_path: Path, fails: Fails) -> None:
    words = ["embed", str(run), film(world), "--space", "va", "--out", str(tmp_path / "out.npz")]
    other = runs.pretrain(world, tmp_path / "other", "--model.video.encoder.layers", "2")
    own = (run / "model.safetensors").read_bytes()
    shutil.copy(other / "model.safetensors", run / "model.safetensors")
    fails(words, f"{run / 'model.safetensors'}", untouched=tmp_path)
    (run / "model.safetensors").write_bytes(own)
    Vocabulary.train([" ".join(f"word{number}" for number in range(60))], 60).save(run / "vocab.json")
    fails(words, f"{run / 'vocab.json'} has 60 words, the run's model 50", untouched=tmp_path)
    fails(runs.words(world, run, "--resume"), "it belongs to another run", untouched=tmp_path)


def test_evaluation_of_what_is_not_there(world: Path, run: Path, tmp_path: Path, fails: Fails) -> None:
    def evaluate(folder: Path, data: Path | str, *more: str) -> list[str]:
        return ["evaluate", "retrieval", str(folder), "--data", str(data), "--quiet", *more]

    fails(evaluate(run, world, "--split", "test"), "no split 'test'", "there are: train, test_iid", untouched=run)
    fails(evaluate(run, tmp_path / "no"), "no such directory", untouched=run)
    fails(evaluate(tmp_path, world), f"{tmp_path} holds no run", "that pretrain wrote", untouched=tmp_path)
    fails(evaluate(tmp_path / "no", world), f"{tmp_path / 'no'} holds no run", untouched=tmp_path)
    shutil.rmtree(run / "checkpoints")
    for name in ("model.safetensors", "LAST"):
        (run / name).unlink()
    fails(evaluate(run, world), f"{run} has no weights yet", "train it first", untouched=run)


def test_evaluation_without_captions_sound_or_enough_clips(
    world: Path, run: Path, tmp_path: Path, fails: Fails
) -> None:
    words = ["evaluate", "retrieval", str(run), "--quiet", "--data"]
    plain = tmp_path / "plain"
    for name in ("a", "b"):
        clips.write(plain / f"{name}.mp4", audio=clips.tone(440, rate=16_000), **SMALL)
    fails([*words, str(plain)], f"{plain} has no split besides train; ", untouched=run)
    captions = f"{plain}: none of the 2 clips of train has a caption"
    fails([*words, str(plain), "--split", "train"], captions, untouched=run)
    copy = shutil.copytree(world, tmp_path / "copy")
    table = json.loads((copy / "eval/test_iid.json").read_text())
    (copy / "eval" / table[1]["file"]).write_text("not a film")
    numbers = f"{copy}: of 2 clips of test_iid have 1 picture, 1 sound, 1 a caption"
    fails([*words, str(copy)], numbers, f"1 left out, eval/{table[1]['file']}: not a media file", untouched=run)
    (copy / "eval/test_iid.json").write_text(json.dumps(table[:1]))
    fails([*words, str(copy)], "split test_iid has 1 clip; retrieval needs at least 2", untouched=run)


@pytest.mark.parametrize(
    ("name", "modality", "message"),
    [
        ("nowhere.mp4", "video", "no such file"),
        ("text.mp4", "video", "not a media file"),
        ("text.mp4", "audio", "not a media file"),
        ("folder.mp4", "video", "it is a directory"),
        ("empty.mp4", "video", "the file is empty"),
        ("cut.mp4", "video", "cut off"),
        ("sound.wav", "video", "no video in it"),
        ("mute.mp4", "audio", "has no audio stream"),
    ],
)
def test_embed_names_the_file_that_is_bad(
    name: str, modality: str, message: str, world: Path, done: Path, tmp_path: Path, fails: Fails
) -> None:
    bad, out = tmp_path / name, tmp_path / "out.npz"
    out.write_bytes(b"of an earlier call")
    if name == "text.mp4":
        bad.write_text("hello\n" * 100)
    elif name == "folder.mp4":
        bad.mkdir()
    elif name == "empty.mp4":
        bad.touch()
    elif name == "cut.mp4":
        bad.write_bytes(Path(film(world)).read_bytes()[:2000])
    elif name == "sound.wav":
        clips.write(bad, duration=2, video=None, audio=clips.tone(440, duration=2), codec="pcm_s16le")
    elif name == "mute.mp4":
        clips.write(bad, **SMALL)
    words = ["embed", str(done), str(bad), "--modality", modality, "--space", "va", "--out", str(out)]
    fails(words, f"nothing to embed: 1 of 1 files left out, {bad}: ", message, untouched=tmp_path)


def test_embed_into_what_is_no_file(world: Path, done: Path, tmp_path: Path, fails: Fails) -> None:
    words = ["embed", str(done), film(world), "--out"]
    for out, message in ((tmp_path / "no/out.npz", "there is no such folder"), (tmp_path, "it is a folder")):
        fails([*words, str(out)], f"cannot write {out}", message, "choose another --out", untouched=tmp_path)
    fails(["embed", str(done), "--out", str(tmp_path / "x")], "no file to embed", untouched=tmp_path)


def test_a_disk_that_refuses(world: Path, done: Path, tmp_path: Path, fails: Fails) -> None:
    (tmp_path / "file").touch()
    where = tmp_path / "file/minitube"
    fails(["data", "minitube", "--out", str(where)], f"cannot use {where} (Not a directory)", untouched=tmp_path)


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
