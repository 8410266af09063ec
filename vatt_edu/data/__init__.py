"""Reads any world: from files on a disk to batches.

The way of one clip, and the files that it goes through:

1. A folder on disk, in any layout, becomes a list of videos: ``sources/open.py`` sees which layout it is, one adapter
   reads it (``sources/adapters/folder.py``, or another such as ``sources/adapters/minitube.py``), ``sources/source.py``
   is what comes out. Captions are read by ``text/captions.py`` (with ``files.py``), and ``text/vocabulary.py`` is made
   of them.
2. Which clips make up the batch of a step is a function of seed and step: ``loader/stream.py`` asks
   ``loader/sampler.py``, whose numbers come from ``seeds.py``; how large they are is in ``config/run.py``.
3. A video and a time become one clip: ``clips/reader.py`` reads it from the file, or ``clips/cache.py`` from what was
   decoded before.
4. A file becomes frames and samples on one clock: ``media/info.py``, ``media/video.py``, ``media/audio.py`` (with
   ``media/spectrogram.py``).
5. The clip is changed at random, ``clips/transforms.py``, and put into its row with the ids of its words,
   ``loader/collate.py``: a ``Batch``, ``batch.py``. ``loader/prefetch.py`` does steps 2 to 5 ahead of who needs them.

Beside the way: ``loader/windows.py`` (given windows, for evaluation), ``card/`` (what is in a source, as a page),
``sources/huggingface.py`` (a source as a Dataset, and back), ``text/word_vectors.py``, ``workers.py`` (processes).

The names below are what people need. Not handed on: adapters, readers, the cache and what is inside of a stream.
"""

from vatt_edu.data.loader import ClipStream, Window, batches, eval_batches, window_batches
from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video
from vatt_edu.data.sources import Source, Video, open_source, open_sources
from vatt_edu.data.text import Line, Vocabulary

__all__ = [
    "ClipStream", "Line", "MediaError", "Source", "Video", "Vocabulary", "Window", "batches", "eval_batches",
    "open_source", "open_sources", "probe_media", "read_audio", "read_video", "window_batches",
]  # fmt: skip
