"""Event files for TensorBoard: ``tensorboard --logdir RUN/tensorboard``."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.errors import missing
from vatt_edu.files import writing
from vatt_edu.losses import Losses
from vatt_edu.training.loggers.measures import Line

FOLDER = "tensorboard"


def require_tensorboard() -> None:
    """Makes sure that the package is there.

    Raises:
        UserError: If it is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise missing("tensorboard", "tensorboard")


class TensorBoard:
    """A curve for each number of the log's lines, and for each score; what a resume does again is taken back.

    Args:
        out: The run's folder.
        step: The first that comes: later ones, of before a resume, count no more.
    """

    def __init__(self, out: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._folder = out / FOLDER
        with writing(self._folder):
            self._events = SummaryWriter(str(self._folder), purge_step=step)

    def close(self) -> None:
        """See ``Logger``."""
        with writing(self._folder):
            self._events.close()

    def write(self, line: Line, skips: Sequence[Skip]) -> None:
        """See ``Logger``."""
        self._write(int(line["step"] or 0), "train", {name: value for name, value in line.items() if name != "step"})

    def write_scores(self, step: int, scores: dict[str, dict[str, float]]) -> None:
        """See ``Logger``."""
        for direction, values in scores.items():
            self._write(step, f"val/{direction}", dict(values))

    def write_nonfinite(self, step: int, losses: Losses) -> None:
        """See ``Logger``."""
        self._write(step, "train", {"left_out": 1})

    def _write(self, step: int, group: str, values: Line) -> None:
        with writing(self._folder):
            for name, value in values.items():
                if value is not None:
                    self._events.add_scalar(f"{group}/{name}", value, step)
