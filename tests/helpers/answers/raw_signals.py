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


def to_bytes(x: np.ndarray) -> np.ndarray:
    """By the nearest of all bytes, each turned into a float."""
    floats = np.arange(256) / 127.5 - 1
    return np.abs(np.asarray(x)[..., None] - floats).argmin(-1)


def folded_once(frequency: float, rate: float) -> float:
    return rate - frequency if frequency > rate / 2 else frequency


def sorted_by_difference(centers: list[float], time: float, count: int) -> list[int]:
    return np.argsort(np.array(centers) - time)[:count].tolist()


REFERENCES = [
    (checks.alias, alias),
    (checks.nearest, nearest),
    (checks.to_bytes, to_bytes),
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
    (checks.nearest, lambda c, t, k: [c[n] for n in nearest(c, t, k)], "their indices"),
    (checks.nearest, sorted_by_difference, "difference has a sign"),
    (checks.nearest, lambda c, t, k: nearest(c, t, len(c))[::-1][:k], "farthest"),
    (checks.nearest, lambda c, t, k: nearest(c, t, 1), "only the nearest one"),
    (checks.nearest, lambda c, t, k: np.argsort(np.abs(np.array(c) - t))[:k], "the nearest one is repeated"),
    (checks.nearest, lambda c, t, k: nearest(c, t, k + 1), "should return"),
    (checks.to_bytes, lambda x: np.floor(127.5 * (x + 1) + 0.5).astype(int) % 256, "256 wraps around"),
    (checks.to_bytes, lambda x: np.floor(np.clip(127.5 * (x + 1), 0, 255)).astype(int), "Round first"),
    (checks.to_bytes, lambda x: np.minimum(np.maximum((x + 1) / 2, 0), 1) * 255, "still floats"),
    (checks.to_bytes, lambda x: np.round(128 * (x + 1)).clip(0, 255), "exactly 255 long"),
    (checks.to_bytes, lambda x: np.round(255 * x).clip(0, 255), "below 0 has become black"),
    (checks.to_bytes, lambda x: to_bytes(x).mean(-1), "an array of shape"),
]
