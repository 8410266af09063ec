"""Pages that stand alone: one HTML file with its pictures and sounds in it, in the book's look, light and dark.

The data card, the report of a run and the demo are made of these parts. No script, no font, no address of anything
elsewhere; a phone shows all of it.
"""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from vatt_edu.errors import missing
from vatt_edu.files import read_text

STYLE = read_text(Path(__file__).with_suffix(".css"))
MEDIA_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm",
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac",
}  # fmt: skip
"""What a browser plays, by a file's suffix."""


class Cell(str):
    """A cell of a table that is HTML already, from ``<td`` to ``</td>``; anything else is escaped."""


def document(title: str, lead: str, sections: Iterable[tuple[str, str]]) -> str:
    """A whole page.

    Args:
        title: Plain text.
        lead: HTML under the title.
        sections: Heading (plain text) and HTML of each; one without HTML is left out.
    """
    parts = [(number, escape(name), html) for number, (name, html) in enumerate(sections) if html]
    links = "".join(f'<a href="#part-{number}">{name}</a>' for number, name, _ in parts)
    body = "\n".join(f'<section id="part-{number}"><h2>{name}</h2>\n{html}</section>' for number, name, html in parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>\n{STYLE}</style></head>\n"
        f"<body><header><h1>{escape(title)}</h1>{lead}<nav>{links}</nav></header>\n<main>{body}</main></body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object] | str], caption: str = "", css: str = "") -> str:
    """A table; it scrolls sideways by itself where the page is narrow.

    Args:
        head: Plain text of the columns; the first is of the rows' names.
        rows: The name of each and its values, or what ``row`` makes of them.
        caption: Plain text.
        css: Class of the table; in ``fields`` values are words, and stand to the left.
    """
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "".join(line if isinstance(line, str) else row(str(line[0]), line[1:]) for line in rows)
    return (
        f'<div class="wide" tabindex="0"><table class="{css}">{above}<thead><tr>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def row(name: str, values: Iterable[object], css: str = "") -> str:
    """A row of a table: its name (plain text), then a cell for each value."""
    return f'<tr class="{css}"><th scope="row">{escape(name)}</th>{"".join(map(_cell, values))}</tr>'


def _cell(value: object) -> str:
    if isinstance(value, Cell):
        return value
    return f"<td>{value:,}</td>" if isinstance(value, int | float) else f"<td>{escape(str(value))}</td>"


def details(title: str, html: str, opened: bool = False) -> str:
    """What a reader can open and close, under a plain title."""
    return f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>{html}</details>"


def data_uri(kind: str, content: bytes) -> str:
    """An address that holds what it leads to.

    Args:
        kind: Its media type, for example ``image/jpeg``.
        content: The file.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture(frame: UInt8[np.ndarray, "H W 3"], kind: Literal["jpeg", "png", "webp"] = "jpeg", quality: int = 82) -> str:
    """The data URI of a picture, RGB.

    Raises:
        UserError: If opencv is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise missing("opencv-python-headless", "data") from None
    options = {"jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality], "webp": [cv2.IMWRITE_WEBP_QUALITY, quality], "png": []}
    _, file = cv2.imencode(f".{kind}", np.ascontiguousarray(frame[..., ::-1]), options[kind])
    return data_uri(f"image/{kind}", file.tobytes())


def display(html: str) -> None:
    """Displays HTML in a notebook."""
    from IPython.display import HTML, display

    display(HTML(html))


def image(source: str, alt: str, size: tuple[int, int] | None = None) -> str:
    """An image.

    Args:
        source: Its data URI.
        alt: What it shows, plain text.
        size: Width and height in pixels, so that the page keeps its place.
    """
    measures = f' width="{size[0]}" height="{size[1]}"' if size else ""
    return f'<img alt="{escape(alt, quote=True)}" src="{source}"{measures}>'


def player(kind: str, content: bytes, label: str, preload: str = "metadata", poster: str = "", style: str = "") -> str:
    """A file to play, which is in the page.

    Args:
        kind: Its media type, ``video/…`` or ``audio/…``.
        content: The file.
        label: What a screen reader says, plain text.
        preload: As in HTML.
        poster: Data URI of what a video shows before it plays.
        style: CSS.
    """
    tag = kind.split("/")[0]
    extra = (f' poster="{poster}"' if poster else "") + (f' style="{style}"' if style else "")
    return (
        f'<{tag} controls preload="{preload}" aria-label="{escape(label, quote=True)}"{extra} '
        f'src="{data_uri(kind, content)}"></{tag}>'
    )
