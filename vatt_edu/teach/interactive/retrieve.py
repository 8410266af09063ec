"""Ask the model: choose a sentence, a sound or a clip, and see which pictures it puts first."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from jaxtyping import Float

from vatt_edu.teach.interactive.base import Live


def ranking(similarity: Float[np.ndarray, " V"]) -> list[int]:
    """Numbers of the pictures, the most similar first."""
    return np.argsort(-similarity, kind="stable").tolist()


class Retrieve(Live):
    """A query of one of several kinds, and the gallery in the order of its similarity.

    Input: ``query``, (kind, number). Output: ``order``, the gallery's numbers, best first, and ``cosines`` of each.

    Attributes:
        kinds: Names of the kinds of queries.
        names: For each kind, the names of its queries.
        sounds: For each kind, data URIs to play, or nothing.
        own: For each kind, for each query, the picture that belongs to it, -1 where there is none.
        pictures: Data URI of each picture of the gallery.
        captions: What is in each.
    """

    script = "retrieve.js"
    kinds: Any = traitlets.List().tag(sync=True)
    names: Any = traitlets.List().tag(sync=True)
    sounds: Any = traitlets.List().tag(sync=True)
    own: Any = traitlets.List().tag(sync=True)
    pictures: Any = traitlets.List().tag(sync=True)
    captions: Any = traitlets.List().tag(sync=True)
    query: Any = traitlets.List([0, 0]).tag(sync=True)
    order: Any = traitlets.List().tag(sync=True)
    cosines: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        pictures: Sequence[str],
        captions: Sequence[str],
        similarities: Mapping[str, Float[np.ndarray, "_ V"]],
        names: Mapping[str, Sequence[str]],
        sounds: Mapping[str, Sequence[str]],
        own: Mapping[str, Sequence[int]],
    ) -> None:
        """Makes the figure.

        Args:
            pictures: Of the gallery, data URIs.
            captions: Of the gallery.
            similarities: For each kind, the cosine of each query and each picture.
            names: For each kind, how each query is called.
            sounds: For some kinds, what each query sounds like, as data URIs.
            own: For some kinds, the picture that belongs to each query.
        """
        kinds = list(similarities)
        self._similarities = [similarities[kind] for kind in kinds]
        cosines = [[[round(float(value), 3) for value in row] for row in matrix] for matrix in self._similarities]
        super().__init__(
            kinds=kinds, names=[list(names[kind]) for kind in kinds],
            sounds=[list(sounds.get(kind, [])) for kind in kinds],
            own=[list(own.get(kind, [-1] * len(names[kind]))) for kind in kinds],
            pictures=list(pictures), captions=list(captions), table={"cosines": cosines},
        )  # fmt: skip
        self.observe(self._ask, "query")
        self._ask()

    def _ask(self, _: Any = None) -> None:
        kind, number = self.query
        row = self._similarities[kind][number]
        self.cosines = [round(float(value), 3) for value in row]
        self.order = ranking(row)
