"""The data card: what it counts is there, and its page stands alone."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from helpers import clips

from vatt_edu import minitube
from vatt_edu.cli import main
from vatt_edu.config import preset
from vatt_edu.data.card.lines import center_step, count_shared_lines
from vatt_edu.data.card.measure import measure
from vatt_edu.data.card.page import card_page
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.minitube.corpus.layouts import LAYOUTS
from vatt_edu.pages import table

FEW = minitube.Preset("few", howto=2, audioset=1, val=1, test_iid=2, test_comp=1, test_bg=1, steps=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minitube.make(FEW, tmp_path_factory.mktemp("world") / "few", workers=1, layouts="all", quiet=True)


@pytest.fixture(scope="module")
def card(world: Path) -> dict:
    return measure(open_source(world), quiet=True)


class Page(HTMLParser):
    """Tags that were opened and not closed, addresses, and pictures without words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.pictures: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "img":
            self.pictures.append(values.get("alt"))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_counts(card: dict) -> None:
    assert card["source"]["clips"] == 8
    train = card["splits"]["train"]
    assert (train["clips"], train["seconds"], train["narrated"], train["labeled"]) == (3, 34.0, 2, 1)
    assert (train["shortest"], train["median"], train["longest"]) == (10.0, 12.0, 12.0)
    assert all(row["with_audio"] == row["with_video"] == row["clips"] for row in card["splits"].values())
    assert card["media"]["resolution"] == {"128×128": 8}
    assert card["media"]["sample_rate"] == {"48000": 8}
    assert card["files"]["missing"]["count"] == card["files"]["damaged"]["count"] == 0
    assert json.loads(json.dumps(card)) == card


def test_words(card: dict, world: Path) -> None:
    captions = json.loads((world / "howto/caption.json").read_text())
    lines = [text for video in captions.values() for text in video["text"]]
    words = card["words"]
    assert words["lines"] == len(lines)
    assert words["vocabulary"] == len({word for line in lines for word in line.split()})
    assert words["lines_per_minute"] == round(len(lines) / (24 / 60), 1)
    assert words["captions"] == 4 * 5
    assert words["words_per_line"]["longest"] == max(len(line.split()) for line in lines)


def test_factor_balance(card: dict, world: Path) -> None:
    steps = [(video["split"], step) for video in minitube.read_annotations(world).values() for step in video["steps"]]
    about = card["minitube"]
    assert about["steps"] == {"howto": 6, "audioset": 2, "val": 1, "test_iid": 2, "test_comp": 1, "test_bg": 1}
    for factor, rows in about["factors"].items():
        assert sum(count for row in rows.values() for count in row.values()) == len(steps)
        for split, step in steps:
            assert rows[str(step[factor])][split] > 0


def test_the_nearest_line_of_a_window_names_its_center_step(world: Path) -> None:
    """Without shifts and fillers it always does, and never where all lines are about nothing."""
    source, videos = open_source(world), minitube.read_annotations(world)
    shares = center_step(source, videos, 3.2)
    assert shares["windows"] == 16
    assert 0 < shares["1"] <= shares["2"] <= shares["4"] <= 1
    for video in videos.values():
        for line in video["narration"]:
            line["step"] = -1
    assert center_step(source, videos, 3.2)["4"] == 0


def test_shared_lines_are_those_of_the_sampler(world: Path) -> None:
    source, config = open_source(world), preset("toy")
    vocabulary = Vocabulary.train(source.texts, 100)
    stream = ClipStream.open([(source, 1.0)], config, vocabulary, cache=False, quiet=True)
    ids = [[line.text_id for line in lines] for lines in stream.lines(3)]
    batch, skips = stream.batch(3)
    assert not skips
    assert [row or [-1] * 4 for row in ids] == batch.text_id.tolist()
    # Two narrated videos fill eight groups of a batch: every line is there several times.
    assert count_shared_lines(source, config)["windows"] == 1.0


def test_the_page_stands_alone(card: dict, world: Path) -> None:
    html = card_page(card, open_source(world), {"Probe": table(["split", "material"], [["val", 0.71]])})
    page = Page(html)
    assert not page.open
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert len(page.addresses) > 12
    assert all(page.pictures)
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html
    headings = re.findall("<h2>(.*?)</h2>", html)
    assert headings == ["Splits", "Files", "Words", "Windows", "Factors", "Labels", "Probe", "Clips", "Sounds"]
    assert html.count("<video") == 4
    assert html == card_page(card, open_source(world), {"Probe": table(["split", "material"], [["val", 0.71]])})


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_layouts_have_cards(layout: str, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "describe", f"{layout}:{world / layout}", "--quiet"]) == 0
    assert f"{world / layout / 'card.html'}: the data card" in capsys.readouterr().out
    html = (world / layout / "card.html").read_text(encoding="utf-8")
    assert not Page(html).open
    assert ("<h2>Clips</h2>" in html) == (layout != "esc50")
    assert ("<audio" in html) == (layout == "esc50")
    assert open_source(world / layout).splits == open_source(f"{layout}:{world / layout}").splits


def test_a_damaged_source_names_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "mine"
    clips.write(root / "videos/good.mp4", duration=2, audio=clips.tone(440, duration=2))
    clips.write(root / "videos/mute & more.mp4", duration=1)
    (root / "videos/bad.mp4").write_bytes(b"no video")
    names = ("good", "mute & more", "bad", "<gone>")
    (root / "caption.json").write_text(
        json.dumps({name: {"start": [0.2], "end": [0.9], "text": ["a < b"]} for name in names})
    )
    assert main(["data", "describe", f"howto100m:{root}", "--json", "--quiet"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert not (root / "card.html").exists()
    assert card["files"]["missing"] == {"count": 1, "names": ["<gone>"]}
    assert card["files"]["damaged"]["names"][0]["file"] == "videos/bad.mp4"
    assert (card["splits"]["train"]["probed"], card["splits"]["train"]["with_audio"]) == (2, 1)
    assert main(["data", "describe", f"howto100m:{root}", "--out", str(tmp_path / "c.html"), "--quiet"]) == 0
    html = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert "&lt;gone&gt;" in html
    assert not Page(html).open


def test_a_corpus_without_words_has_a_card(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "audioset", tmp_path / "audioset")
    source = open_source(f"audioset:{tmp_path / 'audioset'}")
    card = measure(source, quiet=True)
    assert "words" not in card
    assert "windows" not in card
    assert "<h2>Labels</h2>" in card_page(card, source)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["data", "describe", "nowhere"], "no such directory: nowhere"),
        (["data", "describe", "WORLD", "--out", "nowhere/card.html"], "cannot write nowhere/card.html"),
        (["data", "renarrate", "WORLD/esc50", "--out", "x", "--seed", "1"], "does not say that"),
        (["data", "renarrate", "WORLD", "--out", "x", "--seed", "1", "--filler-share", "2"], "filler_share = 2.0"),
        (["data", "minitube", "--out", "x", "--split", "test_idd"], "unknown split 'test_idd'"),
        (["data", "minitube", "--out", "x", "--snr-low", "20"], "snr_low = 20.0 is above snr_high"),
        (["data", "minitube", "--out", "WORLD", "--shortcut"], "choose another folder or delete it"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    words: list[str], reason: str, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.replace("WORLD", str(world)) for word in words]) == 2
    message = capsys.readouterr().err.strip()
    assert reason in message
    assert "\n" not in message


def test_renarrate_from_the_command_line(world: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    assert main(["data", "renarrate", str(world), "--out", str(out), "--seed", "4", "--filler-share", "0.6"]) == 0
    assert minitube.read_source(out)["knobs"] == minitube.read_source(world)["knobs"] | {"filler_share": 0.6}
