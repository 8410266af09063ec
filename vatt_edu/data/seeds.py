"""Randomness as a function: of a run's seed, of what it is for, and of whom it belongs to."""

import zlib

import numpy as np


def generator(seed: int, purpose: str, *owner: int) -> np.random.Generator:
    """A generator that gives the same numbers wherever and whenever it is made.

    Args:
        seed: Of the run.
        purpose: What the numbers are for; another purpose gives independent numbers.
        owner: What they belong to, for example a clip's index; not negative.
    """
    key = [seed % 2**63, zlib.crc32(purpose.encode()), *owner]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
