"""What is wrong with a corpus as a whole: one clear line each, or a counted skip; what is complete survives."""

import json
import os
import shutil
from pathlib import Path

import pytest
from helpers import clips

from vatt_edu import minitube
from vatt_edu.cli import main
from vatt_edu.config import AugmentConfig, ClipSpec, DataConfig
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError

FEW = minitube.Preset("few", howto=0, audioset=0, val=3, test_iid=0, test_comp=0, test_bg=2)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minitube.make(
        FEW, tmp_path_factory.mktemp("corpora") / "few", splits=["val", "test_bg"], workers=1, quiet=True
    )


def attempt(out: Path) -> str:
    """What the command says; nothing where it completes the corpus."""
    try:
        minitube.make(FEW, out, splits=["val", "test_bg"], workers=1, quiet=True)
    except UserError as error:
        return str(error)
    return ""


def test_a_full_disk_leaves_whole_videos_and_complete_splits(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for three files, again and again: each command goes on where the last one ended."""
    out, real = tmp_path / "full", os.replace
    left = 0

    def replace(source: str, target: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    messages = []
    while left < 0 or not messages:
        left = 3
        messages.append(attempt(out))
        assert not list(out.rglob(".*partial"))
        for name, text in tree(out).items():
            assert not name.endswith(".json") or json.loads(text)
            assert not name.endswith(".mp4") or text == (corpus / name).read_bytes()
        complete = minitube.read_source(out)["splits"]
        assert all((out / f"eval/{split}.json").exists() for split in complete)
    assert len(messages) > 3
    assert messages[-1] == ""
    assert all("the disk is full" in message and "\n" not in message for message in messages[:-1])
    assert tree(out) == tree(corpus)


def test_a_corpus_of_another_version(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(corpus, tmp_path / "old")
    about = minitube.read_source(corpus)
    (tmp_path / "old/source.json").write_text(json.dumps(about | {"version": 0}))
    for words in (["data", "describe", str(tmp_path / "old")], ["data", "renarrate", str(tmp_path / "old")]):
        more = ["--out", str(tmp_path / "x"), "--seed", "1"] if words[1] == "renarrate" else []
        assert main([*words, *more]) == 2
        message = capsys.readouterr().err.strip()
        assert "version 0" in message
        assert "\n" not in message


def test_a_split_that_does_not_exist(corpus: Path) -> None:
    with pytest.raises(UserError, match=r"no split 'test_iid' in .*; there are: test_bg, val"):
        open_source(corpus).clips("test_iid")


def test_a_corpus_without_a_training_video(corpus: Path) -> None:
    spec = ClipSpec(4, 5.0, 24, 24, 32, 6_400, 8_000, 2, 6)
    with pytest.raises(UserError, match=r"no training video in .*: only the split train is trained on"):
        ClipStream.open([(open_source(corpus), 1.0)], clips.config_for(spec), Vocabulary.train([], 10), cache=False)


def test_a_corpus_without_captions_is_read_without_text(tmp_path: Path) -> None:
    clips.corpus(tmp_path, narrated=0, text_free=3, evaluation=0)
    (tmp_path / "howto/caption.json").unlink()
    (tmp_path / "eval/test_iid.json").unlink()
    source = open_source(tmp_path)
    assert [video.lines for video in source.videos] == [()] * 3
    data = DataConfig(
        narrated_videos=1, windows_per_video=2, text_free=2, fps=5.0, short_side=32, sample_rate=8_000,
        candidates=2, augment=AugmentConfig(),
    )  # fmt: skip
    spec = ClipSpec(4, 5.0, 24, 24, 32, 6_400, 8_000, 2, 6)
    config, vocab = clips.config_for(spec, data), Vocabulary.train(source.texts, 10)
    stream = ClipStream.open([(source, 1.0)], config, vocab, cache=False, quiet=True)
    batch, skips = stream.batch(0)
    assert not skips
    assert not batch.has_text.any()
    assert batch.has_video.all()
    assert batch.has_audio.all()
    assert (batch.text_id == -1).all()


def test_silent_videos_without_words_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in them belongs to anything else: one line, and no run is begun."""
    for number in range(3):
        clips.write(tmp_path / "videos" / f"{number}.mp4", duration=4)
    out = tmp_path / "run"
    assert main(["pretrain", "toy", "--data", str(tmp_path / "videos"), "--out", str(out), "--quiet"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "nothing to learn from" in line
    assert str(tmp_path / "videos") in line
    assert not out.exists()
