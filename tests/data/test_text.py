"""Words become ids as the released code does it."""

import json
from pathlib import Path

import pytest
import torch

from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError

LINES = ["Pour the water, slowly.", "the DOG's bowl", "pour it -- the water", "a zebra"]


def test_ids_follow_frequency_then_the_alphabet() -> None:
    vocab = Vocabulary.train(LINES, 100)
    assert len(vocab) == 2 + 9
    wanted = "the pour water a bowl dogs it slowly zebra"
    assert vocab.decode(range(2, 11)) == wanted
    assert Vocabulary.train(reversed(LINES), 100).decode(range(2, 11)) == wanted


def test_lines_are_cropped_and_padded() -> None:
    vocab = Vocabulary.train(LINES, 5)
    rows = vocab.encode(["The water!  POUR the water", "unheard words", ""], 4)
    assert rows.dtype == torch.int64
    assert rows.tolist() == [[2, 4, 3, 2], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert vocab.encode([], 4).shape == (0, 4)
    assert vocab.decode([2, 1, 0]) == "the [UNK]"


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    vocab = Vocabulary.train(LINES, 100)
    vocab.save(tmp_path / "vocab.json")
    loaded = Vocabulary.load(tmp_path / "vocab.json")
    assert (loaded.encode(LINES, 6) == vocab.encode(LINES, 6)).all()
    assert [path.name for path in tmp_path.iterdir()] == ["vocab.json"]
    assert json.loads((tmp_path / "vocab.json").read_text())["model"]["vocab"]["[PAD]"] == 0


def test_bad_vocabularies(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such vocabulary"):
        Vocabulary.load(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(UserError, match="is not a vocabulary"):
        Vocabulary.load(tmp_path / "text.json")
    with pytest.raises(UserError, match="no room"):
        Vocabulary.train(LINES, 2)
