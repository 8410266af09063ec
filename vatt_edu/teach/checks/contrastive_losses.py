"""Graders of the exercises in *Contrastive losses*."""

import math

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def _parts(cosines: np.ndarray, valid: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each clip the sum over its lines, over those of others, and of its lines against other clips."""
    terms = np.exp(cosines * scale)
    own = np.einsum("iil->i", terms)
    row = (terms * valid[None, :, None]).sum((1, 2)) - own * valid
    return own, row, terms.sum((0, 2)) - own


def _losses(
    cosines: np.ndarray, valid: np.ndarray, scale: float, own_count: float = 1.0, column_count: float = 1.0
) -> np.ndarray:
    """The loss of each clip, with right lines and columns so often in the denominator."""
    own, row, column = _parts(cosines, valid, scale)
    return np.log(own_count * own + row + column_count * column) - np.log(own)


def mil_nce(answer: Function) -> None:
    """``answer(cosines, valid, tau)``: the printed MIL-NCE loss, mean over the clips that have lines."""

    def right(cosines: np.ndarray, valid: np.ndarray, tau: float) -> float:
        return float(_losses(cosines, valid, 1 / tau)[valid].mean())

    def instead(cosines: np.ndarray, valid: np.ndarray, tau: float, numerators: np.ndarray) -> float:
        """The right denominators, with logarithms of other numerators."""
        denominators = np.log(sum(_parts(cosines, valid, 1 / tau)))
        return float((denominators - numerators)[valid].mean())

    def sum_of_logs(cosines: np.ndarray, valid: np.ndarray, tau: float) -> float:
        return instead(cosines, valid, tau, np.einsum("iil->il", cosines / tau).mean(1))

    def wrong_axis(cosines: np.ndarray, valid: np.ndarray, tau: float) -> float:
        return instead(cosines, valid, tau, np.log(np.einsum("iil->i", np.exp(cosines[:, ::-1] / tau))))

    def reshaped(cosines: np.ndarray, valid: np.ndarray, tau: float) -> float:
        size, _, lines = cosines.shape
        strange = cosines.reshape(size, lines, size).transpose(0, 2, 1)
        return instead(cosines, valid, tau, np.log(np.einsum("iil->i", np.exp(strange / tau))))

    mistakes = [
        Mistake(lambda c, v, t: _losses(c, v, 1 / t, own_count=0.0)[v].mean(),
                "the right lines are missing from the denominator. It is a sum over all that one could choose, so that "
                "the quotient is a share, and the loss never below 0."),
        Mistake(lambda c, v, t: _losses(c, v, 1 / t, own_count=2.0)[v].mean(),
                "the right lines are counted twice: that is the released form, which cannot fall below ln 2. As "
                "printed they are in the denominator once."),
        Mistake(lambda c, v, t: _losses(c, v, t)[v].mean(),
                "you multiply by the temperature. Divide: a small temperature makes differences large."),
        Mistake(lambda c, v, t: _losses(c, v, math.log(1 / t))[v].mean(),
                "the scale is ln(1/tau). Some programs store their scale as a logarithm, and take its exponential "
                "before they use it; here it is 1/tau."),
        Mistake(lambda c, v, t: _losses(c, v, 1.0)[v].mean(), "no temperature is used. Divide the cosines by it."),
        Mistake(sum_of_logs,
                "this is a mean of logarithms, which asks that every line fit. Add the exponentials of a clip's lines "
                "first: one of them should fit."),
        Mistake(wrong_axis, "the numerator holds the lines of another clip. A clip's own are cosines[i, i]."),
        Mistake(reshaped,
                "the numerator holds lines of other clips: the axes are clip, clip of the line, line. Reshaping them "
                "in another order reads other numbers; cosines[i, i] are a clip's own."),
        Mistake(lambda c, v, t: _losses(c, v, 1 / t).mean(),
                "the mean is over all clips. One without lines has no loss of its own."),
        Mistake(lambda c, v, t: (_losses(c, v, 1 / t) * v).mean(),
                "clips without lines add 0 and are counted all the same. Divide by how many have lines."),
        Mistake(lambda c, v, t: _losses(c, np.ones_like(v), 1 / t)[v].mean(),
                "lines that do not exist are negatives here. Leave out those of clips that have none."),
        Mistake(lambda c, v, t: _losses(c, v, 1 / t, column_count=0.0)[v].mean(),
                "the denominator holds a clip against all lines, and not yet its lines against all clips."),
        Mistake(lambda c, v, t: (_losses(c, v, 1 / t) + math.log(c.shape[2]))[v].mean(),
                "the numerator is a mean over a clip's lines. It is their sum."),
        Mistake(lambda c, v, t: _losses(c, v, 1 / t)[v].sum(), "that is the sum over clips. Asked for is the mean."),
        Mistake(lambda c, v, t: -right(c, v, t), "the sign is turned: the loss is minus the logarithm of a share."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    inputs = []
    for size, count, tau in ((4, 2, 0.2), (5, 3, 0.5), (6, 4, 0.3)):
        valid = np.arange(size) != 1
        valid[-1] = size == 5
        inputs.append((random.uniform(-1, 1, (size, size, count)), valid, tau))
    print(grade(answer, right, inputs, mistakes))


def chance(answer: Function) -> None:
    """``answer(clips, narrated, lines)``: the released MIL-NCE of a model to which all looks alike."""

    def right(clips: int, narrated: int, lines: int) -> float:
        return math.log(clips + narrated)

    mistakes = [
        Mistake(lambda b, n, c: math.log(2 * b),
                "windows without lines are counted as if they had some. Which terms of the denominator exist?"),
        Mistake(lambda b, n, c: math.log(2 * n),
                "a window without lines is still a clip, against which another window's lines are compared."),
        Mistake(lambda b, n, c: math.log((b + n) * c),
                "you have counted the terms of the denominator. How many of them does the numerator hold?"),
        Mistake(lambda b, n, c: math.log(b + n - 1),
                "that is the printed form. In the released one the right answer is counted in both directions."),
        Mistake(lambda b, n, c: math.log(b), "that is one direction only. The denominator holds both."),
        Mistake(lambda b, n, c: math.log(b) + math.log(n),
                "that is the sum of two losses, one for each direction. Here both share one denominator."),
        Mistake(lambda b, n, c: math.log2(b + n), "the logarithm is the natural one."),
        Mistake(lambda b, n, c: 0.0, "0 is a perfect loss, not that of a model that knows nothing."),
    ]  # fmt: skip
    print(grade(answer, right, [(40, 32, 4), (8, 5, 2), (100, 60, 5)], mistakes))
