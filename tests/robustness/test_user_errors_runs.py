"""A run that is damaged, and what cannot be evaluated or embedded, end with exit code 2 and one line that says why.

Nothing is lost by it, and nothing half-made is left that would be in the way of the next call.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.data.text.vocabulary import Vocabulary

SMALL = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}

Fails = Callable[..., str]


def film(world: Path) -> str:
    return str(world / "eval/test_iid/test_iid_00000.mp4")


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
