"""Features made by hand: what a probe can read without any learning. A learned feature that does worse has lost it.

Sound: the mean, the deviation and the maximum over time of 64 log-mel bands. Pictures: a color histogram and how much
moves from each frame to the next. Words: how often each occurs.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from vatt_edu.config import ClipSpec
from vatt_edu.data.loader.windows import Window, window_batches
from vatt_edu.data.media.spectrogram import display_log_mel
from vatt_edu.data.sources.source import Source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.evaluation.features import EMBED_BATCH

BANDS = 64
LEVELS = 4  # of each color channel: 64 colors


def audio_features(audio: Float[Tensor, "B S"], sample_rate: int) -> Float[Tensor, "B F"]:
    """Mean, deviation and maximum over time of 64 log-mel bands: F = 192.

    Args:
        audio: Waveform in [-1, 1].
        sample_rate: Samples per second.
    """
    bands = display_log_mel(audio, sample_rate, BANDS)
    return torch.cat([bands.mean(-1), bands.std(-1), bands.amax(-1)], 1)


def video_features(video: UInt8[Tensor, "B T H W 3"]) -> Float[Tensor, "B F"]:
    """Share of pixels of each of 64 colors, then the mean change of a pixel between frames: F = 64 + T - 1.

    Args:
        video: Pixels in 0..255.
    """
    level = torch.div(video, 256 // LEVELS, rounding_mode="floor").long().flatten(1, 3)
    color = (level[..., 0] * LEVELS + level[..., 1]) * LEVELS + level[..., 2]
    histogram = torch.stack([row.bincount(minlength=LEVELS**3) for row in color]) / color.shape[1]
    motion = video.float().diff(dim=1).abs().mean((2, 3, 4)) / 255
    return torch.cat([histogram, motion], 1)


def text_features(text: Int[Tensor, "B M"], size: int) -> Float[Tensor, "B {size}"]:
    """How often each word occurs; padding (id 0) is not counted."""
    counts = torch.zeros(len(text), size)
    counts.scatter_add_(1, text, (text != 0).to(counts.dtype))
    return counts


def window_features(
    windows: Sequence[Window], spec: ClipSpec, vocab: Vocabulary | None, source: Source | None, label: str, quiet: bool
) -> dict[str, Float[np.ndarray, "n _"]]:
    """Hand-made features of many windows: ``video audio text``. Arguments as in ``features.embed_windows``."""
    from tqdm import tqdm

    parts: dict[str, list[Tensor]] = {"video": [], "audio": [], "text": []}
    with tqdm(total=len(windows), desc=f"by hand {label}", unit="clip", disable=quiet) as bar:
        for batch in window_batches(windows, spec, vocab, EMBED_BATCH, source, quiet):
            parts["video"].append(video_features(batch.video))
            parts["audio"].append(audio_features(batch.audio, spec.sample_rate))
            if vocab is not None:
                parts["text"].append(text_features(batch.text[:, 0], len(vocab)))
            bar.update(len(batch))
    return {name: torch.cat(values).double().numpy() for name, values in parts.items() if values}
