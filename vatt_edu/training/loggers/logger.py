"""What writes down a run, and all that do so as one."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from vatt_edu.config import Config
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.errors import UserError
from vatt_edu.losses import Losses
from vatt_edu.training.distributed.processes import is_first
from vatt_edu.training.loggers.jsonl import JsonLines
from vatt_edu.training.loggers.measures import Line
from vatt_edu.training.loggers.tensorboard import TensorBoard, require_tensorboard

Scores = dict[str, dict[str, float]]


class Logger(Protocol):
    """Writes down what happens in a run."""

    def write(self, line: Line, skips: Sequence[Skip]) -> None:
        """A step, and the clips of its batch that had to be replaced."""

    def write_scores(self, step: int, scores: Scores) -> None:
        """What was measured after ``step`` steps, by direction of retrieval."""

    def write_nonfinite(self, step: int, losses: Losses) -> None:
        """A step that was left out, since its loss or its gradient was no number."""

    def close(self) -> None:
        """Nothing more comes."""


LOGGERS: dict[str, tuple[Callable[[], None], Callable[[Path, int], Logger]]] = {
    "tensorboard": (require_tensorboard, TensorBoard)
}
"""By their names in ``train.loggers``: what makes sure that one can be used, and what makes it (folder, first step)."""


def require_loggers(config: Config) -> None:
    """Makes sure that all loggers of a run can be used.

    Raises:
        UserError: If one cannot, or there is none of that name.
    """
    for name in config.train.loggers:
        if name not in LOGGERS:
            raise UserError(f"train.loggers: there is no logger {name!r}; there are: {', '.join(LOGGERS)}")
        require, _ = LOGGERS[name]
        require()


class Loggers:
    """All loggers of a run as one, closed at the end of a ``with`` block. Of many processes, the first one writes.

    Args:
        out: The run's folder.
        config: The run; ``train.loggers`` says who writes beside ``log.jsonl``.
        step: The first that comes.
    """

    def __init__(self, out: Path, config: Config, step: int) -> None:
        self._loggers: list[Logger] = []
        if is_first():
            self._loggers = [JsonLines(out), *(LOGGERS[name][1](out, step) for name in config.train.loggers)]

    def __enter__(self) -> "Loggers":
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:  # all are closed, also where a disk refuses one
            for logger in self._loggers:
                stack.callback(logger.close)

    def write(self, line: Line, skips: Sequence[Skip]) -> None:
        """See ``Logger``."""
        for logger in self._loggers:
            logger.write(line, skips)

    def write_scores(self, step: int, scores: Scores) -> None:
        """See ``Logger``."""
        for logger in self._loggers:
            logger.write_scores(step, scores)

    def write_nonfinite(self, step: int, losses: Losses) -> None:
        """See ``Logger``."""
        for logger in self._loggers:
            logger.write_nonfinite(step, losses)
