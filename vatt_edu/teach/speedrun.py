"""The records of the speed run on a page: each with its change, its seconds, its seeds and its p."""

from pathlib import Path
from typing import Any

from vatt_edu.experiments.speedrun import LEVEL, RECORDS, SEEDS, STEP_MILLISECONDS, TARGETS, cpu_seconds, recipe_config
from vatt_edu.files import read_json

RESULTS = Path(__file__).resolve().parents[2] / "results" / "speedrun.json"
SPACE = "\N{NO-BREAK SPACE}"


def show_records(path: Path = RESULTS) -> None:
    """Displays the records in a notebook, and says which recipes wait for their seeds.

    Args:
        path: Of the results.
    """
    from IPython.display import Markdown, display

    file = read_json(path) if path.exists() else {"rows": []}
    display(Markdown("\n\n".join(filter(None, (table(file["rows"]), waiting(file["rows"]), origin(file))))))


def table(rows: list[Any]) -> str:
    """The records that stand, as Markdown; without any, the text is empty."""
    rows = [row for row in rows if row["standing"]]
    if not rows:
        return ""
    text = [
        "| recipe | what made it faster | steps | CPU seconds | T→V, % | V→A, % | seeds | p | T→V, test | V→A, test |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [f"`{row['label']}`", row["change"], f"{row['steps']:,}", f"{row['cpu_seconds']:,.0f}"]
        cells += [_span(row["scores"][name]) for name in TARGETS]
        cells += [str(len(row["seeds"])), f"{row['p']:.1g}"]
        cells += [_span(row["test"][name]) for name in TARGETS]
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def waiting(rows: list[Any]) -> str:
    """Which recipes have not been run with their seeds, and which have been and fell short; empty if none."""
    standing = {row["label"] for row in rows if row["standing"]}
    short = {row["label"] for row in rows} - standing
    lines = []
    for record in RECORDS:
        if record.recipe in standing:
            continue
        steps = recipe_config(record.recipe).train.steps
        seconds = cpu_seconds(STEP_MILLISECONDS[record.recipe], steps)
        state = f"below a target at $p < {LEVEL}$" if record.recipe in short else f"not run yet with its {SEEDS} seeds"
        lines.append(f"- `{record.recipe}` ({record.change}; {steps:,} steps, {seconds:,.0f} CPU seconds): {state}.")
    return "\n".join(lines)


def origin(file: Any) -> str:
    """Where the numbers come from; empty without a file."""
    if not file["rows"]:
        return ""
    commits = ", ".join(sorted({row["commit"] for row in file["rows"]}))
    return (
        f"<small>R@5 on the validation gallery and on the test split, means over seeds [least, greatest]; "
        f"<code>{file['command']}</code>, commit {commits}, torch {file['versions']['torch']}.</small>"
    )


def _span(values: list[float]) -> str:
    percents = [100 * value for value in values]
    mean = sum(percents) / len(percents)
    return f"{mean:.1f} [{min(percents):.1f}, {max(percents):.1f}]".replace(" ", SPACE)
