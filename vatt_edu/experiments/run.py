"""Runs an experiment: some configurations, some seeds, one row of numbers each; what is done is not done again.

``results/NAME.json`` is replaced after every run, and a row in it counts as long as no field of its arm has changed.
Every run is a folder under ``runs/experiments/``, named by what is trained, so that an interrupted one goes on where it
stopped, and experiments that share an arm share its run.
"""

import hashlib
import importlib
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vatt_edu.config import Config
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.retrieval import evaluate_retrieval
from vatt_edu.files import read_json, write_json
from vatt_edu.system import machine
from vatt_edu.training.checkpoint import last
from vatt_edu.training.pretrain import pretrain

TWIN_BAND = 0.005
"""How far the mean losses of a twin, rerun anywhere, may be from those recorded. One thread and two are 3e-7 apart on
one machine, and another encoder or decoder moves pixels by a level; a doubled learning rate moves a baseline 0.024."""

NAMES = ("toy", "plain", "departures", "shortcut", "log_mel", "agnostic", "scoreboard", "toy_gpu")


@dataclass(frozen=True)
class Corpus:
    """A MiniTube corpus: its preset, and knobs that differ."""

    preset: str
    knobs: dict[str, Any] = field(default_factory=dict)

    def ensure(self, quiet: bool = False) -> Path:
        """Its folder, made where it is missing."""
        from vatt_edu import minitube

        if not self.knobs:
            return minitube.ensure(self.preset, quiet=quiet)
        name = "-".join([self.preset, *(f"{key}={value}" for key, value in sorted(self.knobs.items()))])
        return minitube.make(self.preset, minitube.default_folder(name), quiet=quiet, **self.knobs)


@dataclass(frozen=True)
class Arm:
    """One of the things that are compared.

    Attributes:
        label: What the row is called.
        config: What is trained; the seed is set for each run.
        corpus: Where it is trained.
        tested: Where it is tested; the corpus it is trained on if None.
    """

    label: str
    config: Config
    corpus: Corpus = Corpus("small")
    tested: Corpus | None = None

    @property
    def key(self) -> str:
        """Changes with any field of the configuration, with the corpus, and with MiniTube; not with the label."""
        from vatt_edu.minitube.presets import VERSION

        changed = differences(to_json(self.config), to_json(Config()))  # a field that is new, and off, moves nothing
        return digest([VERSION, {name: value for name, (value, _) in changed.items()}, vars(self.corpus)])


@dataclass(frozen=True)
class Experiment:
    """A question, and the arms that answer it.

    Attributes:
        name: Of the file under ``results/``.
        question: In one sentence.
        arms: What is compared.
        splits: On which splits.
        seeds: How many, unless the command says otherwise.
        twin_arms: How many of the arms, from the first, its twin has.
    """

    name: str
    question: str
    arms: tuple[Arm, ...]
    splits: tuple[str, ...] = ("val", "test_iid", "test_comp", "test_bg")
    seeds: int = 3
    twin_arms: int = 2

    @property
    def config_hash(self) -> str:
        """Changes with any arm: a file of results with another hash is stale."""
        return digest([self.row_hash(arm) for arm in self.arms])

    def row_hash(self, arm: Arm) -> str:
        """Changes with what is trained, and with where it is tested: a row with another hash is stale."""
        return digest([arm.label, arm.key, arm.tested and vars(arm.tested), list(self.splits)])

    def twin(self) -> "Experiment":
        """The same at a size that a test runs in under a minute: tiny corpora, a few steps of small batches."""
        return replace(
            self,
            arms=tuple(replace(arm, config=_small(arm.config), corpus=_tiny(arm.corpus), tested=None)
                       for arm in self.arms[: self.twin_arms]),
            splits=("val",),
            seeds=1,
        )  # fmt: skip


def digest(value: Any) -> str:
    """A short hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _small(config: Config) -> Config:
    data = replace(config.data, narrated_videos=2, text_free=2)
    return replace(config, data=data, train=replace(config.train, steps=6, checkpoint_every=6))


def _tiny(corpus: Corpus) -> Corpus:
    return replace(corpus, preset="tiny", knobs={})


def named(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        UserError: If there is none; the message lists those there are.
    """
    if name not in NAMES:
        raise UserError(f"unknown experiment {name!r}; there are: {', '.join(NAMES)}")
    build: Callable[[], Experiment] = importlib.import_module(f"vatt_edu.experiments.{name}").experiment
    return build()


def run(
    experiment: Experiment,
    seeds: int | None = None,
    runs: Path = Path("runs/experiments"),
    results: Path = Path("results"),
    quiet: bool = False,
    command: str | None = None,
) -> dict[str, Any]:
    """Trains and tests every arm with every seed; writes ``results/NAME.json`` and returns it.

    Args:
        experiment: What to do.
        seeds: How many seeds, from 0.
        runs: Where the runs are kept.
        results: Where the table goes.
        quiet: No progress bars.
        command: What the file says that makes it; ``vatt experiment NAME --seeds N`` if None.
    """
    numbers = range(seeds or experiment.seeds)
    path = results / f"{experiment.name}.json"
    known = _known(path)
    rows: list[dict[str, Any]] = []
    whole: dict[str, Any] = {}
    for seed in numbers:  # seed by seed, so that what is there so far compares
        for arm in experiment.arms:
            key = experiment.row_hash(arm)
            row = known.get((key, seed)) or _row(arm, seed, runs / f"{arm.key}-{seed}", experiment.splits, quiet)
            rows.append({**row, "config_hash": key})
            whole = {
                "name": experiment.name,
                "question": experiment.question,
                "command": command or f"vatt experiment {experiment.name} --seeds {len(numbers)}",
                "config_hash": experiment.config_hash,
                "corpus": {arm.label: vars(arm.corpus) for arm in experiment.arms},
                "seeds": list(numbers[: seed + 1]),
                **machine(),
                "rows": rows,
            }
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, whole)
    return whole


def _known(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Rows of an earlier call, by hash and seed."""
    before = read_json(path) if path.exists() else None
    rows = before.get("rows", []) if isinstance(before, dict) else []
    return {(row.get("config_hash"), row["seed"]): row for row in rows}


def medians(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, tuple[float, float, float]]]]:
    """For each arm and split, of R@5 each way over the seeds: median, least and greatest, as fractions."""
    for label in dict.fromkeys(row["label"] for row in found["rows"]):
        rows = [row for row in found["rows"] if row["label"] == label]
        for split in rows[0]["metrics"]:
            scores = {}
            for direction in ("text_to_video", "video_to_audio"):
                values = [row["metrics"][split][direction]["R@5"] for row in rows]
                scores[direction] = (statistics.median(values), min(values), max(values))
            yield label, split, scores


def _row(arm: Arm, seed: int, out: Path, splits: Sequence[str], quiet: bool) -> dict[str, Any]:
    """Trains one arm with one seed, or takes up where it was left, and tests it."""
    folder = arm.corpus.ensure(quiet)
    config = replace(arm.config, seed=seed)
    newest = last(out)
    if newest is None or json.loads((newest / "meta.json").read_text())["step"] < config.train.steps:
        result = pretrain(config, [str(folder)], out, preset=arm.label, resume=True, quiet=quiet)
        if result.interrupted:
            raise KeyboardInterrupt
    tested = open_source(arm.tested.ensure(quiet) if arm.tested else folder)
    found: Any = {}
    for split in splits:
        found = evaluate_retrieval(out, tested, split, quiet)
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    final = log[-50:]
    return {
        "label": arm.label,
        "seed": seed,
        "steps": found["steps"],
        "train_seconds": round(found["train_seconds"], 1),
        "nce": sum(line["nce"] for line in final) / len(final),
        "mil_nce": sum(line["mil_nce"] for line in final) / len(final),
        "commit": found["commit"],
        "threads": found["machine"]["threads"],
        "curve": _curve(log),
        "metrics": {split: found["splits"][split]["trained"] for split in splits},
    }


def _curve(log: Sequence[dict[str, Any]], points: int = 40) -> list[list[float]]:
    """Last step, mean NCE and mean MIL-NCE of ``points`` stretches of a log of equal length."""
    length = max(1, len(log) // points)
    stretches = [log[start : start + length] for start in range(0, len(log) - length + 1, length)]

    def mean(lines: Sequence[dict[str, Any]], name: str) -> float:
        return round(statistics.fmean(line[name] for line in lines), 4)

    return [[float(lines[-1]["step"]), mean(lines, "nce"), mean(lines, "mil_nce")] for lines in stretches]
