"""Scripts without blanks between words: every letter is a word, so that a sentence that nobody knows is not another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vatt_edu.data import Vocabulary
from vatt_edu.data.text.vocabulary import with_blanks

LINES = ["把洋葱切成丁", "玉ねぎを切る", "ラーメンを食べる", "หั่นหัวหอม", "ຊອຍຜັກບົ່ວ", "ស្ងោរទឹក", "ကြက်သွန်နီ", "ཇ་འཐུང་"]


@pytest.mark.parametrize("line", LINES)
def test_a_sentence_is_many_words(line: str) -> None:
    """All of them known after it was seen, and each sentence has its own."""
    vocabulary = Vocabulary.train([line], 200)
    ids = vocabulary.encode([line], 40)[0]
    assert (ids > 1).sum() >= 4
    assert not (ids == 1).any()
    others = Vocabulary.train(LINES, 200).encode(LINES, 40)
    assert len({tuple(row.tolist()) for row in others}) == len(LINES)


def test_marks_stay_with_their_letter() -> None:
    assert with_blanks("หั่น").split() == ["หั่", "น"]
    assert with_blanks("ラーメン").split() == ["ラー", "メ", "ン"]
    assert with_blanks("か\u3099").split() == ["が"]


def test_unseen_sentences_differ_where_their_letters_are_known() -> None:
    vocabulary = Vocabulary.train(["切洋葱。", "洗米,煮米!"], 50)
    rows = vocabulary.encode(["切米", "洗葱", "炒切", "切洋葱"], 4).tolist()
    assert len({tuple(row) for row in rows}) == 4
    assert rows[2][0] == 1
    assert all(id_ > 1 for id_ in rows[2][1:2])
    assert "洋" in vocabulary
    assert "洋葱" not in vocabulary


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x24F, include_characters=" '-.,")))
def test_lines_with_blanks_are_as_they_were(line: str) -> None:
    assert with_blanks(line) == line


def test_other_scripts_have_blanks() -> None:
    for line in ("양파를 썰어", "нарежь лук", "قطّع البصل", "प्याज काटो", "κόψε το", "חתוך בצל"):
        assert with_blanks(line) == line


def test_what_nobody_sees_makes_no_other_word() -> None:
    vocabulary = Vocabulary.train(["crème brûlée", "soup"], 50)
    first, second, third = vocabulary.encode(
        ["crème brûlée", "cre\u0300me bru\u0302le\u0301e", "so\u00adup\u200b"], 3
    ).tolist()
    assert first == second
    assert third[0] > 1
