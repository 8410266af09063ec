"""The museum's page: the wrong version as it is written, its symptom drawn, and the test that catches it."""

import statistics
from typing import Any

from vatt_edu.teach import figures
from vatt_edu.teach.appendix.chapters import link
from vatt_edu.teach.museum.catalog import EXHIBITS
from vatt_edu.teach.museum.exhibit import SEEDS, Curve, Exhibit

SICK, CURED = "with the mistake", "without it"
COLOR = {SICK: figures.COLORS["audio"], CURED: figures.COLORS["text"]}
WIDTH = 4.6  # inches: a phone shows all of it, with letters of nine pixels


def show(name: str) -> None:
    """Displays an exhibit: it runs now, at five seeds, sick and cured."""
    from IPython.display import HTML, Markdown, display

    exhibit = EXHIBITS[name]
    display(Markdown(f"```python\n{exhibit.source()}\n```"))
    curves = {SICK: exhibit.run(sick=True), CURED: exhibit.run(sick=False)}
    draw = _lines if len(curves[SICK][0]) > 1 else _dots
    figures.show(draw(exhibit, curves), caption(exhibit, curves))
    thread = ""
    if exhibit.seen:
        place = exhibit.seen.removeprefix("https://github.com/").replace("/issues/", "#")
        thread = f' Seen in public: <a href="{exhibit.seen}">{place}</a>.'
    display(HTML(
        f'<p class="vatt-exhibit">In place of <code>{exhibit.target.replace(":", ".")}</code>. Caught by '
        f"<code>{exhibit.test}</code>. Explained in {link(exhibit.chapter)}.{thread}</p>"
    ))  # fmt: skip


def caption(exhibit: Exhibit, curves: dict[str, list[Curve]]) -> str:
    """What the figure says: the means of the last values, and their spread over the seeds."""
    ends = {name: [curve[-1] for curve in runs] for name, runs in curves.items()}
    label = exhibit.label[0].upper() + exhibit.label[1:]
    means = ", ".join(f"{short(statistics.fmean(values))} {name}" for name, values in ends.items())
    spread = max(max(values) - min(values) for values in ends.values())
    after = f" after {exhibit.steps * (len(curves[SICK][0]) - 1)} steps" if exhibit.steps > 1 else ""
    return f"{label}{after}: {means}. {len(SEEDS)} seeds each, which differ by {short(spread)} at most."


def short(value: float) -> str:
    """Two digits; what is less than rounding is zero."""
    return "0" if abs(value) < 1e-5 else f"{value:.2g}"


def _dots(exhibit: Exhibit, curves: dict[str, list[Curve]]) -> Any:
    figure = figures.new(WIDTH, 1.35)
    axes = figure.subplots()
    for place, (name, runs) in enumerate(curves.items()):
        axes.plot([curve[-1] for curve in runs], [place] * len(runs), "o", color=COLOR[name], alpha=0.6)
    axes.set_yticks([0, 1], [SICK, CURED])
    axes.set(ylim=(1.5, -0.5), xlabel=exhibit.label)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0) if low < 0.2 * high else low, high)
    axes.tick_params(axis="y", length=0)
    return figure


def _lines(exhibit: Exhibit, curves: dict[str, list[Curve]]) -> Any:
    figure = figures.new(WIDTH, 2.3)
    axes = figure.subplots()
    for name, runs in curves.items():
        steps = [exhibit.steps * n for n in range(len(runs[0]))]
        for curve in runs:
            axes.plot(steps, curve, color=COLOR[name], alpha=0.5)
        over = max(max(curve[len(steps) // 2 :]) for curve in runs)
        axes.annotate(
            name, (steps[-1], over), (0, 3), textcoords="offset points", color=COLOR[name], ha="right", va="bottom"
        )
    axes.margins(y=0.18)
    axes.set_title(exhibit.label, fontsize="medium", loc="left")
    axes.set(xlabel="step", xlim=(0, steps[-1]), xticks=steps[::2])
    return figure
