"""The picture of the model that stands at the top of every chapter, with the chapter's part lit."""

from typing import Any

import traitlets

from vatt_edu.teach.interactive.base import Live, show
from vatt_edu.teach.interactive.model_drawing import STYLE, drawing
from vatt_edu.teach.interactive.model_facts import LIT, OVERVIEW, PARTS, SIZES, labels, sentences


class ModelPicture(Live):
    """The model, its parts to be pointed at, and a switch between two sizes.

    Input: ``size``, a name in ``SIZES``. Outputs: ``labels``, what is written on the picture, and ``sentences``, what
    is said about each part.
    """

    script = "model_picture.js"
    markup = traitlets.Unicode().tag(sync=True)
    parts: Any = traitlets.List().tag(sync=True)
    lit: Any = traitlets.List().tag(sync=True)
    overview = traitlets.Unicode(OVERVIEW).tag(sync=True)
    size = traitlets.Unicode("toy").tag(sync=True)
    labels: Any = traitlets.Dict().tag(sync=True)
    sentences: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, chapter: str) -> None:
        """Makes the picture.

        Args:
            chapter: File name of the chapter whose part is lit.

        Raises:
            ValueError: If there is no such chapter.
        """
        if chapter not in LIT:
            raise ValueError(f"no chapter {chapter!r} in the picture; there are: {', '.join(LIT)}")
        both = {name: preset() for name, preset in SIZES.items()}
        table = {name: {"labels": labels(config), "sentences": sentences(config)} for name, config in both.items()}
        lit = LIT[chapter]
        drawn = [drawing(table["toy"]["labels"], lit, tall=tall) for tall in (False, True)]
        parts = [[name, part.title.replace("\n", " "), part.chapter, part.words] for name, part in PARTS.items()]
        markup = (STYLE + "".join(drawn)).replace('"', "'")  # which costs two characters in the page
        super().__init__(markup=markup, parts=parts, lit=list(lit), table=table)
        self.observe(self._choose, "size")
        self._choose()

    def _choose(self, change: Any = None) -> None:
        config = SIZES[self.size]()
        self.labels, self.sentences = labels(config), sentences(config)


def still(chapter: str) -> str:
    """The picture that does not move, for print."""
    lit = LIT[chapter]
    whole = len(lit) == len(PARTS)
    names = " and ".join(PARTS[name].title.replace("\n", " ") for name in lit)
    alt = "The whole model. " if whole else f"Where this chapter is in the model: {names}. "
    return f'<div class="vatt-model">{STYLE}{drawing(labels(SIZES["toy"]()), lit, alt=alt + OVERVIEW)}</div>'


def show_model(part: str) -> None:
    """Displays the model with one part lit.

    Args:
        part: A chapter of the book, by its file name.

    Raises:
        ValueError: If there is no such chapter; the message lists those that there are.
    """
    alt = "The model as one picture; its parts can be chosen, with arrow keys too. " + OVERVIEW
    show(ModelPicture(part), still(part), alt, numbered=False)  # no caption: it says itself what is lit
