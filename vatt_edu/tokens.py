"""Raw signals to tokens (paper, section 3.1; chapter *Tokenization*): tubelets, waveform segments, log-mel, words.

A tokenizer is a reshape and one matrix product: the official strided convolution, whose kernel and stride are equal, is
the same function. Cutting comes apart from projecting, so that DropToken can throw patches away while they are still
bytes. Patches are flattened with the channel fastest, as a flattened TensorFlow kernel is, tokens with time slowest.
"""

import functools
import math

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from vatt_edu.config import MelConfig

Raw = UInt8[Tensor, "B N P"] | Float[Tensor, "B N P"]


def video_patches(video: UInt8[Tensor, "B T H W 3"] | Float[Tensor, "B T H W 3"], tubelet: tuple[int, int, int]) -> Raw:
    """Cuts video into tubelets of ``(t, h, w)`` pixels (paper, equation 1).

    Args:
        video: uint8 pixels, or floats; the type is kept.
        tubelet: Frames, rows and columns of a tubelet; each must divide the clip's.

    Returns:
        ``N = T/t * H/h * W/w`` patches of ``P = t*h*w*3`` values, tokens ordered (t, h, w) with t slowest.

    Raises:
        ValueError: If a tubelet does not divide the clip.
    """
    (_, frames, height, width, _), (t, h, w) = video.shape, tubelet
    if frames % t or height % h or width % w:
        raise ValueError(f"tubelets of {t} x {h} x {w} do not divide a clip of {frames} x {height} x {width}")
    grid = video.unflatten(3, (width // w, w)).unflatten(2, (height // h, h)).unflatten(1, (frames // t, t))
    return grid.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(4).flatten(1, 3)


def audio_patches(audio: Float[Tensor, "B S"], patch: int) -> Float[Tensor, "B N P"]:
    """Cuts a waveform into ``N = S / patch`` segments (paper, section 3.1).

    Raises:
        ValueError: If ``patch`` does not divide the number of samples.
    """
    if audio.shape[1] % patch:
        raise ValueError(f"segments of {patch} samples do not divide a waveform of {audio.shape[1]}")
    return audio.unflatten(1, (-1, patch))


def log_mel_patches(audio: Float[Tensor, "B S"], config: MelConfig) -> Float[Tensor, "B N P"]:
    """Patches of a log-mel spectrogram, scaled to [0, 1] clip by clip as released; a constant one becomes 0."""
    mel = log_mel(audio, config)
    low, high = mel.amin((1, 2), keepdim=True), mel.amax((1, 2), keepdim=True)
    scaled = (mel - low) / (high - low).clamp(min=1e-12)
    return spectrogram_patches(scaled, config.patch_frames, config.patch_bins or config.bins)


def spectrogram_patches(mel: Float[Tensor, "B F bins"], frames: int, bins: int) -> Float[Tensor, "B N P"]:
    """Cuts a spectrogram into patches; frames and bins that do not fill one are cut off, as released.

    Returns:
        ``N = (F // frames) * (all bins // bins)`` patches of ``P = frames * bins`` values; both time slowest.
    """
    (_, rows, columns) = mel.shape
    whole = mel[:, : rows // frames * frames, : columns // bins * bins]
    grid = whole.unflatten(2, (-1, bins)).unflatten(1, (-1, frames))
    return grid.transpose(2, 3).flatten(3).flatten(1, 2)


def log_mel(audio: Float[Tensor, "B S"], config: MelConfig) -> Float[Tensor, "B F bins"]:
    """The released log-mel spectrogram: log(1 + 10,000 m) of mel bins of magnitudes, F = ceil(S / hop) frames.

    Frame ``f`` begins at sample ``f * hop``; past the end there are zeros.
    """
    frames = -(-audio.shape[1] // config.hop)
    padded = torch.nn.functional.pad(audio, (0, (frames - 1) * config.hop + config.window - audio.shape[1]))
    window = torch.hann_window(config.window, device=audio.device, dtype=audio.dtype)
    spectrum = torch.fft.rfft(padded.unfold(1, config.window, config.hop) * window, _power_of_two(config.window)).abs()
    return torch.log1p(10_000 * (spectrum @ mel_matrix(config).to(audio)))


@functools.cache
def mel_matrix(config: MelConfig) -> Float[Tensor, "spectrum bins"]:
    """Triangles that are linear in mel (1127 ln(1 + f / 700)) between equally spaced edges; the row of 0 Hz is zero."""
    size = _power_of_two(config.window) // 2 + 1
    mel = 1127 * torch.log1p(torch.linspace(0, config.sample_rate / 2, size, dtype=torch.float64) / 700)
    low, high = (1127 * math.log1p(f / 700) for f in (config.low, config.high))
    edges = torch.linspace(low, high, config.bins + 2, dtype=torch.float64)
    width = edges[1] - edges[0]
    weights = (1 - (mel[:, None] - edges[1:-1]).abs() / width).clamp(min=0)
    weights[0] = 0
    return weights


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()


def as_signal(patches: Raw) -> Float[Tensor, "B N P"]:
    """Bytes 0..255 to floats in [-1, 1]; floats pass unchanged."""
    return patches if patches.is_floating_point() else patches.to(torch.get_default_dtype()).mul_(2 / 255).sub_(1)


class PatchTokenizer(nn.Linear):
    """Projects raw patches to tokens: one matrix and one bias (the official strided convolution).

    Args:
        patch_shape: Size of a patch along each axis of the signal, channels last: ``(4, 16, 16, 3)`` or ``(128, 1)``.
        width: ``D``, the width of a token.
        gain: Multiplies the signal first (official: 1).
    """

    def __init__(self, patch_shape: tuple[int, ...], width: int, gain: float = 1.0) -> None:
        super().__init__(math.prod(patch_shape), width)
        self.gain = gain
        # Keras counts a convolution's fans as kernel area x channels, on both sides.
        area = math.prod(patch_shape[:-1])
        bound = math.sqrt(6 / (area * (patch_shape[-1] + width)))
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.zeros_(self.bias)

    def forward(self, patches: Raw) -> Float[Tensor, "B N D"]:
        """Raw patches, bytes or floats, to tokens."""
        signal = as_signal(patches).to(self.weight.dtype)
        return super().forward(signal if self.gain == 1.0 else signal * self.gain)


class WordEmbedding(nn.Embedding):
    """Looks words up in a table (paper, section 3.1). Id 0 is padding; the encoder masks it.

    Args:
        vocab: Rows of the table.
        width: Width of a row.
        trained: False as released, where the table is a frozen word2vec; True starts it at unit variance and trains it.
    """

    def __init__(self, vocab: int, width: int, trained: bool) -> None:
        super().__init__(vocab, width)
        if not trained:
            nn.init.uniform_(self.weight, -0.05, 0.05)  # Keras' start, meant to be overwritten with word2vec
        self.weight.requires_grad_(trained)

    def forward(self, text: Int[Tensor, "B M"]) -> Float[Tensor, "B M D"]:
        """Word ids to their rows."""
        return super().forward(text)
