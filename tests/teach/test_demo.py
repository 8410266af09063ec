"""The demo page: complete in itself, with every answer among the sample clips."""

import json
import re
from pathlib import Path

import pytest
import torch

from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.embed import Embedder
from vatt_edu.samples import SAMPLES, shipped
from vatt_edu.teach.demo import SENTENCES, TOP, Gallery, demo_page, scores_in_words


class Fake(Embedder):
    """Embeds a sentence where one clip is."""

    def __init__(self, rows: torch.Tensor) -> None:
        self.rows = rows

    def embed_text(self, text: str) -> torch.Tensor:
        return self.rows[SENTENCES.index(text)]


@pytest.fixture
def gallery() -> Gallery:
    clips = open_source(SAMPLES / "minitube").clips("test_iid")[:8]
    rows = torch.eye(8) + 0.01 * torch.arange(8)
    return Gallery(clips, rows, rows, rows.flip(0))


def test_nearest_and_left_out(gallery: Gallery) -> None:
    assert gallery.nearest(gallery.video_vt[3], gallery.video_vt)[0] == 3
    assert 3 not in gallery.nearest(gallery.video_vt[3], gallery.video_vt, leave_out=3)


def test_page_shows_answers_with_players(gallery: Gallery) -> None:
    text = demo_page(Fake(gallery.video_vt), gallery, "a card")
    questions = len(SENTENCES) + 4 + 4
    assert text.count("<video") == questions * TOP + 8
    first = [re.search(r"<video.*?<figcaption>(.*?)</figcaption>", part)[1] for part in text.split("<h3>")[1:7]]
    assert first == [clip.caption for clip in gallery.clips[:6]]
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    right = sum(n in gallery.nearest(gallery.audio_va[n], gallery.video_va) for n in (0, 2, 4, 6))
    assert text.count("<strong>✓ ") == right == 1


def test_what_is_not_shipped(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no shipped model 'huge'"):
        shipped("huge")


def test_numbers_are_read_from_the_record(tmp_path: Path) -> None:
    scores = {"trained": (0.5, 0.25), "chance": (0.02, 0.02)}
    split = {who: {"text_to_video": {"R@5": a}, "video_to_audio": {"R@5": b}} for who, (a, b) in scores.items()}
    (tmp_path / "retrieval.json").write_text(json.dumps({"splits": {"test_iid": {"n": 256, **split}}}))
    assert re.findall(r"\d+", scores_in_words(tmp_path)) == ["256", "50", "25", "2"]
