"""ESC-50: short sounds, 50 classes, five folds.

``meta/esc50.csv`` (``filename,fold,target,category,esc10,src_file,take``) and ``audio/*.wav``. A fold is a split,
``fold1`` to ``fold5``: none of it is trained on here, and its own protocol trains on four and tests on the fifth.
"""

from pathlib import Path

from vatt_edu.data.sources.csv_tables import rows
from vatt_edu.data.sources.source import AUDIO_SUFFIXES, AdapterResult, Video, media_files
from vatt_edu.errors import UserError

TABLE = "meta/esc50.csv"


def read(root: Path) -> AdapterResult:
    """The sounds under ``root``, with their category.

    Raises:
        UserError: If there is no table, or it cannot be read.
    """
    table = root / TABLE
    if not table.exists():
        raise UserError(f"no {TABLE} in {root}: the folder is not laid out as ESC-50 is")
    files = {file.name: file for file in media_files(root, AUDIO_SUFFIXES)}
    others = {root / TABLE: ""}
    videos: list[Video] = []
    absent: list[str] = []
    for _, row in rows(table, ("filename", "fold", "category")):
        if row["filename"] in files:
            name = Path(row["filename"]).stem
            videos.append(Video(name, files[row["filename"]], split=f"fold{row['fold']}", labels=(row["category"],)))
        else:
            absent.append(row["filename"])
    return AdapterResult(videos, absent, others)
