"""A figure is one inline picture in the page's colors, with words, that disturbs nothing else on its page."""

import re
from xml.etree import ElementTree

import pytest

from vatt_edu.teach import figures

SVG = "{http://www.w3.org/2000/svg}"
ALT = 'A line "goes" up: 3 < 4 & so on'


def draw(height: float = 4.0, alt: str = ALT) -> str:
    figure = figures.new(3.0, 2.0)
    axes = figure.add_subplot()
    axes.plot([1, 2], [3, height], "o-", color=figures.COLORS["video"], label="seen & <heard>")
    axes.fill_between([1, 2], [3, 4], color=figures.COLORS["audio"], alpha=0.3)
    axes.text(1, 3, "words", color=figures.COLORS["text"])
    axes.legend()
    return figures.svg(figure, alt)


def ids(picture: str) -> list[str]:
    return [element.attrib["id"] for element in ElementTree.fromstring(picture).iter() if "id" in element.attrib]


def test_one_picture_with_words() -> None:
    picture = draw()
    assert picture.startswith("<svg ")
    assert picture.count("<svg") == picture.count("</svg>") == 1
    assert picture.rstrip().endswith("</svg>")
    root = ElementTree.fromstring(picture)
    assert (root.tag, root.attrib["role"], root.attrib["aria-label"]) == (f"{SVG}svg", "img", ALT)
    assert 'aria-label="A line &quot;goes&quot; up: 3 &lt; 4 &amp; so on"' in picture
    assert root.find(f".//{SVG}metadata") is None
    assert "seen & <heard>" in [element.text for element in root.iter(f"{SVG}text")]  # words stay words


def test_colors_are_the_pages() -> None:
    picture = draw()
    for name in ("video", "audio", "text", "ink", "muted"):
        assert f"var(--vatt-{name}, {figures.COLORS[name]})" in picture
    for value in figures.COLORS.values():
        assert len(re.findall(value, picture)) == len(re.findall(rf"var\(--vatt-\w+, {value}\)", picture))
    background = ElementTree.fromstring(picture).find(f"{SVG}g/{SVG}g/{SVG}path")
    assert background is not None
    assert "fill: none" in background.attrib["style"]  # the page shows through, light or dark


def test_its_width_is_in_pixels_and_its_height_follows() -> None:
    root = ElementTree.fromstring(draw())
    assert root.attrib["width"] == "288"  # 3 inches of 96
    assert "height" not in root.attrib
    assert root.attrib["viewBox"] == "0 0 216 144"


@pytest.mark.parametrize("other", [{"height": 5.0}, {"alt": "Another"}])
def test_two_figures_share_no_id(other: dict) -> None:
    one, two = ids(draw()), ids(draw(**other))
    assert len(one) == len(set(one)) > 10
    assert not set(one) & set(two)


def test_every_reference_stays_inside() -> None:
    picture = draw()
    wanted = set(re.findall(r'(?:url\(#|href="#)([\w.-]+)', picture))
    assert len(wanted) >= 3  # ticks, markers, a clip path
    assert wanted <= set(ids(picture))
    styles = [element.text for element in ElementTree.fromstring(picture).iter(f"{SVG}style")]
    assert [style.split("{")[0] for style in styles] == [f"#{ids(picture)[0]} *"]


def test_the_same_figure_is_the_same_bytes() -> None:
    assert draw() == draw()


def test_show_displays_it(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    figures.show(figures.new(1.0, 1.0), "nothing")
    assert [output.data[:7] for output in outputs] == ["<figure"]
    assert ">nothing</figcaption>" in outputs[0].data


LIST = "; ".join(f"row {n}, {n} of eight" for n in range(20)) + "."


@pytest.mark.parametrize(
    ("alt", "caption", "rest"),
    [
        ("Sound leads by 0.5 s. Dots are seeds.", "Sound leads by 0.5 s. Dots are seeds.", ""),
        (f"Rows of the board. {LIST}", "Rows of the board.", LIST),
        ("Parts, e.g. positions. Dots vs. bars.", "Parts, e.g. positions. Dots vs. bars.", ""),
        (f"Rows of the board: {LIST} Dots are seeds.", "Rows of the board.", f"{LIST} Dots are seeds."),
        ("word " * 60, ("word " * 60).strip(), ""),
    ],
)
def test_the_caption_is_the_message(alt: str, caption: str, rest: str) -> None:
    assert figures.split(alt) == (caption, rest)


def test_a_figure_has_a_caption_and_one_name() -> None:
    figure = figures.new(7.0, 2.0)
    figure.add_subplot().set_title("small", fontsize=8)
    shown = ElementTree.fromstring(figures.captioned(figure, f"A & B. Row {LIST}").replace(" hidden>", ' hidden="">'))
    (picture,) = shown.iter(f"{SVG}svg")
    texts = {element.attrib["id"]: element.text for element in shown.iter() if "id" in element.attrib}
    assert [texts[name] for name in picture.attrib["aria-labelledby"].split()] == ["A & B.", f"Row {LIST}"]
    assert "aria-label" not in picture.attrib
    (caption,) = shown.iter("figcaption")
    assert (caption.text, caption.attrib["aria-hidden"]) == ("A & B.", "true")


def test_letters_stay_large_enough_to_be_read() -> None:
    figure = figures.new(7.0, 2.0)
    figure.add_subplot().set_title("small", fontsize=8)
    assert figures.least_width(figures.svg(figure, ALT)) == 567  # 7 x 72 units, 8 of them become 9 pixels
    assert figures.least_width(figures.svg(figures.new(7.0, 2.0), ALT)) == 0  # no letters


def test_exponents_may_be_smaller() -> None:
    figure = figures.new(7.0, 2.0)
    figure.add_subplot().set(xscale="log", xlim=(1, 1e4), yticks=[], title="words")
    assert figures.least_width(figures.svg(figure, ALT)) < 7 * 96
