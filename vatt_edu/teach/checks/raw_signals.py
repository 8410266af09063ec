"""Graders of the exercises in *Raw signals*."""

from collections.abc import Sequence

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def alias(answer: Function) -> None:
    """``answer(frequency, rate)``: the lowest frequency that has the same samples, Hz."""

    def right(frequency: float, rate: float) -> float:
        folded = frequency % rate
        return min(folded, rate - folded)

    mistakes = [
        Mistake(lambda f, r: f,
                "the tone itself comes back. What do the samples of a tone above half the rate look like?"),
        Mistake(lambda f, r: f % r,
                "a multiple of the rate is taken off, but what is left may still lie above half of it."),
        Mistake(lambda f, r: abs(f - r),
                "right for tones near the rate; a tone below half of it should stay what it is."),
        Mistake(lambda f, r: f if f <= r / 2 else r - f,
                "right up to the rate; beyond it, frequencies come out negative. First take off multiples of it."),
        Mistake(lambda f, r: min(f, r / 2),
                "a tone that is too high is not cut off at half the rate: it comes out elsewhere."),
        Mistake(lambda f, r: f % (r / 2), "between half the rate and the rate, what is heard falls as tones rise."),
    ]  # fmt: skip
    inputs = [(440.0, 8_000.0), (5_000.0, 8_000.0), (7_900.0, 8_000.0), (9_000.0, 8_000.0), (21_500.0, 8_000.0)]
    print(grade(answer, right, inputs, mistakes))


def to_unit(answer: Function) -> None:
    """``answer(frame)``: bytes as floats in [-1, 1], 0 becoming -1 and 255 becoming 1."""

    def right(frame: np.ndarray) -> np.ndarray:
        return frame.astype(np.float32) / 127.5 - 1

    def overflow(frame: np.ndarray) -> np.ndarray:
        return (frame * np.uint8(2) - np.uint8(255)) / 255

    mistakes = [
        Mistake(lambda x: x / 255, "that is [0, 1]. Stretch it to twice the length, then move it."),
        Mistake(lambda x: x / 255 - 0.5, "that is [-0.5, 0.5]: half as long as asked for."),
        Mistake(lambda x: x / 128 - 1,
                "255 comes out a little below 1: what should a byte be divided by, so that 255 becomes 2?"),
        Mistake(lambda x: (x.astype(np.float32) - 127) / 128,
                "0 and 255 miss the ends of the range by a little: the middle of 0 and 255 is 127.5."),
        Mistake(overflow, "bytes wrap around at 256. Turn them into floats before you calculate."),
    ]  # fmt: skip
    ramp = np.arange(0, 256, 15, dtype=np.uint8).reshape(2, 3, 3)
    print(grade(answer, right, [(ramp,), (np.full((1, 1, 3), 128, np.uint8),)], mistakes))


def nearest(answer: Function) -> None:
    """``answer(centers, time, count)``: numbers of the ``count`` lines nearest to a time, the nearest first."""

    def right(centers: Sequence[float], time: float, count: int) -> list[int]:
        return sorted(range(len(centers)), key=lambda n: abs(centers[n] - time))[:count]

    def before(centers: Sequence[float], time: float, count: int) -> list[int]:
        earlier = [n for n in range(len(centers)) if centers[n] <= time]
        return sorted(earlier, key=lambda n: time - centers[n])[:count]

    def times(centers: Sequence[float], time: float, count: int) -> list[float]:
        return [centers[n] for n in right(centers, time, count)]

    mistakes = [
        Mistake(before,
                "a line that comes after the moment counts, too: narrators often speak before they act, or after."),
        Mistake(lambda c, t, k: sorted(right(c, t, k)),
                "the right lines, in the order of the video: the nearest should be first."),
        Mistake(times, "those are their times. Asked for are their numbers."),
        Mistake(lambda c, t, k: sorted(range(len(c)), key=lambda n: -abs(c[n] - t))[:k], "those are the farthest."),
        Mistake(lambda c, t, k: sorted(range(len(c)), key=lambda n: c[n] - t)[:k],
                "a difference has a sign: a line long before the moment is not near. What measures a distance?"),
        Mistake(lambda c, t, k: right(c, t, 1), "only the nearest one comes back."),
    ]  # fmt: skip
    lines = [1.0, 3.5, 4.0, 9.0, 12.5, 13.0]
    print(grade(answer, right, [(lines, 8.2, 3), (lines, 3.6, 2), (lines, 30.0, 4), (lines, 0.0, 1)], mistakes))
