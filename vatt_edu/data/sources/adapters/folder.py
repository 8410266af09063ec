"""A plain folder of videos, with captions beside them: ``name.vtt``, ``name.srt`` or ``name.json``, or none."""

from pathlib import Path

from vatt_edu.data.sources.source import AdapterResult, Video, media_files
from vatt_edu.data.text.captions import SUFFIXES, read_captions


def read(root: Path) -> AdapterResult:
    """The videos under ``root``, all of the training split; an id is the path below ``root``.

    Raises:
        UserError: If a caption file cannot be read.
    """
    videos = []
    for file in media_files(root):
        name = file.relative_to(root).as_posix()
        beside = next((path for suffix in SUFFIXES if (path := file.with_suffix(suffix)).exists()), None)
        videos.append(Video(name, file, read_captions(beside, name) if beside else ()))
    return AdapterResult(videos)
