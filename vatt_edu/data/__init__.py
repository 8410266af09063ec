"""Reads any world: from files on a disk to batches.

The way of one clip, and the files that it goes through:

1. ``sources/``: a folder on disk, in any layout, to a list of videos. ``open.py`` finds out which layout it is,
   ``adapters/folder.py`` (or ``howto100m.py``, ``minitube.py``, …: one a layout) reads it, ``source.py`` holds it.
2. ``text/``: captions to lines of narration and word ids: ``captions.py``, ``vocabulary.py``.
3. ``loader/``: which clips make up the batch of a step: ``stream.py``, ``sampler.py``, with numbers from ``seeds.py``.
4. ``media/``: a file to frames and samples on one clock: ``info.py``, ``video.py``, ``audio.py``,
   ``torchaudio_compat.py``.
5. ``clips/``: a video and a time to one clip, from the file (``reader.py``) or from the decoded cache (``cache.py``),
   then changed at random (``transforms.py``).
6. ``loader/`` again: clips to a ``Batch`` (``collate.py``), read ahead (``prefetch.py``).

Beside the way: ``loader/windows.py`` (given windows, for evaluation), ``card/`` (what is in a source, as a page),
``sources/huggingface.py`` (a source as a Dataset, and back), ``text/word_vectors.py``, ``workers.py`` (processes).

The names below are what people need; each is imported when it is first used. Not handed on: adapters, readers, the
cache and what is inside of a stream.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vatt_edu.data.loader import ClipStream, Window, batches, eval_batches, window_batches
    from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video
    from vatt_edu.data.sources import Source, Video, open_source, open_sources
    from vatt_edu.data.text import Line, Vocabulary

_ROOMS = {
    "sources": ("Source", "Video", "open_source", "open_sources"),
    "media": ("MediaError", "probe_media", "read_audio", "read_video"),
    "text": ("Line", "Vocabulary"),
    "loader": ("ClipStream", "Window", "batches", "eval_batches", "window_batches"),
}

__all__ = [
    "ClipStream",
    "Line",
    "MediaError",
    "Source",
    "Video",
    "Vocabulary",
    "Window",
    "batches",
    "eval_batches",
    "open_source",
    "open_sources",
    "probe_media",
    "read_audio",
    "read_video",
    "window_batches",
]


def __getattr__(name: str) -> Any:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
