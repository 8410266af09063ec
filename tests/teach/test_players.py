"""A player holds its file, byte for byte, and says what it plays."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import clips

from vatt_edu.teach import players
from vatt_edu.teach.players import Clip


class Tags(HTMLParser):
    """Opening tags with their attributes, and the words between."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def decoded(address: str | None) -> tuple[str, bytes]:
    kind, content = re.fullmatch(r"data:([\w/]+);base64,([\w+/=]+)", address or "").groups()
    return kind, base64.b64decode(content, validate=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("clips")
    clips.write(root / "a.mp4", duration=2, fps=10, size=(36, 48), audio=clips.tone(440, duration=2))
    clips.write(root / "UPPER.MP4", duration=1, fps=10, size=(48, 36))
    for name, codec in (("a.wav", "pcm_s16le"), ("a.flac", "flac")):
        clips.write(root / name, video=None, audio=clips.tone(440, duration=1), codec=codec)
    (root / "a.webm").write_bytes((root / "a.mp4").read_bytes())
    return root


@pytest.mark.parametrize(
    ("name", "tag", "kind"),
    [
        ("a.mp4", "video", "video/mp4"),
        ("UPPER.MP4", "video", "video/mp4"),
        ("a.webm", "video", "video/webm"),
        ("a.wav", "audio", "audio/wav"),
        ("a.flac", "audio", "audio/flac"),
    ],
)
def test_the_file_is_in_the_page(folder: Path, name: str, tag: str, kind: str) -> None:
    tags = Tags(players.html([Clip(folder / name, "A clip")]))
    (player,) = [attributes for tag_name, attributes in tags.tags if tag_name in ("video", "audio")]
    assert [tag_name for tag_name, _ in tags.tags].count(tag) == 1
    assert decoded(player["src"]) == (kind, (folder / name).read_bytes())
    assert "controls" in player
    assert "autoplay" not in player
    assert player["aria-label"] == "A clip"
    assert ("poster" in player) == (tag == "video")


def test_the_poster_is_the_picture_a_second_in(folder: Path) -> None:
    ((_, player),) = [tag for tag in Tags(players.html([Clip(folder / "a.mp4", "A clip")])).tags if tag[0] == "video"]
    kind, content = decoded(player["poster"])
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(float)
    assert (kind, picture.shape) == ("image/jpeg", (36, 48, 3))
    errors = [np.abs(picture - clips.pattern(index, 36, 48)).mean() for index in range(20)]
    assert np.argmin(errors) == 10
    assert errors[10] < 12


def test_what_is_said_is_escaped(folder: Path) -> None:
    title, lines = 'Pour <b>"milk"</b> & stir', ["<script>alert(1)</script>", "a & b"]
    page = players.html([Clip(folder / "a.wav", title, lines)])
    tags = Tags(page)
    assert {tag for tag, _ in tags.tags} == {"div", "figure", "figcaption", "strong", "audio", "br"}
    assert [attributes["aria-label"] for tag, attributes in tags.tags if tag == "audio"] == [title]
    assert tags.words == [title, *lines]


def test_side_by_side_in_order_and_of_one_width(folder: Path) -> None:
    names = ["a.wav", "a.mp4", "a.flac"]
    page = players.html((Clip(folder / name, name) for name in names), width=300)
    tags = Tags(page)
    assert page.startswith('<div class="vatt-players">')
    assert [attributes["aria-label"] for tag, attributes in tags.tags if tag in ("audio", "video")] == names
    assert [attributes["style"] for _, attributes in tags.tags if "style" in attributes] == ["width:300px"] * 6
    assert not re.search(r"https?:", page)  # plays without a network


def test_show_displays_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = []
    monkeypatch.setattr("IPython.display.display", outputs.append)
    clip = Clip(folder / "a.wav", "A clip")
    players.show_clips([clip])
    assert [output.data for output in outputs] == [players.html([clip])]
