"""Pages that stand alone look like the book, escape what they are given, and hold what they show."""

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from vatt_edu import pages
from vatt_edu.teach import figures


def variables(css: str, selector: str) -> dict[str, str]:
    """The colors that the first rule of a selector sets."""
    rule = re.search(re.escape(selector) + r"\s*\{([^}]*)\}", css)
    assert rule, selector
    return dict(re.findall(r"(--vatt-[a-z]+):\s*(#[0-9a-f]{6});", rule[1]))


def test_colors_and_faces_are_the_books(root: Path) -> None:
    book = (root / "site_static" / "custom.css").read_text(encoding="utf-8")
    light, dark = variables(pages.STYLE, ":root"), variables(pages.STYLE.split("@media")[1], ":root")
    assert light == variables(book, ":root")
    assert dark == variables(book, 'html[data-theme="dark"]')
    assert set(light) == set(dark)
    assert {name: light[f"--vatt-{name}"] for name in figures.COLORS} == figures.COLORS
    (sans,) = re.findall(r"--vatt-sans: (.*?);", book)
    assert f"--vatt-sans: {sans};" in pages.STYLE


def test_a_document_leads_to_its_sections() -> None:
    page = pages.document("a < b", "<p>lead</p>", [("One & two", "<p>1</p>"), ("Empty", ""), ("Three", "<p>3</p>")])
    assert "<title>a &lt; b</title>" in page
    assert re.findall("<h2>(.*?)</h2>", page) == ["One &amp; two", "Three"]
    assert re.findall('<a href="#(.*?)">', page) == re.findall('<section id="(.*?)">', page) == ["part-0", "part-2"]
    assert not re.search(r"https?:|url\(|@import|<script|<link", page)


def test_cells_are_escaped_unless_they_are_html() -> None:
    html = pages.table(
        ["", "n"], [["a & b", 1234, "<i>"], pages.row("c", [pages.Cell("<td><b>d</b></td>")], "reference")]
    )
    assert '<th scope="row">a &amp; b</th><td>1,234</td><td>&lt;i&gt;</td>' in html
    assert '<tr class="reference"><th scope="row">c</th><td><b>d</b></td></tr>' in html


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_reads_back(kind: str) -> None:
    frame = np.zeros((16, 24, 3), np.uint8)
    frame[..., 0] = 200  # red: the order of the channels shows
    uri = pages.picture(frame, kind, quality=90)
    head, coded = uri.split(",")
    assert head == f"data:image/{kind};base64"
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(coded), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert decoded.shape == frame.shape
    assert np.abs(decoded.astype(int) - frame).mean() < 5


def test_a_player_says_what_it_plays() -> None:
    html = pages.player("audio/wav", b"1234", 'a "b" & c', preload="none")
    assert html.startswith(
        '<audio controls preload="none" aria-label="a &quot;b&quot; &amp; c" src="data:audio/wav;base64,'
    )
    assert html.endswith("</audio>")
