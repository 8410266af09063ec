"""The words of a run: its vocabulary, and the vectors that its text tower starts with."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from vatt_edu.config import Config, TextConfig
from vatt_edu.data.sources.source import Source
from vatt_edu.data.text import word_vectors
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.training.run_folder import read_vocabulary


def open_vocabulary(out: Path, sources: Sequence[Source], config: Config, path: Path | None) -> Vocabulary:
    """The vocabulary of the run in ``out``; of a new one that in ``path``, or else that of the sources' lines.

    Raises:
        UserError: If it is damaged, or has more words than the model.
    """
    size = config.model.text.vocab
    if (out / "vocab.json").exists():
        return read_vocabulary(out, config)
    if path is None:
        return Vocabulary.train((text for source in sources for text in source.texts), size)
    vocabulary = word_vectors.read_vocabulary(path)
    if len(vocabulary) > size:
        raise UserError(f"{path} has {len(vocabulary)} words, model.text.vocab is {size}: raise it to that")
    return vocabulary


def open_word_vectors(path: Path, config: TextConfig) -> Float[Tensor, "V E"]:
    """The vectors in ``path``, one for each id.

    Raises:
        UserError: If they are damaged, or not of the shape that the text tower looks up.
    """
    vectors = torch.from_numpy(word_vectors.read_embeddings(path))
    if vectors.shape != (config.vocab, config.embedding_width):
        raise UserError(
            f"{path} holds vectors of shape {tuple(vectors.shape)}, the text tower looks up "
            f"{(config.vocab, config.embedding_width)} (model.text.vocab, model.text.embedding_width)"
        )
    return vectors
