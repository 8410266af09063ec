"""Kinetics-400, -600, -700: clips of some seconds, one class each.

``train.csv``, ``validate.csv`` (or ``val.csv``) and ``test.csv``, in the folder or in ``annotations/``, also with the
set's name before (``kinetics700_train.csv``), with columns
``label,youtube_id,time_start,time_end,split`` (a test table may lack labels), and one file for each clip:
``<youtube_id>_<start>_<end>.mp4`` with six digits each, in class folders, in split folders, or flat. A file that is
named by its id alone is taken to be the whole video. Missing ones are counted; a real copy lacks many.
"""

import re
from pathlib import Path

from vatt_edu.data.sources.csv_tables import number, rows
from vatt_edu.data.sources.source import AdapterResult, Video, media_by_name
from vatt_edu.errors import UserError

TABLE = re.compile(r"(?:kinetics[-_]?\d*(?:_\d+)?[-_])?(?P<split>train|validate|val|test)\.csv", re.IGNORECASE)
SPLITS = ("train", "validate", "val", "test")


def read(root: Path) -> AdapterResult:
    """The clips under ``root``, with their class; the split is the table's own column, or else its name.

    Raises:
        UserError: If there is no table, or one cannot be read.
    """
    tables = _tables(root)
    if not tables:
        raise UserError(f"no train.csv, validate.csv or test.csv in {root}: the folder is not laid out as Kinetics is")
    files, others = media_by_name(root)
    videos: dict[str, Video] = {}
    absent: list[str] = []
    for table in tables:
        for where, row in rows(table, ("youtube_id", "time_start", "time_end")):
            start, end = (number(row[column], where, column) for column in ("time_start", "time_end"))
            name = f"{row['youtube_id']}_{round(start):06d}_{round(end):06d}"
            labels = (row["label"],) if row.get("label") else ()
            split = row.get("split") or tables[table]
            if name in files:
                videos[name] = Video(name, files[name], split=split, labels=labels)
            elif row["youtube_id"] in files:
                whole = files[row["youtube_id"]]
                videos[name] = Video(name, whole, split=split, labels=labels, start=start, end=end)
            else:
                absent.append(name)
    others |= dict.fromkeys(tables, "")
    return AdapterResult(list(videos.values()), absent, others)


def _tables(root: Path) -> dict[Path, str]:
    """The tables and their splits, training first."""
    paths = [path for folder in (root, root / "annotations") for path in sorted(folder.glob("*.csv"))]
    tables = {path: match["split"].lower() for path in paths if (match := TABLE.fullmatch(path.name))}
    return dict(sorted(tables.items(), key=lambda table: SPLITS.index(table[1])))
