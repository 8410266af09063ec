"""MSR-VTT, Kinetics and ESC-50 as people have them on their disks: parts missing, other folders, Windows line ends."""

import json
from pathlib import Path

import pytest

from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError


def empty(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def index(name: str, path: Path, splits: dict[str, str], texts: int = 2) -> None:
    path.mkdir(parents=True, exist_ok=True)
    videos = [{"video_id": video, "split": split, "category": 1, "url": "u", "start time": 1.0, "end time": 9.0}
              for video, split in splits.items()]  # fmt: skip
    sentences = [
        {"sen_id": 0, "video_id": video, "caption": f"{video} text {k}"} for video in splits for k in range(texts)
    ]
    (path / name).write_text(json.dumps({"info": {}, "videos": videos, "sentences": sentences}))


def test_msrvtt_in_its_two_files_with_1ka(tmp_path: Path) -> None:
    for number in (0, 1, 3, 4):
        empty(tmp_path / f"TrainValVideo/video{number}.mp4")
    both = tmp_path / "annotation"
    index("train_val_videodatainfo.json", both, {"video0": "train", "video1": "validate", "video2": "train"})
    index("test_videodatainfo.json", both, {"video3": "test", "video4": "test"})
    (tmp_path / "MSRVTT_JSFUSION_test.csv").write_bytes(
        b"\xef\xbb\xbfkey,vid_key,video_id,sentence\r\nret0,msr4,video4,video4 text 1\r\n"
    )
    source = open_source(f"msrvtt:{tmp_path}")
    assert source.missing == 1
    assert [(video.id, video.split) for video in source.videos] == [
        ("video0", "train"), ("video1", "validate"), ("video3", "test"), ("video4", "test_1ka"),
    ]  # fmt: skip
    assert source.videos[0].captions == ("video0 text 0", "video0 text 1")
    assert source.videos[3].captions == ("video4 text 1", "video4 text 0")
    assert list(source.texts) == []


def test_kinetics_in_class_folders_flat_and_whole(tmp_path: Path) -> None:
    for file in ("train/riding a bike/-aB_000004_000014.mp4", "ccc_000000_000010.mp4", "whole/d_d.mkv"):
        empty(tmp_path / file)
    head = b"label,youtube_id,time_start,time_end,split\r\n"
    (tmp_path / "train.csv").write_bytes(
        head + b'"riding a bike",-aB,4,14,train\r\nabseiling,gone,3,13,train\r\nabseiling,d_d,7,17,train\r\n'
    )
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/test.csv").write_bytes(b"youtube_id,time_start,time_end,split\r\nccc,0,10,test\r\n")
    source = open_source(f"kinetics:{tmp_path}")
    assert source.missing == 1
    bike, whole = source.clips("train")
    assert (bike.id, bike.labels, bike.start, bike.end) == ("-aB_000004_000014", ("riding a bike",), 0.0, None)
    assert (whole.path.name, whole.labels, whole.start, whole.end) == ("d_d.mkv", ("abseiling",), 7.0, 17.0)
    assert [(video.id, video.labels) for video in source.clips("test")] == [("ccc_000000_000010", ())]


def test_esc50(tmp_path: Path) -> None:
    for file in ("1-100032-A-0.wav", "5-9032-A-0.wav"):
        empty(tmp_path / "audio" / file)
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/esc50.csv").write_bytes(
        b"filename,fold,target,category,esc10,src_file,take\r\n1-100032-A-0.wav,1,0,dog,True,100032,A\r\n"
        b"5-9032-A-0.wav,5,0,dog,True,9032,A\r\n2-7-B-14.wav,2,14,chirping_birds,False,7,B\r\n"
    )
    source = open_source(f"esc50:{tmp_path}")
    assert [(video.id, video.split, video.labels) for video in source.videos] == [
        ("1-100032-A-0", "fold1", ("dog",)), ("5-9032-A-0", "fold5", ("dog",)),
    ]  # fmt: skip
    assert source.missing == 1


@pytest.mark.parametrize(
    ("kind", "files", "reason"),
    [
        ("msrvtt", {}, "not laid out as MSR-VTT"),
        ("msrvtt", {"MSRVTT_data.json": '{"videos": [{}]}'}, 'MSRVTT_data.json: expected {"videos"'),
        ("msrvtt", {"MSRVTT_JSFUSION_test.csv": "key,video_id\n"}, "no column 'sentence' in its first line"),
        ("kinetics", {}, "not laid out as Kinetics"),
        ("kinetics", {"train.csv": "label,youtube_id,time_start,time_end\na,b,one,2\n"}, "line 2: time_start is 'one'"),
        ("kinetics", {"val.csv": "label,youtube_id,time_start,time_end\na,b\n"}, "line 2: too few columns"),
        ("kinetics", {"val.csv": "label,youtube_id,time_start,time_end\na,b,1,2\n"}, "1 are listed, none of them"),
        ("esc50", {}, "not laid out as ESC-50"),
        ("esc50", {"meta/esc50.csv": "name\n"}, "no column 'filename'"),
    ],
)
def test_bad_sets_are_one_clear_line(tmp_path: Path, kind: str, files: dict[str, str], reason: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=reason) as caught:
        open_source(f"{kind}:{tmp_path}")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
