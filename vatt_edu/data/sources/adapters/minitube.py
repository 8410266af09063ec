"""MiniTube: narrated videos as HowTo100M lays them out, text-free ones as AudioSet does, and clips for evaluation.

The layout is written down in ``vatt_edu.minitube.corpus.index_files``. Parts that are not there (yet) are left out.
"""

from pathlib import Path

from vatt_edu.data.sources.adapters import audioset, howto100m
from vatt_edu.data.sources.source import AdapterResult, Video
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

VERSION = 1
"""Of the corpora that are read: raised whenever the same seed would make other files than before."""
FACTORS = ("action", "material", "size", "count", "color", "shape")
"""What a step of a MiniTube video is made of, as its annotations name it."""


def read(root: Path) -> AdapterResult:
    """The videos under ``root``, of all splits.

    Raises:
        UserError: If an index file cannot be read, or the corpus is of another version.
    """
    card = root / "source.json"
    about = read_json(card) if card.exists() else {}
    version = about.get("version", VERSION) if isinstance(about, dict) else None
    if version != VERSION:
        raise UserError(
            f"{root} is a MiniTube corpus of version {version}, this reads version {VERSION}: make it again with "
            "vatt data minitube"
        )
    parts = []
    if (root / "howto" / "caption.json").exists():
        parts.append(howto100m.read(root / "howto"))
    if (root / "audioset" / "segments.csv").exists():
        parts.append(audioset.read(root / "audioset"))
    parts += [clips(path) for path in sorted((root / "eval").glob("[!.]*.json"))]
    return AdapterResult(
        [video for part in parts for video in part.videos],
        [name for part in parts for name in part.absent],
        unreadable=[note for part in parts for note in part.unreadable],
    )


def clips(path: Path) -> AdapterResult:
    """The clips of an evaluation split; its name is the file's.

    Raises:
        UserError: If the file does not hold a list of clips.
    """
    videos: list[Video] = []
    absent: list[str] = []
    try:
        for row in read_json(path):
            file = path.parent / row["file"]
            captions = (row["caption"], *row.get("captions", ()))
            if file.exists():
                videos.append(Video(row["id"], file, split=path.stem, captions=captions))
            else:
                absent.append(row["file"])
    except (KeyError, TypeError, AttributeError):
        raise UserError(f'{path}: expected a list of {{"id", "file", "caption", …}}') from None
    return AdapterResult(videos, absent)
