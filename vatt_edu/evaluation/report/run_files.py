"""What a run's own files say: its log, what was skipped, and in what it departs from the release."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vatt_edu.config import PRESETS, Config, toy_plain
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.training.run_folder import read_log


@dataclass(frozen=True)
class Training:
    """The log of a run, column by column.

    Attributes:
        columns: ``step loss nce mil_nce lr clips_per_s data_wait …``, each with one value for each step; those that a
            step lacks are left out.
        batch: Clips of a step.
    """

    columns: dict[str, list[float]]
    batch: int

    @property
    def clips_per_s(self) -> float:
        """The median step's (the first ones wait for the cache, and for threads to start)."""
        return float(np.median(self.columns["clips_per_s"]))

    @property
    def waiting(self) -> float:
        """Share of all the steps' time that was spent waiting for data."""
        seconds = [self.batch / rate for rate in self.columns["clips_per_s"] if rate > 0]
        return sum(self.columns["data_wait"]) / max(sum(seconds), 1e-9)


def training(run: Path, config: Config) -> Training | None:
    """The log of a run; None if nothing has been logged. A line that a kill has cut is left out."""
    rows = read_log(run)
    if not rows:
        return None
    names = [name for name in rows[0] if all(row.get(name) is not None for row in rows)]
    return Training({name: [float(row[name]) for row in rows] for name in names}, config.data.batch_size)


def skipped(run: Path) -> list[tuple[str, str, int]]:
    """Files that could not be read, why, and how often; the most frequent first."""
    counts = Counter((str(row["path"]), str(row["reason"])) for row in read_log(run, "skipped.jsonl"))
    return [(path, reason, count) for (path, reason), count in counts.most_common()]


def departures(config: Config, other: Config) -> list[tuple[str, Any, Any]]:
    """Fields in which a configuration differs from another: name, there, here."""
    changed = differences(to_json(config), to_json(other))
    return [(name, theirs, ours) for name, (ours, theirs) in changed.items()]


def compared(config: Config, preset: str) -> list[tuple[str, list[tuple[str, Any, Any]]]]:
    """Departures, by what they depart from: the preset, the release at toy size, and the release."""
    groups = []
    if preset in PRESETS:
        groups.append((f"Changed from preset {preset} on the command line", departures(config, PRESETS[preset]())))
    if preset.startswith("toy"):
        title = "Named departures from the release at toy size (preset toy_plain)"
        groups.append((title, [row for row in departures(config, toy_plain()) if not row[0].startswith("train.")]))
    groups.append(("Everything that differs from the released pre-training", departures(config, Config())))
    return groups
