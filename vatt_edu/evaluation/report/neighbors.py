"""Who a model finds, as pictures: neighbors of sentences and sounds, its worst failures, what it confuses."""

from html import escape

import numpy as np
from torch import Tensor

from vatt_edu.data.seeds import generator
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.ground_truth import FACTORS
from vatt_edu.evaluation.report import drawing
from vatt_edu.evaluation.report.gallery import RetrievalGallery, confusion, player

SENTENCES, SOUNDS, WORST, TOP = 6, 4, 4, 5
NO_WORDS = "<p>This model has no vocabulary, so it reads no sentences.</p>"


class Pictures:
    """Frames of clips, each decoded once."""

    def __init__(self, asked: RetrievalGallery) -> None:
        self._asked = asked
        self._known: dict[int, bytes] = {}

    def card(self, number: int, right: bool, place: str) -> str:
        """One clip: its frames, whether it is the right one, and its caption."""
        if number not in self._known:
            self._known[number] = self._asked.frames(number)
        caption = self._asked.windows[number].text
        image = drawing.picture(self._known[number], f"three frames of: {caption}")
        mark = "✓ the right one · " if right else ""
        css = ' class="right"' if right else ""
        return f"<li{css}>{image}<span>{mark}{escape(place)}</span><span>{escape(caption)}</span></li>"


def neighbors(asked: RetrievalGallery, pictures: Pictures) -> str:
    """For some random sentences and sounds the five most similar clips, the right one marked."""
    random = generator(asked.config.seed, "report")
    chosen = random.permutation(len(asked.windows)).tolist()
    sentences = NO_WORDS
    if asked.by_text is not None:
        sentences = "".join(
            _answer(asked, pictures, asked.by_text, number, f"<h4>“{escape(asked.windows[number].text)}”</h4>")
            for number in chosen[:SENTENCES]
        )
    sounds = "".join(
        _answer(asked, pictures, asked.by_sound, number, _sound(asked, number)) for number in chosen[-SOUNDS:]
    )
    return (
        f"<p>Drawn at random from <b>{asked.split}</b> ({len(asked.windows)} clips). Each clip is shown by three "
        f"of its frames.</p><h3>A sentence finds clips</h3>{sentences}<h3>A sound finds clips</h3>{sounds}"
    )


def worst(asked: RetrievalGallery, pictures: Pictures) -> str:
    """The sentences whose right clip has the worst rank, beside what was found first."""
    if asked.by_text is None:
        return NO_WORDS
    ranks = metrics.ranks(asked.by_text)
    parts = []
    for number in np.argsort(-ranks, kind="stable")[:WORST].tolist():
        first = int(asked.by_text[number].argmax())
        cards = pictures.card(number, True, f"rank {ranks[number]} of {len(ranks)}")
        cards += pictures.card(first, False, "found first") if first != number else ""
        title = f"<h4>“{escape(asked.windows[number].text)}”</h4>"
        parts.append(f'<section class="answer">{title}<ol class="clips">{cards}</ol></section>')
    return "".join(parts)


def confusions(asked: RetrievalGallery) -> str:
    """Asked × found, for each factor, of the clip that a sentence and a sound find first."""
    if asked.steps is None:
        return "<p>This source has no ground truth, so there is nothing to compare with.</p>"
    parts = ["<p>Of the one clip found first: rows are what was asked for, columns what was found; counts.</p>"]
    pairs: tuple[tuple[str, Tensor | None, bool], ...] = (
        ("A sentence finds a clip", asked.by_text, True),
        ("A sound finds a clip", asked.by_sound, False),
    )
    for title, similarity, opened in pairs:
        if similarity is None:
            continue
        tables = "".join(
            drawing.heat_table(_agreement(factor, counts), counts, names)
            for factor in FACTORS
            for counts, names in [confusion(asked.steps, similarity, factor)]
        )
        body = f'<div class="charts heats">{tables}</div>'
        parts.append(f"<details{' open' if opened else ''}><summary>{title}</summary>{body}</details>")
    return "".join(parts)


def _agreement(factor: str, counts: np.ndarray) -> str:
    return f"{factor}: the same in {100 * np.trace(counts) / max(counts.sum(), 1):.0f} %"


def _answer(asked: RetrievalGallery, pictures: Pictures, similarity: Tensor, number: int, title: str) -> str:
    best = similarity[number].argsort(descending=True, stable=True)[:TOP].tolist()
    rank = int(metrics.ranks(similarity)[number])
    cards = "".join(pictures.card(k, k == number, f"{place}.") for place, k in enumerate(best, 1))
    where = "" if number in best else f'<p class="miss">The right clip has rank {rank} of {len(asked.windows)}.</p>'
    return f'<section class="answer">{title}<ol class="clips">{cards}</ol>{where}</section>'


def _sound(asked: RetrievalGallery, number: int) -> str:
    caption = escape(asked.windows[number].text, quote=True)
    image = drawing.picture(asked.spectrogram(number), f"spectrogram of the sound of: {asked.windows[number].text}")
    return (
        f'<h4>the sound of “{caption}”</h4><div class="sound">{image}'
        f"{player(asked.sound(number), f'the sound of {caption}')}</div>"
    )
