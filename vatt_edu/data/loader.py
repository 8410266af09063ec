"""From sources to batches.

``ClipStream`` is a function of the step: ``stream.batch(7)`` is the same batch whoever asks, in whatever order, from
the decoded cache or from the files. ``batches`` reads it ahead, in a thread or in processes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vatt_edu.batch import Batch
from vatt_edu.config import ClipSpec, DataConfig
from vatt_edu.data.sources import Source, Video
from vatt_edu.data.text import Vocabulary


@dataclass(frozen=True)
class Skip:
    """A clip that could not be read and was replaced (a line of ``skipped.jsonl``).

    Attributes:
        path: The file that failed.
        reason: Why, in one line.
        index: The clip's place in the stream, ``Batch.index``.
    """

    path: str
    reason: str
    index: int


class ClipStream:
    """The seeded stream of training batches."""

    def __init__(
        self,
        sources: Sequence[tuple[Source, float]],
        spec: ClipSpec,
        data: DataConfig,
        vocab: Vocabulary,
        seed: int,
        cache: bool = True,
        quiet: bool = False,
    ) -> None:
        """Open the training split of ``sources``; with ``cache``, decode what is not yet in their caches.

        Args:
            sources: Corpora with their weights, from ``open_sources``.
            spec: Sizes and rates, ``config.clip``.
            data: Batch composition and augmentation, ``config.data``.
            vocab: Words.
            seed: Of the whole run.
            cache: Read from ``SOURCE/cache`` (made where missing); False decodes every clip when it is needed.
            quiet: No progress bar while the cache is made.

        Raises:
            UserError: If no source has a training video, or none of them can be decoded.
        """
        raise NotImplementedError

    @property
    def notes(self) -> list[str]:
        """What the user should know, one line each: files missing or damaged, captions beyond the end."""
        raise NotImplementedError

    def batch(self, step: int, rank: int = 0, world: int = 1) -> tuple[Batch, list[Skip]]:
        """The batch of ``step``: all of it, or the contiguous share of one of ``world`` processes.

        Raises:
            UserError: If nothing usable is left, or the batch size is not a multiple of ``world``.
        """
        raise NotImplementedError


def batches(
    stream: ClipStream, start: int, stop: int, workers: int = 0, rank: int = 0, world: int = 1, pin_memory: bool = False
) -> Iterator[tuple[Batch, list[Skip]]]:
    """Batches ``start`` to ``stop - 1`` in order, read ahead; bit for bit the same for any number of workers.

    Close the iterator (or exhaust it) to end its thread or its processes.

    Args:
        stream: What to read.
        start: First step.
        stop: One past the last step.
        workers: Processes that read; 0 reads in one background thread.
        rank: Which share of each batch.
        world: Of how many shares.
        pin_memory: Batches in page-locked memory.

    Raises:
        UserError: If nothing usable is left, or more than 1 % of the last 1,000 clips failed (a file that fails again
            counts once); the message lists them.
    """
    raise NotImplementedError


@dataclass(frozen=True)
class Window:
    """A clip to embed: a video, where it starts (seconds, rounded to a frame; None: the center), and its text."""

    video: Video
    start: float | None = None
    text: str = ""


def window_batches(
    windows: Sequence[Window], spec: ClipSpec, vocab: Vocabulary | None, batch_size: int, source: Source | None = None
) -> Iterator[Batch]:
    """Batches of given windows without any augmentation (center crop); the last batch may be smaller.

    ``text`` is (B, 1, M); ``has_text`` is False where a window's text is empty or there is no vocabulary. ``index``
    counts the windows from 0.

    Args:
        windows: What to read.
        spec: Sizes and rates.
        vocab: Words; None: no text.
        batch_size: Largest number of windows in a batch.
        source: Read through this source's decoded cache (made where missing); None decodes the files.

    Raises:
        MediaError: If a file cannot be decoded.
    """
    raise NotImplementedError


def eval_batches(
    clips: Sequence[Video], spec: ClipSpec, vocab: Vocabulary, batch_size: int, source: Source | None = None
) -> Iterator[Batch]:
    """The center window of each clip, with its caption as its one line of text (``window_batches`` otherwise).

    Raises:
        MediaError: If a file cannot be decoded.
    """
    raise NotImplementedError
