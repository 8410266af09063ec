"""A spectrogram to look at."""

import torch
from jaxtyping import Float
from torch import Tensor

from vatt_edu.data.media.audio import torchaudio


def display_log_mel(audio: Float[Tensor, "*B S"], sample_rate: int, bins: int = 80) -> Float[Tensor, "*B bins F"]:
    """Log-mel spectrogram for looking at: windows of 43 ms every 21 ms, as long as the released code's.

    Args:
        audio: Waveform in [-1, 1].
        sample_rate: Samples per second.
        bins: Mel bands between 80 Hz and 7,600 Hz (or just under half the rate).

    Returns:
        ``log(1 + 10000 * magnitude)``, at least 0; band 0 is the lowest.
    """
    window = int(sample_rate * 0.04267)
    mel = torchaudio().transforms.MelSpectrogram(
        sample_rate,
        n_fft=window,
        hop_length=int(sample_rate * 0.02134),
        f_min=80.0,
        f_max=min(7600.0, 0.475 * sample_rate),
        n_mels=bins,
        power=1.0,
    )
    spectrogram: Tensor = torch.log1p(1e4 * mel(audio))
    return spectrogram
