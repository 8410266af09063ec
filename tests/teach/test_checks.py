"""Graders: the reference passes; the stub and every wrong answer that a learner would give gets the hint that fits."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
from helpers import answers

from vatt_edu.teach import checks

CHAPTERS = [module.name for module in pkgutil.iter_modules(answers.__path__)]
ANSWERS = [importlib.import_module(f"helpers.answers.{name}") for name in CHAPTERS]
REFERENCES = [pair for module in ANSWERS for pair in module.REFERENCES]
WRONG = [case for module in ANSWERS for case in module.WRONG]
Capture = pytest.CaptureFixture[str]


def named(grader: Callable) -> str:
    return f"{grader.__module__.rsplit('.', 1)[1]}.{grader.__name__}"


each_reference = pytest.mark.parametrize(
    ("grader", "answer"), REFERENCES, ids=[named(grader) for grader, _ in REFERENCES]
)


def verdict(grader: Callable[[Any], None], answer: Callable[..., Any], capsys: Capture) -> str:
    grader(answer)
    return capsys.readouterr().out


def changed(value: Any, by: float) -> Any:
    """A result with every number in it off by that share and by that much."""
    if isinstance(value, list | tuple):
        return type(value)(changed(item, by) for item in value)
    return value * (1 + by) + by


def test_each_chapter_with_graders_has_answers() -> None:
    graded = {module.name for module in pkgutil.iter_modules(checks.__path__)} - {"grade"}
    assert graded == set(CHAPTERS)


@each_reference
def test_the_right_answer_passes(grader: Callable, answer: Callable, capsys: Capture) -> None:
    assert verdict(grader, answer, capsys).startswith("Right")


@each_reference
def test_the_stub_is_told_so(grader: Callable, answer: Callable, capsys: Capture) -> None:
    assert "nothing comes back" in verdict(grader, lambda *_: ..., capsys)
    assert "nothing comes back" in verdict(grader, lambda *_: None, capsys)


@each_reference
def test_an_answer_that_stops_is_told_where(grader: Callable, answer: Callable, capsys: Capture) -> None:
    def stops(*_: Any) -> Any:
        raise IndexError("list index out of range")

    message = verdict(grader, stops, capsys)
    assert "IndexError: list index out of range" in message
    assert "Right" not in message


@each_reference
def test_an_answer_a_little_off_is_not_right(grader: Callable, answer: Callable, capsys: Capture) -> None:
    """One part in a thousand is a mistake, one in a hundred million is rounding."""
    assert verdict(grader, lambda *a: changed(answer(*a), 1e-3), capsys).startswith("Not yet")
    assert verdict(grader, lambda *a: changed(answer(*a), 1e-8), capsys).startswith("Right")


@pytest.mark.parametrize(("grader", "answer", "hint"), WRONG, ids=[f"{named(g)}-{h}" for g, _, h in WRONG])
def test_a_wrong_answer_gets_the_hint_that_fits(grader: Callable, answer: Callable, hint: str, capsys: Capture) -> None:
    message = verdict(grader, answer, capsys)
    assert message.startswith("Not yet")
    assert hint in message


def test_an_answer_cannot_pass_by_changing_its_input(capsys: Capture) -> None:
    grader, nearest = next(pair for pair in REFERENCES if pair[0].__name__ == "nearest")

    def spoil(centers: list[float], time: float, count: int) -> list[int]:
        numbers = list(nearest(centers, time, count))
        centers.clear()
        return numbers

    assert verdict(grader, spoil, capsys).startswith("Right")
