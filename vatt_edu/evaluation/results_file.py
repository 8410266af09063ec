"""What the files of an evaluation have in common: whose numbers they are, and how splits are merged."""

from pathlib import Path
from typing import Any

from torch import Tensor

from vatt_edu.data.sources.open import Source
from vatt_edu.errors import UserError
from vatt_edu.files import read_json, write_json
from vatt_edu.system import machine
from vatt_edu.training import checkpoint
from vatt_edu.training.run_folder import read_config


def header(run: Path) -> dict[str, Any]:
    """Preset, seed, steps, seconds of training, machine, versions, commit."""
    config, record = read_config(run)
    newest = checkpoint.last(run)
    meta = checkpoint.read_meta(newest) if newest else {}
    return {
        "preset": record["preset"],
        "seed": config.seed,
        "steps": meta.get("step"),
        "train_seconds": meta.get("train_seconds"),
        **machine(),
    }


def merge(path: Path, head: dict[str, Any], splits: dict[str, Any]) -> dict[str, Any]:
    """Writes ``head`` and ``splits``, which replace splits of the same names, atomically; returns the whole.

    Splits that were measured after another number of steps are dropped: they are of other weights.

    Raises:
        UserError: If the file that is there is damaged.
    """
    before = read(path)
    kept = before["splits"] if before and before.get("steps") == head["steps"] else {}
    whole = {**head, "splits": {**kept, **splits}}
    write_json(path, whole)
    return whole


def read(path: Path) -> dict[str, Any] | None:
    """What an evaluation wrote; None where it has not been run.

    Raises:
        UserError: If the file is damaged.
    """
    if not path.exists():
        return None
    value = read_json(path)
    if not isinstance(value, dict) or not isinstance(value.get("splits"), dict):
        raise UserError(f"{path} is damaged (no splits in it): delete it and evaluate again")
    return value


def complete(present: dict[str, Tensor], source: Source, split: str) -> None:
    """Makes sure that every clip of a split has video, audio and text.

    Raises:
        UserError: If one has not.
    """
    for modality, mask in present.items():
        if not mask.all():
            few = f"{int((~mask).sum())} clips of {split} have no {modality}"
            raise UserError(f"{source.root}: {few}; evaluation needs video, audio and text in each")
