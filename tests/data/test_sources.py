"""Every layout gives the same kind of source; what is wrong with one is said in a line."""

import json
import shutil
from pathlib import Path

import pytest

from vatt_edu.data.sources.adapters.audioset import names
from vatt_edu.data.sources.open import open_source, open_sources
from vatt_edu.errors import UserError


def empty_video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def howto(root: Path) -> Path:
    for name in ("videos/aaa.mp4", "videos/b_-b.webm", "more/ccc.mkv"):
        empty_video(root / name)
    (root / "HowTo100M_v1.csv").write_bytes(
        b"video_id,task_id,rank,category_1,category_2\r\naaa,1,1,Food,x\r\nb_-b,1,2,Food,x\r\n"
        b"ccc,2,1,Food,x\r\ngone,2,2,Food,x\r\naaa,3,1,Food,x\r\n"
    )
    captions = {
        "aaa": {"start": [3.0, 1.0], "end": [4.0, 2.5], "text": ["second", "first"]},
        "b_-b": {"start": [0], "end": [1], "text": ["only"]},
        "gone": {"start": [0], "end": [1], "text": ["nobody hears it"]},
    }
    (root / "caption.json").write_text(json.dumps(captions))
    return root


def test_minitube_has_three_kinds_of_videos(made: Path) -> None:
    source = open_source(made)
    assert source.splits == ("train", "test_iid")
    assert source.missing == 0
    narrated = [video for video in source.clips("train") if video.lines]
    assert [video.id for video in narrated] == [f"howto_{n:05d}" for n in range(4)]
    assert [len(video.lines) for video in narrated] == [8] * 4
    silent = [video for video in source.clips("train") if not video.lines]
    assert [(video.path.name, video.labels) for video in silent] == [
        (f"aset_{n:06d}_30.mp4", ("Pour",)) for n in range(4)
    ]
    clip = source.clips("test_iid")[1]
    assert (clip.caption, clip.captions[1], clip.path.exists()) == ("clip number 1", "clip number 1 again", True)
    assert len(list(source.texts)) == 32
    ids = [line.text_id for video in narrated for line in video.lines]
    assert len(set(ids)) == 32


def test_howto100m(tmp_path: Path) -> None:
    source = open_source(f"howto100m:{howto(tmp_path)}")
    assert [(video.id, len(video.lines)) for video in source.videos] == [("aaa", 2), ("b_-b", 1), ("ccc", 0)]
    assert [line.text for line in source.videos[0].lines] == ["first", "second"]
    assert source.missing == 1
    (tmp_path / "raw_caption.json").write_text("{}")
    assert not any(video.lines for video in open_source(f"howto100m:{tmp_path}").videos)


def test_audioset(tmp_path: Path) -> None:
    for name in ("clips/-a_b_30.000.mp4", "Yccc.wav", "Yccc.mp4", "ddd_40000_50000.mkv", "wav/Yeee.wav", "fff_10.mp4"):
        empty_video(tmp_path / name)
    rows = [
        "-a_b, 30.000, 40.000",
        "ccc, 0.000, 10.000",
        "ddd, 40.000, 50.000",
        "eee, 0.000, 10.000",
        "gone, 0.0, 10.0",
    ]
    head = "# one\n# two\n# three\n"
    (tmp_path / "balanced_train_segments.csv").write_text(head + "".join(f'{row}, "/m/1,/m/2"\n' for row in rows))
    (tmp_path / "eval_segments.csv").write_text(head + 'fff, 10.000, 20.000, "/m/2"\n')
    (tmp_path / "class_labels_indices.csv").write_text('index,mid,display_name\n0,/m/1,"Sound, loud"\n1,/m/2,Bell\n')
    source = open_source(f"audioset:{tmp_path}")
    assert [video.path.name for video in source.clips("train")] == [
        "-a_b_30.000.mp4", "Yccc.mp4", "ddd_40000_50000.mkv", "Yeee.wav",
    ]  # fmt: skip
    assert source.clips("train")[0].labels == ("Sound, loud", "Bell")
    assert [video.path.name for video in source.clips("eval")] == ["fff_10.mp4"]
    assert source.missing == 1


def test_names_of_one_clip() -> None:
    matches = set(names("x", 30.0, 40.0))
    assert {"x_30", "x_30.000", "x_30_40", "x_30000", "x_30000_40000", "x_000030_000040", "Yx", "x", "Yx_30"} <= matches


def test_a_plain_folder(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.mp4", "sub/c.webm", "cache/d.mp4", ".hidden/e.mp4", ".f.mp4", "music.flac"):
        empty_video(tmp_path / name)
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n")
    (tmp_path / "b.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nthere\n")
    (tmp_path / "sub/c.json").write_text('{"start": [1], "end": [2], "text": ["world"]}')
    source = open_source(tmp_path)
    assert [(video.id, [line.text for line in video.lines]) for video in source.videos] == [
        ("a.mp4", ["hello"]), ("b.MP4", ["there"]), ("sub/c.webm", ["world"]),
    ]  # fmt: skip
    assert open_source(f"folder:{tmp_path}") == source


def test_weights(tmp_path: Path) -> None:
    for name in ("one", "two", "odd:2"):
        empty_video(tmp_path / name / "a.mp4")
    specs = [f"{tmp_path}/one", f"{tmp_path}/two:2.5", f"folder:{tmp_path}/one:3", f"{tmp_path}/odd:2"]
    opened = open_sources(specs)
    assert [(source.root.name, weight) for source, weight in opened] == [
        ("one", 1),
        ("two", 2.5),
        ("one", 3),
        ("odd:2", 1),
    ]
    with pytest.raises(UserError, match="weight of a source must be positive"):
        open_sources([f"{tmp_path}/one:0"])


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("nowhere", "no such directory"),
        ("folder:nowhere", "no such directory"),
        ("file.mp4", "is a file"),
        ("empty", "empty corpus: no video in"),
        ("howto100m:empty", "not laid out as HowTo100M"),
        ("audioset:empty", "not laid out as AudioSet"),
        ("odd", "kind is 'laserdisc'"),
        ("broken", "line 1, column 2: not JSON"),
        ("howto100m:broken", "line 2, column 1: not JSON"),
        ("howto100m:listed", "1 are listed, none of them is there"),
        ("howto100m:odd", "expected"),
        ("audioset:rows", "line 3: expected  YTID"),
    ],
)
def test_bad_sources(tmp_path: Path, spec: str, reason: str) -> None:
    empty_video(tmp_path / "file.mp4")
    for name in ("empty", "odd", "broken", "listed", "rows"):
        (tmp_path / name).mkdir()
    (tmp_path / "odd/source.json").write_text('{"kind": "laserdisc"}')
    (tmp_path / "odd/caption.json").write_text("[1]")
    (tmp_path / "broken/source.json").write_text("{")
    (tmp_path / "broken/caption.json").write_text('{"a": 1\n')
    (tmp_path / "listed/caption.json").write_text('{"a": {"start": [], "end": [], "text": []}}')
    (tmp_path / "rows/segments.csv").write_text('# a\nx, 1, 2, "/m/1"\ny, one, 2, "/m/1"\n')
    kind, colon, name = spec.rpartition(":")
    with pytest.raises(UserError, match=reason) as caught:
        open_source(f"{kind}{colon}{tmp_path / name}")
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_split_is_answered_with_those_there_are(made: Path) -> None:
    with pytest.raises(UserError, match=r"no split 'test' in .*; there are: train, test_iid"):
        open_source(made).clips("test")


def test_a_corpus_that_is_still_being_made(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "eval", tmp_path / "eval")
    (tmp_path / "howto/videos").mkdir(parents=True)
    (tmp_path / "source.json").write_text('{"kind": "minitube"}')
    assert open_source(tmp_path).splits == ("test_iid",)


def test_only_the_first_narrated_videos(made: Path) -> None:
    """Text-free and test videos stay, and so does the order; 0 is all."""
    source = open_source(made)
    narrated = [video for video in source.clips("train") if video.lines]
    assert len(narrated) > 1
    few = source.first(1)
    assert [video for video in source.videos if video not in narrated[1:]] == list(few.videos)
    assert set(few.texts) == {line.text for line in narrated[0].lines}
    assert source.first(0).videos == source.videos == source.first(10_000).videos
