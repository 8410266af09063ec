"""HowTo100M: narrated videos.

The narration, as its authors hand it out: ``raw_caption.json``, ``raw_caption_superclean.json`` or ``caption.json``
(``{video_id: {"start": [], "end": [], "text": []}}``; the last has stop words removed), the first of them that is
there, or else a table a video, ``<video_id>.csv`` with the columns ``start,end,text``, in any folder below. With
``HowTo100M_v1.csv`` (column ``video_id``) its videos are the set. Files are ``<video_id>.mp4`` or another video, in any
folder below. Videos that are listed and not there are counted: a real copy lacks many.
"""

from collections.abc import Callable
from pathlib import Path

from vatt_edu.data.sources.csv_tables import number, rows
from vatt_edu.data.sources.source import AdapterResult, FileNote, Video, media_by_name, unreadable, walk
from vatt_edu.data.text.captions import make_lines
from vatt_edu.data.text.json_captions import COLUMNS, json_rows
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

CAPTIONS = ("raw_caption.json", "raw_caption_superclean.json", "caption.json")
TABLE = "HowTo100M_v1.csv"


def read(root: Path) -> AdapterResult:
    """The videos under ``root``, with their narration; without, where a video's own cannot be read.

    Raises:
        UserError: If there is no caption file, or an index file cannot be read.
    """
    narration, place, captions = _narration(root)
    files, others = media_by_name(root)
    names = table_ids(root / TABLE) or list(narration)
    notes: list[FileNote] = []
    videos = []
    for name in names:
        if name in files:
            lines: list[tuple[float, float, str]] = []
            try:
                lines = narration[name]() if name in narration else []
            except UserError as error:
                notes.append(unreadable(root, captions.get(name, place), error))
            videos.append(Video(name, files[name], make_lines(name, lines)))
    others |= {root / name: "other captions of the set are used" for name in CAPTIONS}
    others |= dict.fromkeys([root / TABLE, place, *captions.values()], "")
    return AdapterResult(videos, [name for name in names if name not in files], others, notes)


def _narration(root: Path) -> tuple[dict[str, Callable[[], list[tuple[float, float, str]]]], Path, dict[str, Path]]:
    """What reads the rows of each video; the file that holds them all; or the file of each."""
    path = next((root / name for name in CAPTIONS if (root / name).exists()), None)
    if path is not None:
        columns = read_json(path)
        if not isinstance(columns, dict):
            raise UserError(f'{path}: expected {{video_id: {{"start": […], "end": […], "text": […]}}}}')
        return {name: _from_json(value, f"{path}, video {name}") for name, value in columns.items()}, path, {}
    files, _ = walk(root)
    tables = {path.stem: path for path in files if path.suffix.lower() == ".csv" and path.name != TABLE}
    if tables:
        return {name: _from_table(table) for name, table in tables.items()}, root, tables
    archive = next((path for path in files if path.suffix.lower() == ".zip"), None)
    remedy = f"unzip {archive} there first" if archive else "the folder is not laid out as HowTo100M is"
    raise UserError(f"no {' or '.join(CAPTIONS)} and no table ID.csv in {root}: {remedy}")


def _from_json(value: object, where: str) -> Callable[[], list[tuple[float, float, str]]]:
    return lambda: json_rows(value, where)


def _from_table(path: Path) -> Callable[[], list[tuple[float, float, str]]]:
    return lambda: [
        (number(row["start"], where, "start"), number(row["end"], where, "end"), row["text"])
        for where, row in rows(path, COLUMNS)
    ]


def table_ids(path: Path) -> list[str]:
    """Column ``video_id`` of the table, each once; empty where there is no table.

    Raises:
        UserError: If the table has no such column.
    """
    if not path.exists():
        return []
    return list(dict.fromkeys(row["video_id"] for _, row in rows(path, ("video_id",)) if row["video_id"]))
