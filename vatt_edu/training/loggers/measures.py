"""A step as a line of numbers: losses, speed, and how much of the machine it used."""

import sys
import time
from collections.abc import Sequence

import torch

from vatt_edu.config import Config
from vatt_edu.cost import ACCELERATORS, PASSES, training_flops
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.losses import Losses

Line = dict[str, int | float | None]

CHIPS = {"NVIDIA H100 80GB HBM3": "H100 SXM", "NVIDIA H200": "H200 SXM"}
"""What the driver calls a chip, and what ``cost.ACCELERATORS`` does."""


def peak_tflops(config: Config, device: torch.device) -> float | None:
    """What ``train.peak_tflops`` says, else the bf16 peak of a GPU's datasheet; None where neither is there.

    Args:
        config: The run.
        device: Of this process.
    """
    if config.train.peak_tflops:
        return config.train.peak_tflops
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return next((chip.peak / 1e12 for chip in ACCELERATORS if chip.name == CHIPS.get(name)), None)


class Meter:
    """Measures steps, from the end of one to the end of the next.

    Args:
        config: The run.
        device: Of this process.
        processes: How many share the batch.
    """

    def __init__(self, config: Config, device: torch.device, processes: int) -> None:
        self._clips, self._device, self._processes = config.data.batch_size, device, processes
        self._flops, self._peak = training_flops(config), peak_tflops(config, device)
        self.restart()

    @property
    def note(self) -> list[str]:
        """How ``mfu`` is computed, and from which peak; or, on a GPU whose peak is not known, how to give it."""
        if self._peak is not None:
            return [
                f"mfu = 3 x forward FLOPs of the kept tokens ({self._flops / PASSES / 1e9:.3g} GFLOP a clip) x clips "
                f"a second / peak ({self._processes} x {self._peak:g} TFLOP/s)"
            ]
        if self._device.type == "cuda":
            name = torch.cuda.get_device_name(self._device)
            return [f"mfu is not logged: the peak of {name} is not known; --train.peak-tflops gives it"]
        return []

    def restart(self) -> None:
        """What was done until now was no training."""
        self._before = time.perf_counter()

    def line(self, step: int, losses: Losses, lr: float, wait: float, skips: Sequence[Skip]) -> Line:
        """The step that ends now.

        Args:
            step: Its number.
            losses: Of the whole batch.
            lr: Its learning rate.
            wait: Seconds that this process waited for its clips.
            skips: Clips of the whole batch that had to be replaced.
        """
        now = time.perf_counter()
        seconds, self._before = now - self._before, now
        speed = self._clips / seconds
        mfu = None if self._peak is None else round(speed * self._flops / (self._peak * 1e12 * self._processes), 6)
        return {
            "step": step,
            "loss": losses.total.item(),
            "nce": losses.nce.item(),
            "mil_nce": losses.mil_nce.item(),
            "lr": lr,
            "clips_per_s": round(speed, 2),
            "mfu": mfu,
            "data_wait": round(wait, 4),
            "data_wait_share": round(min(1.0, wait / seconds), 4),
            "memory_gb": memory_gb(self._device),
            "skipped": len(skips),
        }


def memory_gb(device: torch.device) -> float | None:
    """The most that this process has held, in GB: on its GPU, or of the machine's memory; None where no one counts."""
    if device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(device) / 1e9, 3)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 3)
