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


def show(fig: "Figure", alt: str) -> None:
    """Displays a figure of the book in a notebook.

    Args:
        fig: A matplotlib figure, best from ``new``, drawn with ``COLORS``.
        alt: What the figure says, in words.
    """
    pages.display(svg(fig, alt))
