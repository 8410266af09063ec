"""Figures of the book: vector, in the page's own colors (light and dark), with words for who cannot see them."""

import hashlib
import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

from vatt_edu import pages

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# One fixed color for each modality (Okabe and Ito's palette): the page's CSS variable, and what stands in where a
# figure is looked at outside of a page. The stylesheet gives the variables their values in light and dark.
COLORS = {"video": "#0072b2", "audio": "#b34700", "text": "#00754f", "ink": "#1f2328", "muted": "#57606a"}

CAPTION = 230
"""Letters of a caption, at most; two lines of the page."""

SMALLEST = 9
"""Size of letters below which a figure scrolls instead of shrinking, CSS pixels."""


def new(width: float = 7.0, height: float = 3.2) -> "Figure":
    """An empty figure in the book's look; inches, of which a page shows about seven across."""
    import matplotlib
    from matplotlib.figure import Figure

    ink, muted = COLORS["ink"], COLORS["muted"]
    look: dict[Any, Any] = {
        "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "text.color": ink,
        "axes.labelcolor": ink, "axes.edgecolor": muted, "xtick.color": ink, "ytick.color": ink,
        "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "none", "axes.facecolor": "none",
    }  # fmt: skip
    matplotlib.rcParams.update(look)
    return Figure(figsize=(width, height), layout="constrained")


def svg(fig: "Figure", alt: str) -> str:
    """The figure as one inline ``<svg role="img">`` whose colors follow the page."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "vatt"}):
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    body = buffer.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    name = "figure-" + hashlib.sha256((alt + body).encode()).hexdigest()[:8]
    body = re.sub(r'\b(id="|href="#|url\(#)', rf"\g<1>{name}-", body)  # an id must be the only one of its page
    body = body.replace("*{", f"#{name} *{{", 1)
    width = round(fig.get_figwidth() * 96)  # CSS pixels; the height follows
    body = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', f' width="{width}"', body, count=1)
    for color, value in COLORS.items():
        body = body.replace(value, f"var(--vatt-{color}, {value})")
    return body.replace("<svg ", f'<svg id="{name}" role="img" aria-label="{escape(alt, quote=True)}" ', 1)


def split(alt: str) -> tuple[str, str]:
    """What a figure says in words, as its caption and what only a screen reader says besides.

    Args:
        alt: Whole sentences; the first one is the message. Sentences belong to the caption as long as it does not get
            too long. Of a first sentence that is too long in itself, what stands before its list does: before a colon,
            or else before a semicolon.
    """
    first, *more = re.split(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)\s+", alt.strip())
    if len(first) > CAPTION:
        head, _, rest = first.partition(": " if ": " in first else "; ")
        return (f"{head}.", " ".join([rest, *more])) if rest else (first, " ".join(more))
    caption = first
    while more and len(caption) + len(more[0]) < CAPTION:
        caption += f" {more.pop(0)}"
    return caption, " ".join(more)


def captioned(fig: "Figure", alt: str) -> str:
    """The figure as ``<figure>`` with a caption below it, which the page numbers.

    A screen reader says caption and rest once, as the name of the picture. On a narrow screen the picture scrolls
    rather than shrink until its letters cannot be read.
    """
    caption, rest = split(alt)
    picture = svg(fig, alt)
    name = picture.split('"', 2)[1]  # its id
    named = f'aria-labelledby="{name}-caption{f" {name}-rest" if rest else ""}"'
    picture = picture.replace(f'aria-label="{escape(alt, quote=True)}"', named, 1)
    words = f'<span id="{name}-rest" hidden>{escape(rest)}</span>' if rest else ""
    least = f"--least: {least_width(picture)}px"
    return (
        f'<figure class="vatt-figure"><div class="vatt-figure-scroll" style="{least}">{picture}</div>'
        f'<figcaption id="{name}-caption" class="vatt-caption" aria-hidden="true">{escape(caption)}</figcaption>'
        f"{words}</figure>"
    )


def least_width(picture: str) -> int:
    """The width in CSS pixels at which the smallest letters of an ``svg`` are as small as can be read."""
    styles = re.findall(r'<text style="([^"]*)"', picture)  # not those of exponents, which are in a <tspan>
    sizes = [float(size) for style in styles for size in re.findall(r"font(?:-size)?: [^;]*?([\d.]+)px", style)]
    width = int(re.findall(r' width="(\d+)"', picture)[0])
    units = float(re.findall(r'viewBox="0 0 ([\d.]+)', picture)[0])
    return round(min(width, SMALLEST * units / min(sizes))) if sizes else 0


def show(fig: "Figure", alt: str) -> None:
    """Displays a figure of the book in a notebook, with a caption.

    Args:
        fig: A matplotlib figure, best from ``new``, drawn with ``COLORS``.
        alt: What the figure says, in words. The first sentence is its message; ``split`` makes the caption of it.
    """
    pages.display(captioned(fig, alt))
