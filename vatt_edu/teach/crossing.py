"""Shared or separate, crossing or not: tables and sentences, as far as ``vatt experiment crossing`` has been run."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from vatt_edu.evaluation.probing.both_towers import MODALITIES, QUESTIONS, column
from vatt_edu.experiments import crossing
from vatt_edu.experiments.crossing import CROSSING, SEPARATE, SHARED, WITHIN, arm_label
from vatt_edu.experiments.verdict import Difference, difference_of_scores
from vatt_edu.files import read_json
from vatt_edu.teach.twins import LEAST_SEEDS, RESULTS, SPLIT, points

PATH = RESULTS / "crossing.json"
ARMS = tuple(arm_label(encoder, loss) for encoder in (SEPARATE, SHARED) for loss in (WITHIN, CROSSING))

Arms = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Label → seed → row."""

COMPARISONS = (
    ("shared against separate, both without crossing", "less", "the shared encoder falls below",
     {(SHARED, WITHIN): 1, (SEPARATE, WITHIN): -1}),
    ("shared with crossing against separate without", "more", "with it both gain",
     {(SHARED, CROSSING): 1, (SEPARATE, WITHIN): -1}),
    ("what crossing adds to shared, more than to separate", "more", "sharing needs the crossing",
     {(SHARED, CROSSING): 1, (SHARED, WITHIN): -1, (SEPARATE, CROSSING): -1, (SEPARATE, WITHIN): 1}),
)  # fmt: skip
"""Words, what the claim expects, the claim, and the arms with their signs."""


def read_arms(path: Path = PATH) -> Arms:
    """What has been run; empty where nothing has."""
    rows = read_json(path)["rows"] if path.exists() else []
    return {label: {row["seed"]: row for row in rows if row["label"] == label} for label in ARMS}


def show(path: Path = PATH) -> None:
    """Displays what there is in a notebook; where there is nothing, that.

    Args:
        path: Of the results.
    """
    from IPython.display import Markdown, display

    display(Markdown(report(path)))


def report(path: Path = PATH) -> str:
    """Both tables and what is missing, as Markdown."""
    arms = read_arms(path)
    missing = waiting(arms)
    if not any(arms.values()):
        return missing
    command = read_json(path)["command"]
    small = (
        f"<small>Clips of <code>{SPLIT}</code>. In brackets: of an arm, its least and greatest seed; of a comparison, "
        f"a bootstrap over clips and seeds. <code>{command}</code>.</small>"
    )
    return "\n\n".join(filter(None, (table(arms), comparisons(arms), missing, small)))


def table(arms: Arms) -> str:
    """Each arm that has runs: right answers of both probes, and retrieval; means over its seeds, least and greatest."""
    lines = [
        "| in % | video's probe | sound's probe | a clip finds its sound, R@5 | seeds |",
        "|---|--:|--:|--:|--:|",
    ]
    for label, runs in arms.items():
        if runs:
            cells = [_span([float(_right(row, modality).mean()) for row in runs.values()]) for modality in MODALITIES]
            recalls = [100 * row["metrics"][SPLIT]["video_to_audio"]["R@5"] for row in runs.values()]
            lines.append(f"| {label} | {' | '.join([*cells, _span(recalls)])} | {len(runs)} |")
    return "\n".join(lines)


def _right(row: Mapping[str, Any], modality: str) -> Float[np.ndarray, " Q"]:
    """Of each clip, per cent of the questions that this modality's probes answer rightly."""
    answers = [np.array(row["ranks"][SPLIT][column(modality, question)]) == 1 for question in QUESTIONS]
    return 100.0 * np.mean(answers, axis=0)


def _span(values: Sequence[float]) -> str:
    text = f"{statistics.fmean(values):.1f}"
    return f"{text} [{min(values):.1f},\N{NO-BREAK SPACE}{max(values):.1f}]" if len(values) > 1 else text


def effect(arms: Arms, modality: str, signs: Mapping[tuple[str, str], int]) -> Difference | None:
    """A sum of arms with signs, in points of a modality's probes, over the seeds that all of them have.

    Args:
        arms: As ``read_arms`` returns them.
        modality: ``video`` or ``audio``.
        signs: Of the arms, by encoder and loss; they sum to 0.

    Returns:
        None without a common seed.
    """
    common = sorted(set.intersection(*(set(arms[arm_label(*arm)]) for arm in signs)))
    if not common:
        return None
    sides = {
        side: sum(
            (np.array([_right(arms[arm_label(*arm)][seed], modality) for seed in common])
             for arm, sign in signs.items() if sign == side),
        )
        for side in (1, -1)
    }  # fmt: skip
    return difference_of_scores(np.asarray(sides[1]), np.asarray(sides[-1]))


def comparisons(arms: Arms) -> str:
    """What the claim says of three comparisons, and what the runs say, for each modality; as Markdown."""
    lines = ["| points of a probe | the claim | video | sound |", "|---|---|---|---|"]
    for words, expected, claim, signs in COMPARISONS:
        cells = [_cell(effect(arms, modality, signs), expected) for modality in MODALITIES]
        lines.append(f"| {words} | {claim} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(change: Difference | None, expected: str) -> str:
    if change is None:
        return "not run yet"
    if change.seeds < LEAST_SEEDS:
        return f"{points(change)}, {change.seeds} seed{'s' * (change.seeds > 1)}: no claim"
    if change.verdict == "open":
        return f"{points(change)}, open"
    return f"{points(change)}, **{'agrees' if change.verdict == expected else 'disagrees'}**"


def waiting(arms: Arms) -> str:
    """What has not been run; empty when all is there."""
    experiment = crossing.experiment()
    planned, done = len(experiment.arms) * experiment.seeds, sum(map(len, arms.values()))
    if done >= planned:
        return ""
    begun = f"{done} of {planned} runs are there; the others are not" if done else f"None of {planned} runs is"
    return (
        f"*{begun[0]}{begun[1:]} run yet.* `vatt experiment crossing` trains four arms with {experiment.seeds} seeds "
        f"each, {crossing.STEPS} steps a run, and goes on where it was stopped."
    )
