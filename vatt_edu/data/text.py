"""Words: a vocabulary of whole words, and lines of narration as rows of word ids.

Lower case, punctuation removed, split at blanks, as the released code does. Id 0 is padding, id 1 any unknown word;
no begin and no end token. ``vocab.json`` is a file of the ``tokenizers`` library and loads there as well.
"""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Self

from jaxtyping import Int
from torch import Tensor

PAD, UNKNOWN = 0, 1


class Vocabulary:
    """Maps words to ids."""

    @classmethod
    def train(cls, lines: Iterable[str], size: int) -> Self:
        """The most frequent words of ``lines``, ties in alphabetical order.

        Args:
            lines: Any text.
            size: Largest number of ids, padding and unknown included.

        Raises:
            UserError: If ``size`` leaves no room for a word.
        """
        raise NotImplementedError

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The vocabulary that ``save`` wrote.

        Raises:
            UserError: If there is no such file, or it is not a vocabulary.
        """
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write ``vocab.json``, atomically."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def encode(self, lines: Sequence[str], words: int) -> Int[Tensor, "L M"]:
        """Word ids of each line, cropped or padded with 0 to ``words`` of them.

        Args:
            lines: L lines.
            words: M.
        """
        raise NotImplementedError

    def decode(self, ids: Iterable[int]) -> str:
        """The words of ``ids``, without padding; unknown ones as ``[UNK]``."""
        raise NotImplementedError
