"""MiniTube: narrated videos as HowTo100M lays them out, text-free ones as AudioSet does, and clips for evaluation.

The layout is written down in ``vatt_edu.minitube.corpus.index_files``. Parts that are not there (yet) are left out.
"""

from pathlib import Path

from vatt_edu.data.sources.adapters import audioset, howto100m
from vatt_edu.data.sources.open import Found, Video
from vatt_edu.errors import UserError
from vatt_edu.files import read_json

VERSION = 1  # of the corpora that this reads: minitube's own, which this module may not import


def read(root: Path) -> Found:
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
    videos: list[Video] = []
    absent: list[str] = []
    if (root / "howto" / "caption.json").exists():
        found = howto100m.read(root / "howto")
        videos, absent = videos + found.videos, [*absent, *found.absent]
    if (root / "audioset" / "segments.csv").exists():
        found = audioset.read(root / "audioset")
        videos, absent = videos + found.videos, [*absent, *found.absent]
    for path in sorted((root / "eval").glob("[!.]*.json")):
        found = clips(path)
        videos, absent = videos + found.videos, [*absent, *found.absent]
    return Found(videos, absent)


def clips(path: Path) -> Found:
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
    return Found(videos, absent)
