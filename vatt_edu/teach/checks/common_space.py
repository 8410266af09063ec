"""Graders of the exercises in *Common space*."""

import numpy as np

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def embed(answer: Function) -> None:
    """``answer(x, A, mean, var, gamma, beta)``: a dense layer without bias, batch norm in eval mode, l2."""
    eps = 1e-5

    def normed(y: np.ndarray, mean: np.ndarray, var: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return (y - mean) / np.sqrt(var + eps) * gamma + beta

    def right(x: np.ndarray, A: np.ndarray, *norm: np.ndarray) -> np.ndarray:
        return _unit(normed(x @ A, *norm))

    def own_statistics(
        x: np.ndarray, A: np.ndarray, mean: np.ndarray, var: np.ndarray, gamma: np.ndarray, beta: np.ndarray
    ) -> np.ndarray:
        y = x @ A
        return _unit(normed(y, y.mean(0), y.var(0), gamma, beta))

    def bias_before(
        x: np.ndarray, A: np.ndarray, mean: np.ndarray, var: np.ndarray, gamma: np.ndarray, beta: np.ndarray
    ) -> np.ndarray:
        return _unit((x @ A + beta - mean) / np.sqrt(var + eps) * gamma)

    def no_root(
        x: np.ndarray, A: np.ndarray, mean: np.ndarray, var: np.ndarray, gamma: np.ndarray, beta: np.ndarray
    ) -> np.ndarray:
        return _unit((x @ A - mean) / (var + eps) * gamma + beta)

    def whole_length(x: np.ndarray, A: np.ndarray, *norm: np.ndarray) -> np.ndarray:
        y = normed(x @ A, *norm)
        return y / np.linalg.norm(y)

    mistakes = [
        Mistake(lambda x, A, *norm: normed(x @ A, *norm),
                "the rows are not of length 1, so long ones will win every dot product. What is the last step?"),
        Mistake(lambda x, A, *norm: normed(_unit(x @ A), *norm),
                "length 1 comes too early: batch norm changes it again. Divide by the length at the end."),
        Mistake(own_statistics,
                "these are the batch's own mean and variance, so a clip's vector depends on its neighbors. Which "
                "statistics does eval mode use?"),
        Mistake(bias_before, "beta stands before the norm, where subtracting a mean can undo it. Add it after."),
        Mistake(no_root, "you divide by the variance; batch norm divides by its root."),
        Mistake(whole_length, "you divide by the length of the whole array. Each row has a length of its own."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    inputs = []
    for rows, width, out in ((5, 4, 3), (3, 2, 6)):
        x, A = random.normal(size=(rows, width)), random.normal(size=(width, out))
        mean, beta, gamma = random.normal(size=(3, out))
        inputs.append((x, A, mean, random.uniform(0.5, 2.0, out), gamma, beta))
    print(grade(answer, right, inputs, mistakes))


def film_similarity(answer: Function) -> None:
    """``answer(windows, sentence)``: cosine of a sentence and a film, the mean of its windows' directions."""

    def right(windows: np.ndarray, sentence: np.ndarray) -> float:
        return float(_unit(_unit(windows).mean(0)) @ _unit(sentence))

    mistakes = [
        Mistake(lambda w, s: w.mean(0) @ s,
                "nothing has length 1 here: this is a dot product, which grows with every length."),
        Mistake(lambda w, s: _unit(w).mean(0) @ _unit(s),
                "the mean of unit vectors is shorter than 1, the more they differ the shorter. Normalize once more."),
        Mistake(lambda w, s: _unit(w.mean(0)) @ _unit(s),
                "a long window counts for more than a short one. Make each window a direction before you average."),
        Mistake(lambda w, s: _unit(_unit(w).mean(0)) @ s,
                "the film is a direction, the sentence still has its own length."),
        Mistake(lambda w, s: (_unit(w) @ _unit(s)).max(), "that is the best window. Asked for is the whole film."),
    ]  # fmt: skip
    random = np.random.default_rng(1)
    inputs = [
        (random.normal(size=(count, 5)) * random.uniform(0.5, 3.0, (count, 1)), 2 * random.normal(size=5))
        for count in (4, 2, 3)
    ]
    print(grade(answer, right, inputs, mistakes))
