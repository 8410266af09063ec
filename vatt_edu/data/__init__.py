"""Reads any world: from files on a disk to batches.

The way of one clip from a folder of videos to a ``Batch``: every file whose functions it enters, in order of the first
call (but for constructors: an object is made before it is used).

1. ``sources/open.py`` sees which layout a folder has, and one adapter (``sources/adapters/folder.py`` reads a plain
   folder) goes through its media, with ``sources/source.py``, and the captions beside them, ``text/captions.py`` by
   ``files.py``: a ``Source``, a list of ``Video``s. ``text/vocabulary.py`` is made of the captions.
2. ``loader/stream.py`` is opened, with the sizes in ``config/run.py``. ``clips/reader.py`` knows every file on a grid
   of times, and asks ``media/info.py`` what it holds, and this ``media/headers.py`` whether it contradicts itself.
3. Which clips make up the batch of a step, ``loader/sampler.py``, is a function of seed and step.
4. The reader takes the clip from its file: samples, ``media/audio.py``, and frames, ``media/video.py``, on one clock.
5. ``loader/collate.py`` has zeros for what is missing, ``clips/transforms.py`` changes the clip at random, and it goes
   into its row, with the ids of its words: a ``Batch``.

Other layouts have their own adapters (MiniTube's calls those of HowTo100M and AudioSet). Beside the way:
``clips.cache`` (what was decoded before, instead of step 4), ``loader.prefetch`` (steps 3 to 5 ahead of who needs
them), ``loader.windows`` (given windows, for evaluation), ``card`` (what is in a source, as a page),
``check`` (what is wrong with its files), ``sources.formats`` (what is read, as a table), ``sources.huggingface`` (a
source as a Dataset, and back), ``text.word_vectors``, ``media.indexed`` (other decoders), ``media.spectrogram``,
``workers``.

The names below are what people need. Not handed on: adapters, readers, the cache and what is inside of a stream.
"""

from vatt_edu.data.loader import ClipStream, Window, batches, eval_batches, window_batches
from vatt_edu.data.media import MediaError, probe, probe_media, read_audio, read_video
from vatt_edu.data.sources import Source, Video, open_source, open_sources
from vatt_edu.data.text import Line, Vocabulary, read_captions

__all__ = [
    "ClipStream", "Line", "MediaError", "Source", "Video", "Vocabulary", "Window", "batches", "eval_batches",
    "open_source", "open_sources", "probe", "probe_media", "read_audio", "read_captions", "read_video",
    "window_batches",
]  # fmt: skip
