"""Match these eight sounds: the reader plays the retrieval task that the model is trained for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from jaxtyping import Float

from vatt_edu.teach.interactive.base import Live


def assign(similarity: Float[np.ndarray, "n n"]) -> list[int]:
    """The one-to-one assignment with the greatest total similarity: for each row, its column.

    Args:
        similarity: One row a sound, one column a picture.
    """
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(similarity, maximize=True)[1].tolist()


class Match(Live):
    """Sounds to the left, pictures to the right, one picture for each sound.

    Input: ``choice``, for each sound the picture that was given to it, -1 where there is none yet.
    Output: ``right``, how many fit.

    Attributes:
        sounds: For each, a data URI.
        pictures: For each, a data URI of a strip of frames side by side.
        frames: How many frames are in a strip.
        truth: For each sound, its picture.
        machine: For each sound, the picture that the model gives to it.
    """

    script = "match.js"
    sounds: Any = traitlets.List().tag(sync=True)
    pictures: Any = traitlets.List().tag(sync=True)
    frames = traitlets.Int(1).tag(sync=True)
    truth: Any = traitlets.List().tag(sync=True)
    machine: Any = traitlets.List().tag(sync=True)
    choice: Any = traitlets.List().tag(sync=True)
    right = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        sounds: Sequence[str],
        pictures: Sequence[str],
        frames: int,
        similarity: Float[np.ndarray, "n n"],
        order: Sequence[int],
    ) -> None:
        """Makes a game.

        Args:
            sounds: Data URIs.
            pictures: Data URIs of the pictures that belong to them, in the same order.
            frames: In each strip.
            similarity: What the model says: one row a sound, one column a picture.
            order: In which the pictures are shown.
        """
        truth = [list(order).index(number) for number in range(len(sounds))]
        super().__init__(
            sounds=list(sounds), pictures=[pictures[n] for n in order], frames=frames, truth=truth,
            machine=assign(similarity[:, list(order)]), choice=[-1] * len(sounds),
        )  # fmt: skip
        self.observe(self._count, "choice")

    def _count(self, _: Any = None) -> None:
        self.right = sum(picture == true for picture, true in zip(self.choice, self.truth, strict=True))
