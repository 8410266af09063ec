"""Live figures: one module of script each, alive with a kernel, alive in the rendered page, and a picture in print.

A figure has input traits, which its script sets, and output traits, which Python computes from them with the package.
In the page there is no Python, so the outputs for every input that can be set are computed beforehand, as ``table``
(whatever form its script reads); script and kernel then show the same numbers.
"""

import hashlib
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).parent


class Live(anywidget.AnyWidget):
    """What all live figures share.

    Attributes:
        script: The file beside this one that draws it; ``layer.js`` goes before it.
        alt: What the figure shows, in words.
        fallback: The id of the still picture that stands in for it.
        table: Outputs for the inputs, for a page without a kernel.
        figure: The name of the class, by which tests find it in a page.
    """

    script: ClassVar[str]
    _css = (HERE / "layer.css").read_text(encoding="utf-8")
    alt = traitlets.Unicode().tag(sync=True)
    fallback = traitlets.Unicode().tag(sync=True)
    table: Any = traitlets.Dict().tag(sync=True)
    figure = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(figure=type(self).__name__, **traits)

    def __init_subclass__(cls, **arguments: Any) -> None:
        if "script" in vars(cls):  # and not in the class that traitlets makes for each instance
            parts = [(HERE / name).read_text(encoding="utf-8") for name in ("layer.js", cls.script)]
            cls._esm = "\n".join(parts)
        super().__init_subclass__(**arguments)


def show(widget: Live, fallback: "Figure | str", alt: str, numbered: bool = True) -> None:
    """Displays a live figure, and for print and readers without scripts a still one, with one caption for both.

    Args:
        widget: The figure.
        fallback: A matplotlib figure or HTML that says the same without moving.
        alt: What the figure shows and what can be moved, in words; ``figures.split`` makes the caption of it.
        numbered: Whether it is one of the page's figures; without, it has no caption.
    """
    from IPython.display import HTML, display

    from vatt_edu.teach import figures

    name = "still-" + hashlib.sha256(f"{type(widget).__name__}{alt}".encode()).hexdigest()[:8]
    widget.alt, widget.fallback = alt, name
    still = fallback if isinstance(fallback, str) else figures.svg(fallback, alt)
    display(HTML(f'<div class="vatt-still" id="{name}">{still}</div>'))
    display(widget)
    if numbered:  # hidden from screen readers, which say all of it as the name of the figure
        caption = escape(figures.split(alt)[0])
        display(HTML(f'<p class="vatt-caption vatt-caption-live" aria-hidden="true">{caption}</p>'))
