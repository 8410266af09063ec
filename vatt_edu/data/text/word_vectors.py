"""Other people's words: the official vocabulary, word2vec tables, and the texts of any captions.

The official vocabulary is a text file with a word a line, whose id is the number of its line, from 0, or stands before
it (``3 <unk>``). ``<pad>`` has the id 0, and unknown words that of ``<unk>``. It goes with the table of word vectors
(65,536 × 300) that the released text tower looks words up in and never trains. Neither is in this package, nor are they
served any more by those who made them: these functions read what lies on the user's disk.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from vatt_edu.data.text.safe_pickle import pickled_arrays
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.files import read_text

KEY = "word_embeddings"


def read_vocabulary(path: Path) -> Vocabulary:
    """A vocabulary from a ``vocab.json`` of ours, or from a text file with a word a line, as the official one is.

    Raises:
        UserError: If it cannot be read, a line is no word, ids have gaps, a word stands there twice, or ``<pad>`` (as
            0) or ``<unk>`` is not among them.
    """
    if path.suffix == ".json":
        return Vocabulary.load(path)
    ids: dict[str, int] = {}
    for number, line in enumerate(read_text(path).rstrip("\n").split("\n")):
        parts = line.split()
        if len(parts) not in (1, 2) or (len(parts) == 2 and not parts[0].isdecimal()):
            raise UserError(f"{path}, line {number + 1}: neither WORD nor ID WORD: {line.strip()[:60]!r}")
        if parts[-1] in ids:
            raise UserError(f"{path}, line {number + 1}: {parts[-1]!r} has the id {ids[parts[-1]]} already")
        ids[parts[-1]] = int(parts[0]) if len(parts) == 2 else number
    if sorted(ids.values()) != list(range(len(ids))):
        raise UserError(f"{path}: the ids of its {len(ids)} words are not the numbers from 0 to {len(ids) - 1}")
    if ids.get("<pad>") != 0 or "<unk>" not in ids:
        raise UserError(f"{path} is no vocabulary: it must have <pad> with the id 0, and <unk> for unknown words")
    return Vocabulary.of(sorted(ids, key=ids.__getitem__), ids["<unk>"])


def read_embeddings(path: Path) -> Float[np.ndarray, "V D"]:
    """A table of word vectors, a row a word, in the order of its file.

    Args:
        path: The official ``word2vec.pkl`` (read as data: nothing in it is executed), an ``.npz`` with
            ``word_embeddings`` in it, an ``.npy``, or the text format of word2vec (``.txt``, ``.vec``).

    Raises:
        UserError: If it cannot be read, or is no table of finite numbers.
    """
    if not path.is_file():
        raise UserError(f"no such file of word vectors: {path}")
    try:
        if path.suffix == ".pkl":
            table = _named(pickled_arrays(path.read_bytes()))
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                table = _named(dict(arrays))
        elif path.suffix == ".npy":
            table = np.load(path, allow_pickle=False)
        else:
            table = _word2vec_text(path)
    except (OSError, ValueError, KeyError, EOFError) as error:
        why = str(error).replace("\n", " ")
        raise UserError(f"{path} is no table of word vectors ({why}): give .pkl, .npz, .npy, .txt or .vec") from None
    if table.ndim != 2 or table.dtype.kind != "f" or not np.isfinite(table).all():
        raise UserError(f"{path} is no table of finite numbers: it holds {table.dtype} of shape {table.shape}")
    rows: np.ndarray = table.astype(np.float32)
    return rows


def _named(arrays: dict[str, np.ndarray]) -> np.ndarray:
    if KEY in arrays:
        return arrays[KEY]
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    raise ValueError(f"no {KEY} among {', '.join(arrays) or 'nothing'}")


def _word2vec_text(path: Path) -> np.ndarray:
    """Lines of a word and its numbers; a first line of two numbers counts rows and columns."""
    lines = read_text(path).rstrip("\n").split("\n")
    if len(lines[0].split()) == 2:
        lines = lines[1:]
    rows = [np.array(line.split()[1:], np.float32) for line in lines]
    if len({len(row) for row in rows}) != 1:
        raise ValueError("its lines differ in length")
    return np.stack(rows)
