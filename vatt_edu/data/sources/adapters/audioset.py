"""AudioSet: text-free clips with labels.

``*segments*.csv`` (three comment lines, then ``YTID, start_seconds, end_seconds, "mid,mid"``; a file with ``eval`` in
its name is the split ``eval``, every other is trained on), ``class_labels_indices.csv`` (optional), and one file for
each clip, in any folder below, named in one of the ways people name them (``names``). Missing ones are counted.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from vatt_edu.data.sources.source import AUDIO_SUFFIXES, VIDEO_SUFFIXES, AdapterResult, Video, media_by_name
from vatt_edu.errors import UserError
from vatt_edu.files import read_text

LABELS = "class_labels_indices.csv"
APART = (
    "the video of its name is used as it is; to join both: ffmpeg -i VIDEO -i SOUND -map 0:v -map 1:a -c copy OUT.mkv"
)


def read(root: Path) -> AdapterResult:
    """The clips under ``root``, with the display names of their labels.

    Raises:
        UserError: If there is no segments file, or an index file cannot be read.
    """
    tables = sorted(root.glob("*segments*.csv")) or sorted(root.glob("*/*segments*.csv"))
    if not tables:
        raise UserError(f"no *segments*.csv in {root}: the folder is not laid out as AudioSet is")
    sounds, sound_doubles = media_by_name(root, AUDIO_SUFFIXES)
    pictures, picture_doubles = media_by_name(root, VIDEO_SUFFIXES)
    files = sounds | pictures
    apart = {path: APART for name, path in sounds.items() if name in pictures}
    others = apart | sound_doubles | picture_doubles | dict.fromkeys([*tables, root / LABELS], "")
    display = display_names(root / LABELS)
    videos: list[Video] = []
    absent: list[str] = []
    for table in tables:
        split = "eval" if "eval" in table.name else "train"
        for name, start, end, mids in segments(table):
            file = next((files[stem] for stem in names(name, start, end) if stem in files), None)
            if file is None:
                absent.append(f"{name}_{start:g}")
                continue
            labels = tuple(display.get(mid, mid) for mid in mids)
            videos.append(Video(f"{name}_{start:g}", file, split=split, labels=labels))
    return AdapterResult(videos, absent, others)


def names(ytid: str, start: float, end: float) -> Iterator[str]:
    """File names, without suffix, under which a clip may be found, most exact first.

    Every file is taken to hold the clip only, from its beginning to its end.
    """
    for prefix in ("", "Y"):
        for form in ("{:g}", "{:.0f}", "{:.1f}", "{:.3f}", "{:06.0f}"):
            yield f"{prefix}{ytid}_{form.format(start)}_{form.format(end)}"
            yield f"{prefix}{ytid}_{form.format(start)}"
        yield f"{prefix}{ytid}_{start * 1000:.0f}_{end * 1000:.0f}"
        yield f"{prefix}{ytid}_{start * 1000:.0f}"
    yield f"Y{ytid}"
    yield ytid


def segments(path: Path) -> Iterator[tuple[str, float, float, list[str]]]:
    """Rows of a segments file: id, start and end in seconds, label ids.

    Raises:
        UserError: If a row cannot be read.
    """
    reader = csv.reader(io.StringIO(read_text(path)), skipinitialspace=True)
    for row in reader:
        if not row or row[0].startswith("#"):
            continue
        try:
            ytid, start, end, mids = row
            yield ytid, float(start), float(end), mids.split(",")
        except ValueError:
            message = f'{path}, line {reader.line_num}: expected  YTID, start_seconds, end_seconds, "mid,mid"'
            raise UserError(message) from None


def display_names(path: Path) -> dict[str, str]:
    """Label id to display name; empty where there is no such table.

    Raises:
        UserError: If a column is missing.
    """
    if not path.exists():
        return {}
    table = csv.DictReader(io.StringIO(read_text(path)), skipinitialspace=True)
    if not {"mid", "display_name"} <= set(table.fieldnames or ()):
        raise UserError(f"{path}: no columns mid and display_name in its first line")
    return {row["mid"]: row["display_name"] for row in table}
