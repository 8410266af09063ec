"""Sound at another rate, second by second, so that a part of it is a part of the whole bit for bit.

The sums of a convolution are rounded otherwise for arrays of other sizes. So every second is computed from an array of
one size, whatever else is wanted.
"""

import functools
import importlib
import math
import sys
import types
from typing import Any, NoReturn

import numpy as np
import torch

from vatt_edu.data.media.info import Wave
from vatt_edu.errors import missing

LARGEST_KERNEL = 4_000_000  # elements of a resampling kernel; rates that share no divisor would need billions


def resampled_second(wave: Wave, rate: int, new_rate: int, second: int) -> Wave:
    """One second of ``wave`` at another rate, by windowed-sinc interpolation; sample 0 stays at its time.

    Args:
        wave: (S,) at ``rate``; zeros before it and after it.
        rate: Samples per second of ``wave``.
        new_rate: Samples per second of the result.
        second: Which one, from 0.

    Returns:
        (new_rate,); shorter, or empty, past the end of ``wave``.
    """
    if rate == new_rate:
        return wave[second * rate : (second + 1) * rate]
    shared = math.gcd(rate, new_rate)
    if (rate // shared) * (new_rate // shared) > LARGEST_KERNEL:
        rate = max(25, round(rate / 25) * 25)
    filters, reach, step = _filters(rate, new_rate)
    first = second * rate - reach
    if first >= len(wave):
        return wave[:0]
    around = np.zeros(rate + 2 * reach, np.float32)
    part = wave[max(0, first) : first + len(around)]
    around[max(0, -first) : max(0, -first) + len(part)] = part
    resampled: Wave = torch.conv1d(torch.from_numpy(around)[None, None], filters, stride=step)[0].T.flatten().numpy()
    return resampled


@functools.lru_cache(maxsize=16)
def _filters(rate: int, new_rate: int) -> tuple[torch.Tensor, int, int]:
    """A filter for each new sample of a period, how far they reach to both sides of it, and samples of a period."""
    resampler = torchaudio().transforms.Resample(rate, new_rate, dtype=torch.float32)
    return resampler.kernel, resampler.width, rate // math.gcd(rate, new_rate)


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
