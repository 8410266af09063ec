"""Sets as their authors hand them out, and what of them is not used."""

import json
from pathlib import Path

import pytest

from vatt_edu.data import Source, open_source
from vatt_edu.data.sources.open import caption_texts
from vatt_edu.data.sources.source import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from vatt_edu.errors import UserError

IDS = ("-aB_4xK9dWe", "Zz0123456_-", "plainplain1")


def put(root: Path, *names: str, text: str = "") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def lines(source: Source) -> dict[str, list[str]]:
    return {video.id: [line.text for line in video.lines] for video in source.videos}


def unused(source: Source) -> dict[str, str]:
    return {note.file: note.reason for note in source.unused}


def columns(*texts: str | None) -> dict:
    return {"start": [float(k) for k in range(len(texts))], "end": [k + 0.5 for k in range(len(texts))], "text": texts}


@pytest.mark.parametrize("folder", ["captions", "howto100m_captions/csv", "."])
def test_howto100m_with_a_table_a_video(folder: str, tmp_path: Path) -> None:
    """What pandas wrote: a column of numbers before, nothing for what is missing; one table is damaged."""
    put(tmp_path, f"videos/{IDS[0]}.webm", f"Any title [{IDS[1]}].mp4", f"deep/er/{IDS[2]}.mkv.mp4", "extra.mp4")
    put(
        tmp_path, f"{folder}/{IDS[0]}.csv", text=',start,end,text\n0,9.5,11.25,"whisk, then wait"\n1,2,3,\n2,4,5,fold\n'
    )
    put(tmp_path, f"{folder}/{IDS[1]}.csv", text="\ufeffstart,end,text\r\n1,2,sift it\r\n")
    put(tmp_path, f"{folder}/{IDS[2]}.csv", text="start,end,text\n1,2,good\nsoon,2,bad\n")
    put(tmp_path, f"{folder}/elsewhere12.csv", text="start,end,text\n1,2,unseen\n")
    source = open_source(f"howto100m:{tmp_path}")
    assert lines(source) == {IDS[0]: ["fold", "whisk, then wait"], IDS[1]: ["sift it"], IDS[2]: []}
    assert source.absent == ("elsewhere12",)
    (note,) = source.unreadable
    assert note.file.endswith(f"{IDS[2]}.csv")
    assert note.reason == "line 3: start is 'soon', not a number"
    assert unused(source) == {"extra.mp4": "not listed by the annotations"}
    (tmp_path / "HowTo100M_v1.csv").write_text(f"video_id,task_id\n{IDS[1]},3\nnot_there_1,4\n")
    source = open_source(f"howto100m:{tmp_path}")
    assert (list(lines(source)), source.absent) == ([IDS[1]], ("not_there_1",))


def test_howto100m_in_one_file(tmp_path: Path) -> None:
    """One entry that cannot be read leaves its video without words."""
    put(tmp_path, *(f"{name}.mp4" for name in IDS), "copy/plainplain1.mp4", "README.md")
    value = {IDS[0]: columns("peel", None, "slice"), IDS[1]: {"start": [1.0]}, IDS[2]: columns("boil")}
    put(tmp_path, "raw_caption_superclean.json", text=json.dumps(value))
    put(tmp_path, "caption.json", text=json.dumps({IDS[0]: columns("without stop words")}))
    source = open_source(f"howto100m:{tmp_path}")
    assert lines(source) == {IDS[0]: ["peel", "slice"], IDS[1]: [], IDS[2]: ["boil"]}
    assert [(note.file, note.reason[:29]) for note in source.unreadable] == [
        ("raw_caption_superclean.json", f"video {IDS[1]}: expected {{"),
    ]  # fmt: skip
    assert unused(source) == {
        "README.md": "nothing that howto100m:DIR reads",
        "caption.json": "other captions of the set are used",
        "plainplain1.mp4": "another file of its name is used",
    }


def test_howto100m_as_its_archive(tmp_path: Path) -> None:
    put(tmp_path, f"{IDS[0]}.mp4", "howto100m_captions.zip")
    with pytest.raises(UserError, match=r"unzip .*howto100m_captions\.zip there first"):
        open_source(f"howto100m:{tmp_path}")


@pytest.mark.parametrize("suffix", [".opus", ".flac", ".wav", ".m4a", ".aiff", ".wma"])
def test_audioset_as_sound_alone(suffix: str, tmp_path: Path) -> None:
    put(tmp_path, f"audio/{IDS[0]}_30.000{suffix}", f"audio/Y{IDS[1]}{suffix.upper()}", "audio/other.mp3")
    rows = f'{IDS[0]}, 30.000, 40.000, "/m/1"\n{IDS[1]}, 0.000, 10.000, "/m/1"\n{IDS[2]}, 0.000, 10.000, "/m/1"\n'
    put(tmp_path, "metadata/balanced_train_segments.csv", text=f"# a\n# b\n# c\n{rows}")
    source = open_source(f"audioset:{tmp_path}")
    assert [video.path.name for video in source.videos] == [f"{IDS[0]}_30.000{suffix}", f"Y{IDS[1]}{suffix.upper()}"]
    assert source.missing == 1
    assert unused(source) == {"audio/other.mp3": "not listed by the annotations"}


def test_audioset_with_picture_and_sound_apart(tmp_path: Path) -> None:
    """A video is one file: the picture is used, and what makes one file of both is said."""
    put(tmp_path, f"video/{IDS[0]}.mp4", f"audio/{IDS[0]}.opus", "class_labels_indices.csv")
    put(tmp_path, "segments.csv", text=f'{IDS[0]}, 0, 10, "/m/1"\n')
    (tmp_path / "class_labels_indices.csv").write_text("index,mid,display_name\n0,/m/1,Bell\n")
    source = open_source(f"audioset:{tmp_path}")
    assert [(video.path.suffix, video.labels) for video in source.videos] == [(".mp4", ("Bell",))]
    assert list(unused(source)) == [f"audio/{IDS[0]}.opus"]
    assert "-map 0:v -map 1:a -c copy" in unused(source)[f"audio/{IDS[0]}.opus"]


@pytest.mark.parametrize("prefix", ["", "kinetics-400_", "kinetics_", "kinetics700_2020_"])
def test_kinetics_by_the_names_of_its_tables(prefix: str, tmp_path: Path) -> None:
    put(tmp_path, "k/abc_000001_000011.webm", "k/def_000000_000010.avi", "k/late.ts")
    head = "label,youtube_id,time_start,time_end,split,is_cc\n"
    put(
        tmp_path,
        f"annotations/{prefix}train.csv",
        text=head + "abseiling,abc,1,11,train,0\nabseiling,gone,1,11,train,0\n",
    )
    put(tmp_path, f"annotations/{prefix}val.csv", text=head.replace("split,", "") + "zumba,def,0,10,1\n")
    source = open_source(f"kinetics:{tmp_path}")
    assert [(video.id, video.split, video.labels) for video in source.videos] == [
        ("abc_000001_000011", "train", ("abseiling",)), ("def_000000_000010", "val", ("zumba",)),
    ]  # fmt: skip
    assert source.missing == 1
    assert unused(source) == {"k/late.ts": "not listed by the annotations"}


def test_msrvtt_says_what_it_does_not_use(tmp_path: Path) -> None:
    put(tmp_path, "video/video7010.mp4", "video/video1.mp4", "MSRVTT_train.9k.csv", "MSRVTT_data.zip")
    index = {
        "videos": [{"video_id": "video7010", "split": "test"}],
        "sentences": [
            {"video_id": "video7010", "caption": "a man sings"},
            {"video_id": "video7010", "caption": "a man is singing"},
        ],
    }
    put(tmp_path, "MSRVTT_data.json", text=json.dumps(index))
    put(
        tmp_path,
        "MSRVTT_JSFUSION_test.csv",
        text="key,vid_key,video_id,sentence\nret0,msr7010,video7010,a man is singing\n",
    )
    source = open_source(f"msrvtt:{tmp_path}")
    assert [(video.split, video.captions) for video in source.videos] == [
        ("test_1ka", ("a man is singing", "a man sings"))
    ]
    assert unused(source) == {
        "MSRVTT_data.zip": "nothing that msrvtt:DIR reads",
        "MSRVTT_train.9k.csv": "nothing that msrvtt:DIR reads",
        "video/video1.mp4": "not listed by the annotations",
    }


def test_msrvtt_sentences_without_a_word_are_none(tmp_path: Path) -> None:
    names = ("video3", "video4", "video5", "video6")
    put(tmp_path, *(f"{name}.mp4" for name in names))
    captions = [
        ("video3", None),
        ("video3", "a cat naps"),
        ("video4", float("nan")),
        ("video5", " - "),
        ("video6", "x"),
    ]
    index = {
        "videos": [{"video_id": name, "split": "test"} for name in names],
        "sentences": [{"video_id": name, "caption": caption} for name, caption in captions],
    }
    put(tmp_path, "MSRVTT_data.json", text=json.dumps(index))
    put(tmp_path, "MSRVTT_JSFUSION_test.csv", text="key,vid_key,video_id,sentence\nret0,msr6,video6,\n")
    videos = {video.id: video.captions for video in open_source(f"msrvtt:{tmp_path}").videos}
    assert videos == {"video3": ("a cat naps",), "video4": (), "video5": (), "video6": ("x",)}


def test_minitube_is_ours(made: Path) -> None:
    source = open_source(made)
    assert (source.unused, source.unreadable, source.notes) == ((), (), [])
    assert open_source(f"howto100m:{made / 'howto'}").notes == []


def test_texts_of_files_of_captions(tmp_path: Path) -> None:
    put(
        tmp_path,
        "talk.json",
        text=json.dumps({"text": "all", "segments": [{"start": 0, "end": 1, "text": " <i>rinse</i>"}]}),
    )
    put(tmp_path, "all.json", text=json.dumps({"a": columns("peel", float("nan")), "b": columns(None, "slice")}))
    put(tmp_path, "song.lrc", text="[00:01.00]hum\n")
    part = {"offsets": {"from": 0, "to": 900}, "text": " sift"}
    put(tmp_path, "cpp.json", text=json.dumps({"systeminfo": "x", "params": {"model": "y"}, "transcription": [part]}))
    put(tmp_path, "side.json", text=json.dumps({"url": "u", "title": "t", "tags": ["a"], "caption": "not narrated"}))
    names = ("talk.json", "all.json", "song.lrc", "cpp.json", "side.json")
    assert list(caption_texts(str(tmp_path / name) for name in names)) == [
        "rinse", "peel", "slice", "hum", "sift",
    ]  # fmt: skip


def test_suffixes_are_known_once() -> None:
    assert len({*VIDEO_SUFFIXES, *AUDIO_SUFFIXES}) == len(VIDEO_SUFFIXES) + len(AUDIO_SUFFIXES)
