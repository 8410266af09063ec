"""Which clips make up the batch of a step: a pure function of (seed, step), for any number of workers and processes.

A batch has groups of windows of narrated videos first, then single windows of text-free ones; a pool that is empty is
filled by the other. Each pool of each source is walked through in epochs, every video once per epoch, in an order that
is a permutation drawn from (seed, pool, epoch). Where there are several sources, blocks of 100 draws hold each
source's exact share, in an order drawn from (seed, block).
"""

import functools
import hashlib
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64

from vatt_edu.config import DataConfig

SHARE_BLOCK = 100  # draws within which the sources' shares are exact

Pool = Literal["narrated", "text_free"]


def generator(seed: int, purpose: str, *owner: int) -> np.random.Generator:
    """A generator that gives the same numbers wherever and whenever it is made.

    The key of a counter-based generator is a hash of the arguments. (numpy's ``SeedSequence`` of a list would not do:
    to it (1,) and (1, 0) are the same.)

    Args:
        seed: Of the run.
        purpose: What the numbers are for; another purpose gives independent numbers.
        owner: What they belong to, for example a clip's index.
    """
    name = "\n".join([str(seed), purpose, *map(str, owner)])
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


@dataclass(frozen=True, slots=True)
class Slot:
    """One clip of a batch, before its file is opened.

    Attributes:
        index: Its place in the stream: ``step * batch_size + slot``.
        pool: Which kind of video.
        source: Number of the source.
        position: Number of the video within the pool of that source.
        part: Which of the ``parts`` equal parts of the video the window lies in.
        parts: Windows that the video has in this batch.
    """

    index: int
    pool: Pool
    source: int
    position: int
    part: int = 0
    parts: int = 1


@dataclass(frozen=True)
class Sampler:
    """The stream of slots.

    Attributes:
        narrated: How many narrated training videos each source has.
        text_free: How many text-free ones.
        weights: Of the sources, positive.
        data: Composition of a batch.
        seed: Of the run.
    """

    narrated: tuple[int, ...]
    text_free: tuple[int, ...]
    weights: tuple[float, ...]
    data: DataConfig
    seed: int

    def plan(self, step: int) -> list[Slot]:
        """The slots of ``step``, in order of their index."""
        groups, singles = self._draws()
        size, parts = self.data.batch_size, self.data.windows_per_video
        draws: list[tuple[Pool, int, int, int, int]] = []
        for number in range(step * groups, (step + 1) * groups):
            video = self.draw("narrated", number)
            draws += [("narrated", *video, part, parts) for part in range(parts)]
        draws = draws[: size - singles]
        for number in range(step * singles, (step + 1) * singles):
            draws.append(("text_free", *self.draw("text_free", number), 0, 1))
        return [Slot(step * size + slot, *values) for slot, values in enumerate(draws)]

    def _draws(self) -> tuple[int, int]:
        """Groups of narrated windows and single text-free clips in each batch."""
        size, parts = self.data.batch_size, self.data.windows_per_video
        if not sum(self.text_free):
            return math.ceil(size / parts), 0
        if not sum(self.narrated):
            return 0, size
        return self.data.narrated_videos, self.data.text_free

    def draw(self, pool: Pool, number: int) -> tuple[int, int]:
        """Source and position of the ``number``-th video drawn from a pool."""
        sizes = self.narrated if pool == "narrated" else self.text_free
        counts = largest_remainder(
            tuple(weight if size else 0.0 for weight, size in zip(self.weights, sizes, strict=True))
        )
        block, place = divmod(number, SHARE_BLOCK)
        order = source_order(self.seed, pool, block, counts)
        source = int(order[place])
        count = block * counts[source] + int((order[:place] == source).sum())
        epoch, position = divmod(count, sizes[source])
        return source, int(epoch_order(self.seed, f"{pool} {source}", epoch, sizes[source])[position])


@functools.lru_cache(maxsize=16)
def epoch_order(seed: int, pool: str, epoch: int, size: int) -> Int64[np.ndarray, " n"]:
    """The order of one epoch."""
    return generator(seed, f"epoch of {pool}", epoch).permutation(size)


@functools.lru_cache(maxsize=64)
def source_order(seed: int, pool: str, block: int, counts: tuple[int, ...]) -> Int64[np.ndarray, " n"]:
    """Which source each of the draws of a block comes from: (SHARE_BLOCK,)."""
    return generator(seed, f"sources of {pool}", block).permutation(np.repeat(np.arange(len(counts)), counts))


@functools.lru_cache(maxsize=16)
def largest_remainder(weights: tuple[float, ...]) -> tuple[int, ...]:
    """How many of ``SHARE_BLOCK`` draws each source gets: nearest to its share, at least 1 of a positive weight."""
    total = sum(weights)
    exact = [SHARE_BLOCK * weight / total for weight in weights]
    counts = [max(int(share), int(weight > 0)) for share, weight in zip(exact, weights, strict=True)]
    while sum(counts) < SHARE_BLOCK:
        counts[max(range(len(counts)), key=lambda i: (exact[i] - counts[i], -i))] += 1
    while sum(counts) > SHARE_BLOCK:
        counts[min(range(len(counts)), key=lambda i: (exact[i] - counts[i] if counts[i] > 1 else math.inf, i))] -= 1
    return tuple(counts)


def window_start(available: int, needed: int, part: int, parts: int, uniform: float) -> int:
    """The frame that a window starts with.

    Args:
        available: Frames of the video.
        needed: Frames of the window.
        part: Which of the equal parts it lies in; where they are too short for a window, the possible starts are
            divided instead.
        parts: How many there are.
        uniform: From 0 to just under 1: which of the possible starts.
    """
    low = -(-part * available // parts)
    high = (part + 1) * available // parts - needed
    if high < low:
        starts = max(1, available - needed + 1)
        low = part * starts // parts
        high = max(low, (part + 1) * starts // parts - 1)
    return low + int(uniform * (high - low + 1))
