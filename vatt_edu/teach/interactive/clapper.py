"""A clapperboard: flashes that were seen, clicks that were heard, and what a wrong sampling rate does to them."""

from typing import Any

import numpy as np
import traitlets
from jaxtyping import Float, Int

from vatt_edu.teach.interactive.base import Live


class Clapper(Live):
    """Flashes and clicks on one axis of time.

    Input: ``claimed``, the sampling rate that a program believes in, Hz. Output: ``offsets``, for each clap the
    milliseconds by which the click comes after the flash.
    """

    script = "clapper.js"
    flashes: Any = traitlets.List().tag(sync=True)
    clicks: Any = traitlets.List().tag(sync=True)
    rate = traitlets.Float().tag(sync=True)
    seconds = traitlets.Float().tag(sync=True)
    sound = traitlets.Unicode().tag(sync=True)
    claimed = traitlets.Float().tag(sync=True)
    offsets: Any = traitlets.List().tag(sync=True)

    def __init__(
        self,
        flashes: Float[np.ndarray, " n"],
        clicks: Int[np.ndarray, " n"],
        rate: float,
        seconds: float,
        sound: str,
        claimed: float,
    ) -> None:
        """Makes the figure.

        Args:
            flashes: When the frames that are bright were shown, seconds.
            clicks: Numbers of the samples at which the clicks begin.
            rate: The true sampling rate, Hz.
            seconds: Length of the clip.
            sound: Data URI.
            claimed: The rate that is tried first.
        """
        super().__init__(
            flashes=flashes.tolist(), clicks=clicks.tolist(), rate=rate,
            seconds=seconds, sound=sound, claimed=claimed,
        )  # fmt: skip
        self.observe(self._measure, "claimed")
        self._measure()

    def _measure(self, _: Any = None) -> None:
        pairs = zip(self.flashes, self.clicks, strict=True)
        self.offsets = [round(1e3 * (number / self.claimed - flash)) for flash, number in pairs]
