"""torchaudio, also where its compiled extension does not fit the installed torch, and what is drawn with it."""

import functools
import importlib
import sys
import types
from typing import Any, NoReturn

import torch
from jaxtyping import Float
from torch import Tensor

from vatt_edu.errors import missing


@functools.cache
def torchaudio() -> Any:
    """The module ``torchaudio``.

    PyPI's wheel links CUDA libraries that CPU builds of torch lack. torchaudio runs without its extension, which
    holds nothing that is needed here, so where it cannot be loaded a stub takes its place.

    Raises:
        UserError: If torchaudio is not installed.
    """
    try:
        return importlib.import_module("torchaudio")
    except ModuleNotFoundError:
        raise missing("torchaudio", "data") from None
    except (OSError, RuntimeError, ImportError):
        for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _stub()
        return importlib.import_module("torchaudio")


def _stub() -> types.ModuleType:
    def unavailable(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("torchaudio's compiled extension is not available")

    stub: Any = types.ModuleType("torchaudio._extension")
    stub._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stub._IS_ALIGN_AVAILABLE = False
    stub._check_cuda_version = lambda: None
    stub.fail_if_no_align = lambda function: unavailable
    return stub


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
