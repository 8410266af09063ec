"""A run as a whole: the files that it leaves, what it does with damaged and silent files, and with a loss of NaN."""

import errno
import json
import os
import pickle
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import clips, runs

from vatt_edu.batch import Batch
from vatt_edu.cli import main
from vatt_edu.config import Config
from vatt_edu.config.serialize import from_json
from vatt_edu.data.clips.reader import FileReader
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.training import checkpoint
from vatt_edu.training import pretrain as module
from vatt_edu.training.loggers.jsonl import JsonLines
from vatt_edu.training.pretrain import train_step
from vatt_edu.training.run_folder import read_config, read_log


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return clips.corpus(tmp_path / "corpus", narrated=3, text_free=3)


def test_files_of_a_run(world: Path, tmp_path: Path) -> None:
    run = runs.pretrain(world, tmp_path / "run", train__steps=5, train__checkpoint_every=2, train__keep_checkpoints=1)
    assert sorted(path.name for path in run.iterdir()) == [
        "LAST", "checkpoints", "config.json", "log.jsonl", "model.safetensors", "skipped.jsonl", "vocab.json"
    ]  # fmt: skip
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000000", "step-00000005"]
    record = json.loads((run / "config.json").read_text())
    assert (record["preset"], record["data"]) == ("toy", [str(world)])
    assert from_json(Config, record["config"]).train.steps == 5
    assert list(read_log(run)[0]) == [
        "step", "loss", "nce", "mil_nce", "lr",
        "clips_per_s", "mfu", "data_wait", "data_wait_share", "memory_gb", "skipped",
    ]  # fmt: skip
    assert [line["step"] for line in read_log(run)] == [0, 1, 2, 3, 4]
    assert all(line["loss"] == pytest.approx((line["nce"] + line["mil_nce"]) / 2) for line in read_log(run))
    meta = json.loads((run / "checkpoints" / "step-00000005" / "meta.json").read_text())
    assert {"step", "seed", "train_seconds", "machine", "versions", "commit"} <= set(meta)
    weights = checkpoint.read_tensors(run / "model.safetensors")
    final = checkpoint.read_tensors(run / "checkpoints" / "step-00000005" / "state.safetensors")
    assert all(torch.equal(value, final["model." + name]) for name, value in weights.items())


@pytest.mark.parametrize("cached", [True, False])
def test_a_damaged_file_is_skipped_counted_and_named(world: Path, tmp_path: Path, cached: bool) -> None:
    bad = world / "audioset/videos/aset_000001_30.mp4"
    bad.write_bytes(bad.read_bytes()[:3000])
    more = () if cached else ("--no-cache",)
    run = runs.pretrain(world, tmp_path / "run", *more, train__steps=4)
    skips = read_log(run, "skipped.jsonl")
    assert skips
    assert {Path(skip["path"]).name for skip in skips} == {bad.name}
    assert all(skip["reason"] and {"step", "path", "reason", "index"} == set(skip) for skip in skips)
    for line in read_log(run):
        assert line["skipped"] == sum(skip["step"] == line["step"] for skip in skips)
    assert (run / "model.safetensors").exists()


def test_sound_that_is_missing_or_silent_is_masked(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
    clips.write(world / "audioset/videos/aset_000000_30.mp4", audio=None, **small)
    clips.write(world / "audioset/videos/aset_000001_30.mp4", audio=clips.tone(1, 16_000, level=0.0), **small)
    clips.write(world / "audioset/videos/aset_000002_30.mp4", audio=None, **small)
    batches: list[Batch] = []
    batch = ClipStream.batch

    def spy(self: ClipStream, *where: int, **share: int) -> tuple:
        item = batch(self, *where, **share)
        batches.append(item[0])
        return item

    monkeypatch.setattr(ClipStream, "batch", spy)
    run = runs.pretrain(world, tmp_path / "run", train__steps=3)
    training = batches[-3:]
    assert all(b.has_audio.tolist() == [True] * 4 + [False] * 2 for b in training)  # four narrated windows, two silent
    assert all(b.has_video.all() for b in training)
    assert all(torch.isfinite(torch.tensor(line["nce"])) for line in read_log(run))


def test_a_loss_of_nan_ends_the_run_before_it_is_saved(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = runs.pretrain(world, tmp_path / "plain", train__steps=6)
    config, _ = read_config(plain)

    def broken(model, batch, optimizer, config, step, lr):
        if step == 3:
            with torch.no_grad():
                model.video.agg.fill_(torch.nan)
        return train_step(model, batch, optimizer, config, step, lr)

    monkeypatch.setattr(module, "train_step", broken)
    with pytest.raises(UserError, match=r"the loss is nan at step 3; the last checkpoint is kept: lower optim\.lr"):
        module.pretrain(config, [str(world)], tmp_path / "nan", quiet=True)
    assert checkpoint.last(tmp_path / "nan").name == "step-00000002"
    tensors = checkpoint.read_tensors(checkpoint.last(tmp_path / "nan") / "state.safetensors")
    assert all(torch.isfinite(value).all() for value in tensors.values())
    assert [line["step"] for line in read_log(tmp_path / "nan")] == [0, 1, 2]


def test_a_step_that_spoils_the_weights_is_not_saved(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = runs.pretrain(world, tmp_path / "plain", train__steps=4, train__checkpoint_every=1)
    config, _ = read_config(plain)

    def spoiling(model, batch, optimizer, config, step, lr):
        losses = train_step(model, batch, optimizer, config, step, lr)
        if step == 2:
            model.video.agg.data.fill_(torch.nan)  # the loss of this step is still good
        return losses

    monkeypatch.setattr(module, "train_step", spoiling)
    with pytest.raises(UserError, match=r"video\.agg is not finite at step 3; the last checkpoint is kept"):
        module.pretrain(config, [str(world)], tmp_path / "nan", quiet=True)
    assert checkpoint.last(tmp_path / "nan").name == "step-00000002"


def test_a_disk_that_is_full_when_a_step_is_logged(tmp_path: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    refused = pytest.raises(UserError, match=r"cannot write .*log\.jsonl \(No space left on device\)")
    with refused, closing(JsonLines(tmp_path)) as log:
        log.write({"step": 0, "loss": 1.0}, [])


def test_a_disk_that_is_full_when_the_cache_is_made(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("vatt_edu.data.clips.cache.atomic", full)
    assert runs.main(runs.words(world, tmp_path / "run")) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"vatt: the disk is full: no room for the decoded cache {world / 'cache'}")
    assert message.endswith(
        "what is decoded stays. Free some space and run the same command again, or use --no-cache\n"
    )
    assert message.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_official_words_are_what_the_text_tower_starts_with(world: Path, tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(50, 128)).astype(np.float32)
    (tmp_path / "word2vec.pkl").write_bytes(pickle.dumps({"word_embeddings": table}, 2))
    words = ["<pad>", "line", "<unk>", "video", *(f"w{n}" for n in range(46))]
    (tmp_path / "words.txt").write_text("\n".join(words))
    flags = ["--vocab", str(tmp_path / "words.txt"), "--words", str(tmp_path / "word2vec.pkl")]
    run = runs.pretrain(world, tmp_path / "run", *flags, "--model.text.no-train-words", train__steps=2)
    state = checkpoint.read_tensors(run / "model.safetensors")
    assert (state["text.words.weight"].numpy() == table).all()  # frozen, as released
    assert Vocabulary.load(run / "vocab.json").encode(["line of video"], 4).tolist() == [[1, 2, 3, 0]]
    learning = runs.pretrain(world, tmp_path / "trained", *flags, train__steps=2)
    start = checkpoint.read_tensors(learning / "checkpoints/step-00000000/state.safetensors")
    assert (start["model.text.words.weight"].numpy() == table).all()
    assert (checkpoint.read_tensors(learning / "model.safetensors")["text.words.weight"].numpy() != table).any()


@pytest.mark.parametrize(
    ("flag", "content", "message"),
    [
        ("--words", np.zeros((50, 3), np.float32), "holds vectors of shape (50, 3), the text tower looks up (50, 128)"),
        ("--vocab", "<pad>\n<unk>\n" + "\n".join(f"w{n}" for n in range(49)), "has 51 words, model.text.vocab is 50"),
        ("--vocab", "one\ntwo", "it must have <pad> with the id 0"),
    ],
)
def test_words_that_do_not_fit(
    world: Path, tmp_path: Path, flag: str, content: np.ndarray | str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ("table.npy" if flag == "--words" else "words.txt")
    if isinstance(content, str):
        file.write_text(content)
    else:
        np.save(file, content)
    assert main(runs.words(world, tmp_path / "run", flag, str(file))) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_only_the_first_narrated_videos_are_trained_on(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_stream(sources, *arguments, **options):
        opened.extend(source for source, _ in sources)
        return ClipStream(sources, *arguments, [FileReader(arguments[0].clip)])

    monkeypatch.setattr(module.ClipStream, "open", open_stream)
    runs.pretrain(world, tmp_path / "run", train__steps=1, data__max_narrated_videos=2)
    (source,) = opened
    training = source.clips("train")
    assert (sum(bool(video.lines) for video in training), sum(not video.lines for video in training)) == (2, 3)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["config"]["data"]["max_narrated_videos"] == 2
