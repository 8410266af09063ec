"""Pages of the book by the names of their files, text as HTML, and sentences in two languages."""

import functools
import json
import re
from html import escape
from pathlib import Path
from typing import NamedTuple

from vatt_edu.files import read_text

BOOK = Path(__file__).resolve().parents[3] / "book"


class Pair(NamedTuple):
    """A sentence in both languages."""

    en: str
    ko: str


@functools.cache
def title(name: str) -> str:
    """The first heading of a page; of one that is not there yet, its name in words."""
    for path in (BOOK / f"{name}.ipynb", BOOK / f"{name}.md"):
        if path.exists():
            heading = re.search(r"^# (.+)$", _prose(path), re.MULTILINE)
            return heading[1] if heading else name
    return name.replace("_", " ").capitalize()


def link(name: str) -> str:
    """A link to a rendered page; its title alone if it is not there yet."""
    there = any((BOOK / f"{name}{suffix}").exists() for suffix in (".ipynb", ".md"))
    text = escape(title(name))
    return f'<a href="{name}.html">{text}</a>' if there else f"<em>{text}</em> (to come)"


def marked(text: str) -> str:
    """Plain text as HTML; what stands in backticks becomes code."""
    return re.sub(r"`+([^`]+)`+", r"<code>\1</code>", escape(text, quote=False))


def _prose(path: Path) -> str:
    text = read_text(path)
    if path.suffix == ".md":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")
