"""What the numbers are in a frame and in a sound: three figures for the chapter on raw signals."""

from typing import Any

import numpy as np
import traitlets
from jaxtyping import Float, UInt8

from vatt_edu.teach import inline
from vatt_edu.teach.interactive.base import Live


class Pixels(Live):
    """A frame with a cursor, and the numbers under it.

    Inputs: ``row``, ``column``. Output: ``values``, the red, green and blue of that pixel, 0 to 255.
    """

    script = "pixels.js"
    frame = traitlets.Bytes().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    row = traitlets.Int().tag(sync=True)
    column = traitlets.Int().tag(sync=True)
    values: Any = traitlets.List().tag(sync=True)

    def __init__(self, frame: UInt8[np.ndarray, "H W 3"]) -> None:
        height, width, _ = frame.shape
        self._frame = frame
        super().__init__(frame=frame.tobytes(), height=height, width=width, row=height // 2, column=width // 2)
        self.observe(self._read, ["row", "column"])
        self._read()

    def _read(self, _: Any = None) -> None:
        self.values = self._frame[self.row, self.column].tolist()


class Scrub(Live):
    """Picture, sound and words of one clip on one axis of time.

    Input: ``step``, a patch of the sound. Outputs: ``frame``, the frame of that moment, and ``line``, the number of the
    line of narration that is spoken then, -1 where there is none.
    """

    script = "scrub.js"
    strip = traitlets.Unicode().tag(sync=True)
    frames = traitlets.Int().tag(sync=True)
    fps = traitlets.Float().tag(sync=True)
    aspect = traitlets.Float(1.0).tag(sync=True)
    loudest = traitlets.Float(1.0).tag(sync=True)
    patches = traitlets.Bytes().tag(sync=True)
    patch = traitlets.Int().tag(sync=True)
    sample_rate = traitlets.Int().tag(sync=True)
    lines: Any = traitlets.List().tag(sync=True)
    sound = traitlets.Unicode().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    frame = traitlets.Int(0).tag(sync=True)
    line = traitlets.Int(-1).tag(sync=True)

    def __init__(
        self,
        video: UInt8[np.ndarray, "T H W 3"],
        audio: Float[np.ndarray, " S"],
        lines: list[tuple[float, float, str]],
        fps: float,
        sample_rate: int,
        patch: int,
    ) -> None:
        """Makes the figure.

        Args:
            video: The frames, RGB.
            audio: In [-1, 1], the same stretch of time.
            lines: Start and end in seconds from its beginning, and words.
            fps: Of the video.
            sample_rate: Of the audio, Hz.
            patch: Samples that one step shows.
        """
        count = len(audio) // patch
        audible = np.clip(audio[: count * patch], -1, 1)
        loudest = float(np.abs(audible).max()) or 1.0  # bytes span what is there, or a quiet sound has steps
        pressures = np.round(audible / loudest * 127).astype(np.int8)
        super().__init__(
            strip=inline.strip(video), frames=len(video), fps=fps, patches=pressures.tobytes(), patch=patch,
            sample_rate=sample_rate, lines=[list(line) for line in lines], sound=inline.sound(audio, sample_rate),
            loudest=loudest, aspect=video.shape[2] / video.shape[1],
        )  # fmt: skip
        self.observe(self._at, "step")
        self._at()

    def _at(self, _: Any = None) -> None:
        seconds = self.step * self.patch / self.sample_rate
        self.frame = min(self.frames - 1, int(seconds * self.fps))
        lines = [number for number, (start, end, _) in enumerate(self.lines) if start <= seconds < end]
        self.line = lines[0] if lines else -1


def alias(frequency: float, rate: float) -> float:
    """The frequency in [0, rate / 2] whose samples are those of a tone of ``frequency``; Hz both."""
    folded = frequency % rate
    return min(folded, rate - folded)


class Aliasing(Live):
    """A tone, its samples, and the lowest tone that has the same samples.

    Inputs: ``frequency`` and ``rate``, Hz. Output: ``alias``, Hz.
    """

    script = "aliasing.js"
    frequency = traitlets.Float(3000.0).tag(sync=True)
    rate = traitlets.Float(8000.0).tag(sync=True)
    alias = traitlets.Float().tag(sync=True)

    def __init__(self, frequency: float = 3_000.0, rate: float = 8_000.0) -> None:
        super().__init__(frequency=frequency, rate=rate)
        self.observe(self._fold, ["frequency", "rate"])
        self._fold()

    def _fold(self, _: Any = None) -> None:
        self.alias = alias(self.frequency, self.rate)
