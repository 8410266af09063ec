"""Batches of given windows, as evaluation and embedding need them: nothing random, nothing replaced."""

import functools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vatt_edu.batch import Batch
from vatt_edu.config import ClipSpec
from vatt_edu.data.clips.cache import NoCacheError, open_cache
from vatt_edu.data.clips.reader import FileReader, Reader, read_window, usable_range, window_frames
from vatt_edu.data.clips.transforms import eval_clip
from vatt_edu.data.loader.collate import BatchBuilder, CaptionEncoder, zero_fill
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.media.info import MediaError, keeping_open
from vatt_edu.data.sources.source import Source, Video
from vatt_edu.data.text.captions import Line, identity
from vatt_edu.data.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Window:
    """A clip to embed: a video, where it starts (seconds, rounded to a frame; None: the center), and its text."""

    video: Video
    start: float | None = None
    text: str = ""


def window_batches(
    windows: Sequence[Window],
    spec: ClipSpec,
    vocab: Vocabulary | None,
    batch_size: int,
    source: Source | None = None,
    quiet: bool = False,
    skips: list[Skip] | None = None,
) -> Iterator[Batch]:
    """Batches of given windows without any augmentation (center crop); the last batch may be smaller.

    ``text`` is (B, 1, M); ``has_text`` is False where a window's text is empty or there is no vocabulary. ``index``
    counts the windows from 0.

    Args:
        windows: What to read.
        spec: Sizes and rates.
        vocab: Words; None: no text.
        batch_size: Largest number of windows in a batch.
        source: Read through this source's decoded cache (made where missing; where it cannot be written, the files are
            read, and a note says so); None decodes the files.
        quiet: No progress bar while the cache is made.
        skips: Takes the windows that cannot be decoded, each by its number; in the batch they have nothing.

    Raises:
        MediaError: If a file cannot be decoded, and there are no ``skips``.
    """
    reader: Reader = FileReader(spec)
    if source:
        try:
            reader = open_cache(source, [window.video for window in windows], spec, quiet)
        except NoCacheError as error:
            _note(f"{error.why}; reading the files instead")
    captions = CaptionEncoder(vocab, spec.words) if vocab else None
    for start in range(0, len(windows), batch_size):
        chunk = windows[start : start + batch_size]
        builder = BatchBuilder(len(chunk), spec, 1)
        with keeping_open():
            for row, window in enumerate(chunk):
                try:
                    frames, pcm = read_window(reader, window.video.path, first_frame(window, reader, spec), spec)
                except MediaError as error:
                    if skips is None:
                        raise
                    skips.append(Skip(error.path, error.reason, start + row))
                    continue
                picture, sound = eval_clip(*zero_fill(frames, pcm, spec), spec)
                builder.set_clip(row, start + row, None if frames is None else picture, None if pcm is None else sound)
                if window.text and captions:
                    builder.set_captions(row, [Line(0.0, 0.0, window.text, identity(window.video.id, 0))], captions)
        yield builder.batch()


@functools.cache
def _note(text: str) -> None:
    """Says it once."""
    print(f"note: {text}", file=sys.stderr)


def first_frame(window: Window, reader: Reader, spec: ClipSpec) -> int:
    """The grid frame that a window starts with."""
    begin, available = usable_range(window.video, reader.track(window.video.path), spec)
    if window.start is None:
        return begin + max(0, available - window_frames(spec)) // 2
    return max(0, round(window.start * spec.fps))


def eval_batches(
    clips: Sequence[Video],
    spec: ClipSpec,
    vocab: Vocabulary,
    batch_size: int,
    source: Source | None = None,
    quiet: bool = False,
) -> Iterator[Batch]:
    """The center window of each clip, with its caption as its one line of text (``window_batches`` otherwise).

    Raises:
        MediaError: If a file cannot be decoded.
    """
    return window_batches([Window(clip, text=clip.caption) for clip in clips], spec, vocab, batch_size, source, quiet)
