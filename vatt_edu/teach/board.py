"""The scoreboard as a value: its runs, differences between its rows, and these in words."""

from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError
from vatt_edu.experiments.scoreboard import Row, rows
from vatt_edu.experiments.verdict import Difference, Ranks, difference, false_verdicts, right_of_eight
from vatt_edu.files import read_json

RESULTS = Path(__file__).resolve().parents[2] / "results" / "scoreboard.json"
SPLIT = "test_iid"
LAST = "candidates"
"""The part that makes the toy whole: the row before it is the toy without it."""
ENOUGH = 3
"""Seeds below which the interval of a bootstrap over them is too narrow for a plain verdict."""
WORDS = {"more": "more", "less": "fewer", "open": "no difference that these runs can show"}


class Board:
    """The scoreboard as far as it has been run.

    Args:
        path: Of the results.

    Raises:
        UserError: If the file is not there.
    """

    def __init__(self, path: Path = RESULTS) -> None:
        if not path.exists():
            raise UserError(f"{path} is not there: vatt experiment scoreboard makes it")
        self.results = read_json(path)
        self.rows = rows()
        self.runs: dict[str, list[dict[str, Any]]] = {label: [] for label in self.rows}
        for record in self.results["rows"]:
            self.runs[record["label"]].append(record)

    def measured(self, table: str) -> list[Row]:
        """Rows of a table that have at least one run, in the order of the book."""
        return [row for row in self.rows.values() if row.table == table and self.runs[row.label]]

    def ranks(self, label: str, direction: str, split: str = SPLIT) -> Ranks:
        """Of each seed of a row."""
        return {record["seed"]: record["ranks"][split][direction] for record in self.runs[label]}

    def of_eight(self, label: str, direction: str, split: str = SPLIT) -> list[float]:
        """How many of eight, one number a seed."""
        return [float(values.mean()) for values in right_of_eight(self.ranks(label, direction, split))]

    def percents(self, label: str, direction: str, split: str = SPLIT) -> list[float]:
        """R@5 in per cent, one number a seed."""
        return [100 * record["metrics"][split][direction]["R@5"] for record in self.runs[label]]

    def difference(self, label: str, other: str, direction: str, split: str = SPLIT) -> Difference | None:
        """How many more of eight a row gets right than another; None if one of them has not been run."""
        if not (self.runs[label] and self.runs[other]):
            return None
        return difference(self.ranks(label, direction, split), self.ranks(other, direction, split))

    def aa(self, direction: str) -> tuple[int, int]:
        """Of the ways to split ten runs of the toy into two times five, how many get a verdict; and how many there are.

        (0, 0) until the ten are there.
        """
        runs = {**self.ranks("toy", direction), **self.ranks("toy again", direction)}
        return false_verdicts(runs) if len(runs) == 10 else (0, 0)

    def missing(self) -> int:
        """Runs that are still to come."""
        return sum(len(row.seeds) for row in self.rows.values()) - sum(map(len, self.runs.values()))

    def in_words(self, part: str, direction: str) -> str:
        """What a part did when it came, and what the finished toy has by it, as far as that has been run.

        The last part makes the toy whole, so its two comparisons are one.
        """
        clauses = []
        added = self.added(part, direction)
        out = None if part == LAST else self.taken_out(part, direction)
        if added is not None:
            clauses.append(f"when it is added: {change_in_words(added)}")
        if out is not None:
            clauses.append(f"in the finished toy, against the toy without it, {change_in_words(out)}")
        return "; ".join(clauses) or "not run yet"

    def added(self, part: str, direction: str) -> Difference | None:
        """What a part did when it came; None if that has not been run, or it is in every row."""
        row = next((row for row in self.rows.values() if row.part == part and row.table == "added"), None)
        return self.difference(row.label, row.above, direction) if row is not None and row.above else None

    def taken_out(self, part: str, direction: str) -> Difference | None:
        """What the finished toy has by a part; None if that has not been run."""
        without = self.rows["toy"].above if part == LAST else f"without {part}"
        return self.difference("toy", without, direction) if without in self.runs else None

    def origin(self) -> str:
        """Where the numbers come from, as a line of Markdown."""
        commits = ", ".join(sorted({row["commit"] for row in self.results["rows"]}))
        done = sum(map(len, self.runs.values()))
        return (
            f"<small>{done} of {done + self.missing()} runs, on the clips of <code>{SPLIT}</code>; MiniTube "
            f"<code>small</code>, one CPU core, steps by calibration; <code>{self.results['command']}</code>, "
            f"commit {commits}, torch {self.results['versions']['torch']}.</small>"
        )


def change_in_words(change: Difference) -> str:
    """A difference with its interval and its verdict, where there are seeds enough for one.

    A bootstrap over two seeds is too narrow, so a verdict of two says that it is one.
    """
    if change.seeds < 2:
        return f"{signed(change.mean)} of eight (one seed so far, so no verdict)"
    verdict = WORDS[change.verdict]
    if change.seeds < ENOUGH and change.verdict != "open":
        verdict += ", as far as so few seeds can say"
    return f"{signed(change.mean)} of eight {interval(change)}, {change.seeds} seeds: {verdict}"


def interval(change: Difference) -> str:
    """The ends of a difference, with as many digits (three at most) as show on which side of zero each lies."""
    ends = (change.low, change.high)
    digits = next((n for n in (1, 2) if all(end == 0 or round(end, n) for end in ends)), 3)
    return "[{}, {}]".format(*(signed(end, digits) for end in ends))


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign; zero has none."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
