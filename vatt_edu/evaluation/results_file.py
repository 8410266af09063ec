"""The files of an evaluation: what is in them, whose numbers they are, and how splits are merged."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import torch
from jaxtyping import Bool
from torch import Tensor

from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.files import read_json, write_json
from vatt_edu.system import machine
from vatt_edu.training import checkpoint
from vatt_edu.training.run_folder import read_config

LISTED = 10  # of the clips that were left out

Scores = dict[str, float]  # R@1, R@5 and R@10 as fractions, and MedR


class RunHeader(TypedDict):
    """Whose numbers they are; ``note`` says why there is no untrained model beside, where there is none."""

    preset: str
    seed: int
    steps: int | None
    train_seconds: float | None
    machine: dict[str, Any]
    versions: dict[str, str]
    commit: str | None
    note: NotRequired[str]


class RetrievalSplit(TypedDict):
    """Scores by direction; ``interval`` of the trained model's, by direction and name: its lower and upper end.

    ``ranks`` are the trained model's, of each query its own item's, in the order of the gallery; older files lack them.
    A direction is measured over the clips that have both of its modalities.

    Attributes:
        n: Clips that can be decoded and have a picture.
        n_sound: Those of them with sound.
        n_words: Those with a caption, where that is not all.
        left_out: Clips that cannot be decoded: ``file`` and ``reason`` of each.
    """

    n: int
    n_sound: NotRequired[int]
    n_words: NotRequired[int]
    left_out: NotRequired[list[dict[str, str]]]
    trained: dict[str, Scores]
    random_init: dict[str, Scores] | None
    chance: dict[str, Scores]
    interval: dict[str, dict[str, list[float]]]
    ranks: NotRequired[dict[str, list[int]]]


class RetrievalResults(RunHeader):
    """``retrieval.json``."""

    splits: dict[str, RetrievalSplit]


class ProbeFit(TypedDict):
    """How a probe was fitted; ``val``: its accuracy on the clips that C was chosen on."""

    C: float
    iterations: int
    converged: bool
    val: float


class ProbeTarget(TypedDict):
    """Accuracies as fractions; ``features`` by feature, then by whose it is: trained, random_init, handmade."""

    n: int
    classes: int
    chance: float
    majority: float | None
    by_action: float | None
    features: dict[str, dict[str, float | None]]


class ProbeSplit(TypedDict):
    """Results of one split, by target; ``left_out``: clips that lack video, audio or text, and why."""

    n: int
    factors: dict[str, ProbeTarget]
    left_out: NotRequired[list[dict[str, str]]]


ProbeFits = dict[str, dict[str, dict[str, ProbeFit]]]  # by target, feature, and whose feature it is


class ProbeResults(RunHeader):
    """``probe.json``; ``strengths`` are the values of C that were tried."""

    train_windows: int
    val_windows: int
    strengths: list[float]
    fits: ProbeFits
    splits: dict[str, ProbeSplit]


class AuditTarget(TypedDict):
    """Accuracies as fractions, and how the probe was fitted."""

    n: int
    handmade: float
    majority: float
    by_action: float
    chance: float
    C: float
    converged: bool


class AuditSplit(TypedDict):
    """Results of one split, by target."""

    n: int
    factors: dict[str, AuditTarget]


class ShortcutAudit(TypedDict):
    """What mel statistics tell, by split."""

    train_windows: int
    splits: dict[str, AuditSplit]


def run_header(run: Path, note: str | None = None) -> RunHeader:
    """Preset, seed, steps, seconds of training, machine, versions, commit; and a note, where there is one."""
    config, record = read_config(run)
    newest = checkpoint.last(run)
    meta = checkpoint.read_meta(newest) if newest else {}
    where = machine()
    header: RunHeader = {
        "preset": record["preset"],
        "seed": config.seed,
        # Without checkpoints there is model.safetensors, which is written at the end.
        "steps": meta.get("step", None if record["converted"] else config.train.steps),
        "train_seconds": meta.get("train_seconds"),
        "machine": where["machine"],
        "versions": where["versions"],
        "commit": where["commit"],
    }
    return header if note is None else {**header, "note": note}


def merge_splits(path: Path, header: RunHeader, splits: dict[str, Any], **more: Any) -> Any:
    """Writes ``header``, ``more`` and ``splits`` atomically; returns the whole, as ``path`` names it.

    The splits replace those of the same names. Splits that were measured after another number of steps are dropped:
    they are of other weights.

    Raises:
        UserError: If the file that is there is damaged.
    """
    before = read_results(path)
    if before is None or before.get("steps") != header["steps"]:
        before = {"splits": {}}
    seconds = header["train_seconds"]
    whole = {
        **header,
        "train_seconds": before.get("train_seconds") if seconds is None else seconds,
        **more,
        "splits": {**before["splits"], **splits},
    }
    write_json(path, whole)
    return whole


def read_results(path: Path) -> Any:
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


def clips_line(split: Mapping[str, Any]) -> str:
    """How many clips the numbers of a split are of, and what was left out."""
    parts = [f"{split['n']} clips"]
    for name, what in (("n_words", "a caption"), ("n_sound", "sound")):
        if split.get(name, split["n"]) != split["n"]:
            parts.append(f"{split[name]} with {what}")
    return ", ".join(parts) + (f" ({left_out_line(split['left_out'])})" if split.get("left_out") else "")


def left_out_line(rows: Sequence[Mapping[str, str]]) -> str:
    """The clips that could not be decoded, in a line."""
    names = "; ".join(f"{row['file']}: {row['reason']}" for row in rows[:LISTED])
    more = f"; and {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    return f"{len(rows)} left out, {names}{more}"


def left_out(skips: Sequence[Skip], source: Source) -> list[dict[str, str]]:
    """Clips that could not be decoded: their files, below the source, and why."""
    return [{"file": os.path.relpath(skip.path, source.root), "reason": skip.reason} for skip in skips]


def whole(present: Mapping[str, Bool[Tensor, " n"]]) -> Bool[Tensor, " n"]:
    """Which clips have all that is embedded: video, audio and text."""
    return torch.stack([*present.values()]).all(0)
