"""(seed, step) to a ``Batch``, the same whoever asks, read ahead; and batches of given windows."""

from vatt_edu.data.loader.prefetch import Skip, batches
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.loader.windows import Window, eval_batches, window_batches

__all__ = ["ClipStream", "Skip", "Window", "batches", "eval_batches", "window_batches"]
