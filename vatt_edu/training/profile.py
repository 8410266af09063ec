"""Where the time of a step goes: a trace for Chrome's ``chrome://tracing`` or https://ui.perfetto.dev."""

from pathlib import Path
from types import TracebackType

import torch
from torch.profiler import ProfilerActivity, profile

from vatt_edu.files import atomic, writing

WARM_UP = 3  # steps before the first that is traced: caches fill, layers are compiled


class Trace:
    """Traces steps ``WARM_UP + 1`` to ``WARM_UP + steps`` of a ``with`` block into ``OUT/trace-STEP.json``.

    A block that ends before, for whatever reason, leaves the steps that were traced until then.

    Args:
        out: The run's folder.
        step: The first step of the block.
        steps: How many are traced; 0: none, and nothing is done.
        device: Of this process.
    """

    def __init__(self, out: Path, step: int, steps: int, device: torch.device) -> None:
        self._path = out / f"trace-{step + WARM_UP:08d}.json"
        self._before, self._left = WARM_UP, steps
        activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
        self._profile = profile(activities=activities, record_shapes=True) if steps else None
        self._runs = False

    def __enter__(self) -> "Trace":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end()

    def step(self) -> None:
        """One more step is done."""
        if self._profile is None:
            return
        if self._runs:
            self._left -= 1
            if not self._left:
                self._end()
            return
        self._before -= 1
        if self._before <= 0:
            self._profile.start()
            self._runs = True

    def _end(self) -> None:
        if self._profile is None:
            return
        if self._runs:
            self._profile.stop()
            with writing(self._path), atomic(self._path, sync=False) as partial:
                self._profile.export_chrome_trace(str(partial))
        self._profile, self._runs = None, False
