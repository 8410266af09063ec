"""A batch as it is filled, clip by clip."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from vatt_edu.batch import Batch
from vatt_edu.config import ClipSpec
from vatt_edu.data.clips.reader import Frames, Pcm
from vatt_edu.data.media import to_float
from vatt_edu.data.text.captions import Line
from vatt_edu.data.text.vocabulary import Vocabulary

REMEMBERED = 100_000  # lines whose word ids are kept


def or_zeros(frames: Frames | None, pcm: Pcm | None, spec: ClipSpec) -> tuple[Frames, NDArray[np.float32]]:
    """Frames and waveform, zeros where there are none."""
    if frames is None:
        frames = np.zeros((spec.frames, spec.short_side, spec.short_side, 3), np.uint8)
    return frames, np.zeros(spec.samples, np.float32) if pcm is None else to_float(pcm)


class Words:
    """Lines as rows of word ids, each encoded once."""

    def __init__(self, vocab: Vocabulary, words: int) -> None:
        self._vocab, self._count = vocab, words
        self._rows: dict[str, NDArray[np.int64]] = {}

    def __call__(self, text: str) -> NDArray[np.int64]:
        """Word ids of one line: (M,)."""
        if text not in self._rows:
            if len(self._rows) >= REMEMBERED:
                self._rows.clear()
            self._rows[text] = self._vocab.encode([text], self._count)[0].numpy()
        return self._rows[text]


class Rows:
    """A batch being filled, row by row."""

    def __init__(self, size: int, spec: ClipSpec, lines: int) -> None:
        self._video = np.zeros((size, spec.frames, spec.height, spec.width, 3), np.uint8)
        self._audio = np.zeros((size, spec.samples), np.float32)
        self._text = np.zeros((size, lines, spec.words), np.int64)
        self._has = np.zeros((3, size), np.bool_)
        self._index = np.zeros(size, np.int64)
        self._text_id = np.full((size, lines), -1, np.int64)

    def put(
        self,
        row: int,
        index: int,
        video: Frames,
        audio: NDArray[np.float32],
        frames: Frames | None,
        pcm: Pcm | None,
    ) -> None:
        """Write a clip; where the file had no ``frames`` or no ``pcm``, the row stays zero and its mask False."""
        self._index[row] = index
        self._has[:2, row] = frames is not None, pcm is not None
        if frames is not None:
            self._video[row] = video
        if pcm is not None:
            self._audio[row] = audio

    def say(self, row: int, lines: Sequence[Line], words: Words) -> None:
        """Write a clip's candidate lines."""
        self._has[2, row] = True
        for column, line in enumerate(lines):
            self._text[row, column] = words(line.text)
            self._text_id[row, column] = line.text_id

    def batch(self) -> Batch:
        """The batch, without a copy."""
        arrays = (self._video, self._audio, self._text, *self._has, self._index, self._text_id)
        return Batch(*(torch.from_numpy(array) for array in arrays))
