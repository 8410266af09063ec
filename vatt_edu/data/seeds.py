"""Randomness as a function: of a run's seed, of what it is for, and of whom it belongs to."""

import hashlib

import numpy as np


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
