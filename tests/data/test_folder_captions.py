"""A folder of one's own: which captions belong to which video, and what is said of every file that is not used."""

import errno
import json
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from helpers import clips

from vatt_edu.config import ClipSpec, DataConfig
from vatt_edu.data import ClipStream, Vocabulary, open_source
from vatt_edu.data.card.measure import measure
from vatt_edu.data.card.page import card_page
from vatt_edu.data.sources.source import FileNote, Source, media_files, walk
from vatt_edu.data.text.captions import SUFFIXES
from vatt_edu.errors import UserError

SRT = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"


def put(root: Path, *names: str) -> None:
    """Empty files; captions say their own name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(SRT.format(name)) if path.suffix.lower() in (".vtt", ".srt") else b"")


def words(source: Source) -> dict[str, str]:
    return {video.id: " ".join(line.text for line in video.lines) for video in source.videos}


def unused(source: Source) -> dict[str, str]:
    return {note.file: note.reason for note in source.unused}


@pytest.mark.parametrize(
    ("video", "captions"),
    [
        ("talk.mp4", ["talk.pt-BR.vtt"]),
        ("talk.mp4", ["talk.SRT", "talk.en.vtt"]),
        ("TALK.MKV", ["TALK.VTT"]),
        ("talk.mp4", ["talk.en.srt", "talk.en-GB.srt", "talk.de.vtt"]),
        ("talk.mp4", ["talk.en-orig.vtt", "talk.de.vtt"]),
        ("talk.mp4", ["talk.eng.srt", "talk.eng.forced.srt"]),
        ("talk.mp4", ["talk.af.srt", "talk.zh-Hans.vtt"]),
        ("talk.mp4", ["talk.fr.sdh.srt"]),
        ("talk.mp4", ["talk.mp4.srt"]),
        ("talk.mp4.webm", ["talk.en.vtt"]),
        ("A title [ab-DE_123xY].mkv", ["A title [ab-DE_123xY].en.vtt"]),
        ("A title [ab-DE_123xY].mkv", ["ab-DE_123xY.vtt"]),
        (unicodedata.normalize("NFD", "café.mp4"), [unicodedata.normalize("NFC", "café.en.vtt")]),
        (unicodedata.normalize("NFC", "Müller ø.mov"), [unicodedata.normalize("NFD", "Müller ø.srt")]),
        ("part 1.intro.mp4", ["part 1.intro.vtt"]),
        ("-dash.mp4", ["-dash.nl.vtt"]),
        ("talk.mp4", ["talk.vtt", "talk.srt", "talk.ass", "talk.en.json3"]),
    ],
)
def test_captions_by_name(video: str, captions: list[str], tmp_path: Path) -> None:
    """The first of them is read, the others are said to be there."""
    put(tmp_path, video, *captions)
    source = open_source(tmp_path)
    assert words(source) == {video: unicodedata.normalize("NFC", captions[0])}
    assert unused(source) == dict.fromkeys(captions[1:], "other captions of its video are used")
    assert source.caption_files == (captions[0],)


def test_a_longer_name_is_not_a_language(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "a.en.mp4", "a.en.vtt", "a.part.vtt", "b.srt", "sub/a.srt")
    source = open_source(tmp_path)
    assert words(source) == {"a.en.mp4": "a.en.vtt", "a.mp4": ""}
    assert unused(source) == dict.fromkeys(
        ("a.part.vtt", "b.srt", "sub/a.srt"), "captions without a video of that name"
    )


def test_captions_that_cannot_be_read_stop_nothing(tmp_path: Path) -> None:
    """Nor do they hide others of the same video."""
    put(tmp_path, "a.mp4", "b.mp4", "b.de.srt", "c.mp4", "c.srt", "d.mp4")
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nx\n\n00:00:x2 --> 00:00:03\ny\n")
    (tmp_path / "b.srt").write_bytes(b"\x81\x8d\xff")
    (tmp_path / "d.vtt").write_text("WEBVTT\n")
    (tmp_path / "e.json").write_text("{}")
    source = open_source(tmp_path)
    assert words(source) == {"a.mp4": "", "b.mp4": "b.de.srt", "c.mp4": "c.srt", "d.mp4": ""}
    bad, bytes_ = source.unreadable
    assert bad == FileNote("a.srt", "line 5: not a cue's times: '00:00:x2 --> 00:00:03'")
    assert bytes_.file == "b.srt"
    assert bytes_.reason.startswith("cannot read")
    assert str(tmp_path) not in bytes_.reason
    assert unused(source) == {"d.vtt": "no words in it", "e.json": "no video of that name"}
    notes = "\n".join(source.notes)
    assert "2 files of captions are left out, because unreadable: a.srt, line 5: not a cue's times" in notes
    assert "2 files of captions are read: 2 .srt" in notes


def test_unsure_letters_are_said_once(tmp_path: Path) -> None:
    put(tmp_path, *(f"{name}.mp4" for name in "abc"))
    for name, encoding in zip("abc", ("cp1252", "utf-8", "utf-16"), strict=True):
        (tmp_path / f"{name}.srt").write_text(SRT.format("jalapeño"), encoding=encoding)
    source = open_source(tmp_path)
    assert set(words(source).values()) == {"jalapeño"}
    assert source.legacy == ("a.srt",)
    assert [note for note in source.notes if "Windows-1252 (a.srt)" in note and "1 file of captions is not" in note]


def test_what_lies_there_is_counted_and_named(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", *(f"{k}.txt" for k in range(7)), "x.vtt", "cover.jpg", "a.wav", "a.info.json", "LICENSE")
    put(tmp_path, ".hidden.txt", "cache/v1/index.txt", "card.html")
    os.symlink("gone.mp4", tmp_path / "dangling.mp4")
    os.symlink("me.mp4", tmp_path / "me.mp4")
    os.symlink(tmp_path, tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe.mp4")
    source = open_source(tmp_path)
    assert [video.id for video in source.videos] == ["a.mp4"]
    assert len(source.unused) == 7 + 1 + 1 + 1 + 1 + 1 + 4
    reasons = unused(source)
    assert reasons["loop"] == "a link to a folder around it"
    assert reasons["dangling.mp4"] == reasons["me.mp4"] == "a link to nothing"
    assert reasons["pipe.mp4"] == "no plain file"
    assert reasons["a.wav"].startswith("sound alone")
    (note,) = source.notes
    assert (
        f"{tmp_path}: 16 files are not used: 7 .txt, neither video nor captions that are read (0.txt, 1.txt, 2.txt, …)"
        in note
    )
    assert "1 .vtt, captions without a video of that name (x.vtt)" in note
    assert note.endswith("; …")


def test_links_that_lead_elsewhere_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "disk", "one/a.mp4", "b.mkv", "b.vtt")
    (tmp_path / "mine").mkdir()
    os.symlink(tmp_path / "disk/one", tmp_path / "mine/one")
    os.symlink(tmp_path / "disk/b.mkv", tmp_path / "mine/b.mkv")
    os.symlink(tmp_path / "disk/b.vtt", tmp_path / "mine/b.vtt")
    assert words(open_source(tmp_path / "mine")) == {"b.mkv": "b.vtt", "one/a.mp4": ""}


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.mp4", "locked/b.mp4")
    whole = os.scandir

    def scandir(path: Path) -> Any:  # root may read every folder, so that its mode would not do
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied")
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert unused(open_source(tmp_path)) == {"locked": "the folder cannot be read, Permission denied"}


def test_an_empty_corpus_says_what_is_there(tmp_path: Path) -> None:
    put(tmp_path, "a.mp5", "b.mp5", "c.flac")
    with pytest.raises(UserError, match=r"no video in .*3 files are not used: 2 \.mp5, neither .* \(a\.mp5, b\.mp5\)"):
        open_source(tmp_path)


def test_video2dataset(tmp_path: Path) -> None:
    """Its side files hold the caption of the clip; failed downloads have one, and no video."""
    for number, caption in enumerate(["a dog runs", " … ", "no video"]):
        stem = tmp_path / f"00000/{number:09d}"
        put(tmp_path, *([f"00000/{number:09d}.mp4"] if number < 2 else []), f"00000/{number:09d}.txt")
        side = {"key": stem.name, "status": "success", "caption": caption, "url": "u", "yt_meta_dict": None}
        stem.with_suffix(".json").write_text(json.dumps(side))
    put(tmp_path, "00000.parquet", "00000_stats.json")
    source = open_source(tmp_path)
    assert [(video.captions, video.lines) for video in source.videos] == [(("a dog runs",), ()), ((), ())]
    assert not source.unreadable
    assert set(unused(source)) == {
        "00000.parquet", "00000_stats.json", "00000/000000001.json", "00000/000000001.txt", "00000/000000002.json",
        "00000/000000002.txt",
    }  # fmt: skip


def test_names_that_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of another encoding in a name: the video is read, and lines and pages show them."""
    monkeypatch.setenv("VATT_DECODER", "pyav")
    name = os.fsdecode("caf\xe9".encode("latin-1"))
    clips.write(tmp_path / f"{name}.mp4", audio=clips.tone(440), size=(36, 48))
    put(tmp_path, f"{name}.srt", f"{name}.doc", f"{name}2.vtt")
    source = open_source(tmp_path)
    assert len(source.videos[0].lines) == 1
    assert {r"caf\xe9.doc", r"caf\xe92.vtt"} == set(unused(source))
    card = measure(source, quiet=True)
    for text in ("\n".join(source.notes), json.dumps(card, ensure_ascii=False), card_page(card, source)):
        assert r"caf\xe9.doc" in text.replace("\\\\", "\\")
        text.encode()


def test_the_card_shows_what_is_not_used(tmp_path: Path) -> None:
    clips.write(tmp_path / "a.mp4", audio=clips.tone(440), size=(36, 48))
    put(tmp_path, "a & b.doc")
    (tmp_path / "a.srt").write_text("no cue")
    source = open_source(tmp_path)
    card = measure(source, quiet=True)
    assert card["files"]["unused"] == {
        "count": 1, "names": [{"file": "a & b.doc", "reason": "neither video nor captions that are read"}],
    }  # fmt: skip
    assert card["files"]["unreadable"]["count"] == 1
    assert card["files"]["unreadable"]["names"][0]["reason"].startswith("no cue in it")
    page = card_page(card, source)
    assert "Files that are not used: 1." in page
    assert "<code>a &amp; b.doc</code>: neither video" in page
    assert "<code>a.srt</code>: no cue in it" in page


@pytest.mark.parametrize("name", ["lessons:1", "howto100m:x", "a:b:c", " blanks ", "-dash", "folder:", "2:3"])
def test_any_name_of_a_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, f"{name}/a.mp4", "x/b.mp4")
    monkeypatch.chdir(tmp_path)
    assert [video.id for video in open_source(name).videos] == ["a.mp4"]
    assert [video.id for video in open_source(f"folder:{name}").videos] == ["a.mp4"]


def test_walk_keeps_its_order(tmp_path: Path) -> None:
    put(tmp_path, "b/2.mp4", "b.mp4", "a/z/1.mp4", "a/9.mp4", "a.mp4", "cache/x.mp4", "b/cache.mp4")
    assert [path.relative_to(tmp_path).as_posix() for path in media_files(tmp_path)] == [
        "a.mp4", "b.mp4", "a/9.mp4", "a/z/1.mp4", "b/2.mp4", "b/cache.mp4",
    ]  # fmt: skip
    assert walk(tmp_path / "a")[1] == []
    assert len(set(SUFFIXES)) == len(SUFFIXES) == 13


def test_a_run_says_what_is_left_aside(tmp_path: Path, spec: ClipSpec, data: DataConfig) -> None:
    """And goes on; only where no captions at all can be read it does not begin."""
    small = {"fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
    for name in "ab":
        clips.write(tmp_path / f"{name}.mp4", audio=clips.tone(440, rate=16_000), **small)
        (tmp_path / f"{name}.json").write_text('{"title": "of a download"}')
    put(tmp_path, "a.nl.srt", "c.srt")
    (tmp_path / "b.vtt").write_text("WEBVTT\n\n1:2:3:4:5 --> 6\nwords\n")

    def notes() -> str:
        source = open_source(tmp_path)
        config = clips.config_for(spec, data)
        vocabulary = Vocabulary.train(source.texts, 50)
        return "\n".join(ClipStream.open([(source, 1.0)], config, vocabulary, cache=False, quiet=True).notes)

    text = notes()
    assert "1 file of captions is read: 1 .srt" in text
    assert "1 .srt, captions without a video of that name (c.srt)" in text
    assert "2 .json, no words in it (a.json, b.json)" in text
    assert "1 file of captions is left out, because unreadable: b.vtt, line 3: not a cue's times" in text
    (tmp_path / "a.nl.srt").unlink()
    with pytest.raises(UserError, match=r"no captions can be read, 1 files are there: .*/b\.vtt, line 3"):
        notes()
