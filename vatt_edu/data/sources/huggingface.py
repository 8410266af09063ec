"""A source as a Hugging Face ``datasets`` Dataset, to look at, filter and map; and a Dataset as a source, to train on.

Rows hold paths, words and times, never pixels: the files are read where they lie, by the same readers as always.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatt_edu.data.sources.source import Source, Video
from vatt_edu.data.text.captions import make_lines
from vatt_edu.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

COLUMNS = ("id", "path", "split", "captions", "labels", "start", "end", "lines")


def as_dataset(source: Source) -> "Dataset":
    """One row a video: the columns of ``COLUMNS``; ``lines`` is a list of ``{"start", "end", "text"}``, seconds.

    Args:
        source: From ``open_source``.
    """
    from datasets import Dataset, Features, List, Value

    text, seconds = Value("string"), Value("float64")
    line = {"start": seconds, "end": seconds, "text": text}
    kinds = (text, text, text, List(text), List(text), seconds, seconds, List(line))
    return Dataset.from_list(
        [_row(video) for video in source.videos], features=Features(dict(zip(COLUMNS, kinds, strict=True)))
    )


def from_dataset(dataset: "Dataset", root: Path, name: str = "dataset") -> Source:
    """A source that reads the files that a Dataset names; only ``path`` is needed, every other column has a default.

    Args:
        dataset: Rows as ``as_dataset`` makes them, perhaps filtered or with more columns.
        root: Folder under which the decoded cache is kept.
        name: For messages and logs.

    Raises:
        UserError: If there is no row, no column ``path``, or a file is not there.
    """
    if "path" not in dataset.column_names:
        raise UserError(f"{name}: no column 'path'; there are: {', '.join(dataset.column_names)}")
    videos = [_video(row, name) for row in dataset.select_columns([c for c in COLUMNS if c in dataset.column_names])]
    if not videos:
        raise UserError(f"{name}: the Dataset has no row")
    return Source(name, root, tuple(videos))


def _row(video: Video) -> dict[str, Any]:
    lines = [{"start": line.start, "end": line.end, "text": line.text} for line in video.lines]
    values = (video.id, str(video.path), video.split, [*video.captions], [*video.labels], video.start, video.end, lines)
    return dict(zip(COLUMNS, values, strict=True))


def _video(row: dict[str, Any], name: str) -> Video:
    path = Path(row["path"])
    if not path.is_file():
        raise UserError(f"{name}: {path} is not there; mend the column 'path' or leave the row out")
    video_id = row.get("id") or path.stem
    lines = [(line["start"], line["end"], line["text"]) for line in row.get("lines") or ()]
    return Video(
        video_id, path, make_lines(video_id, lines), row.get("split") or "train", tuple(row.get("captions") or ()),
        tuple(row.get("labels") or ()), row.get("start") or 0.0, row.get("end"),
    )  # fmt: skip
