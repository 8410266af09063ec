"""HowTo100M: narrated videos.

``raw_caption.json`` or ``caption.json`` (``{video_id: {"start": [], "end": [], "text": []}}``; the second has stop
words removed), ``HowTo100M_v1.csv`` (column ``video_id``; optional), and files ``<video_id>.mp4``, ``.webm`` or
``.mkv`` in any folder below. Videos that are listed and not there are counted: a real copy lacks many.
"""

import csv
from pathlib import Path

from vatt_edu.data.sources.source import AdapterResult, Video, media_files
from vatt_edu.data.text.captions import json_rows, make_lines
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

CAPTIONS = ("raw_caption.json", "caption.json")
TABLE = "HowTo100M_v1.csv"


def read(root: Path) -> AdapterResult:
    """The videos under ``root``, with their narration.

    Raises:
        UserError: If there is no caption file, or an index file cannot be read.
    """
    path = next((root / name for name in CAPTIONS if (root / name).exists()), None)
    if path is None:
        raise UserError(f"no {' or '.join(CAPTIONS)} in {root}: the folder is not laid out as HowTo100M is")
    captions = read_json(path)
    if not isinstance(captions, dict):
        raise UserError(f'{path}: expected {{video_id: {{"start": […], "end": […], "text": […]}}}}')
    files = {file.stem: file for file in media_files(root)}
    names = table_ids(root / TABLE) or list(captions)
    videos = []
    for name in names:
        if name in files:
            rows = json_rows(captions[name], f"{path}, video {name}") if name in captions else []
            videos.append(Video(name, files[name], make_lines(name, rows)))
    return AdapterResult(videos, [name for name in names if name not in files])


def table_ids(path: Path) -> list[str]:
    """Column ``video_id`` of the table, each once; empty where there is no table.

    Raises:
        UserError: If the table has no such column.
    """
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if "video_id" not in (table.fieldnames or ()):
            raise UserError(f"{path}: no column video_id in its first line")
        return list(dict.fromkeys(row["video_id"] for row in table if row["video_id"]))
