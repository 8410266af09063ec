"""Answers to the exercises of ``raw_signals``."""

import numpy as np

from vatt_edu.data.text.captions import Line, nearest_lines
from vatt_edu.teach.checks import raw_signals as checks


def alias(frequency: float, rate: float) -> float:
    """By the spectrum of the samples themselves, which is another way than the grader's."""
    count = 4_000
    samples = np.cos(2 * np.pi * frequency * np.arange(count) / rate)
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / count)


def nearest(centers: list[float], time: float, count: int) -> list[int]:
    """By the package's own function."""
    lines = [Line(center, center, str(number), number) for number, center in enumerate(centers)]
    return [line.text_id for line in nearest_lines(lines, time, count)]


def to_unit(frame: np.ndarray) -> np.ndarray:
    return np.interp(frame, [0, 255], [-1, 1])


def folded_once(frequency: float, rate: float) -> float:
    return rate - frequency if frequency > rate / 2 else frequency


def sorted_by_difference(centers: list[float], time: float, count: int) -> list[int]:
    return np.argsort(np.array(centers) - time)[:count].tolist()


REFERENCES = [
    (checks.alias, alias),
    (checks.nearest, nearest),
    (checks.to_unit, to_unit),
]

WRONG = [
    (checks.alias, lambda f, r: f, "the tone itself"),
    (checks.alias, lambda f, r: np.fmod(f, r), "may still lie above half"),
    (checks.alias, folded_once, "beyond it, frequencies come out negative"),
    (checks.alias, lambda f, r: abs(r - f), "should stay what it is"),
    (checks.alias, lambda f, r: r / 2 if f > r / 2 else f, "not cut off"),
    (checks.alias, lambda f, r: f % (r / 2), "falls as tones rise"),
    (checks.alias, lambda f, r: 2 * f, "should return 440"),
    (checks.nearest, lambda c, t, k: [n for n, v in enumerate(c) if v <= t][::-1][:k], "comes after the moment"),
    (checks.nearest, lambda c, t, k: sorted(nearest(c, t, k)), "nearest should be first"),
    (checks.nearest, lambda c, t, k: [c[n] for n in nearest(c, t, k)], "their numbers"),
    (checks.nearest, sorted_by_difference, "difference has a sign"),
    (checks.nearest, lambda c, t, k: nearest(c, t, len(c))[::-1][:k], "farthest"),
    (checks.nearest, lambda c, t, k: nearest(c, t, 1), "only the nearest one"),
    (checks.nearest, lambda c, t, k: nearest(c, t, k + 1), "should return"),
    (checks.to_unit, lambda x: x.astype(float) / 255, "[0, 1]"),
    (checks.to_unit, lambda x: x / 255 - 0.5, "half as long"),
    (checks.to_unit, lambda x: x / 128.0 - 1, "divided by"),
    (checks.to_unit, lambda x: (x.astype(int) - 127) / 128, "127.5"),
    (checks.to_unit, lambda x: (2 * x - np.uint8(255)) / 255, "wrap around"),
    (checks.to_unit, lambda x: x.astype(float).mean(-1) / 127.5 - 1, "an array of shape"),
]
