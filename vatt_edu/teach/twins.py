"""Toy twins of the paper's tables: what a table says, what our runs say, and whether the two agree.

A twin claims an order only with five paired seeds behind it, by an interval over queries and seeds
(``experiments.verdict``). What the paper finds about as good needs more than an interval that holds zero, which few
seeds always have: the whole interval must lie within a margin that was set before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from vatt_edu.experiments.verdict import Difference, difference_of_scores
from vatt_edu.files import read_json
from vatt_edu.teach.board import signed

RESULTS = Path(__file__).resolve().parents[2] / "results"
LEAST_SEEDS = 5
MARGIN = 5.0
"""Points of R@5 within which two recipes count as about as good: what the queries alone leave open for one model."""
SPLIT = "test_iid"

Expected = Literal["more", "less", "equal"]
Status = Literal["agrees", "disagrees", "open", "no claim", "not run yet", "no twin"]
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Of each file in ``results/``, its rows."""


@dataclass(frozen=True)
class Twin:
    """One statement of a paper, and the two arms of an experiment that ask it of the toy.

    Attributes:
        source: Where the statement stands.
        statement: What it says.
        compared: What the toy compares, in words; why there is no twin, where there is none.
        name: Of the file of results; empty if there is no such experiment.
        after: Label of the arm that the statement is about.
        before: Of the arm that it is compared with.
        direction: Of retrieval.
        expected: Whether ``after`` should find more, less, or about as much.
    """

    source: str
    statement: str
    compared: str
    name: str = ""
    after: str = ""
    before: str = ""
    direction: Literal["text_to_video", "video_to_audio"] = "text_to_video"
    expected: Expected = "equal"


WORDS, SOUND = "a sentence finds its clip", "a clip finds its sound"
NEEDS_LABELS = "none here: it is measured by fine-tuning on labels"
ONE_ENCODER = "one encoder or three"
OTHER_MEASURE = "retrieval and no labels, so a hint only"

TWINS = (
    Twin("Table 5", "At equal steps, half of the tokens find a little less: R@10 23.1 → 20.7 and 15.2 → 14.6.",
         f"half of the tokens or all, equal steps; {WORDS}",
         "scoreboard", "droptoken, equal steps", "layers", "text_to_video", "less"),
    Twin("Table 10", "A mel spectrogram and the waveform are about as good: R@10 26.6 and 25.7, 16.9 and 17.3.",
         f"log-mel or waveform, equal seconds; {WORDS}",
         "scoreboard", "log_mel", "toy", "text_to_video", "equal"),
    Twin("Table 10", "The same on sounds: ESC-50 88.0 and 87.8, by linear classification.",
         f"log-mel or waveform, equal steps; {SOUND}: {OTHER_MEASURE}",
         "log_mel", "log_mel", "waveform", "video_to_audio", "equal"),
    Twin("Table 4", "One encoder for all finds less than three: R@10 40.6 and 45.5, 23.6 and 29.7.",
         f"{ONE_ENCODER}, equal steps; {WORDS}",
         "agnostic", "toy_agnostic", "toy", "text_to_video", "less"),
    Twin("Table 4", "The same.", f"{ONE_ENCODER}, equal seconds; {WORDS}",
         "scoreboard", "agnostic", "toy", "text_to_video", "less"),
    Twin("Table 2", "On sounds, fine-tuned, one encoder is about as good: mAP 39.3 and 39.4.",
         f"{ONE_ENCODER}, equal steps; {SOUND}: {OTHER_MEASURE}",
         "agnostic", "toy_agnostic", "toy", "video_to_audio", "equal"),
    Twin("Table 9", "Small patches of video are best.", "none here: an experiment would have to be written"),
    Twin("Table 10", "Short segments of sound, 128 samples, are best.",
         "none here: an experiment would have to be written"),
    Twin("Table 1", "Pre-training helps actions in videos: 26.4 from scratch, 79.6 and more with it.", NEEDS_LABELS),
    Twin("Table 3", "Pre-training helps pictures, too: 64.7 from scratch, 78.7 with it.", NEEDS_LABELS),
    Twin("Table 6", "When fine-tuning, many pixels with half of the tokens are as good as few with all.", NEEDS_LABELS),
)  # fmt: skip
"""The paper's own tables that compare two ways to do it."""

INHERITED = (
    Twin("the earlier model with these heads", "Words are best met in a space behind that of sound.",
         f"behind it or beside it, equal seconds; {WORDS}",
         "scoreboard", "passage", "head_depth", "text_to_video", "more"),
    Twin("the paper that introduced MIL-NCE", "Several candidate lines are better than the nearest one.",
         f"four lines or one, equal seconds; {WORDS}",
         "scoreboard", "toy", "passage", "text_to_video", "more"),
    Twin("its motive", "They are an answer to narration that comes early, late, or about something else.",
         f"four lines or one, narration shifted by 4 s and 60% fillers; {WORDS}",
         "narration", "shift 4 s, filler 60 %, lines 4", "shift 4 s, filler 60 %, lines 1", "text_to_video", "more"),
)  # fmt: skip
"""Choices that the paper took over and did not compare again."""


@dataclass(frozen=True)
class Judgment:
    """What the runs say of a twin.

    Attributes:
        status: In one word or two.
        seeds: Paired ones: those that both arms have.
        change: More points of R@5 with ``after``; None without a common seed.
    """

    status: Status
    seeds: int = 0
    change: Difference | None = None


def read_results(twins: Sequence[Twin], folder: Path = RESULTS) -> Rows:
    """Rows of the files that twins ask for; none of a file that is not there."""
    paths = {twin.name: folder / f"{twin.name}.json" for twin in twins if twin.name}
    return {name: read_json(path)["rows"] if path.exists() else [] for name, path in paths.items()}


def judge(twin: Twin, rows: Rows) -> Judgment:
    """Whether the toy agrees, as far as its runs can say.

    Args:
        twin: What is asked.
        rows: As ``read_results`` returns them.
    """
    if not twin.name:
        return Judgment("no twin")
    arms = [{row["seed"]: row for row in rows.get(twin.name, []) if row["label"] == label}
            for label in (twin.after, twin.before)]  # fmt: skip
    common = sorted(set(arms[0]) & set(arms[1]))
    if not common:
        return Judgment("not run yet")
    pairs = [[arm[seed] for seed in common] for arm in arms]
    ranked = all("ranks" in row for rows_of in pairs for row in rows_of)
    change = _change(pairs, twin.direction, ranked)
    if len(common) < LEAST_SEEDS or not ranked:
        return Judgment("no claim", len(common), change)
    return Judgment(_status(change, twin.expected), len(common), change)


def _change(arms: list[list[Mapping[str, Any]]], direction: str, ranked: bool) -> Difference:
    """In points of R@5; without width where an older row has no ranks, so that it decides nothing."""
    if ranked:
        after, before = (_hits(arm, direction) for arm in arms)
        return difference_of_scores(after, before)
    means = [np.mean([100 * row["metrics"][SPLIT][direction]["R@5"] for row in arm]) for arm in arms]
    mean = float(means[0] - means[1])
    return Difference(mean, mean, mean, len(arms[0]))


def _hits(arm: Sequence[Mapping[str, Any]], direction: str) -> Float[np.ndarray, "S Q"]:
    return 100.0 * (np.array([row["ranks"][SPLIT][direction] for row in arm]) <= 5)


def _status(change: Difference, expected: Expected) -> Status:
    if expected == "equal":
        if change.low > -MARGIN and change.high < MARGIN:
            return "agrees"
        return "disagrees" if change.low > MARGIN or change.high < -MARGIN else "open"
    if change.verdict == "open":
        return "open"
    return "agrees" if change.verdict == expected else "disagrees"


def verdict_in_words(judgment: Judgment) -> str:
    """What the page calls it."""
    if judgment.status == "no claim":
        return f"{judgment.seeds} seed{'s' * (judgment.seeds > 1)}: no claim"
    if judgment.status == "open":
        return "open: too uncertain to say"
    return f"**{judgment.status}**" if judgment.status in ("agrees", "disagrees") else judgment.status


def points(change: Difference) -> str:
    """A difference in points, with its interval where five seeds or more are behind it."""
    if change.seeds < LEAST_SEEDS or change.low == change.high:
        return signed(change.mean)
    return f"{signed(change.mean)} [{signed(change.low)}, {signed(change.high)}]".replace(" ", "\N{NO-BREAK SPACE}")


def table(twins: Sequence[Twin], rows: Rows) -> str:
    """A line a twin, as Markdown."""
    lines = ["| where | what it says | R@5, points | verdict | the toy's twin |", "|---|---|--:|---|---|"]
    for twin in twins:
        judgment = judge(twin, rows)
        change = points(judgment.change) if judgment.change else "–"
        cells = (twin.source, twin.statement, change, verdict_in_words(judgment), twin.compared)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def summary(twins: Sequence[Twin], rows: Rows) -> str:
    """How many agree, and how many false verdicts to expect among as many comparisons of equal recipes."""
    statuses = [judge(twin, rows).status for twin in twins]
    counts = {name: statuses.count(name) for name in ("agrees", "disagrees", "open", "no claim", "not run yet")}
    judged = [name in ("agrees", "disagrees", "open") for name in statuses]
    with_twin = len(twins) - statuses.count("no twin")
    text = (
        f"{with_twin} of {len(twins)} lines have a twin. {sum(judged)} of these can be judged by {LEAST_SEEDS} paired "
        f"seeds or more: {counts['agrees']} agree, {counts['disagrees']} disagree, {counts['open']} open. Without a "
        f"claim for lack of seeds: {counts['no claim']}; not run yet: {counts['not run yet']}."
    )
    orders = sum(done and twin.expected != "equal" for twin, done in zip(twins, judged, strict=True))
    if orders:
        text += (
            f" If the two recipes of each of the {orders} judged orders were equal, {orders / 20:.2g} false verdicts "
            "would be expected of an exact rule."
        )
    return text


def show(twins: Sequence[Twin] = TWINS, folder: Path = RESULTS) -> None:
    """Displays the table and its summary in a notebook.

    Args:
        twins: Which.
        folder: Of the results.
    """
    from IPython.display import Markdown, display

    rows = read_results(twins, folder)
    display(Markdown(f"{table(twins, rows)}\n\n{summary(twins, rows)}"))
