"""Before a run begins it is said what there is to learn from; where no loss has a pair, it does not begin."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers import clips, runs

from vatt_edu.cli import main
from vatt_edu.config import LossConfig, preset
from vatt_edu.data.loader import ClipStream, prefetch, stream
from vatt_edu.data.loader.collate import batch_bytes
from vatt_edu.data.loader.prefetch import PREFETCH, fitting_workers
from vatt_edu.data.sources.open import open_sources
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.training.contents import Contents, count_contents
from vatt_edu.training.run_folder import read_log

Capture = pytest.CaptureFixture[str]
SMALL = {"duration": 4, "fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
TONE = clips.tone(520, rate=16_000)


def film(path: Path, words: str = "", **parts: object) -> None:
    clips.write(path, **SMALL | {"audio": TONE} | parts)
    if words:
        path.with_suffix(".vtt").write_text(f"WEBVTT\n\n00:00.200 --> 00:03.000\n{words}\n")


@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_each_kind_is_counted(cache: str, tmp_path: Path, capsys: Capture) -> None:
    film(tmp_path / "in/a.mp4", "peel the red onion")
    film(tmp_path / "in/b.mp4", "peel the onion", audio=None)
    film(tmp_path / "in/c.mp4", "heat the oil", video=None)
    film(tmp_path / "in/d.mp4")
    (tmp_path / "in/e.mp4").write_text("not a film")
    Vocabulary.train(["peel the onion"], 6).save(tmp_path / "vocab.json")
    runs.pretrain(tmp_path / "in", tmp_path / "run", cache, "--vocab", str(tmp_path / "vocab.json"))
    assert (
        "note: to learn from: 3 clips with picture, 3 with sound, 3 with words, 1 that cannot be decoded; "
        "3 of 10 words unknown\n"
    ) in capsys.readouterr().out


def test_one_loss_without_a_pair_is_a_note(tmp_path: Path, capsys: Capture) -> None:
    for name in "ab":
        film(tmp_path / f"in/{name}.mp4", f"fold paper {name}", audio=None)
    runs.pretrain(tmp_path / "in", tmp_path / "run")
    output = capsys.readouterr().out
    assert "2 clips with picture, 0 with sound, 2 with words; 0 of 6 words unknown" in output
    assert "no clip has picture and sound: their loss (nce) stays 0, sound is not learned" in output
    assert all(row["nce"] == 0 < row["mil_nce"] for row in read_log(tmp_path / "run"))


@pytest.mark.parametrize(
    ("parts", "words", "flags"),
    [
        ({"video": None}, "a talk", []),  # a podcast with captions
        ({"audio": None}, "", []),
        ({}, "", ["--loss.weight-va", "0"]),
        ({"audio": None}, "a talk", ["--loss.weight-vt", "0"]),
    ],
)
@pytest.mark.parametrize("cache", ["--cache", "--no-cache"])
def test_no_pair_no_run(parts: dict, words: str, flags: list[str], cache: str, tmp_path: Path, capsys: Capture) -> None:
    for name in "xyz":
        film(tmp_path / f"in/{name}.mp4", words, **parts)
    capsys.readouterr()
    assert main(runs.words(tmp_path / "in", tmp_path / "run", cache, *flags)) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"vatt: nothing to learn from in {tmp_path / 'in'}, no loss has a pair: ")
    assert f"{0 if 'video' in parts else 3} clips with picture" in shown.err
    assert "put captions beside files with picture (name.vtt)" in shown.err
    assert shown.err.count("\n") == 1
    assert all("captions are read" in line for line in shown.out.splitlines())
    assert not (tmp_path / "run").exists()


def test_where_there_are_many_files_a_sample_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        film(tmp_path / f"{number}.mp4", "" if number % 3 else "turn the wheel")
    config, sources = preset("toy"), open_sources([str(tmp_path)])
    vocabulary = Vocabulary.train(["turn the wheel"], 10)
    monkeypatch.setattr(stream, "MAX_CHECKED_VIDEOS", 4)
    files = ClipStream.open(sources, config, vocabulary, cache=False, quiet=True)
    contents = count_contents(files, vocabulary)
    assert (contents.total, contents.checked, contents.picture, contents.sound) == (9, 4, 4, 4)
    assert contents.line.startswith("to learn from: of a sample of 4 of 9 clips 4 clips with picture, 4 with sound, ")
    assert contents == count_contents(files, vocabulary)
    cached = ClipStream.open(sources, config, vocabulary, quiet=True)
    assert count_contents(cached, vocabulary).words == 3


def test_what_can_be_learned_depends_on_the_weights() -> None:
    mute, podcast = Contents(5, 5, picture=5, words=5, video_text=5), Contents(2, 2, sound=2, words=2)
    assert mute.can_learn(LossConfig())
    assert not mute.can_learn(LossConfig(weight_vt=0.0))
    assert not podcast.can_learn(LossConfig())
    assert Contents(3, 3, picture=3, sound=3, video_audio=3).can_learn(LossConfig(weight_vt=0.0))


def test_captions_of_whole_clips_are_said_to_be_unused(tmp_path: Path, capsys: Capture) -> None:
    rows = []
    for number in range(3):
        film(tmp_path / f"set/video{number}.mp4")
        rows.append(number)
    videos = ", ".join(f'{{"video_id": "video{n}", "split": "train"}}' for n in rows)
    sentences = ", ".join(f'{{"video_id": "video{n}", "caption": "scene {n}"}}' for n in rows)
    (tmp_path / "set/MSRVTT_data.json").write_text(f'{{"videos": [{videos}], "sentences": [{sentences}]}}')
    runs.pretrain(f"msrvtt:{tmp_path / 'set'}", tmp_path / "run")
    assert "3 clips have captions of the whole clip, without times: training does not use" in capsys.readouterr().out


@pytest.mark.parametrize(("batches", "workers"), [(0, 0), (1, 0), (2, 0), (3, 1), (7, 3), (90, 4)])
def test_workers_for_which_there_is_shared_memory(batches: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = SimpleNamespace(f_bavail=batches * 5, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: memory)
    assert PREFETCH == 2
    assert fitting_workers(4, 5 * 4096) == workers


def test_without_a_place_for_shared_memory_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "SHARED_MEMORY", "/no/such/place")
    assert fitting_workers(3, 10**12) == 3


def test_the_size_of_a_batch_is_what_it_holds(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", "one line")
    config = preset("toy")
    vocabulary = Vocabulary.train(["one line"], 10)
    batch, _ = ClipStream.open(open_sources([str(tmp_path)]), config, vocabulary, quiet=True).batch(0)
    tensors = [value for value in vars(batch).values() if isinstance(value, torch.Tensor)]
    assert batch_bytes(config) == sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def test_little_shared_memory_is_a_note_and_the_run_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    film(tmp_path / "in/a.mp4", "one line")
    film(tmp_path / "in/b.mp4")
    plain = runs.pretrain(tmp_path / "in", tmp_path / "plain")
    capsys.readouterr()
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=70, f_frsize=4096))
    run = runs.pretrain(tmp_path / "in", tmp_path / "run", train__workers=2)
    assert "shared memory (/dev/shm) is too small for 2 workers, 0 read: " in capsys.readouterr().out
    assert (run / "model.safetensors").read_bytes() == (plain / "model.safetensors").read_bytes()


class NoStream:
    """Of which nothing is read."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple:
        raise AssertionError(step)


def test_a_reading_process_that_is_killed_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def loader(*_: object, **__: object) -> None:
        raise RuntimeError("DataLoader worker (pid(s) 12) exited unexpectedly")

    monkeypatch.setattr(prefetch, "DataLoader", loader)
    with pytest.raises(UserError, match=r"a reading process was killed \(DataLoader worker.*--train\.workers 0"):
        next(prefetch.batches(NoStream(), 0, 2, workers=1))
