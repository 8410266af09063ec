"""Questions: feedback on every option, one open at a time, and none without a right answer."""

import re

import pytest

from vatt_edu.teach import quizzes

OPTIONS = [("one & two", False, "No: `x < 1`."), ("three", True, "Yes, $x^2$.")]


def test_every_option_says_why() -> None:
    page = quizzes.html("Which `one`?", OPTIONS)
    assert len(re.findall("<details", page)) == 2
    assert page.count("<strong>Not quite.</strong> No: <code>x &lt; 1</code>.") == 1
    assert page.count("<strong>Right.</strong> Yes, $x^2$.") == 1
    assert "one &amp; two" in page
    assert page.count("data-right") == 1


def test_words_in_asterisks_are_emphasized_and_products_are_not() -> None:
    page = quizzes.html("Rows *with DSL*, 2 * 3 * 4, `a*b*c`, $x*y*z$?", OPTIONS)
    assert "Rows <em>with DSL</em>, 2 * 3 * 4, <code>a*b*c</code>, $x*y*z$?" in page


def test_one_is_open_at_a_time_and_questions_do_not_meet() -> None:
    first, second = quizzes.html("a", OPTIONS), quizzes.html("b", OPTIONS)
    names = set(re.findall(r'<details name="([^"]+)"', first))
    assert len(names) == 1
    assert names.isdisjoint(re.findall(r'<details name="([^"]+)"', second))


@pytest.mark.parametrize("options", [[("a", False, "no")], [("a", True, "")], [("", True, "yes")], []])
def test_a_question_that_cannot_be_answered_is_refused(options: list) -> None:
    with pytest.raises(ValueError, match="needs a right option"):
        quizzes.html("Which?", options)
