"""How little processor time does it take to learn both searches? The speed run, whose rules are a page of the book.

A *recipe* is a preset that reaches both targets on the validation gallery of 256 clips: sentences find their clips,
and clips their sounds. A *record* is a recipe that does so with fresh seeds, so clearly that chance is no excuse, and
in fewer seconds than the record before. Steps are fixed by the preset, never by a look at the gallery. The clock counts
steps, at what a step of the recipe costs on one core of one machine; so a record is a function of its seeds, and a busy
machine changes nothing.
"""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from vatt_edu.config import Config, preset, toy
from vatt_edu.errors import UserError
from vatt_edu.experiments.run import Arm, Corpus, Experiment, ExperimentRow
from vatt_edu.experiments.scoreboard import MILLISECONDS, step_milliseconds
from vatt_edu.files import read_json
from vatt_edu.training.whitening import WHITENING_BATCHES

TARGETS = {"text_to_video": 0.90, "video_to_audio": 0.15}
"""R@5 on the validation gallery that a recipe has to reach, both."""

LEVEL = 0.01
"""A record's p is below it, for either target."""

SEEDS = 5
"""Fresh seeds of a record, at least."""

FIRST_FRESH = 100
"""Seeds below are for tuning; no record has one of them."""

TRAINING, GALLERIES = Corpus("small"), Corpus("speedrun")
VALIDATION, TEST = "val", "test_iid"

# Milliseconds of one core for a step of a recipe, reading its batch included, on the scoreboard's machine:
# ``python -m vatt_edu.experiments.speedrun SOURCE``.
STEP_MILLISECONDS: dict[str, float] = {
    "toy_long": MILLISECONDS["toy"],
    "toy_steep": MILLISECONDS["toy"],  # another rate costs nothing
    "toy_fast": 225.9,
}


@dataclass(frozen=True)
class Record:
    """A recipe that is, or hopes to be, faster than the one before.

    Attributes:
        recipe: Its preset.
        change: What made it faster than the record before.
        seeds: That it is tested with; no choice was made by them.
    """

    recipe: str
    change: str
    seeds: tuple[int, ...] = tuple(range(FIRST_FRESH, FIRST_FRESH + SEEDS))


RECORDS: tuple[Record, ...] = (
    Record("toy_long", "where it starts: the toy, three times as long"),
    Record("toy_steep", "twice the learning rate, so that fewer steps do"),
    Record("toy_fast", "one layer, heads of one layer, two candidate lines: cheaper steps, and more of them"),
)


class RecordRow(TypedDict):
    """A row of ``results/speedrun.json``: a record, its runs taken together.

    ``scores`` and ``test`` are R@5 by direction, a number a seed, on the validation gallery and on the test split;
    ``p`` is the larger of the two in ``p_values``; ``standing`` says whether both targets are reached at ``LEVEL``
    with enough seeds.
    """

    label: str
    change: str
    seeds: list[int]
    steps: int
    milliseconds: float | None
    cpu_seconds: float | None
    scores: dict[str, list[float]]
    means: dict[str, float]
    p_values: dict[str, float | None]
    p: float | None
    standing: bool
    test: dict[str, list[float]]
    config_hash: str | None
    commit: str | None


def recipe_config(name: str) -> Config:
    """The preset of a recipe under the rules: one thread, no process beside, no look at the gallery while training.

    Raises:
        UserError: If there is no such preset.
    """
    config = preset(name)
    return replace(config, train=replace(config.train, threads=1, workers=0, device="cpu", eval_every=0))


def arm(recipe: str, seeds: Sequence[int] = ()) -> Arm:
    """A recipe, trained on ``small`` and tested on galleries of its own."""
    return Arm(recipe, recipe_config(recipe), TRAINING, GALLERIES, tuple(seeds))


def experiment() -> Experiment:
    """All records."""
    return Experiment(
        "speedrun",
        "How little processor time does it take to learn both searches?",
        tuple(arm(record.recipe, record.seeds) for record in RECORDS),
        splits=(VALIDATION, TEST),
        seeds=SEEDS,
        least_seeds=SEEDS,
        twin_arms=(RECORDS[0].recipe, RECORDS[-1].recipe),
        summary=record_rows,
    )


def attempt(recipe: str, seeds: Sequence[int], trial: bool = False) -> Experiment:
    """One recipe with these seeds; a trial never sees the test split.

    Raises:
        UserError: If there is no such preset or no seed, and unless it is a trial, if there are too few seeds, one
            twice, or one that is for tuning.
    """
    if not seeds or min(seeds) < 0:
        raise UserError("the speed run needs a seed: --seeds 1 or more, --first-seed 0 or more")
    if not trial:
        require_fresh(seeds)
    splits = (VALIDATION,) if trial else (VALIDATION, TEST)
    question = f"Does {recipe} reach both targets?"
    return Experiment(recipe, question, (arm(recipe, seeds),), splits, len(seeds), summary=record_rows)


def require_fresh(seeds: Sequence[int]) -> None:
    """Refuses seeds that no record may rest on.

    Raises:
        UserError: If they are fewer than ``SEEDS``, not all different, or below ``FIRST_FRESH``.
    """
    if len(set(seeds)) < SEEDS:
        raise UserError(
            f"{len(set(seeds))} seeds are too few for a record, which needs {SEEDS}: give more with --seeds, or try "
            "with fewer by --trial"
        )
    if min(seeds) < FIRST_FRESH:
        raise UserError(
            f"seed {min(seeds)} is for tuning, as all below {FIRST_FRESH}: give --first-seed {FIRST_FRESH} or more, or "
            "try it by --trial"
        )


def fresh_seeds(recipe: str, count: int, path: Path) -> tuple[int, ...]:
    """The next seeds that no record of this recipe has: not in ``RECORDS``, nor in a file of results."""
    rows = read_json(path)["rows"] if path.exists() else []
    own = [seed for record in RECORDS if record.recipe == recipe for seed in record.seeds]
    own += [seed for row in rows if row["label"] == recipe for seed in row["seeds"]]
    first = max(own, default=FIRST_FRESH - 1) + 1
    return tuple(range(first, first + count))


def latest(path: Path) -> str:
    """The recipe of the fastest record that stands in a file of results; without one, of the last in ``RECORDS``."""
    rows = [row for row in read_json(path)["rows"] if row["standing"]] if path.exists() else []
    return str(rows[-1]["label"]) if rows else RECORDS[-1].recipe


def p_value(scores: Sequence[float], target: float) -> float:
    """How likely seeds this far above the target would be if the recipe's mean did not lie above it.

    One-sided t test of the mean over seeds against the target. The gallery is the same for all seeds, so this is about
    seeds alone; what another gallery would give, the test split shows.

    Args:
        scores: One a seed, at least two.
        target: What the mean is compared with.

    Returns:
        In [0, 1]. Equal scores have no spread to estimate: 0 above the target, 1 otherwise.
    """
    from scipy import stats

    if np.ptp(scores) == 0:
        return 0.0 if scores[0] > target else 1.0
    return float(stats.ttest_1samp(scores, target, alternative="greater").pvalue)


def cpu_seconds(milliseconds: float, steps: int) -> float:
    """Seconds of one core: all steps, and the start as if its batches were steps, too."""
    return milliseconds * (steps + WHITENING_BATCHES) / 1e3


def record_rows(runs: Sequence[ExperimentRow]) -> list[RecordRow]:
    """A row for each recipe among the runs, in their order."""
    changes = {record.recipe: record.change for record in RECORDS}
    rows = []
    for label in dict.fromkeys(run["label"] for run in runs):
        own = [run for run in runs if run["label"] == label]
        rows.append(_record_row(label, changes.get(label, ""), own))
    return rows


def _record_row(label: str, change: str, runs: Sequence[ExperimentRow]) -> RecordRow:
    def scores(split: str) -> dict[str, list[float]]:
        return {name: [run["metrics"][split][name]["R@5"] for run in runs if split in run["metrics"]]
                for name in TARGETS}  # fmt: skip

    validation, milliseconds = scores(VALIDATION), STEP_MILLISECONDS.get(label)
    p_values = {name: p_value(validation[name], target) if len(runs) > 1 else None for name, target in TARGETS.items()}
    p = max((value for value in p_values.values() if value is not None), default=None)
    steps = runs[0]["steps"]
    return {
        "label": label,
        "change": change,
        "seeds": [run["seed"] for run in runs],
        "steps": steps,
        "milliseconds": milliseconds,
        "cpu_seconds": None if milliseconds is None else round(cpu_seconds(milliseconds, steps), 1),
        "scores": validation,
        "means": {name: statistics.fmean(values) for name, values in validation.items()},
        "p_values": p_values,
        "p": p,
        # Both have to be passed, so the larger p is that of the whole, and nothing has to be corrected.
        "standing": p is not None and p < LEVEL and len(runs) >= SEEDS,
        "test": scores(TEST) if TEST in runs[0]["metrics"] else {},
        "config_hash": runs[0].get("config_hash"),
        "commit": " ".join(sorted({str(run["commit"]) for run in runs})) or None,
    }


def calibrate(recipes: Sequence[str], source: Path, rounds: int = 12, quiet: bool = True) -> dict[str, float]:
    """Milliseconds of a step of each recipe on the scoreboard's machine, whatever machine this is.

    Args:
        recipes: Their presets.
        source: The corpus ``small``.
        rounds: How many turns each has; the first warms up.
        quiet: No progress bar.

    Returns:
        By recipe: its time as a share of the toy's in the same turn (the median over turns), times what a step of the
        toy took on that machine.
    """
    configs = {"yardstick": toy()} | {name: recipe_config(name) for name in recipes}
    turns = step_milliseconds(configs, source, rounds, quiet=quiet)
    yardstick = turns.pop("yardstick")
    shares = {name: [a / b for a, b in zip(taken, yardstick, strict=True)][1:] for name, taken in turns.items()}
    return {name: MILLISECONDS["toy"] * statistics.median(share) for name, share in shares.items()}


def clocked(row: RecordRow, quiet: bool = False) -> RecordRow:
    """The row with its time by the clock: calibrated here if its recipe is not in ``STEP_MILLISECONDS``."""
    if row["milliseconds"] is not None:
        return row
    (milliseconds,) = calibrate([row["label"]], TRAINING.ensure(quiet), quiet=quiet).values()
    seconds = round(cpu_seconds(milliseconds, row["steps"]), 1)
    return {**row, "milliseconds": round(milliseconds, 1), "cpu_seconds": seconds}


def table(row: Any) -> list[str]:
    """A record, or what hoped to be one, as lines for a terminal."""
    seconds = row["cpu_seconds"]
    clock = "no calibrated clock" if seconds is None else f"{seconds:,.0f} CPU seconds by the clock"
    lines = [f"{row['label']}: {row['steps']:,} steps, {clock}", f"{'seed':>6}  T->V R@5  V->A R@5"]
    scores = [row["scores"][name] for name in TARGETS]
    for seed, words, sounds in zip(row["seeds"], *scores, strict=True):
        lines.append(f"{seed:>6}  {100 * words:8.1f}  {100 * sounds:8.1f}")
    lines.append(f"{'mean':>6}  " + "  ".join(f"{100 * row['means'][name]:8.1f}" for name in TARGETS))
    lines.append(f"{'target':>6}  " + "  ".join(f"{100 * target:8.1f}" for target in TARGETS.values()))
    if row["p"] is not None:
        lines.append(f"{'p':>6}  " + "  ".join(f"{row['p_values'][name]:8.2g}" for name in TARGETS))
    return [*lines, verdict(row)]


def verdict(row: Any) -> str:
    """Whether a row is a record, in a line."""
    if row["standing"]:
        return f"both targets are reached at p = {row['p']:.2g} (one-sided t test over {len(row['seeds'])} seeds)"
    if len(row["seeds"]) < SEEDS:
        return f"no record: {len(row['seeds'])} of at least {SEEDS} seeds"
    short = [name.replace("_", " ") for name in TARGETS if not row["p_values"][name] < LEVEL]
    return f"no record: {' and '.join(short)} not above its target at p < {LEVEL}"


if __name__ == "__main__":
    for label, milliseconds in calibrate([record.recipe for record in RECORDS], Path(sys.argv[1]), quiet=False).items():
        print(f'    "{label}": {milliseconds:.1f},', flush=True)
