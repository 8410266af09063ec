"""Narration is read from WebVTT, SubRip and JSON."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vatt_edu.data.text.captions import cue_rows, identity, make_lines, read_captions, words_of
from vatt_edu.data.text.json_captions import json_rows
from vatt_edu.errors import UserError

words = st.text(st.characters(categories=("Lu", "Ll", "Nd"), include_characters=" '"), min_size=1).filter(
    lambda text: text.strip() and text == text.strip()
)
cues = st.lists(st.tuples(st.integers(0, 36_000_000), st.integers(0, 10_000), words), max_size=6)


def stamp(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest:03d}"


@given(cues, st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_is_read(rows: list, newline: str) -> None:
    wanted = [(start / 1000, (start + length) / 1000, text) for start, length, text in rows]
    srt, vtt = [], ["WEBVTT", "", "NOTE a comment", ""]
    for number, (start, length, text) in enumerate(rows):
        srt += [str(number + 1), f"{stamp(start, ',')} --> {stamp(start + length, ',')}", text, ""]
        vtt += [f"{stamp(start, '.')} --> {stamp(start + length, '.')} line:0", text, ""]
    for lines in (srt, vtt):
        rows = cue_rows(newline.join(lines), "file")
        assert [text for *_, text in rows] == [text for *_, text in wanted]
        assert [row[:2] for row in rows] == [pytest.approx(row[:2]) for row in wanted]


def test_markup_and_short_times() -> None:
    text = "WEBVTT\n\n01:02.5 --> 01:04.25\n<v Ann><i>cut</i> &amp; stir\n- slowly\n\n1:00:00.000 --> 1:00:01.000\n\n"
    assert [(*row[:2], words_of(row[2])) for row in cue_rows(text, "file")] == [
        (62.5, 64.25, "cut & stir - slowly"),
        (3600, 3601, ""),
    ]


def test_lines_are_ordered_and_keep_their_identity() -> None:
    lines = make_lines("v", [(5.0, 6.0, "b"), (3.0, 3.5, "  "), (1.0, 2.0, " a ")])
    assert [(line.text, line.center) for line in lines] == [("a", 1.5), ("b", 5.5)]
    assert [line.text_id for line in lines] == [identity("v", 2), identity("v", 0)]
    assert len({identity(video, number) for video in "ab" for number in range(100)}) == 200
    assert identity("howto_00000", 3) == 9003413554637020007  # for ever: masks of a resumed run depend on it
    assert min(identity("a", n) for n in range(100)) >= 0


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", "{", "line 1, column 2: not JSON"),
        ("a.json", '{"start": [1], "end": [2], "text": []}', "expected"),
        ("a.json", '{"start": ["x"], "end": [2], "text": ["a"]}', "expected"),
        ("a.json", '{"start": [NaN], "end": [2], "text": ["a"]}', "finite"),
        ("a.json", "7", "expected"),
        ("a.srt", "1\n00:00:01 -> 2\nhello\n", "no cue"),
        ("a.vtt", "WEBVTT\n\n1 --> 2\nhello\n", "line 3: not a cue's times"),
    ],
)
def test_a_bad_file_is_named_with_the_place(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=reason) as caught:
        read_captions(tmp_path / name, "a")
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(UserError, match="cannot read"):
        read_captions(tmp_path / "a.srt", "a")


def test_json_in_both_forms() -> None:
    columns = {"start": [1, 2], "end": [2, 3], "text": ["a", "b"]}
    rows = [{"start": 1, "end": 2, "text": "a"}, {"start": 2, "end": 3, "text": "b"}]
    assert json_rows(columns, "x") == json_rows(json.loads(json.dumps(rows)), "x") == [(1.0, 2.0, "a"), (2.0, 3.0, "b")]
