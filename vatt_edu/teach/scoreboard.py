"""The scoreboard: what each part that the book adds is worth, every seed shown, the page's own rows lit."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from vatt_edu import cost
from vatt_edu.config import Config
from vatt_edu.droptoken import keep_count
from vatt_edu.experiments.scoreboard import CPU_SECONDS, PARTS, Part, Row
from vatt_edu.experiments.verdict import Difference
from vatt_edu.teach import figures
from vatt_edu.teach.board import LAST, RESULTS, Board, change_in_words, interval, signed

DIRECTIONS = {
    "text_to_video": ("text", "a sentence finds its clip"),
    "video_to_audio": ("audio", "a clip finds its sound"),
}
NOT_RUN = "not run yet"
SHORTER = "droptoken, equal steps"
"""The one row that is given steps and not seconds."""
NO_BREAK = "\N{NO-BREAK SPACE}"
OF_EIGHT = (
    "*Of eight*: a query picks among eight answers, its own and seven others; this is how many of eight queries pick "
    "their own."
)
# Filled in by ``site_static/page.js`` with what the reader got in the game of the first page.
# That game is one to one and goes from sound to picture; a row's number is that of clips that choose each on its own.
YOU = (
    '| you, one to one, in the game of the first page | | | <span class="vatt-your-score">not played yet</span> '
    "| | | | |"
)


def show_part(*names: str, path: Path = RESULTS) -> None:
    """Displays the board in a notebook with the rows of these parts or variants lit, and what it says about them.

    Args:
        *names: Of parts (``PARTS``) or labels of variants.
        path: Of the results.
    """
    from IPython.display import Markdown, display

    board = Board(path)
    added = board.measured("added")
    others = [row for table in ("taken_out", "branch") for row in board.measured(table) if row.part in names]
    base = [row for row in added if row.seconds == CPU_SECONDS]
    lines = [*base, *(row for row in others if row.seconds == CPU_SECONDS and row not in base)]
    if not lines:
        display(Markdown("*The scoreboard has not been run yet.*"))
        return
    _draw(board, lines, names)
    display(Markdown("\n\n".join((table(board, lines, names), OF_EIGHT, _sentences(board, names), board.origin()))))


def show_whole(path: Path = RESULTS) -> None:
    """Displays all rows that are added, and for each part what it did when it came and what it is worth at last.

    Only columns that have runs are shown.

    Args:
        path: Of the results.
    """
    from IPython.display import Markdown, display

    board = Board(path)
    lines = [row for row in board.measured("added") if row.seconds == CPU_SECONDS]
    if not lines:
        display(Markdown("*The scoreboard has not been run yet.*"))
        return
    _draw(board, lines, ())
    texts = (table(board, lines), _says_parts(board), parts_table(board), _equal_recipes(board), board.origin())
    display(Markdown("\n\n".join(filter(None, texts))))


def _finished(board: Board) -> bool:
    """Whether any part has been taken out of the finished toy."""
    return bool(board.runs["toy"] and board.measured("taken_out"))


def _says_parts(board: Board) -> str:
    """What the numbers of ``parts_table`` are, in a sentence; empty without a table."""
    if not parts_table(board):
        return ""
    text = "What each part brought: how many more of eight its row has than the row above (*added*)"
    if _finished(board):
        text += ", and how many more the finished toy has than the toy without the part (*in the finished toy*)"
    return text + ". Differences are taken before numbers are rounded."


def parts_table(board: Board) -> str:
    """Of eight, more with each part than without: added in the book's order, and in the finished toy; as Markdown.

    A column stands there only if something of it has been run; without any, the text is empty.
    """
    kinds = {"added": board.added} | ({"in the finished toy": board.taken_out} if _finished(board) else {})
    columns = [(f"{title}: {kind}", direction, change, kind)
               for direction, (_, title) in DIRECTIONS.items() for kind, change in kinds.items()]  # fmt: skip
    text = []
    for part in PARTS:
        changes = [change(part.name, direction) for _, direction, change, _ in columns]
        if any(change is not None for change in changes):
            cells = [
                _cell(change) if change is not None else _absent(part, kind)
                for change, (*_, kind) in zip(changes, columns, strict=True)
            ]
            text.append(f"| {part.title} | {' | '.join(cells)} |")
    if not text:
        return ""
    titles = [title for title, *_ in columns]
    return "\n".join([f"| more of eight with | {' | '.join(titles)} |", f"|---{'|--:' * len(titles)}|", *text])


def _absent(part: Part, kind: str) -> str:
    """Why a cell holds no number: the recipe is in every row, and all of the heads came in three steps."""
    if part.add is not None or kind != "added":
        return "not run yet"
    return "in three steps" if part.name == "hierarchy" else "in every row"


def _cell(change: Difference) -> str:
    if change.seeds < 2:
        return signed(change.mean)
    text = f"{signed(change.mean)} {interval(change).replace(' ', NO_BREAK)}"
    return text if change.verdict == "open" else f"**{text}**"


def _equal_recipes(board: Board) -> str:
    """How often the rule sees a difference where there is none, and how many such verdicts the table may hold."""
    splits = [board.aa(direction) for direction in DIRECTIONS]
    changes = [board.added(part.name, direction) for part in PARTS for direction in DIRECTIONS]
    if _finished(board):  # the last part's two comparisons are one
        names = [part.name for part in PARTS if part.name != LAST]
        changes += [board.taken_out(name, direction) for name in names for direction in DIRECTIONS]
    there = [change for change in changes if change is not None]
    count = sum(change.seeds > 1 for change in there)
    if not count:
        return "One seed each so far, so no intervals and no verdicts." if there else ""
    rule = (
        "Bold: the 95% interval of a bootstrap (queries and seeds are drawn again and again, with repetitions) leaves "
        "out zero. If such intervals were exact, one in twenty comparisons of equal recipes would be bold; of the "
        f"{count} that have an interval here, {count / 20:.1f}. With few seeds they tend to be too narrow, so it may "
        "be more."
    )
    if not splits[0][1]:
        return rule
    shares = " and ".join(
        f"{wrong} of {all_} times for “{title}”"
        for (wrong, all_), (_, title) in zip(splits, DIRECTIONS.values(), strict=True)
    )
    return f"{rule} Ten runs of one recipe, split in all ways into five and five, are told apart {shares}."


def _sentences(board: Board, names: Sequence[str]) -> str:
    parts = {part.name: part.title for part in PARTS}
    lines, missing = [], []
    for name in names:
        if name in parts:
            changes = {direction: board.in_words(name, direction) for direction in DIRECTIONS}
            if set(changes.values()) == {NOT_RUN}:
                missing.append(parts[name])
            else:
                lines += _by_direction(parts[name], changes)
            continue
        for label, row in board.rows.items():
            if row.part != name or row.table == "added" or label == SHORTER:
                continue
            compared = {direction: board.difference(label, "toy", direction) for direction in DIRECTIONS}
            if not board.runs[label]:
                missing.append(_title(row))
            elif board.runs["toy"]:
                lines += _by_direction(_title(row), {
                    direction: f"against the toy, {change_in_words(change)}"
                    for direction, change in compared.items() if change is not None
                })  # fmt: skip
    if missing:
        lines.append(f"Not run yet: {', '.join(f'*{title}*' for title in missing)}.")
    return "\n\n".join(lines)


def _by_direction(title: str, texts: Mapping[str, str]) -> list[str]:
    """A line for each direction."""
    title = f"*{title[0].upper()}{title[1:]}*"
    return [f"{title}, {DIRECTIONS[direction][1]}: {text}." for direction, text in texts.items()]


def _title(row: Row) -> str:
    return f"without: {row.title}" if row.table == "taken_out" else row.title


def _draw(board: Board, lines: Sequence[Row], names: Sequence[str]) -> None:
    figure = figures.new(7.0, 0.7 + 0.32 * len(lines))
    figure.set_layout_engine("constrained", wspace=0.08)  # or the ends of the two axes read as one number
    spoken = []
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (direction, (modality, title)) in zip(panels, DIRECTIONS.items(), strict=True):
        for place, row in enumerate(lines):
            values = board.of_eight(row.label, direction)
            bright = row.part in names or not names
            color = figures.COLORS[modality if bright else "muted"]
            axes.plot(values, [place] * len(values), "o", color=color, alpha=0.55, markersize=5)
            axes.plot([statistics.median(values)] * 2, [place - 0.3, place + 0.3], color=color, lw=2.4)
            if bright:
                spoken.append(f"{_title(row)}: {title}, {statistics.median(values):.1f} of eight")
        axes.set_title(title, fontsize="medium")
        axes.set(xlabel="right, of eight", xlim=(0, 8.1 if modality == "text" else None))
        axes.locator_params(axis="x", integer=True)
        axes.axvline(1, color=figures.COLORS["muted"], ls=":", lw=1)
        axes.tick_params(axis="y", length=0)
    figure.axes[0].set_yticks(range(len(lines)), [_title(row) for row in lines])
    figure.axes[0].invert_yaxis()
    for tick, row in zip(figure.axes[0].get_yticklabels(), lines, strict=True):
        tick.set_fontweight("bold" if row.part in names else "normal")
    less = " (less for half of the tokens at equal steps)" if SHORTER in {row.label for row in lines} else ""
    lead = (
        f"The scoreboard: {CPU_SECONDS / 60:g} minutes of one core for each row{less}; dots are seeds, dotted is "
        "guessing. "
    )
    figures.show(figure, lead + ("; ".join(spoken) or "The rows of this page have not been run yet") + ".")


def table(board: Board, lines: Sequence[Row], names: Sequence[str] = ()) -> str:
    """Medians, of eight with their range, tokens of a training clip, GFLOPs of its forward pass and steps, as Markdown.

    The range of R@5 is left out: with it, the last columns would lie beyond the edge of a page.
    """
    titles = (f"{title}: of eight | R@5, %" for _, title in DIRECTIONS.values())
    text = [f"| | {' | '.join(titles)} | tokens | GFLOPs | steps |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for row in lines:
        title = f"**{_title(row)}**" if row.part in names else _title(row)
        cells = []
        for direction in DIRECTIONS:
            values = board.of_eight(row.label, direction)
            span = f" [{min(values):.1f}, {max(values):.1f}]" if len(values) > 1 else ""
            cells.append(f"{statistics.median(values):.1f}{span}".replace(" ", NO_BREAK))
            cells.append(f"{statistics.median(board.percents(row.label, direction)):.1f}")
        config = row.config
        flops = cost.flops(config.model, config.data.candidates, config.model.droptoken.keep_video)["total"].here
        cells += [f"{tokens(config):,}", f"{flops / 1e9:.3f}", f"{config.train.steps:,}"]
        text.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join([*text, YOU])


def tokens(config: Config) -> int:
    """Of a training clip: kept patches of video and sound, and the words of all its candidate lines."""
    model, drop = config.model, config.model.droptoken
    video = keep_count(drop.keep_video, math.prod(model.video.grid))
    audio = keep_count(drop.keep_audio, math.prod(model.audio.grid))
    return video + audio + model.text.words * config.data.candidates


def show_crossing(path: Path = RESULTS) -> None:
    """Displays what rows reach that have runs at several budgets of time: who is fast, and who goes further.

    Args:
        path: Of the results.
    """
    from IPython.display import Markdown, display

    board = Board(path)
    measured = board.measured("added")
    budgets = {row.part: {one.seconds for one in measured if one.part == row.part} for row in measured}
    bases = [row for row in measured if row.seconds == CPU_SECONDS and len(budgets[row.part]) > 1]
    if not bases:
        display(Markdown("*Rows with more time: not run yet.*"))
        return
    ticks = sorted({seconds for row in bases for seconds in budgets[row.part]})
    figure = figures.new(7.0, 3.4)
    spoken = []
    for axes, (direction, (modality, title)) in zip(figure.subplots(1, 2), DIRECTIONS.items(), strict=True):
        for row, style in zip(bases, (":", "--", "-", "-."), strict=False):
            same = [one for one in measured if one.part == row.part]
            values = {one.seconds: board.of_eight(one.label, direction) for one in same}
            for seconds, points in values.items():
                axes.plot([seconds] * len(points), points, "o", color=figures.COLORS[modality], alpha=0.4, markersize=4)
            means = [statistics.fmean(points) for points in values.values()]
            axes.plot(list(values), means, style, color=figures.COLORS[modality], label=row.title)
            spoken.append(f"{row.title}, {title}: " + ", ".join(
                f"{mean:.1f} after {seconds:,} s" for seconds, mean in zip(values, means, strict=True)))  # fmt: skip
        axes.set(xscale="log", xlabel="seconds of one core", title=title, ylabel="right, of eight")
        axes.set_xticks(ticks, [f"{seconds:,}" for seconds in ticks])
        axes.set_xlim(200, 1.2 * ticks[-1])
        axes.minorticks_off()
    figure.legend(
        *figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9
    )
    figures.show(figure, "What rows of the scoreboard reach in more time. " + "; ".join(spoken) + ".")
    display(Markdown("\n\n".join(filter(None, (_crossing(board), _falls(board), board.origin())))))


def _crossing(board: Board) -> str:
    """Two layers against none, at each budget that both have, in a sentence for each direction."""
    sentences = []
    for direction, (_, title) in DIRECTIONS.items():
        clauses = []
        for row in board.rows.values():
            if row.part == "layers" and row.table == "added":
                other = row.label.replace("layers", "positions")
                change = board.difference(row.label, other, direction)
                if change is not None:
                    clauses.append(f"after {row.seconds:,} seconds {change_in_words(change)}")
        if clauses:
            sentences.append(f"Two layers in video and sound against none, {title}: {'; '.join(clauses)}.")
    return "\n\n".join(sentences)


def _falls(board: Board) -> str:
    """Which rows are worse in the longest time that they were given than in the shortest; empty if none is."""
    clauses = []
    measured = board.measured("added")
    for part in dict.fromkeys(row.part for row in measured):
        same = sorted((row for row in measured if row.part == part), key=lambda row: row.seconds)
        for direction, (_, title) in DIRECTIONS.items():
            runs = [board.of_eight(row.label, direction) for row in (same[0], same[-1])]
            less, more = (round(statistics.fmean(values), 1) for values in runs)
            if more < less:
                seeds = " and ".join(dict.fromkeys(f"{len(values)}" for values in runs))
                clauses.append(
                    f"“{same[0].title}”, {title}: {less:.1f} of eight after {same[0].seconds:,} seconds, "
                    f"{more:.1f} after {same[-1].seconds:,} (seeds: {seeds})"
                )
    return f"Worse with more time: {'; '.join(clauses)}." if clauses else ""
