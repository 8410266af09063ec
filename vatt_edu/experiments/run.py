"""Runs an experiment: some configurations, some seeds, one row of numbers each; what is done is not done again.

``results/NAME.json`` is replaced after every run, and a row in it counts as long as no field of its arm has changed.
Every run is a folder under ``runs/experiments/``, named by what is trained, so that an interrupted one goes on where it
stopped, and experiments that share an arm share its run.
"""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from vatt_edu.config import Config
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.retrieval import evaluate_retrieval, validator
from vatt_edu.files import read_json, write_json
from vatt_edu.system import machine
from vatt_edu.training.checkpoint import last, read_meta
from vatt_edu.training.pretrain import pretrain
from vatt_edu.training.run_folder import read_log

TWIN_BAND = 0.005
"""How far the mean losses of a twin, rerun anywhere, may be from those recorded. One thread and two are 3e-7 apart on
one machine, and another encoder or decoder moves pixels by a level; a doubled learning rate moves a baseline 0.024."""

RANKED = ("text_to_video", "video_to_audio")


class ExperimentRow(TypedDict):
    """One arm with one seed, trained and tested.

    Losses are means over the last 50 steps; ``curve`` is what ``curve`` makes of the log; ``metrics`` are by split,
    direction and name, of the trained model; ``ranks`` by split, of each query its own item's, in two
    directions; ``val`` is what was measured during training; ``cpu_seconds``, of all threads from opening the corpus to
    the last checkpoint, None of a run that was interrupted. Older rows lack what came later.
    """

    label: str
    seed: int
    steps: int
    train_seconds: float
    cpu_seconds: NotRequired[float | None]
    nce: float
    mil_nce: float
    commit: str | None
    threads: int
    curve: NotRequired[list[list[float]]]
    metrics: dict[str, dict[str, dict[str, float]]]
    ranks: NotRequired[dict[str, dict[str, list[int]]]]
    val: NotRequired[list[dict[str, Any]]]
    config_hash: NotRequired[str]


class Results(TypedDict):
    """What ``results/NAME.json`` holds."""

    name: str
    question: str
    command: str
    config_hash: str
    corpus: dict[str, dict[str, Any]]
    seeds: list[int]
    machine: dict[str, Any]
    versions: dict[str, str]
    commit: str | None
    rows: list[ExperimentRow]


Measure = Callable[[Path, Source, str, bool], tuple[dict[str, dict[str, float]], dict[str, list[int]]]]
"""From a run, a source, a split, and whether to be quiet: what joins a row's ``metrics`` and ``ranks`` of the split."""


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
        test_corpus: Where it is tested; the corpus it is trained on if None.
        seeds: With which seeds; those of the experiment if empty.
    """

    label: str
    config: Config
    corpus: Corpus = Corpus("small")
    test_corpus: Corpus | None = None
    seeds: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Changes with any field of the configuration, with the corpus, and with MiniTube; not with the label."""
        from vatt_edu.data.sources.adapters.minitube import VERSION

        fields = differences(to_json(self.config), to_json(Config()))  # a field that is new, and off, moves nothing
        return digest([VERSION, {name: value for name, (value, _) in fields.items()}, vars(self.corpus)])


@dataclass(frozen=True)
class Experiment:
    """A question, and the arms that answer it.

    Attributes:
        name: Of the file under ``results/``.
        folder: Under ``results/``, in which the file lies.
        question: In one sentence.
        arms: What is compared.
        splits: On which splits.
        seeds: How many, unless the command says otherwise.
        least_seeds: Fewer are refused.
        twin_arms: Labels of the arms that its twin has; the first two if empty.
        measure: What is measured of a run beside retrieval, by split; joins its row.
        twin_corpus: Where its twin is trained and tested; MiniTube ``tiny`` without knobs if None.
        summary: Makes the ``rows`` of the file, which then has a row a run under ``runs``.
    """

    name: str
    question: str
    arms: tuple[Arm, ...]
    splits: tuple[str, ...] = ("val", "test_iid", "test_comp", "test_bg")
    seeds: int = 3
    least_seeds: int = 1
    folder: str = ""
    twin_arms: tuple[str, ...] = ()
    measure: Measure | None = None
    twin_corpus: Corpus | None = None
    summary: Callable[[Sequence[ExperimentRow]], list[Any]] | None = None

    @property
    def config_hash(self) -> str:
        """Changes with any arm: a file of results with another hash is stale."""
        return digest([self.row_hash(arm) for arm in self.arms])

    def row_hash(self, arm: Arm) -> str:
        """Changes with what is trained, and with where it is tested: a row with another hash is stale."""
        return digest([arm.label, arm.key, arm.test_corpus and vars(arm.test_corpus), list(self.splits)])

    def twin(self) -> "Experiment":
        """The same at a size that a test runs in under a minute: tiny corpora, a few steps of small batches."""
        arms = [arm for arm in self.arms if arm.label in self.twin_arms] or self.arms[:2]
        return replace(
            self,
            arms=tuple(replace(arm, config=_small(arm.config), corpus=self.twin_corpus or _tiny(arm.corpus),
                          test_corpus=None, seeds=())
                       for arm in arms),
            splits=("val",),
            seeds=1,
            least_seeds=1,
            folder="",
        )  # fmt: skip


def digest(value: Any) -> str:
    """A short hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _small(config: Config) -> Config:
    data = replace(config.data, narrated_videos=2, text_free=2)
    return replace(config, data=data, train=replace(config.train, steps=6, checkpoint_every=6))


def _tiny(corpus: Corpus) -> Corpus:
    return replace(corpus, preset="tiny", knobs={})


def run(
    experiment: Experiment,
    seeds: int | None = None,
    runs: Path = Path("runs/experiments"),
    results: Path = Path("results"),
    quiet: bool = False,
    command: str | None = None,
) -> Results:
    """Trains and tests every arm with every seed; writes ``results/NAME.json`` and returns it, a row a run.

    Args:
        experiment: What to do.
        seeds: How many seeds of each arm, from the first.
        runs: Where the runs are kept.
        results: Where the table goes.
        quiet: No progress bars.
        command: What the file says that makes it; ``vatt experiment NAME --seeds N`` if None.

    Raises:
        UserError: If these are fewer seeds than the experiment may have.
    """
    if seeds is not None and seeds < experiment.least_seeds:
        raise UserError(f"--seeds {seeds} is too few for {experiment.name}: give at least {experiment.least_seeds}")
    seeds_of = {arm.label: (arm.seeds or range(experiment.seeds))[:seeds] for arm in experiment.arms}
    path = results / experiment.folder / f"{experiment.name}.json"
    earlier = _earlier_rows(path)
    rows: list[ExperimentRow] = []
    whole: Results | None = None
    for seed in sorted(set().union(*seeds_of.values())):  # seed by seed, so that what is there so far compares
        for arm in (arm for arm in experiment.arms if seed in seeds_of[arm.label]):
            key = experiment.row_hash(arm)
            row = earlier.get((key, seed))
            if row is None:
                row = measure_arm(arm, seed, runs / f"{arm.key}-{seed}", experiment.splits, quiet, experiment.measure)
            rows.append({**row, "config_hash": key})
            here = machine()  # after training, which sets the threads
            whole = {
                "name": experiment.name,
                "question": experiment.question,
                "command": command or f"vatt experiment {experiment.name}" + (f" --seeds {seeds}" if seeds else ""),
                "config_hash": experiment.config_hash,
                "corpus": {arm.label: vars(arm.corpus) for arm in experiment.arms},
                "seeds": sorted({row["seed"] for row in rows}),
                "machine": here["machine"],
                "versions": here["versions"],
                "commit": here["commit"],
                "rows": rows,
            }
            path.parent.mkdir(parents=True, exist_ok=True)
            summary = {"rows": experiment.summary(rows), "runs": rows} if experiment.summary else {}
            write_json(path, {**whole, **summary})
    assert whole is not None, "an experiment has an arm and a seed"
    return whole


def _earlier_rows(path: Path) -> dict[tuple[str | None, int], ExperimentRow]:
    """Rows of an earlier call, by hash and seed."""
    file = read_json(path) if path.exists() else None
    rows = (file.get("runs") or file.get("rows", [])) if isinstance(file, dict) else []
    return {(row.get("config_hash"), row["seed"]): row for row in rows}


def medians(rows: Sequence[ExperimentRow]) -> Iterator[tuple[str, str, dict[str, tuple[float, float, float]]]]:
    """For each arm and split, of R@5 each way over the seeds: median, least and greatest, as fractions."""
    for label in dict.fromkeys(row["label"] for row in rows):
        seeds = [row for row in rows if row["label"] == label]
        for split in seeds[0]["metrics"]:
            scores = {}
            for direction in ("text_to_video", "video_to_audio"):
                values = [row["metrics"][split][direction]["R@5"] for row in seeds]
                scores[direction] = (statistics.median(values), min(values), max(values))
            yield label, split, scores


def measure_arm(
    arm: Arm, seed: int, out: Path, splits: Sequence[str], quiet: bool, measure: Measure | None = None
) -> ExperimentRow:
    """Trains one arm with one seed, or takes up where it was left, and tests it."""
    folder = arm.corpus.ensure(quiet)
    config = replace(arm.config, seed=seed)
    newest, cpu_seconds = last(out), None
    if newest is None or read_meta(newest)["step"] < config.train.steps:
        validate = validator([str(folder)], config) if config.train.eval_every else None
        start = time.process_time()
        end = pretrain(config, [str(folder)], out, preset=arm.label, resume=True, validate=validate, quiet=quiet)
        if end.interrupted:
            raise KeyboardInterrupt
        cpu_seconds = round(time.process_time() - start, 1) if newest is None else None
    source = open_source(arm.test_corpus.ensure(quiet) if arm.test_corpus else folder)
    for split in splits:
        report = evaluate_retrieval(out, source, split, quiet)
    more = {split: measure(out, source, split, quiet) if measure else ({}, {}) for split in splits}
    log = read_log(out)
    final = log[-50:]
    steps, seconds = report["steps"], report["train_seconds"]
    assert steps is not None  # a run that was trained here
    assert seconds is not None
    return {
        "label": arm.label,
        "seed": seed,
        "steps": steps,
        "train_seconds": round(seconds, 1),
        "cpu_seconds": cpu_seconds,
        "nce": sum(line["nce"] for line in final) / len(final),
        "mil_nce": sum(line["mil_nce"] for line in final) / len(final),
        "commit": report["commit"],
        "threads": report["machine"]["threads"],
        "curve": curve(log),
        "metrics": {split: report["splits"][split]["trained"] | more[split][0] for split in splits},
        "ranks": {
            split: {name: report["splits"][split]["ranks"][name] for name in RANKED} | more[split][1]
            for split in splits
        },
        "val": read_log(out, "val.jsonl"),
    }


def curve(log: Sequence[dict[str, Any]], points: int = 40) -> list[list[float]]:
    """Last step, mean NCE and mean MIL-NCE of ``points`` stretches of a log of equal length."""
    length = max(1, len(log) // points)
    stretches = [log[start : start + length] for start in range(0, len(log) - length + 1, length)]

    def mean(lines: Sequence[dict[str, Any]], name: str) -> float:
        return round(statistics.fmean(line[name] for line in lines), 4)

    return [[float(lines[-1]["step"]), mean(lines, "nce"), mean(lines, "mil_nce")] for lines in stretches]
