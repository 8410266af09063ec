"""The files of an evaluation: what is in them, whose numbers they are, and how splits are merged."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from jaxtyping import Bool
from torch import Tensor

from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.files import read_json, write_json
from vatt_edu.system import machine
from vatt_edu.training import checkpoint
from vatt_edu.training.run_folder import read_config

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
    """

    n: int
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
    """Results of one split, by target."""

    n: int
    factors: dict[str, ProbeTarget]


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


def require_all_modalities(present: dict[str, Bool[Tensor, " n"]], source: Source, split: str) -> None:
    """Makes sure that every clip of a split has all that is embedded: video, audio and text.

    Raises:
        UserError: If one has not.
    """
    for modality, mask in present.items():
        if not mask.all():
            lacking = f"{int((~mask).sum())} clips of {split} have no {modality}"
            raise UserError(f"{source.root}: {lacking}; evaluation needs video, audio and text in each")
