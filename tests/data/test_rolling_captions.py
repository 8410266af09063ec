"""Captions that roll up the screen are said once, when they first appear; people who repeat themselves may."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vatt_edu.data import read_captions
from vatt_edu.data.text.captions import unrolled, words_of

PHRASES = [(1.0, 3.5, "chop the chives"), (3.5, 6.0, "and now the"), (6.0, 9.25, "and now the"), (12.0, 13.0, "dill")]
words = st.lists(st.sampled_from(["chop", "dill", "a", "the", "now"]), min_size=1, max_size=4).map(" ".join)


def youtube(phrases: list[tuple[float, float, str]], marks: bool = True) -> list[tuple[float, float, str]]:
    """The cues that YouTube makes of phrases: each with the one before it above, then alone for 10 ms."""
    rows, above = [], " "
    for start, end, text in phrases:
        first, *others = text.split(" ")
        timed = first + "".join(f"<00:00:{start + k / 10:06.3f}><c> {word}</c>" for k, word in enumerate(others))
        rows += [(start, end - 0.01, f"{above}\n{timed if marks else text}"), (end - 0.01, end, f"{text}\n ")]
        above = text
    return rows


def stamp(time: float, point: str) -> str:
    return f"{time // 3600:02.0f}:{time // 60 % 60:02.0f}:{time % 60:06.3f}".replace(".", point)


@pytest.mark.parametrize("suffix", ["vtt", "srt"])
@pytest.mark.parametrize("lost_blanks", [False, True])
def test_automatic_captions(suffix: str, lost_blanks: bool, tmp_path: Path) -> None:
    """As they come, and as ffmpeg makes SubRip of them: no word has a time any more."""
    rows = youtube(PHRASES, marks=suffix == "vtt")
    point = "." if suffix == "vtt" else ","
    cues = [f"{stamp(start, point)} --> {stamp(end, point)} align:start\n{text}\n" for start, end, text in rows]
    text = "\n".join(["WEBVTT\nKind: captions\nLanguage: en\n" * (suffix == "vtt"), *cues])
    path = tmp_path / f"a.{suffix}"
    path.write_text(text.replace("\n \n", "\n\n") if lost_blanks else text)  # an editor that strips lines
    lines = read_captions(path, "v")
    assert [(line.start, line.text) for line in lines] == [(start, text) for start, _, text in PHRASES]
    assert [line.end for line in lines] == pytest.approx([end for _, end, _ in PHRASES])


@given(st.lists(words, min_size=1, max_size=12), st.lists(st.sampled_from([0.0, 2.0]), min_size=12, max_size=12))
def test_each_phrase_once_whatever_is_said(texts: list[str], gaps: list[float]) -> None:
    begin, phrases = 0.5, []
    for text, gap in zip(texts, gaps, strict=False):
        phrases.append((begin + gap, begin + gap + 2.0, text))
        begin += gap + 2.0
    if any(" " in text for text in texts):  # one word has no mark of its own
        rows = unrolled(youtube(phrases))
        assert [(start, words_of(text)) for start, _, text in rows] == [(start, text) for start, _, text in phrases]


def test_two_lines_that_move_up() -> None:
    rows = [(0.0, 2.0, "one"), (2.0, 4.0, "one\ntwo"), (4.0, 6.0, "two\nthree"), (6.1, 8.0, "three\nfour")]
    assert unrolled(rows) == [(0.0, 2.0, "one"), (2.0, 4.0, "two"), (4.0, 6.0, "three"), (6.1, 8.0, "four")]


def test_lines_that_grow_by_words() -> None:
    rows = [(0.0, 0.4, "beat"), (0.4, 0.9, "beat the"), (0.9, 2.0, "beat the eggs"), (2.0, 3.0, "beat the eggs\nwell")]
    assert unrolled(rows) == [(0.0, 2.0, "beat the eggs"), (2.0, 3.0, "well")]


def test_a_word_underlined_after_the_other() -> None:
    """Whisper's ``--highlight_words``."""
    rows = [(0.0, 0.5, "<u>beat</u> the eggs"), (0.5, 1.0, "beat <u>the</u> eggs"), (1.0, 2.0, "beat the <u>eggs</u>"),
            (2.0, 3.0, "<u>then</u> wait")]  # fmt: skip
    assert [(start, end, words_of(text)) for start, end, text in unrolled(rows)] == [
        (0.0, 2.0, "beat the eggs"), (2.0, 3.0, "then wait"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "texts",
    [
        ["yes", "yes", "yes"],
        ["- No.\n- Why?", "- Why?\n- So.", "we go", "we stay", "we sit", "we eat", "we run", "we stop"],
        ["la la\nli", "la la\nli", "la la\nli"],
    ],
)
def test_who_repeats_is_heard_again(texts: list[str]) -> None:
    rows = [(2.0 * k, 2.0 * k + 2.0, text) for k, text in enumerate(texts)]
    assert unrolled(rows) == rows
