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


def to_bytes(answer: Function) -> None:
    """``answer(x)``: floats as bytes, -1 becoming 0 and 1 becoming 255, rounded; what lies beyond is clipped."""

    def right(x: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(127.5 * (x + 1)), 0, 255).astype(np.uint8)

    def wrapped(x: np.ndarray) -> np.ndarray:
        return np.rint(127.5 * (x + 1)).astype(np.int64).astype(np.uint8)

    def half(x: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(255 * x), 0, 255).astype(np.uint8)

    mistakes = [
        Mistake(wrapped, "what lies beyond 1 has become dark: 256 wraps around to 0. Clip before you make bytes."),
        Mistake(lambda x: np.clip(127.5 * (x + 1), 0, 255).astype(np.uint8),
                "a float that becomes a byte loses what stands after its point: 3.9 becomes 3. Round first."),
        Mistake(lambda x: np.clip(127.5 * (x + 1), 0, 255), "those are still floats. A byte is a whole number."),
        Mistake(lambda x: np.clip(np.rint(128 * (x + 1)), 0, 255).astype(np.uint8),
                "what should be multiplied, so that the range from -1 to 1 becomes exactly 255 long?"),
        Mistake(half, "everything below 0 has become black: move -1 to 0 before you stretch."),
        Mistake(lambda x: wrapped(x).clip(0, 255),
                "bytes cannot lie outside of 0 and 255, so clipping them changes nothing. Clip the floats."),
    ]  # fmt: skip
    ramp = np.linspace(-1.04, 1.04, 26, dtype=np.float32)
    print(grade(answer, right, [(ramp.reshape(2, 13),), (np.array([-1.0, 1.0, -0.6, 1.005, 0.3]),)], mistakes))


def nearest(answer: Function) -> None:
    """``answer(centers, time, count)``: indices of the ``count`` lines nearest to a time, the nearest first.

    Where there are fewer, the nearest one fills up.
    """

    def right(centers: Sequence[float], time: float, count: int) -> list[int]:
        order = sorted(range(len(centers)), key=lambda n: abs(centers[n] - time))[:count]
        return order + order[:1] * (count - len(order))

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
        Mistake(times, "those are their times. Asked for are their indices."),
        Mistake(lambda c, t, k: sorted(range(len(c)), key=lambda n: -abs(c[n] - t))[:k], "those are the farthest."),
        Mistake(lambda c, t, k: sorted(range(len(c)), key=lambda n: c[n] - t)[:k],
                "a difference has a sign: a line long before the moment is not near. What measures a distance?"),
        Mistake(lambda c, t, k: right(c, t, 1), "only the nearest one comes back."),
        Mistake(lambda c, t, k: right(c, t, k)[:len(c)],
                "right where there are enough lines. Where there are too few, the nearest one is repeated."),
    ]  # fmt: skip
    lines = [1.0, 3.5, 4.0, 9.0, 12.5, 13.0]
    inputs = [(lines, 8.2, 3), (lines, 3.6, 2), (lines, 30.0, 4), (lines, 0.0, 1), ([1.0, 2.0], 1.4, 4)]
    print(grade(answer, right, inputs, mistakes))
