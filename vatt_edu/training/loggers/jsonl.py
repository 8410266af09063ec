"""The files that every run has: lines of JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.files import writing
from vatt_edu.losses import Losses
from vatt_edu.training.loggers.measures import Line
from vatt_edu.training.run_folder import LOG, NONFINITE, SCORES, SKIPPED


class JsonLines:
    """``log.jsonl``, one line a step; ``skipped.jsonl``, one for each clip that had to be replaced; ``val.jsonl``.

    And ``nonfinite.jsonl``, one line for each step that was left out.

    Args:
        out: The run's folder.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._log, self._skipped = ((out / name).open("a", buffering=1) for name in (LOG, SKIPPED))

    def close(self) -> None:
        """See ``Logger``."""
        with writing(self._out / LOG), self._log, self._skipped:
            pass  # both are closed, also where the disk refuses one

    def write(self, line: Line, skips: Sequence[Skip]) -> None:
        """See ``Logger``."""
        with writing(self._out / LOG):
            self._log.write(json.dumps(line) + "\n")
            for skip in skips:
                self._skipped.write(json.dumps({"step": line["step"], **vars(skip)}) + "\n")

    def write_scores(self, step: int, scores: dict[str, dict[str, float]]) -> None:
        """See ``Logger``."""
        self._append(SCORES, {"step": step, **scores})

    def write_nonfinite(self, step: int, losses: Losses) -> None:
        """See ``Logger``."""
        self._append(NONFINITE, {"step": step, **{name: str(value.item()) for name, value in vars(losses).items()}})

    def _append(self, name: str, row: dict[str, object]) -> None:
        with writing(self._out / name), (self._out / name).open("a") as file:
            file.write(json.dumps(row) + "\n")
