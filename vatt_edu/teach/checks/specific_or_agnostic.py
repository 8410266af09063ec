"""Graders of the exercises in *Specific or agnostic*."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from vatt_edu.teach.checks.grade import Function, Mistake, grade

Row = tuple[str, int, int]
Gradient = Sequence[Float[np.ndarray, "..."]]


def count(answer: Function) -> None:
    """``answer(rows)``: the numbers of a model, each tensor once, from (name, address, size) of all that is named."""

    def right(rows: Sequence[Row]) -> int:
        return sum({address: size for _, address, size in rows}.values())

    def by_size(rows: Sequence[Row]) -> int:
        return sum({size for *_, size in rows})

    def by_last_name(rows: Sequence[Row]) -> int:
        return sum({name.rsplit(".", 1)[-1]: size for name, _, size in rows}.values())

    def by_tail(rows: Sequence[Row]) -> int:
        return sum({name.split(".", 1)[-1]: size for name, _, size in rows}.values())

    def without_words(rows: Sequence[Row]) -> int:
        return right([row for row in rows if row[0] != "text.tokenizer.weight"])

    def only_once(rows: Sequence[Row]) -> int:
        places = [address for _, address, _ in rows]
        return sum(size for _, address, size in rows if places.count(address) == 1)

    mistakes = [
        Mistake(lambda rows: sum(size for *_, size in rows),
                "the shared encoder is counted three times. Which tensors are one and the same?"),
        Mistake(by_tail,
                "each tower has an AGG vector, a tokenizer and projections of its own: names alone do not tell what "
                "is shared."),
        Mistake(by_last_name,
                "each tower has an AGG vector, a tokenizer and projections of its own: names alone do not tell what "
                "is shared."),
        Mistake(by_size, "two tensors of one size need not be one tensor. The address tells."),
        Mistake(without_words, "the table of words is missing. It is part of the model, whether it is trained or not."),
        Mistake(only_once, "what has several names is missing altogether. It should be counted, once."),
        Mistake(lambda rows: len({address for _, address, _ in rows}),
                "that is how many tensors there are. Asked for is how many numbers they hold."),
    ]  # fmt: skip
    print(grade(answer, right, [(_rows(128, 90, 7),), (_rows(12, 40, 5),)], mistakes))


def _rows(width: int, words: int, layers: int) -> list[Row]:
    """Names, addresses and sizes as an agnostic model has them whose encoder was registered three times."""
    rows, address = [], 1_000
    for tower in ("video", "audio", "text"):
        pieces = {"video": 768, "audio": 256, "text": words}[tower]  # the text's tokenizer is the table of words
        for name, size in (("agg", width), ("tokenizer.weight", pieces * width), ("pre_projection.bias", width)):
            address += 16
            rows.append((f"{tower}.{name}", address, size))
        rows += [
            (f"{tower}.encoder.layers.{layer}.weight", 9_000 + 16 * layer, 12 * width * width + layer)
            for layer in range(layers)
        ]
        rows.append((f"{tower}.encoder.norm", 9_000 + 16 * layers, width))
    return rows


def cosine(answer: Function) -> None:
    """``answer(first, second)``: the cosine of two gradients, each a list of arrays, one for each tensor."""

    def flat(gradient: Gradient) -> Float[np.ndarray, " P"]:
        return np.concatenate([np.ravel(part) for part in gradient])

    def right(first: Gradient, second: Gradient) -> float:
        a, b = flat(first), flat(second)
        return float(a @ b / math.sqrt((a @ a) * (b @ b)))

    def mean_of_cosines(first: Gradient, second: Gradient) -> float:
        return float(np.mean([right([a], [b]) for a, b in zip(first, second, strict=True)]))

    def squared(first: Gradient, second: Gradient) -> float:
        a, b = flat(first), flat(second)
        return float(a @ b / ((a @ a) * (b @ b)))

    def one_length(first: Gradient, second: Gradient) -> float:
        a, b = flat(first), flat(second)
        return float(a @ b / (a @ a))

    mistakes = [
        Mistake(lambda a, b: float(flat(a) @ flat(b)),
                "that is the inner product, which grows with the gradients. Divide by both lengths."),
        Mistake(mean_of_cosines,
                "a cosine for each tensor, averaged: a bias of a few numbers then counts as much as a large matrix. "
                "Put all numbers into one vector first."),
        Mistake(squared, "divided by the squares of the lengths. A square root is missing."),
        Mistake(one_length, "divided by the length of the first gradient twice. Each has a length of its own."),
        Mistake(lambda a, b: abs(right(a, b)),
                "the sign is lost. Two gradients that pull apart have a negative cosine."),
        Mistake(lambda a, b: right(a[:1], b[:1]), "only the first tensor counts. A gradient has all of them."),
    ]  # fmt: skip
    random = np.random.default_rng(0)
    first, second = ([random.normal(size=shape) for shape in ((3, 4), (4,), (2, 2))] for _ in range(2))
    apart = [-2 * part + 0.3 * other for part, other in zip(first, second, strict=True)]
    print(grade(answer, right, [(first, second), (first, apart), ([np.array([3.0, 4.0])], [np.array([4.0, 0.0])])],
                mistakes))  # fmt: skip
