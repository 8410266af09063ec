"""Words: a vocabulary of whole words, and lines of narration as rows of word ids.

Lower case, punctuation removed, split at blanks, as the released code does. Id 0 is padding, id 1 (in a vocabulary
that was made here) any unknown word; no begin and no end token. ``vocab.json`` is a file of the ``tokenizers`` library
and loads there as well.

The released code has English only. In scripts that are written without blanks (Chinese, Japanese, Thai, Lao, Khmer,
Burmese, Tibetan) every letter, with its marks, is a word here: else a sentence would be one word, and unknown.
"""

import os
from collections.abc import Iterable, Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from vatt_edu.data.text.captions import visible
from vatt_edu.errors import UserError, missing
from vatt_edu.files import write_text

PAD, UNKNOWN = 0, 1
SPECIAL = ["[PAD]", "[UNK]"]
_LETTER = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}&&\P{M}&&\P{P}][\p{M}ー]*"


def _tokenizers() -> ModuleType:
    try:
        import tokenizers
    except ModuleNotFoundError:
        raise missing("tokenizers", "data") from None
    return tokenizers


def _whole_words(library: ModuleType, model: Any) -> Any:
    """A tokenizer that lowers, takes punctuation out, and splits at blanks."""
    normalizers = library.normalizers
    tokenizer = library.Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Lowercase(), normalizers.Replace(library.Regex(r"[\p{P}$+<=>^`|~]"), "")]
    )
    tokenizer.pre_tokenizer = library.pre_tokenizers.WhitespaceSplit()
    return tokenizer


@cache
def _letters() -> Any:
    library = _tokenizers()
    return library.pre_tokenizers.Split(library.Regex(_LETTER), "isolated")


def with_blanks(line: str) -> str:
    """A line with blanks around the letters of scripts that are written without; any other line as it is.

    >>> with_blanks("切洋葱 slowly")
    '切 洋 葱  slowly'
    """
    if line.isascii():
        return line
    return " ".join(piece for piece, _ in _letters().pre_tokenize_str(visible(line)))


class Vocabulary:
    """Maps words to ids."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def train(cls, lines: Iterable[str], size: int) -> "Vocabulary":
        """The most frequent words of ``lines``, ties in alphabetical order.

        Args:
            lines: Any text.
            size: Largest number of ids, padding and unknown included.

        Raises:
            UserError: If ``size`` leaves no room for a word.
        """
        if size <= len(SPECIAL):
            raise UserError(f"model.text.vocab = {size} leaves no room for a word: ids 0 and 1 are padding and unknown")
        library = _tokenizers()
        tokenizer = _whole_words(library, library.models.WordLevel(unk_token=SPECIAL[1]))
        trainer = library.trainers.WordLevelTrainer(vocab_size=size, special_tokens=SPECIAL, show_progress=False)
        tokenizer.train_from_iterator(map(with_blanks, lines), trainer)
        return cls(tokenizer)

    @classmethod
    def of(cls, words: Sequence[str], unknown: int = UNKNOWN) -> "Vocabulary":
        """The vocabulary in which the word ``words[i]`` has the id i.

        Args:
            words: All words, each once. Whatever the first is called, it becomes padding.
            unknown: The id of unknown words; whatever its word is called.

        Raises:
            UserError: If ``unknown`` is none of the ids.
        """
        if not 0 < unknown < len(words):
            raise UserError(f"a vocabulary of {len(words)} words has no id {unknown} for unknown ones")
        library = _tokenizers()
        ids = {word: i for i, word in enumerate(words) if i not in (PAD, unknown)}
        ids |= {SPECIAL[0]: PAD, SPECIAL[1]: unknown}
        return cls(_whole_words(library, library.models.WordLevel(vocab=ids, unk_token=SPECIAL[1])))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Vocabulary":
        """The vocabulary that ``save`` wrote.

        Raises:
            UserError: If there is no such file, or it is not a vocabulary.
        """
        if not os.path.isfile(path):
            raise UserError(f"no such vocabulary: {path}")
        try:
            tokenizer = _tokenizers().Tokenizer.from_file(os.fspath(path))
        except Exception as error:  # tokenizers raises plain Exception
            raise UserError(f"{path} is not a vocabulary ({' '.join(str(error).split())}): restore the file") from None
        if tokenizer.token_to_id(SPECIAL[0]) != PAD or tokenizer.token_to_id(SPECIAL[1]) is None:
            raise UserError(f"{path} is not one of ours: id 0 must be {SPECIAL[0]}, and there must be {SPECIAL[1]}")
        return cls(tokenizer)

    def save(self, path: str | PathLike[str]) -> None:
        """Write ``vocab.json``, atomically."""
        write_text(Path(path), self._tokenizer.to_str(pretty=True))

    def __len__(self) -> int:
        size: int = self._tokenizer.get_vocab_size()
        return size

    def __contains__(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word) is not None

    def encode(self, lines: Sequence[str], words: int) -> Int[Tensor, "L M"]:
        """Word ids of each line, cropped or padded with 0 to ``words`` of them.

        Args:
            lines: L lines.
            words: M.
        """
        rows = torch.zeros(len(lines), words, dtype=torch.int64)
        for row, line in zip(rows, lines, strict=True):
            ids = self._tokenizer.encode(with_blanks(line)).ids[:words]
            row[: len(ids)] = torch.tensor(ids, dtype=torch.int64)
        return rows

    def decode(self, ids: Iterable[int]) -> str:
        """The words of ``ids``, without padding; unknown ones as ``[UNK]``."""
        return " ".join(self._tokenizer.id_to_token(int(i)) for i in ids if int(i) != PAD)


class NoVocabulary(Vocabulary):
    """Stands where a converted model has no vocabulary: whoever needs words is told so; all else works."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __getattr__(self, name: str) -> Any:
        if name == "_tokenizer":
            raise UserError(f"there is no vocabulary {self._place}: convert again with --vocab FILE to embed words")
        raise AttributeError(name)
