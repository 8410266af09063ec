"""The parts of the report, each as HTML. Numbers come from the run's JSON files, unchanged (``data-value``)."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from vatt_edu.config import Config
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.report import drawing
from vatt_edu.evaluation.report.drawing import NOTHING, Curve, percent, plain
from vatt_edu.evaluation.report.run_files import Training, compared
from vatt_edu.evaluation.results_file import clips_line
from vatt_edu.pages import Cell, details, row, table

WHO = {"trained": "trained", "random_init": "random start", "handmade": "by hand"}
NAMES = ("R@1", "R@5", "R@10", "MedR")


def arrow(direction: str) -> str:
    """``text_to_video`` as people write it."""
    return direction.replace("_to_", " → ")


def lead(results: Mapping[str, Any], split: str) -> str:
    """The two numbers to begin with: a sentence finds its clip, a clip its sound."""
    splits = results["splits"]
    if split not in splits:
        return ""
    cards = []
    for direction in ("text_to_video", "video_to_audio"):
        if direction not in splits[split]["trained"]:  # a model without a vocabulary
            continue
        here = splits[split]["trained"][direction]["R@5"]
        low, high = _of(splits[split], direction, "R@5") or (here, here)
        beside = [f"95 % interval {100 * low:.1f} to {100 * high:.1f}"]
        if (random_init := splits[split]["random_init"]) is not None:
            beside += [f"random start {100 * random_init[direction]['R@5']:.1f}"]
        beside += [f"chance {100 * splits[split]['chance'][direction]['R@5']:.1f}"]
        if "train" in splits and direction in splits["train"]["trained"]:
            train = splits["train"]
            chance = f"of {train['n']}; chance {100 * train['chance'][direction]['R@5']:.1f}"
            beside += [f"on training clips {100 * train['trained'][direction]['R@5']:.1f} ({chance})"]
        cards.append(
            f'<div>{arrow(direction)}, R@5 on {split}<b data-value="{here!r}">{100 * here:.1f} %</b>'
            f"{''.join(f'<small>{line}</small>' for line in beside)}</div>"
        )
    return (
        f'<div class="cards">{"".join(cards)}</div><p>R@5: how often the right one is '
        f"among the five most similar, of {escape(clips_line(splits[split]))}. Ties count against the model.</p>"
    )


def what_ran(config: Config, record: Mapping[str, Any], head: Mapping[str, Any]) -> str:
    """Where the run comes from, and each field in which it departs from the preset and from the release."""
    seconds = head.get("train_seconds")
    facts = {
        "preset": record["preset"],
        "data": ", ".join(record["data"]),
        "seed": config.seed,
        "steps": head.get("steps"),
        "training": f"{seconds / 60:.1f} minutes" if seconds is not None else "not recorded",
        "machine": ", ".join(f"{name} {value}" for name, value in head["machine"].items() if value),
        "versions": ", ".join(f"{name} {value}" for name, value in head["versions"].items()),
        "commit": head["commit"] or "not in a checkout",
    }
    lines = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())
    parts = [f"<dl>{lines}</dl>"]
    for title, fields in compared(config, record["preset"]):
        rows = [row(name, (Cell(f"<td><code>{escape(str(v))}</code></td>") for v in pair)) for name, *pair in fields]
        body = table(["field", "there", "here"], rows, css="fields") if fields else "<p>nothing</p>"
        parts.append(details(f"{title} ({len(fields)})", body, opened=title.startswith("Named")))
    return "".join(parts)


def curves(log: Training | None) -> str:
    """Losses, learning rate, speed and waiting."""
    if log is None:
        return "<p>Nothing has been logged.</p>"
    columns, x = log.columns, log.columns["step"]
    waits = [
        100 * wait * rate / log.batch
        for wait, rate in zip(columns["data_wait"], columns["clips_per_s"], strict=True)
    ]  # fmt: skip

    def ends(name: str) -> str:
        return f"{name} from {columns[name][0]:.3f} to {drawing.smoothed(columns[name])[-1]:.3f}"

    charts = [
        drawing.chart(
            "Losses (bold: smoothed)",
            x,
            [
                Curve("", columns["nce"], "audio", width=0.5),
                Curve("", columns["mil_nce"], "text", width=0.5),
                Curve("NCE, video and audio", drawing.smoothed(columns["nce"]), "audio", width=2.2),
                Curve("MIL-NCE, video and text", drawing.smoothed(columns["mil_nce"]), "text", "6 3", 2.2),
            ],
            f"Losses over {len(x)} steps: {ends('nce')}, {ends('mil_nce')}.",
        ),
        drawing.chart(
            "Weighted loss",
            x,
            [Curve("", columns["loss"], "muted", width=0.5), Curve("smoothed", drawing.smoothed(columns["loss"]))],
            f"The loss that is minimized: {ends('loss')}.",
        ),
        drawing.chart(
            "Learning rate", x, [Curve("", columns["lr"])], f"Learning rate, at most {max(columns['lr']):g}.", True
        ),
        drawing.chart(
            "Clips per second", x, [Curve("", columns["clips_per_s"], "video", width=1.0)],
            f"Speed, in the median {log.clips_per_s:.0f} clips per second.", True,
        ),
        drawing.chart(
            "Waiting for data, % of a step", x, [Curve("", waits, "video", width=1.0)],
            f"Share of each step spent waiting for data; {100 * log.waiting:.1f} % in all.", True,
        ),
    ]  # fmt: skip
    speed = (
        f'<p>Median speed <b data-value="{log.clips_per_s!r}">{log.clips_per_s:.0f} clips/s</b> '
        f"(a batch of {log.batch} every {1000 * log.batch / log.clips_per_s:.0f} ms); "
        f'<b data-value="{log.waiting!r}">{100 * log.waiting:.1f} %</b> of the time was spent waiting for data.</p>'
    )
    return speed + f'<div class="charts">{"".join(charts)}</div>'


def retrieval(results: Mapping[str, Any] | None, first: str) -> str:
    """R@5 of all splits at a glance, then everything of each split."""
    if results is None:
        return "<p>Not measured: <code>vatt evaluate retrieval RUN --data SOURCE</code>.</p>"
    order = sorted(results["splits"], key=lambda name: (name == "train", name != first))
    splits: dict[str, Any] = {name: results["splits"][name] for name in order}
    glance = [
        row(f"{arrow(direction)}{' *' if 'audio' in direction and 'text' in direction else ''}",
            (percent(split["trained"].get(direction, {}).get("R@5"), _of(split, direction, "R@5"))
             for split in splits.values()))
        for direction in metrics.DIRECTIONS
        if any(direction in split["trained"] for split in splits.values())
    ]  # fmt: skip
    chances = (percent(next(iter(split["chance"].values()))["R@5"]) for split in splits.values())
    glance.append(row("chance", chances, "reference"))
    head = ["R@5, %", *(f"{name} ({split['n']})" for name, split in splits.items())]
    parts = [table(head, glance, "R@5 and its 95 % interval")]
    if "train" in splits:
        parts.append(
            "<p><b>train</b>: clips that the model was trained on. What it finds there and not in the other splits, "
            "it has learned by heart.</p>"
        )
    if "note" in results:
        parts.append(f"<p>No random start: {escape(results['note'])}.</p>")
    parts.append("<p>* never trained: sound is sent through the video's map to where the words are.</p>")
    for name, split in splits.items():
        parts.append(details(f"{name}: every number ({clips_line(split)})", _whole(split), opened=name == first))
    return "".join(parts)


def _whole(split: Mapping[str, Any]) -> str:
    rows = []
    for direction in (name for name in metrics.DIRECTIONS if name in split["trained"]):
        for who, label in (("trained", arrow(direction)), ("random_init", "random start"), ("chance", "chance")):
            if split[who] is None:
                continue
            values = split[who][direction]
            intervals = {name: _of(split, direction, name) if who == "trained" else None for name in NAMES}
            cells = [percent(values[name], intervals[name]) for name in NAMES[:3]]
            rows.append(
                row(label, [*cells, plain(values["MedR"], intervals["MedR"])], "" if who == "trained" else "reference")
            )
    return table(["query → item", "R@1, %", "R@5, %", "R@10, %", "median rank"], rows)


def _of(split: Mapping[str, Any], direction: str, name: str) -> list[float] | None:
    interval: list[float] | None = split.get("interval", {}).get(direction, {}).get(name)
    return interval


def probes(results: Mapping[str, Any] | None, first: str) -> str:
    """Accuracies by split: features × questions."""
    if results is None:
        return "<p>Not measured: <code>vatt evaluate probe RUN --data SOURCE</code> (needs ground truth).</p>"
    parts = [
        f"<p>Logistic regression on frozen features of {results['train_windows']} training windows; C chosen on "
        "<b>val</b>. Accuracy in %: <b>trained</b>, then random start / by hand. <b>by action</b>: what knowing the "
        "action alone gives. <b>contact</b>: does something hit within 0.3 s after the middle of the clip? "
        "(Four actions in which that varies.)</p>"
    ]
    for name, split in results["splits"].items():
        factors: dict[str, Any] = split["factors"]
        features = list(dict.fromkeys(f for values in factors.values() for f in values["features"]))
        rows = [
            row(feature, (_accuracy(values["features"].get(feature, {})) for values in factors.values()))
            for feature in features
        ]
        rows += [
            row(reference.replace("_", " "), (percent(values[reference]) for values in factors.values()), "reference")
            for reference in ("chance", "majority", "by_action")
        ]
        head = ["", *(f"{factor} ({values['n']})" for factor, values in factors.items())]
        parts.append(details(f"{name} ({split['n']} clips)", table(head, rows), opened=name == first))
    stuck = [f"{t}/{f}/{w}" for t, fs in results["fits"].items() for f, ws in fs.items()
             for w, fit in ws.items() if not fit["converged"]]  # fmt: skip
    parts.append(f"<p>Fits that did not converge: {escape(', '.join(stuck)) or 'none'}.</p>")
    return "".join(parts)


def _accuracy(values: Mapping[str, float | None]) -> Cell:
    trained = values.get("trained")
    if trained is None:
        return NOTHING
    others = [
        f'<span data-value="{value!r}" title="{WHO[who]}">{100 * value:.1f}</span>'
        if (value := values.get(who)) is not None
        else "–"
        for who in ("random_init", *(["handmade"] if "handmade" in values else []))
    ]
    return Cell(f'<td data-value="{trained!r}"><b>{100 * trained:.1f}</b><small>{" / ".join(others)}</small></td>')


def skips(files: Sequence[tuple[str, str, int]]) -> str:
    """Files that training had to replace: path, reason, how often."""
    rows = [row(path, (reason, count)) for path, reason, count in files]
    if not rows:
        return "<p>None: every clip could be read.</p>"
    more = f"<p>… and {len(rows) - 50} more in <code>skipped.jsonl</code>.</p>" if len(rows) > 50 else ""
    return table(["file", "why", "times"], rows[:50], css="fields") + more
