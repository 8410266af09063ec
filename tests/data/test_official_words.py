"""The official vocabulary and word vectors from the user's disk; a vocabulary from any captions by one command."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import clips

from vatt_edu.cli import main
from vatt_edu.data.sources import caption_texts
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.data.text.word_vectors import read_embeddings, read_vocabulary
from vatt_edu.errors import UserError


def test_ids_are_line_numbers(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("<pad>\n<s>\nthe\n<unk>\nwater\n")
    vocab = read_vocabulary(tmp_path / "words.txt")
    assert len(vocab) == 5
    assert vocab.encode(["The WATER, boils!"], 5).tolist() == [[2, 4, 3, 0, 0]]
    vocab.save(tmp_path / "vocab.json")
    again = read_vocabulary(tmp_path / "vocab.json")
    assert again.encode(["the water boils"], 4).tolist() == [[2, 4, 3, 0]]


def test_ids_may_stand_before_the_words(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("4 hello\n0 <pad>\n1 <bos>\n2 <eos>\n3 <unk>\n5 world\n")
    vocab = read_vocabulary(tmp_path / "words.txt")
    assert vocab.encode(["Hello, wide world"], 4).tolist() == [[4, 3, 5, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one\ntwo\n", "it must have <pad> with the id 0, and <unk>"),
        ("<unk>\n<pad>\n", "it must have <pad> with the id 0, and <unk>"),
        ("<pad>\n<unk>\na b c\n", "line 3: neither WORD nor ID WORD: 'a b c'"),
        ("<pad>\n<unk>\n\nword\n", "line 3: neither WORD nor ID WORD: ''"),
        ("<pad>\n<unk>\nx word\n", "line 3: neither WORD nor ID WORD: 'x word'"),
        ("<pad>\n<unk>\na\na\n", "line 4: 'a' has the id 2 already"),
        ("0 <pad>\n2 <unk>\n", "the ids of its 2 words are not the numbers from 0 to 1"),
        ("0 <pad>\n1 <unk>\n1 a\n", "the ids of its 3 words are not the numbers from 0 to 2"),
    ],
)
def test_what_is_no_vocabulary_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "words.txt").write_text(text)
    with pytest.raises(UserError, match=re.escape(message)):
        read_vocabulary(tmp_path / "words.txt")


def test_a_vocabulary_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        read_vocabulary(tmp_path / "none.txt")
    with pytest.raises(UserError, match="no id 5"):
        Vocabulary.of(["a", "b"], 5)


def test_word_vectors_in_every_format(tmp_path: Path) -> None:
    table = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"word_embeddings": table}, 2))
    np.savez(tmp_path / "b.npz", word_embeddings=table, other=np.zeros(2))
    np.savez(tmp_path / "c.npz", table)
    np.save(tmp_path / "d.npy", table.astype(np.float64))
    lines = [" ".join([f"w{n}", *map(repr, map(float, row))]) for n, row in enumerate(table)]
    (tmp_path / "e.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "f.vec").write_text("5 3\n" + "\n".join(lines))
    for path in sorted(tmp_path.iterdir()):
        vectors = read_embeddings(path)
        assert vectors.dtype == np.float32
        assert (vectors == table).all(), path


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pkl", b"no pickle", "is no table of word vectors"),
        ("b.pkl", pickle.dumps(Path("x"), 2), "not for a numpy array"),
        ("c.npy", b"\x93NUMPY", "is no table"),
        ("d.npy", None, "holds int64"),
        ("e.txt", b"a 1 2\nb 1\n", "its lines differ in length"),
        ("f.txt", b"a x y z\n", "is no table"),
        ("g.npz", b"PK", "is no table"),
        ("h.pkl", pickle.dumps({"a": np.zeros((2, 2)), "b": np.zeros((2, 2))}, 2), "no word_embeddings among a, b"),
        ("i.pkl", pickle.dumps({"word_embeddings": np.full((2, 2), np.nan)}, 2), "no table of finite numbers"),
    ],
)
def test_bad_word_vectors(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is None:
        np.save(tmp_path / name, np.zeros((2, 2), np.int64))
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_embeddings(tmp_path / name)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="no such file"):
        read_embeddings(tmp_path / "none.npy")


def test_a_vocabulary_from_any_captions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = clips.corpus(tmp_path / "corpus", narrated=1, text_free=0)
    line = {"start": [0.0], "end": [1.0], "text": ["zebra zebra crossing"]}
    (tmp_path / "one.json").write_text(json.dumps(line))
    (tmp_path / "many.json").write_text(json.dumps({"a": line, "b": line}))
    (tmp_path / "film.vtt").write_text("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nthe quagga\n")
    (tmp_path / "plain.txt").write_text("okapi okapi\nokapi\n")
    places = [str(tmp_path / name) for name in ("one.json", "many.json", "film.vtt", "plain.txt")]
    assert list(caption_texts(places)) == ["zebra zebra crossing"] * 3 + ["the quagga", "okapi okapi", "okapi"]
    words = ["data", "vocab", *places, str(corpus), "--out", str(tmp_path / "vocab.json")]
    assert main(words) == 0
    vocab = Vocabulary.load(tmp_path / "vocab.json")
    assert capsys.readouterr().out == f"{tmp_path / 'vocab.json'}: {len(vocab)} ids, padding and unknown included\n"
    assert all(word in vocab for word in ("zebra", "crossing", "quagga", "okapi"))
    assert len(vocab) > 2 + 5  # the corpus has words of its own
    words.remove(str(corpus))
    assert main([*words, "--words", "4"]) == 0
    vocab = Vocabulary.load(tmp_path / "vocab.json")
    assert len(vocab) == 4
    assert vocab.decode([2]) == "zebra"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data", "vocab", "--out", "{}/vocab.json"], "no captions: vatt data vocab SOURCE"),
        (["data", "vocab", "{}/none", "--out", "{}/vocab.json"], "no such directory"),
        (["data", "vocab", "{}/a.pdf", "--out", "{}/vocab.json"], "holds no captions that are read"),
        (["data", "vocab", "{}/a.txt", "--out", "{}/vocab.json", "--words", "2"], "leaves no room for a word"),
        (["data", "vocab", "{}/a.txt", "--out", "{}/none/vocab.json"], "cannot write"),
    ],
)
def test_bad_words(tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.pdf", "a.txt"):
        (tmp_path / name).write_text("some words")
    assert main([word.format(tmp_path) for word in words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not (tmp_path / "vocab.json").exists()
