"""Who a model finds, as pictures: neighbors of sentences and sounds, its worst failures, what it confuses."""

from html import escape

import numpy as np
from jaxtyping import Int
from torch import Tensor

from vatt_edu.data.loader.sampler import generator
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.ground_truth import FACTORS
from vatt_edu.evaluation.report import drawing
from vatt_edu.evaluation.report.gallery import RetrievalGallery, confusion
from vatt_edu.pages import details, image, player

SENTENCES, SOUNDS, WORST, TOP = 6, 4, 4, 5
NO_WORDS = "<p>This model has no vocabulary, so it reads no sentences.</p>"
NO_SOUND = "<p>Fewer than two of these clips have sound.</p>"


class Pictures:
    """Frames of clips, each decoded once."""

    def __init__(self, gallery: RetrievalGallery) -> None:
        self._gallery = gallery
        self._frames: dict[int, str] = {}

    def card(self, number: int, right: bool, place: str) -> str:
        """One clip: its frames, whether it is the right one, and its caption."""
        if number not in self._frames:
            self._frames[number] = self._gallery.frames(number)
        caption = self._gallery.windows[number].text
        frames = image(self._frames[number], f"three frames of: {caption}")
        mark = "✓ the right one · " if right else ""
        css = ' class="right"' if right else ""
        return f"<li{css}>{frames}<span>{mark}{escape(place)}</span><span>{escape(caption)}</span></li>"


def neighbors(gallery: RetrievalGallery, pictures: Pictures) -> str:
    """For some random sentences and sounds the five most similar clips, the right one marked."""
    random = generator(gallery.config.seed, "report")
    chosen = random.permutation(len(gallery.windows)).tolist()
    sentences = NO_WORDS
    if gallery.by_text is not None:
        sentences = "".join(
            _answer(gallery, pictures, gallery.by_text, number, f"<h4>“{escape(gallery.windows[number].text)}”</h4>")
            for number in chosen[:SENTENCES]
        )
    sounds = NO_SOUND
    if gallery.by_sound is not None:
        sounds = "".join(
            _answer(gallery, pictures, gallery.by_sound, number, _sound(gallery, number)) for number in chosen[-SOUNDS:]
        )
    return (
        f"<p>Drawn at random from <b>{gallery.split}</b> ({len(gallery.windows)} clips). Each clip is shown by three "
        f"of its frames.</p><h3>A sentence finds clips</h3>{sentences}<h3>A sound finds clips</h3>{sounds}"
    )


def worst(gallery: RetrievalGallery, pictures: Pictures) -> str:
    """The sentences whose right clip has the worst rank, beside what was found first."""
    if gallery.by_text is None:
        return NO_WORDS
    ranks = metrics.ranks(gallery.by_text)
    parts = []
    for number in np.argsort(-ranks, kind="stable")[:WORST].tolist():
        first = int(gallery.by_text[number].argmax())
        cards = pictures.card(number, True, f"rank {ranks[number]} of {len(ranks)}")
        cards += pictures.card(first, False, "found first") if first != number else ""
        title = f"<h4>“{escape(gallery.windows[number].text)}”</h4>"
        parts.append(f'<section class="answer">{title}<ol class="clips">{cards}</ol></section>')
    return "".join(parts)


def confusions(gallery: RetrievalGallery) -> str:
    """Asked × found, for each factor, of the clip that a sentence and a sound find first."""
    if gallery.steps is None:
        return "<p>This source has no ground truth, so there is nothing to compare with.</p>"
    parts = ["<p>Of the one clip found first: rows are what was asked for, columns what was found; counts.</p>"]
    pairs: tuple[tuple[str, Tensor | None, bool], ...] = (
        ("A sentence finds a clip", gallery.by_text, True),
        ("A sound finds a clip", gallery.by_sound, False),
    )
    for title, similarity, opened in pairs:
        if similarity is None:
            continue
        tables = "".join(
            drawing.heat_table(_agreement(factor, counts), counts, names)
            for factor in FACTORS
            for counts, names in [confusion(gallery.steps, similarity, factor)]
        )
        body = f'<div class="charts heats">{tables}</div>'
        parts.append(details(title, body, opened))
    return "".join(parts)


def _agreement(factor: str, counts: Int[np.ndarray, "K K"]) -> str:
    return f"{factor}: the same in {100 * np.trace(counts) / max(counts.sum(), 1):.0f} %"


def _answer(gallery: RetrievalGallery, pictures: Pictures, similarity: Tensor, number: int, title: str) -> str:
    best = similarity[number].argsort(descending=True, stable=True)[:TOP].tolist()
    rank = int(metrics.ranks(similarity)[number])
    cards = "".join(pictures.card(k, k == number, f"{place}.") for place, k in enumerate(best, 1))
    where = "" if number in best else f'<p class="miss">The right clip has rank {rank} of {len(gallery.windows)}.</p>'
    return f'<section class="answer">{title}<ol class="clips">{cards}</ol>{where}</section>'


def _sound(gallery: RetrievalGallery, number: int) -> str:
    caption = gallery.windows[number].text
    bands = image(gallery.spectrogram(number), f"spectrogram of the sound of: {caption}")
    sound = player("audio/wav", gallery.sound(number), f"the sound of {caption}", preload="none")
    return f'<h4>the sound of “{escape(caption)}”</h4><div class="sound">{bands}{sound}</div>'
