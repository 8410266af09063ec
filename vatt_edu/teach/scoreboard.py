"""The scoreboard: what each part that the book adds did to retrieval, every seed shown, the page's own rows lit."""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatt_edu import cost
from vatt_edu.config import Config
from vatt_edu.droptoken import keep_count
from vatt_edu.errors import UserError
from vatt_edu.experiments.scoreboard import CPU_SECONDS, ROWS, Row, configs
from vatt_edu.files import read_json
from vatt_edu.teach import figures

RESULTS = Path(__file__).resolve().parents[2] / "results" / "scoreboard.json"
DIRECTIONS = {
    "text_to_video": ("text", "a sentence finds its clip"),
    "video_to_audio": ("audio", "a clip finds its sound"),
}


@dataclass(frozen=True)
class Change:
    """What a row did to retrieval, against the row above it.

    Attributes:
        row: The row.
        before: R@5 of the row above in per cent, one number a seed.
        after: Its own.
    """

    row: Row
    before: list[float]
    after: list[float]

    @property
    def verdict(self) -> str:
        """``more`` where the worst seed is better than the best one before, ``less`` the other way, else ``open``."""
        if min(self.after) > max(self.before):
            return "more"
        return "less" if max(self.after) < min(self.before) else "open"

    def __str__(self) -> str:
        before, after = statistics.median(self.before), statistics.median(self.after)
        return f"*{self.row.title}* ({before:.0f} to {after:.0f} %)"


def read_rows(path: Path = RESULTS) -> dict[str, list[dict[str, Any]]]:
    """The rows of ``results/scoreboard.json``: label → one record a seed.

    Raises:
        UserError: If the file is not there.
    """
    if not path.exists():
        raise UserError(f"{path} is not there: vatt experiment scoreboard makes it")
    records: dict[str, list[dict[str, Any]]] = {}
    for record in read_json(path)["rows"]:
        records.setdefault(record["label"], []).append(record)
    return records


def percents(records: Sequence[dict[str, Any]], direction: str, split: str) -> list[float]:
    """R@5 of each seed of a row, in per cent."""
    return [100 * record["metrics"][split][direction]["R@5"] for record in records]


def origin(path: Path = RESULTS) -> str:
    """Where the numbers come from, as a line of Markdown."""
    results = read_json(path)
    seeds = ", ".join(map(str, results["seeds"]))
    commits = ", ".join(sorted({row["commit"] for row in results["rows"]}))
    return (
        f"<small>As many steps as fit into {CPU_SECONDS / 60:g} minutes of one idle core, seeds {seeds}, "
        f"MiniTube `small`; `{results['command']}`, commit {commits}, torch {results['versions']['torch']}.</small>"
    )


def changes(direction: str, split: str = "test_iid", path: Path = RESULTS) -> list[Change]:
    """What each row but the first did.

    Args:
        direction: ``text_to_video`` or ``video_to_audio``.
        split: On which clips.
        path: Of the results.
    """
    scores = {label: percents(records, direction, split) for label, records in read_rows(path).items()}
    rows = [row for row in ROWS if row.label in scores]
    return [Change(row, scores[above.label], scores[row.label]) for above, row in itertools.pairwise(rows)]


def in_words(split: str = "test_iid", path: Path = RESULTS) -> str:
    """In words, as Markdown: which rows did more than another seed does, up and down, by median."""
    lines = []
    for direction, (_, title) in DIRECTIONS.items():
        row_changes = changes(direction, split, path)
        sides = {verdict: [str(c) for c in row_changes if c.verdict == verdict] for verdict in ("more", "less")}
        parts = [f"**{verdict} often** with {', '.join(rows)}" for verdict, rows in sides.items() if rows]
        if rest := sum(change.verdict == "open" for change in row_changes):
            parts.append(f"in {'the rest, ' if parts else 'none: in '}{rest} of {len(row_changes)}, the seeds overlap")
        lines.append(f"{title.capitalize()} {'; '.join(parts)}.")
    return "\n\n".join(lines)


def show_rows(*labels: str, split: str = "test_iid", path: Path = RESULTS) -> None:
    """Displays the scoreboard in a notebook.

    Args:
        *labels: Rows that belong to the page.
        split: On which clips.
        path: Of the results.
    """
    from IPython.display import Markdown, display

    records = read_rows(path)
    rows = [row for row in ROWS if row.label in records]
    figure = figures.new(7.0, 0.5 + 0.34 * len(rows))
    figure.set_layout_engine("constrained", wspace=0.08)  # or the ends of the two axes read as one number
    medians = []
    for axes, (direction, (modality, title)) in zip(
        figure.subplots(1, 2, sharey=True), DIRECTIONS.items(), strict=True
    ):
        for place, row in enumerate(rows):
            values = percents(records[row.label], direction, split)
            bright = row.label in labels or not labels
            color = figures.COLORS[modality if bright else "muted"]
            axes.plot(values, [place] * len(values), "o", color=color, alpha=0.55, markersize=5)
            axes.plot([statistics.median(values)] * 2, [place - 0.3, place + 0.3], color=color, lw=2.4)
            if bright:
                medians.append(f"{row.title}: {title} in {statistics.median(values):.0f} per cent")
        axes.set_title(title, fontsize="medium")
        axes.set(xlabel="among the first five, %", xlim=(0, 102 if modality == "text" else None))
        axes.axvline(100 * 5 / 256, color=figures.COLORS["muted"], ls=":", lw=1)
        axes.tick_params(axis="y", length=0)
    axes.set_yticks(range(len(rows)), [row.title for row in rows])
    axes.invert_yaxis()
    for tick, row in zip(figure.axes[0].get_yticklabels(), rows, strict=True):
        tick.set_fontweight("bold" if row.label in labels else "normal")
    minutes = CPU_SECONDS / 60
    lead = f"The scoreboard, {minutes:g} minutes of one core for each row, points are seeds. "
    figures.show(figure, lead + "; ".join(medians) + ".")
    display(Markdown(f"{table(records, labels, split)}\n\n{origin(path)}"))


def table(records: dict[str, list[dict[str, Any]]], labels: Sequence[str] = (), split: str = "test_iid") -> str:
    """Median R@5 and its range, tokens of a training clip, GFLOPs of its forward pass, steps that fit; as Markdown."""
    titles = (f"{title}, %" for _, title in DIRECTIONS.values())
    lines = [f"| | {' | '.join(titles)} | tokens | GFLOPs | steps |", "|---|--:|--:|--:|--:|--:|"]
    for row in ROWS:
        if row.label in records:
            config = configs()[row.label]
            title = f"**{row.title}**" if row.label in labels else row.title
            cells = []
            for direction in DIRECTIONS:
                values = percents(records[row.label], direction, split)
                span = f"{statistics.median(values):.1f} [{min(values):.1f}, {max(values):.1f}]"
                cells.append(span.replace(" ", "\N{NO-BREAK SPACE}"))
            flops = cost.flops(config.model, config.data.candidates, config.model.droptoken.keep_video)["total"].here
            cells += [f"{tokens(config):,}", f"{flops / 1e9:.3f}", f"{records[row.label][0]['steps']:,}"]
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tokens(config: Config) -> int:
    """Of a training clip: kept patches of video and sound, and the words of all its candidate lines."""
    model, drop = config.model, config.model.droptoken
    video = keep_count(drop.keep_video, math.prod(model.video.grid))
    audio = keep_count(drop.keep_audio, math.prod(model.audio.grid))
    return video + audio + model.text.words * config.data.candidates
