"""The grid of narrations: where several candidate lines win and where the nearest line does, as far as it has run."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatt_edu.experiments import narration
from vatt_edu.experiments.narration import CANDIDATES, LINE, PLACES, Place
from vatt_edu.experiments.scoreboard import CPU_SECONDS
from vatt_edu.experiments.verdict import Difference, difference, right_of_eight
from vatt_edu.files import read_json
from vatt_edu.teach import figures
from vatt_edu.teach.board import RESULTS, SPLIT, WORDS, change_in_words

PATH = RESULTS.with_name("narration.json")
DIRECTION = "text_to_video"
ONE, FOUR = CANDIDATES
WINNERS = {"more": "four candidate lines win", "less": "the nearest line alone wins", "open": "no difference is shown"}


@dataclass(frozen=True)
class Runs:
    """What has been run.

    Attributes:
        rows: Of ``results/narration.json``; none if it is not there.
    """

    rows: Sequence[dict[str, Any]]

    @classmethod
    def read(cls, path: Path = PATH) -> "Runs":
        """From a file, or nothing where there is none."""
        return cls(read_json(path)["rows"] if path.exists() else [])

    def ranks(self, place: Place, lines: int) -> dict[int, list[int]]:
        """Of each seed of an arm."""
        label = place.label(lines)
        return {row["seed"]: row["ranks"][SPLIT][DIRECTION] for row in self.rows if row["label"] == label}

    def of_eight(self, place: Place, lines: int) -> list[float]:
        """How many of eight, one number a seed."""
        return [float(values.mean()) for values in right_of_eight(self.ranks(place, lines))]

    def gain(self, place: Place) -> Difference | None:
        """How many more of eight with four lines than with one; None until both have run."""
        four, one = self.ranks(place, FOUR), self.ranks(place, ONE)
        return difference(four, one) if four and one else None

    @property
    def places(self) -> list[Place]:
        """Those where both have run."""
        return [place for place in PLACES if self.gain(place) is not None]

    @property
    def missing(self) -> int:
        """Runs that are still to come."""
        experiment = narration.experiment()
        return len(experiment.arms) * experiment.seeds - len(self.rows)


def show(path: Path = PATH) -> None:
    """Displays the line through the grid, the table of the grid, and who wins where, or that nothing has run.

    Args:
        path: Of the results.
    """
    from IPython.display import Markdown, display

    runs = Runs.read(path)
    if any(place in LINE for place in runs.places):
        _draw(runs)
    display(Markdown("\n\n".join(filter(None, (table(runs), verdicts(runs), waiting(runs))))))


def table(runs: Runs) -> str:
    """Both arms at each place and their difference, as Markdown; empty without runs."""
    if not runs.places:
        return ""
    lines = [
        "| shift of lines, s | fillers, % | nearest line: of eight | four lines: of eight | more with four |",
        "|--:|--:|--:|--:|---|",
    ]
    for place in runs.places:
        gain = runs.gain(place)
        assert gain is not None
        cells = " | ".join(_span(runs.of_eight(place, count)) for count in CANDIDATES)
        where = f"{place.offset_sigma:g} | {100 * place.filler_share:.0f}"
        lines.append(f"| {where} | {cells} | {change_in_words(gain)} |")
    return "\n".join(lines)


def _span(values: Sequence[float]) -> str:
    text = f"{statistics.median(values):.1f}"
    return f"{text} [{min(values):.1f},\N{NO-BREAK SPACE}{max(values):.1f}]" if len(values) > 1 else text


def verdicts(runs: Runs) -> str:
    """Who wins where, in a sentence; empty until a place has seeds enough."""
    groups: dict[str, list[str]] = {}
    for place in runs.places:
        gain = runs.gain(place)
        if gain is not None and gain.seeds > 1:
            where = f"a shift of {place.offset_sigma:g} s with {100 * place.filler_share:.0f}% fillers"
            groups.setdefault(gain.verdict, []).append(where)
    clauses = [f"{WINNERS[name]} at {'; '.join(groups[name])}" for name in WORDS if name in groups]
    return f"By intervals over queries and seeds: {'. '.join(clauses)}." if clauses else ""


def waiting(runs: Runs) -> str:
    """What has not been run, what it takes and how; empty when all is there."""
    if runs.missing <= 0:
        return ""
    done, hours = len(runs.rows), runs.missing * CPU_SECONDS / 3_600
    begun = f"{done} runs are there; not" if done else "Not"
    return (
        f"*{begun} run yet: {runs.missing} runs of {CPU_SECONDS} seconds, about {hours:.1f} hours of one core. "
        "`vatt experiment narration` makes them, and goes on where it was stopped.*"
    )


def _draw(runs: Runs) -> None:
    figure = figures.new(6.0, 3.0)
    axes = figure.subplots()
    spoken = []
    for count, style, color in ((ONE, "--", "muted"), (FOUR, "-", "text")):
        values = {n: runs.of_eight(place, count) for n, place in enumerate(LINE) if place in runs.places}
        for n, points in values.items():
            axes.plot([n] * len(points), points, "o", color=figures.COLORS[color], alpha=0.5, markersize=4)
        medians = [statistics.median(points) for points in values.values()]
        axes.plot(list(values), medians, style, color=figures.COLORS[color])
        name = "the nearest line" if count == ONE else f"{count} candidate lines"
        axes.text(max(values) + 0.08, medians[-1], name, color=figures.COLORS[color], va="center")
        spoken.append(f"{name}: " + ", ".join(f"{median:.1f}" for median in medians))
    axes.axhline(1, color=figures.COLORS["muted"], ls=":", lw=1)
    names = [f"{place.offset_sigma:g} s, {100 * place.filler_share:.0f}%" for place in LINE]
    axes.set_xticks(range(len(LINE)), names)
    axes.set(xlabel="shift of lines, share of fillers", ylabel="right, of eight", xlim=(-0.2, len(LINE) + 0.4))
    figures.show(
        figure,
        "The same videos, narrated worse and worse: how many of eight sentences find their clip, with one candidate "
        f"line and with four; dots are seeds, dotted is guessing. {'; '.join(spoken)}.",
    )
