"""What all graders share: an answer is run, and told that it is right, or which mistake it makes.

A grader knows the right function, inputs that tell right from wrong, and the wrong functions that people write. An
answer that does what one of those does gets the hint that was written for it; any other gets the first input at which
it differs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Mistake:
    """A function that people write, and what to tell them."""

    function: Function
    hint: str


def grade(answer: Function, right: Function, inputs: Sequence[tuple[Any, ...]], mistakes: Sequence[Mistake]) -> str:
    """What is said about an answer; starts with "Right" if and only if it is.

    Args:
        answer: What the reader wrote.
        right: What it should do.
        inputs: Arguments that it is tried with; on some of them, each mistake must differ from ``right``.
        mistakes: Functions that people write.
    """
    expected = [right(*_copies(arguments)) for arguments in inputs]
    outputs = []
    for arguments in inputs:
        try:
            outputs.append(answer(*_copies(arguments)))
        except Exception as error:  # the reader's own code may do anything; it is told what
            return f"Not yet: with {_shown(arguments)} it stops: {type(error).__name__}: {error}"
    if all(value is None or value is Ellipsis for value in outputs):
        return "Not yet: nothing comes back. Does your function end with a return?"
    if all(map(_equal, outputs, expected)):
        return f"Right, for all {len(inputs)} inputs that it was tried with."
    for mistake in mistakes:
        same = all(map(_equal, outputs, [mistake.function(*_copies(arguments)) for arguments in inputs]))
        if same:
            return f"Not yet: {mistake.hint}"
    arguments, value, true = next(
        case for case in zip(inputs, outputs, expected, strict=True) if not _equal(case[1], case[2])
    )
    return f"Not yet: with {_shown(arguments)} it should return {_short(true)}, and returns {_short(value)}."


def _copies(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.copy() if isinstance(value, np.ndarray | list) else value for value in arguments)


def _equal(output: Any, expected: Any) -> bool:
    try:
        a, b = np.asarray(output, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-5, atol=1e-6))


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} that begins {np.round(value.ravel()[:3].astype(float), 3).tolist()}"
    return repr(value)


def _shown(arguments: tuple[Any, ...]) -> str:
    return "(" + ", ".join(_short(value) for value in arguments) + ")"
