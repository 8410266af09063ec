"""Datasets: there and back without a loss, filtered and mapped between, and bad rows named."""

from pathlib import Path

import pytest
from helpers import clips

from vatt_edu.data.sources.huggingface import as_dataset, from_dataset
from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError


def test_there_and_back(tmp_path: Path) -> None:
    source = open_source(clips.corpus(tmp_path / "corpus", narrated=2, text_free=1))
    rows = as_dataset(source)
    assert rows.num_rows == len(source.videos)
    assert from_dataset(rows, source.root).videos == source.videos


def test_filtered_and_mapped(tmp_path: Path) -> None:
    source = open_source(clips.corpus(tmp_path / "corpus", narrated=2, text_free=1))
    rows = as_dataset(source).filter(lambda row: bool(row["lines"])).map(lambda row: {"words": len(row["lines"])})
    copy = from_dataset(rows, source.root, "narrated")
    assert copy.videos == tuple(video for video in source.videos if video.lines)
    assert [row["words"] for row in rows] == [len(video.lines) for video in copy.videos]


def test_only_a_path_is_needed(tmp_path: Path) -> None:
    from datasets import Dataset

    source = open_source(clips.corpus(tmp_path / "corpus", narrated=1, text_free=0))
    path = source.videos[0].path
    (video,) = from_dataset(Dataset.from_dict({"path": [str(path)]}), tmp_path).videos
    assert (video.id, video.path, video.split, video.lines) == (path.stem, path, "train", ())


def test_bad_rows_are_named(tmp_path: Path) -> None:
    from datasets import Dataset

    with pytest.raises(UserError, match=r"no column 'path'; there are: file"):
        from_dataset(Dataset.from_dict({"file": ["a.mp4"]}), tmp_path)
    with pytest.raises(UserError, match=r"a\.mp4 is not there"):
        from_dataset(Dataset.from_dict({"path": ["a.mp4"]}), tmp_path)
    with pytest.raises(UserError, match="no row"):
        from_dataset(Dataset.from_dict({"path": []}), tmp_path)
