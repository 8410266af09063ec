"""Small drawings for a page that stands alone: cells with numbers, curves as inline SVG, tables as heat.

Colors are CSS variables of the page, so that light and dark need one drawing. Nothing is told by color alone: lines
differ in dashes too, and cells hold their numbers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from jaxtyping import Int

from vatt_edu.pages import Cell, row, table

WIDTH, HEIGHT = 360, 210  # of a chart; on a telephone about as many pixels
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 34
POINTS = 240  # of a curve at most
NOTHING = Cell("<td>–</td>")


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: In the legend.
        y: One value for each x; what is not finite is left out.
        color: Of the page: ``video``, ``audio``, ``text``, ``ink`` or ``muted``.
        dash: SVG's ``stroke-dasharray``; empty: a solid line.
        width: In pixels.
    """

    name: str
    y: Sequence[float]
    color: str = "ink"
    dash: str = ""
    width: float = 1.8


def chart(title: str, x: Sequence[float], curves: Sequence[Curve], alt: str, from_zero: bool = False) -> str:
    """Curves over a shared x (steps) as a figure with axes and a legend.

    Args:
        title: Above the chart.
        x: Steps.
        curves: What to draw, each as long as ``x``.
        alt: What it says, in words.
        from_zero: Let the y axis begin at 0.
    """
    values = [float(v) for curve in curves for v in curve.y if math.isfinite(v)]
    if not values or not len(x):
        return f"<figure><figcaption>{escape(title)}</figcaption><p>nothing logged</p></figure>"
    low, high = (min(0.0, *values) if from_zero else min(values)), max(values)
    ys, xs = ticks(low, high), ticks(min(x), max(x))
    low, high, first, last = min(low, ys[0]), max(high, ys[-1]), min(x), max(x)

    def at_x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - first) / ((last - first) or 1)

    def at_y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / ((high - low) or 1)

    parts = []
    for y in ys:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at_y(y):.1f}" y2="{at_y(y):.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at_y(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for step in (step for step in xs if first <= step <= last):
        parts.append(f'<text x="{at_x(step):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{step:g}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">step</text>')
    for curve in curves:
        points = " ".join(f"{at_x(a):.1f},{at_y(b):.1f}" for a, b in _thinned(x, curve.y) if math.isfinite(b))
        style = f'stroke="var(--vatt-{curve.color})" stroke-width="{curve.width}" stroke-dasharray="{curve.dash}"'
        parts.append(f'<polyline fill="none" {style} points="{points}"/>')
    label = escape(alt, quote=True)
    drawing = f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg>'
    legend = "".join(_key(curve) for curve in curves if curve.name)
    return f'<figure><figcaption>{escape(title)}</figcaption>{drawing}<div class="legend">{legend}</div></figure>'


def _key(curve: Curve) -> str:
    line = (
        f'<line x1="0" y1="5" x2="22" y2="5" stroke="var(--vatt-{curve.color})" stroke-width="{curve.width}" '
        f'stroke-dasharray="{curve.dash}"/>'
    )
    return f'<span><svg aria-hidden="true" width="22" height="10">{line}</svg> {escape(curve.name)}</span>'


def _thinned(x: Sequence[float], y: Sequence[float]) -> Iterable[tuple[float, float]]:
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), POINTS)).round().astype(int))
    return ((x[i], y[i]) for i in keep)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About ``count`` round numbers from at or below ``low`` to at or above ``high``."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / count))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= span / count)
    numbers = range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)
    return [round(n * step, 12) for n in numbers]


def smoothed(values: Sequence[float], share: float = 0.95) -> list[float]:
    """A running mean that forgets: a new value counts for ``1 - share``, but the first values count in full."""
    smooth, weight, total = [], 0.0, 0.0
    for value in values:
        total, weight = share * total + value, share * weight + 1
        smooth.append(total / weight)
    return smooth


def percent(value: float | None, interval: Sequence[float] | None = None) -> Cell:
    """A cell with a fraction as per cent; ``data-value`` holds it exactly, and below it stands its interval."""
    if value is None:
        return NOTHING
    return Cell(f'<td data-value="{value!r}">{100 * value:.1f}{_interval(interval, 100.0)}</td>')


def plain(value: float | None, interval: Sequence[float] | None = None) -> Cell:
    """A cell with a number as it is, with one decimal."""
    if value is None:
        return NOTHING
    return Cell(f'<td data-value="{value!r}">{value:.1f}{_interval(interval, 1.0)}</td>')


def _interval(interval: Sequence[float] | None, factor: float) -> str:
    if interval is None:
        return ""
    low, high = interval
    values = f'data-low="{low!r}" data-high="{high!r}"'
    return f"<small {values}>{factor * low:.1f} to {factor * high:.1f}</small>"


def heat_table(title: str, counts: Int[np.ndarray, "K K"], names: Sequence[str]) -> str:
    """Asked (rows) × found (columns): counts, shaded by their share of the row.

    Args:
        title: Its caption.
        counts: Of each pair.
        names: K names.
    """
    rows = []
    for name, line in zip(names, counts, strict=True):
        total = max(int(line.sum()), 1)
        cells = [
            Cell(
                f'<td style="--share:{100 * count / total:.0f}%"{" class=right" if names[k] == name else ""}>'
                f"{count if count else ''}</td>"
            )
            for k, count in enumerate(line.tolist())
        ]
        rows.append(row(name, cells))
    return table([r"asked \ found", *names], rows, title, "heat")
