"""Who does what, as far as ``vatt experiment who_does_what`` has been run: a table, and sentences computed from it."""

from pathlib import Path
from typing import Any

from vatt_edu.evaluation.protocols import roles
from vatt_edu.experiments import who_does_what
from vatt_edu.files import read_json

RESULTS = Path(__file__).resolve().parents[2] / "results" / "who_does_what.json"
SPLIT = "test_iid"
CHOICES = {"swapped_captions": "a clip, two captions", "swapped_clips": "a caption, two clips"}


def show_roles(path: Path = RESULTS) -> None:
    """Displays what there is in a notebook; where there is nothing, that.

    Args:
        path: Of the results.
    """
    from IPython.display import Markdown, display

    display(Markdown(report(path)))


def report(path: Path = RESULTS) -> str:
    """The table and its sentences, as Markdown."""
    experiment = who_does_what.experiment()
    planned = len(experiment.arms) * experiment.seeds
    rows: list[dict[str, Any]] = read_json(path)["rows"] if path.exists() else []
    if not rows:
        arms = "; ".join(f"*{arm.label}*, {arm.config.train.steps:,} steps" for arm in experiment.arms)
        return (
            f"*Not run yet.* `vatt experiment who_does_what` trains {planned} models, {experiment.seeds} seeds of each "
            f"of these ({arms}), and puts the numbers here."
        )
    runs = {arm.label: [row for row in rows if row["label"] == arm.label] for arm in experiment.arms}
    heads = ["R@1 among others", "R@5 among others", *(f"swapped: {words}" for words in CHOICES.values())]
    lines = [f"| in %, a number a seed | {' | '.join(heads)} |", f"|---{'|--:' * len(heads)}|"]
    sentences = []
    for label, records in runs.items():
        if records:
            lines.append(f"| {label} | {' | '.join(_cells(records))} |")
            sentences.append(f"*{label}*: {_verdict(records)}.")
    pairs = len(rows[0]["ranks"][SPLIT]["swapped_captions"]) // 2
    small = (
        f"<small>{len(rows)} of {planned} runs; {pairs} pairs of clips of <code>{SPLIT}</code>, so {pairs} clips are "
        f"the gallery of others; guessing between two gives 50%. In brackets: bootstrap over pairs and seeds. "
        f"<code>{read_json(path)['command']}</code>.</small>"
    )
    return "\n".join(lines) + "\n\n" + " ".join(sentences) + "\n\n" + small


def _cells(records: list[dict[str, Any]]) -> list[str]:
    scores = [record["metrics"][SPLIT] for record in records]
    cells = [", ".join(f"{100 * one['among_others'][name]:.1f}" for one in scores) for name in ("R@1", "R@5")]
    for choice in CHOICES:
        values = ", ".join(f"{100 * one[choice]['accuracy']:.1f}" for one in scores)
        _, low, high = _interval(records, choice)
        cells.append(f"{values} [{100 * low:.1f}, {100 * high:.1f}]")
    return [cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in cells]


def _interval(records: list[dict[str, Any]], choice: str) -> roles.Interval:
    return roles.accuracy({record["seed"]: record["ranks"][SPLIT][choice] for record in records})


def _verdict(records: list[dict[str, Any]]) -> str:
    """Of both choices, against guessing; one seed is said to be one."""
    verdicts = []
    for choice, words in CHOICES.items():
        value, low, high = _interval(records, choice)
        if any(record["metrics"][SPLIT][choice]["ties"] for record in records):
            side = "ties, which guessing would decide"
        elif low <= 0.5 <= high:
            side = "not to be told from guessing"
        else:
            side = "better than guessing" if value > 0.5 else "worse than guessing"
        verdicts.append(f"{words}, {side}")
    return "; ".join(verdicts) + (" (one seed so far)" if len(records) == 1 else "")
