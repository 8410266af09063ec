"""Captions in every format that is read, as tools and people write them."""

import codecs
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vatt_edu.data import read_captions
from vatt_edu.data.text.captions import cue_rows, make_lines, seconds, unrolled, visible, words_of
from vatt_edu.data.text.json_captions import clip_captions, json_rows
from vatt_edu.data.text.subtitles import READERS
from vatt_edu.errors import UserError

Cues = list[tuple[float, float, str]]

ASS = """[Script Info]
ScriptType: v4.00{plus}

[Events]
Format: {layer}, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,a note of the maker
Dialogue: 0,0:01:01.25,0:01:02.50,Default,,0,0,0,,{{\\pos(20,30)\\i1}}grate{{\\i0}},\\nthen\\Nwhisk\\hit
Dialogue: 0,0:01:04.00,0:01:05.00,Default,,0,0,0,,{{\\p1}}m 0 0 l 10 0{{\\p0}}
"""
TTML = """<?xml version="1.0" encoding="utf-16"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter" p:frameRate="20" p:tickRate="4000">
 <head><metadata>no words</metadata></head><body begin="1m"><div>
  <p begin="1250ms" dur="1.25s">grate,<br/>then <span>whisk</span>
     it</p>
  <p><span begin="00:00:10:10" end="11s">one</span><span begin="48000t" dur="20f">two</span></p>
 </div></body></tt>
"""
FILES: dict[str, tuple[str, Cues]] = {
    "a.ass": (ASS.format(plus="+", layer="Layer"), [(61.25, 62.5, "grate, then whisk it")]),
    "a.SSA": (ASS.format(plus="", layer="Marked"), [(61.25, 62.5, "grate, then whisk it")]),
    "a.ttml": (TTML, [(61.25, 62.5, "grate, then whisk it"), (70.5, 71.0, "one"), (72.0, 73.0, "two")]),
    "a.dfxp": ('<tt><body><p begin="3.5s" end="00:00:05">stir &amp; wait</p></body></tt>', [(3.5, 5.0, "stir & wait")]),
    "a.tsv": ("start\tend\ttext\n1250\t2500\tgrate\tit\n3000\t3100\t\n", [(1.25, 2.5, "grate it")]),
    "b.tsv": ("0.5\t1.75\tseconds\n", [(0.5, 1.75, "seconds")]),
    "a.sbv": ("0:01:01.250,0:01:02.500\ngrate\nit\n\n1:00:00.000,1:00:01.000\nend\n",
              [(61.25, 62.5, "grate it"), (3600.0, 3601.0, "end")]),
    "a.lrc": ("[ti:song]\n[offset:+250]\n[00:09.5][00:01.50]la <00:01.90>li\n[00:04:00]\n[100:00.00]end\n",
              [(1.25, 3.75, "la li"), (9.25, 5999.75, "la li"), (5999.75, 6003.75, "end")]),
    "a.sub": ("{1}{1}20\n{10}{50}grate|{y:i}then\n", [(0.5, 2.5, "grate then")]),
    "a.smi": ("<SAMI><BODY><SYNC Start=1500><P Class=EN>grate<br>it<SYNC Start=2750><P Class=EN>&nbsp;</BODY></SAMI>",
              [(1.5, pytest.approx(2.75, abs=1.0), "grate it")]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_format(name: str, tmp_path: Path) -> None:
    text, wanted = FILES[name]
    for newline in ("\n", "\r\n", "\r"):
        (tmp_path / name).write_bytes(text.replace("\n", newline).encode())
        lines = read_captions(tmp_path / name, "v")
        assert [(pytest.approx(line.start), pytest.approx(line.end), line.text) for line in lines] == wanted


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.ass", "words and nothing else", "no line of ass|not read as ass"),
        ("a.sub", "{10}{50}words\n", "counts frames and names no rate; make its first line .1..1.25"),
        ("a.sub", "\x00\x00\x01\xba pictures", "no line of microdvd|not read as"),
        ("a.ttml", "<tt><body><p>", "not XML .*line 1"),
        ("a.ttml", '<tt><body><p begin="soon" end="2s">x</p></body></tt>', "not a time: {'begin': 'soon'"),
        ("a.ttml", '<tt frameRate="0"><body><p begin="2f" end="2s">x</p></body></tt>', "not a time"),
        ("a.tsv", "start\tend\ttext\n1\t2\tx\none\ttwo\ty\n", "line 3: not START, END, TEXT"),
        ("a.lrc", "words\n", "no line of lyrics"),
        ("a.sbv", "1,2\nwords\n", "no cue in it"),
        (
            "a.srt",
            "1\n00:00:01,000 --> 00:00:02,000\nx\n\n2\n00:0x:01,000 --> \ny\n",
            "line 6: not a cue's times",
        ),
    ],
)
def test_what_is_wrong_is_a_line(name: str, text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=reason) as caught:
        read_captions(tmp_path / name, "v")
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.integers(0, 999_999), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999), st.booleans())
def test_times_as_tools_write_them(hours: int, minutes: int, rest: int, milliseconds: int, negative: bool) -> None:
    wanted = hours * 3600 + minutes * 60 + rest + milliseconds / 1000
    sign = -1 if negative else 1
    for form in ("{h}:{m:02}:{s:02}.{f:03}", "{h:02}:{m}:{s},{f:03}000", "{h:02}:{m:02}:{s:02}:{f:03}"):
        text = form.format(h=hours, m=minutes, s=rest, f=milliseconds)
        assert seconds("-" * negative + text) == pytest.approx(sign * wanted)
        assert cue_rows(f"7\n{text}-->{text}   X1:10\nhello", "f") == [(seconds(text), seconds(text), "hello")]
    assert seconds(f"{minutes}:{rest:02}") == minutes * 60 + rest


@pytest.mark.parametrize(
    "times",
    [
        "00: 01: 04,250 -> 00: 01: 06,500",  # as machine translation leaves them
        "00:01:04, 250 --> 00:01:06, 500",
        "0:1:4,250 –> 0:1:6,5",
        "00:01:04.250 — > 00:01:06.500 align:start",
        "00:01:04,250 ---> 00:01:06,500",
        "00：01：04，250 --> 00：01：06，500",
        "00:01:04,250 → 00:01:06,500",
        "00:01:04,250 --&gt; 00:01:06,500",
    ],
)
def test_times_that_went_through_other_programs(times: str) -> None:
    good = "00:00:01,000 --> 00:00:02,000"
    rows = cue_rows(f"1\n{good}\nbefore\n\n2\n{times}\nknead\n", "f")
    assert rows == [(1.0, 2.0, "before"), (64.25, 66.5, "knead")]


def test_lines_lie_in_their_video() -> None:
    rows = [(-3.0, -1.0, "before"), (-0.4, 1.5, "begins before"), (8.0, 6.0, "turned"), (5.0, 9.0, "over it")]
    lines = make_lines("v", rows)
    assert [(line.start, line.end, line.text) for line in lines] == [
        (0.0, 1.5, "begins before"), (5.0, 9.0, "over it"), (8.0, 8.0, "turned"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("if x < y, then <3 > 2", "if x < y, then <3 > 2"),
        ("<c.yellow.bg_blue>hot</c> <00:12.500>pan <00:00:13.000>now", "hot pan now"),
        ("<v Roger Bingham>we <lang en-GB>are</lang></v>", "we are"),
        ('<font color="#ff0000">red</font><BR/>{\\an8}sauce\\Nhere', "red sauce here"),
        ("salt &amp; pepper &lt;3 &#8212; caf&eacute;&nbsp;noir &lrm;", "salt & pepper <3 — café noir"),
        ("so\u00adup \u200bof\ufeff the \u202eday\u2069 \u200f", "soup of the day"),
        ("cafe\u0301", "café"),
        ("\\h\\hhot\\hpan", "hot pan"),
        ('<a href="https://example.org">more</a> if a <a b', "more if a <a b"),
        ("♪ ♫", ""), ("...", ""), ("- -", ""), ("&nbsp;", ""), ("<i></i>", ""), ("\u200b", ""), ("{\\an8}", ""),
        ("[Music]", "[Music]"), ("№ 5", "№ 5"), ("饭", "饭"),
        ("{brackets} of people", "{brackets} of people"),
    ],
)  # fmt: skip
def test_only_words_stay(text: str, words: str) -> None:
    assert words_of(text) == words
    assert bool(make_lines("v", [(0.0, 1.0, text)])) == bool(words)


def test_comments_and_names_of_cues_are_no_words() -> None:
    text = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE one
two

intro
00:01.000 --> 00:02.000 align:start
NOTE that it is hot

NOTE not said

third
00:03.000 --> 00:04.000
go --> there

more of it
00:05.000 --> 00:06.000
7
00:07.000 --> 00:08.000
end

NOTE 00:09
over
"""
    assert [(start, words_of(words)) for start, _, words in cue_rows(text, "f")] == [
        (1.0, "NOTE that it is hot"), (3.0, "go --> there"), (5.0, "7"), (7.0, "end"),
    ]  # fmt: skip


def test_numbers_that_are_said_stay() -> None:
    first, second, third = (f"00:00:0{k},000 --> 00:00:0{k + 1},000" for k in (1, 3, 5))
    text = f"1\n{first}\n12\n2\n{second}\n\n3\n\n\n3\n{third}\n4"
    assert [words for *_, words in cue_rows(text, "f")] == ["12", "3", "4"]
    lost_head = f"{first}\nwhisk\n2\n{second}\nten\n3\n{third}\n4"
    assert [words for *_, words in cue_rows(lost_head, "f")] == ["whisk", "ten", "4"]
    assert [words for *_, words in cue_rows(f"1\n{first}\n2 -> 3", "f")] == ["2 -> 3"]
    assert [words for *_, words in cue_rows("00:01.0 --> 00:02.0\n5\n00:03.0 --> 00:04.0\n6", "f")] == ["5", "6"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("suffix", ["srt", "tsv", "lrc"])
def test_encodings(encoding: str, suffix: str, tmp_path: Path) -> None:
    text = {
        "srt": "1\r\n00:00:01,000 --> 00:00:02,000\r\ncrème brûlée – 5 €\r\n",
        "tsv": "1000\t2000\tcrème brûlée – 5 €\n",
        "lrc": "[00:01.00]crème brûlée – 5 €\n[00:02.00]\n",
    }[suffix]
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(text.encode(encoding))
    (line,) = read_captions(path, "v")
    assert (line.start, line.end, line.text) == (1.0, 2.0, "crème brûlée – 5 €")
    path.write_bytes(codecs.BOM_UTF16_BE + text.encode("utf-16-be"))
    assert read_captions(path, "v") == (line,)


def test_json_of_all_makers() -> None:
    nothing, no_number = None, float("nan")
    wanted = [(1.0, 2.5, "stir"), (4.0, 5.0, "wait")]
    forms = [
        {"start": [1, 3, 4], "end": [2.5, 3.5, 5], "text": ["stir", nothing, "wait"]},
        [{"start": 1, "end": 2.5, "text": "stir"}, {"start": no_number, "end": 9, "text": no_number},
         {"start": "4", "duration": 1, "text": "wait"}],
        {"text": " stir wait", "language": "en", "segments": [
            {"id": 0, "start": 1.0, "end": 2.5, "text": "stir", "words": []},
            {"start": 4.0, "end": 5.0, "text": "wait"}]},
        {"video_id": "v", "language_code": "en", "snippets": [
            {"text": "stir", "start": 1, "duration": 1.5}, {"text": "wait", "start": 4, "duration": 1}]},
        {"captions": [{"start": 1, "end": 2.5, "text": "stir"}, {"start": 4, "end": 5, "text": "wait"}]},
        {"text": "", "chunks": [{"timestamp": [1, 2.5], "text": "stir"}, {"timestamp": [4, 5], "text": "wait"}]},
        {"wireMagic": "pb3", "events": [
            {"tStartMs": 0, "dDurationMs": 9000, "id": 1}, {"tStartMs": 500, "aAppend": 1, "segs": [{"utf8": "\n"}]},
            {"tStartMs": 1000, "dDurationMs": 1500, "segs": [{"utf8": "st"}, {"utf8": "ir", "tOffsetMs": 9}]},
            {"tStartMs": 4000, "dDurationMs": 1000, "segs": [{"utf8": "wait"}]}]},
    ]  # fmt: skip
    for form in forms:
        rows = json_rows(json.loads(json.dumps(form)), "f")
        assert [row for row in rows if row[2]] == wanted
    overlapping = {"events": [{"tStartMs": 1000 * k, "dDurationMs": 5000, "segs": [{"utf8": str(k)}]} for k in (1, 3)]}
    assert json_rows(overlapping, "f") == [(1.0, 3.0, "1"), (3.0, 8.0, "3")]


def test_the_caption_of_a_clip_is_no_narration() -> None:
    side = {"key": "7", "status": "success", "caption": "two dogs", "url": "u"}
    assert (json_rows(side, "f"), clip_captions(side)) == ([], ("two dogs",))
    assert clip_captions(side | {"caption": ["a dog", None, "two dogs"]}) == ("a dog", "two dogs")
    assert clip_captions(side | {"caption": None}) == ()
    assert json_rows(side | {"captions": ["two dogs"], "subtitles": {"en": []}}, "f") == []
    assert clip_captions({"start": [], "end": [], "text": []}) == ()
    assert json_rows({"title": "of a download", "duration": 3}, "f") == []
    with pytest.raises(UserError, match="expected"):
        json_rows({"title": "of a download", "start": 3}, "f")


def test_a_file_that_is_cut_off_within_a_letter(tmp_path: Path) -> None:
    """What is before is read as it was written."""
    whole = "1\n00:00:01,000 --> 00:00:02,000\ncrème\n\n2\n00:00:03,000 --> 00:00:04,000\nbrûlé"
    (tmp_path / "a.srt").write_bytes(whole.encode()[:-1])
    assert [line.text for line in read_captions(tmp_path / "a.srt", "v")] == ["crème", "brûl"]
    (tmp_path / "b.srt").write_bytes(whole.encode("utf-16")[:-1])
    assert [line.text for line in read_captions(tmp_path / "b.srt", "v")] == ["crème", "brûl"]


def test_youtube_by_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.en.json3").write_text(
        '{"events": [{"tStartMs": 500, "dDurationMs": 250, "segs": [{"utf8": "hi"}]}]}'
    )
    (line,) = read_captions(tmp_path / "a.en.json3", "v")
    assert (line.start, line.end, line.text) == (0.5, 0.75, "hi")


def test_json_without_an_end(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match="too deep"):
        read_captions(tmp_path / "a.json", "v")


@pytest.mark.parametrize("line", ["word ", "<c ", "<", "&amp", "{\\", "\u200b", "1:", "00:00:01,000 "])
@pytest.mark.parametrize("suffix", ["srt", "vtt", "lrc", "tsv"])
def test_a_line_of_megabytes_takes_no_longer_than_its_letters(line: str, suffix: str, tmp_path: Path) -> None:
    head = {"srt": "1\n00:00:01,000 --> 00:00:02,000\n", "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n",
            "lrc": "[00:01.00]", "tsv": "1000\t2000\t"}[suffix]  # fmt: skip
    (tmp_path / f"a.{suffix}").write_text(head + line * (1_000_000 // len(line)) + " end\n")
    begin = time.process_time()
    (only,) = read_captions(tmp_path / f"a.{suffix}", "v")
    assert only.text.endswith("end")
    assert time.process_time() - begin < 5


def test_many_cues_take_time_by_their_number() -> None:
    times = [f"{k // 60:02}:{k % 60:02}" for k in range(5_000)]
    text = "WEBVTT\n" + "".join(f"\n{at}.000 --> {at}.900\nline {at}\n" for at in times)
    begin = time.process_time()
    assert len(unrolled(cue_rows(text, "f"))) == 5_000
    assert time.process_time() - begin < 4


@given(st.text(max_size=200), st.sampled_from([".srt", ".vtt", ".sbv", *READERS]))
def test_any_text_is_read_or_refused(text: str, suffix: str) -> None:
    reader = READERS.get(suffix, cue_rows)
    try:
        lines = make_lines("v", unrolled(reader(visible(text), "f")))
    except UserError as error:
        refusal = str(error)
        assert "\n" not in refusal
    else:
        assert all(0 <= line.start <= line.end and line.text.strip() for line in lines)
