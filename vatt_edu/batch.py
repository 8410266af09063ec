"""The two contracts: ``Batch`` (data to model) and ``Embeddings`` (model to losses and evaluation).

Legend of all shapes in this package: ``B`` clips, ``T H W C`` frames, ``S`` audio samples, ``L`` text candidates per
clip, ``M`` words, ``N`` tokens, ``K`` kept tokens, ``D`` width.
"""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

MASKED = -1e9
"""In place of a logit that does not count: its exponential is 0, and unlike -inf it has no NaN for a gradient."""


@dataclass(frozen=True)
class Batch:
    """Aligned clips of raw video, raw audio and raw text.

    A missing modality is a mask, never a zero that the loss believes: where ``has_audio[i]`` is False, ``audio[i]`` is
    ignored by the losses.

    Attributes:
        video: uint8 in 0..255, or float in [-1, 1]. Pixels travel as bytes and are normalized on the device.
        audio: Waveform in [-1, 1].
        text: Word ids, 0 is padding. Fewer than ``L`` lines near the clip: the nearest is repeated.
        has_video: Whether the clip's video is valid.
        has_audio: False where the file has no audio stream, or digital silence.
        has_text: False where the clip has no narration.
        index: The clip's place in the seeded stream; what random choices belong to.
        text_id: Identity of each narration line, -1 where there is none. Windows of one video share lines.
    """

    video: UInt8[Tensor, "B T H W 3"] | Float[Tensor, "B T H W 3"]
    audio: Float[Tensor, "B S"]
    text: Int[Tensor, "B L M"]
    has_video: Bool[Tensor, " B"]
    has_audio: Bool[Tensor, " B"]
    has_text: Bool[Tensor, " B"]
    index: Int[Tensor, " B"]
    text_id: Int[Tensor, "B L"]

    def __len__(self) -> int:
        return self.video.shape[0]

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on ``device``."""
        return Batch(**{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory (what a DataLoader calls with ``pin_memory=True``)."""
        return Batch(**{f.name: getattr(self, f.name).pin_memory() for f in fields(self)})


@dataclass(frozen=True)
class Embeddings:
    """What the towers and the heads say about a batch, before l2 normalization (as the official code returns it).

    Attributes:
        video_va: Video in the video-audio space, compared with ``audio_va``.
        audio_va: Audio in the video-audio space.
        video_vt: Video in the video-text space, compared with ``text_vt``.
        text_vt: Each of the ``L`` candidate lines in the video-text space.
    """

    video_va: Float[Tensor, "B Dva"]
    audio_va: Float[Tensor, "B Dva"]
    video_vt: Float[Tensor, "B Dvt"]
    text_vt: Float[Tensor, "B L Dvt"]
