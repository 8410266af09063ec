"""A batch as it is filled, clip by clip."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int16, Int64
from torch import Tensor

from vatt_edu.batch import Batch
from vatt_edu.config import ClipSpec, Config
from vatt_edu.data.media.audio import to_float
from vatt_edu.data.media.info import Frames, Pcm, Wave
from vatt_edu.data.text.captions import Line
from vatt_edu.data.text.vocabulary import Vocabulary

REMEMBERED_LINES = 100_000  # whose word ids are kept


def zero_fill(frames: Frames | None, pcm: Pcm | None, spec: ClipSpec) -> tuple[Frames, Wave]:
    """Frames and waveform, zeros where there are none."""
    if frames is None:
        frames = np.zeros((spec.frames, spec.short_side, spec.short_side, 3), np.uint8)
    return frames, np.zeros(spec.samples, np.float32) if pcm is None else to_float(pcm)


def batch_bytes(config: Config) -> int:
    """Bytes of a whole batch, as it travels from a reading process."""
    spec = config.clip
    video, audio = 3 * spec.frames * spec.height * spec.width, 4 * spec.samples
    return config.data.batch_size * (video + audio + 8 * spec.candidates * (spec.words + 1) + 8 + 3)


class CaptionEncoder:
    """Lines as rows of word ids, each encoded once."""

    def __init__(self, vocab: Vocabulary, words: int) -> None:
        self._vocab, self._count = vocab, words
        self._rows: dict[str, Int64[np.ndarray, " M"]] = {}

    def __call__(self, text: str) -> Int64[np.ndarray, " M"]:
        """Word ids of one line."""
        if text not in self._rows:
            if len(self._rows) >= REMEMBERED_LINES:
                self._rows.clear()
            self._rows[text] = self._vocab.encode([text], self._count)[0].numpy()
        return self._rows[text]


class BatchBuilder:
    """A batch being filled, row by row; what is not set stays zero, and its mask False."""

    def __init__(self, size: int, spec: ClipSpec, lines: int) -> None:
        self._video = np.zeros((size, spec.frames, spec.height, spec.width, 3), np.uint8)
        self._audio = np.zeros((size, spec.samples), np.float32)
        self._text = np.zeros((size, lines, spec.words), np.int64)
        self._has_video, self._has_audio, self._has_text = (np.zeros(size, np.bool_) for _ in range(3))
        self._index = np.zeros(size, np.int64)
        self._text_id = np.full((size, lines), -1, np.int64)

    def set_clip(self, row: int, index: int, video: Frames | None = None, audio: Wave | None = None) -> None:
        """Writes a clip; None where its file has no picture or no sound."""
        self._index[row] = index
        if video is not None:
            self._video[row], self._has_video[row] = video, True
        if audio is not None:
            self._audio[row], self._has_audio[row] = audio, True

    def set_captions(self, row: int, lines: Sequence[Line], encoder: CaptionEncoder) -> None:
        """Writes a clip's candidate lines."""
        self._has_text[row] = True
        for column, line in enumerate(lines):
            self._text[row, column] = encoder(line.text)
            self._text_id[row, column] = line.text_id

    def batch(self) -> Batch:
        """The batch, without a copy."""
        return Batch(
            video=torch.from_numpy(self._video),
            audio=torch.from_numpy(self._audio),
            text=torch.from_numpy(self._text),
            has_video=torch.from_numpy(self._has_video),
            has_audio=torch.from_numpy(self._has_audio),
            has_text=torch.from_numpy(self._has_text),
            index=torch.from_numpy(self._index),
            text_id=torch.from_numpy(self._text_id),
        )


@dataclass(frozen=True)
class PackedBatch:
    """A batch on its way to a device: sound as 16-bit samples, half the bytes, and the same floats once it is there.

    Attributes:
        clips: All but the sound, which has no samples here.
        pcm: 16-bit samples.
        gain: How much louder each clip is.
    """

    clips: Batch
    pcm: Int16[Tensor, "B S"]
    gain: Float[Tensor, " B"]

    def __len__(self) -> int:
        return len(self.clips)

    def pin_memory(self) -> "PackedBatch":
        """The same in page-locked memory."""
        return PackedBatch(self.clips.pin_memory(), self.pcm.pin_memory(), self.gain.pin_memory())

    def to(self, device: torch.device | str) -> Batch:
        """The batch on ``device``, its sound in [-1, 1]: ``to_float``, louder, and cut, as ``audio_jitter`` does it."""
        pcm, gain = self.pcm.to(device, non_blocking=True), self.gain.to(device, non_blocking=True)
        audio = (pcm.float() * (1 / 32768) * gain[:, None]).clamp(-1, 1)
        return replace(self.clips.to(device), audio=audio)


class PackedBuilder(BatchBuilder):
    """A batch being filled whose sound stays 16-bit samples."""

    def __init__(self, size: int, spec: ClipSpec, lines: int) -> None:
        super().__init__(size, replace(spec, samples=0), lines)
        self._pcm, self._gain = np.zeros((size, spec.samples), np.int16), np.ones(size, np.float32)

    def set_pcm(self, row: int, pcm: Pcm | None, gain: np.float32) -> None:
        """Writes a clip's sound; None where its file has none."""
        if pcm is not None:
            self._pcm[row], self._gain[row], self._has_audio[row] = pcm, gain, True

    def packed_batch(self) -> PackedBatch:
        """The batch, without a copy."""
        return PackedBatch(self.batch(), torch.from_numpy(self._pcm), torch.from_numpy(self._gain))
