"""What the files of an evaluation have in common: whose numbers they are, and how splits are merged."""

import json
from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError
from vatt_edu.training import checkpoint
from vatt_edu.training.report import machine
from vatt_edu.training.run_folder import read_config


def header(run: Path) -> dict[str, Any]:
    """Preset, seed, steps, seconds of training, machine, versions, commit."""
    config, record = read_config(run)
    newest = checkpoint.last(run)
    meta = json.loads((newest / "meta.json").read_text()) if newest else {}
    return {
        "preset": record["preset"],
        "seed": config.seed,
        "steps": meta.get("step"),
        "train_seconds": meta.get("train_seconds"),
        **machine(),
    }


def merge(path: Path, head: dict[str, Any], splits: dict[str, Any]) -> dict[str, Any]:
    """Writes ``head`` and ``splits``, which replace splits of the same names, atomically; returns the whole.

    Raises:
        UserError: If the file that is there is damaged.
    """
    before = read(path)
    whole = {**head, "splits": {**(before["splits"] if before else {}), **splits}}
    checkpoint.write_json(path, whole)
    return whole


def read(path: Path) -> dict[str, Any] | None:
    """What an evaluation wrote; None where it has not been run.

    Raises:
        UserError: If the file is damaged.
    """
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text())
        value["splits"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error!r}): delete it and evaluate again") from None
    return dict(value)
