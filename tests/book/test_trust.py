"""What makes the book trustworthy: no typed result, no orphan equation or exercise, no dead link, no missed floor."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from tools import audit
from vatt_edu.teach import checks

CHAPTERS = audit.chapters()
PAGES = audit.pages()


def named(chapter: audit.Chapter) -> str:
    return chapter.name


def graders(chapter: str) -> list[str]:
    """Names of the graders of a chapter's exercises."""
    module = importlib.import_module(f"vatt_edu.teach.checks.{chapter}")
    functions = inspect.getmembers(module, inspect.isfunction)
    return [name for name, value in functions if value.__module__ == module.__name__ and not name.startswith("_")]


@pytest.mark.parametrize("page", PAGES)
def test_no_typed_numbers(page: str) -> None:
    """A number that was measured comes from a cell or a file, never from a keyboard."""
    assert audit.typed_numbers(PAGES[page]) == []


def test_typed_numbers_are_seen_and_others_are_not() -> None:
    assert audit.typed_numbers("It reaches 57%. It took 3.5 hours. Twice as fast: 2 ×. It needs 4 GB.") != []
    assert len(audit.typed_numbers("It reaches 57%. It took 3.5 hours. It needs 4 GB, in 20 ms.")) == 3
    fine = "Words of $0.5$ and `1.5 s` in 8 rows; see Table 3, where 57.5% stands. A byte of 51, 48,000 samples."
    assert audit.typed_numbers(fine) == []
    assert audit.typed_numbers("```python\nx = 0.5\n```\n") == []
    assert len(audit.typed_numbers("```{admonition} Note\n:class: tip\nIt took 0.5 hours.\n```\n")) == 1


BLANK_BEFORE_PERCENT = re.compile(r"[\d}*][ ~\N{NO-BREAK SPACE}]%(?! ?[\w(])")  # not Python's remainder


@pytest.mark.parametrize("page", PAGES)
def test_percent_signs_stand_at_their_numbers(page: str) -> None:
    """97%, as American books set it: in prose, and in what cells write."""
    cells = next((chapter.sources("code") for chapter in CHAPTERS if f"{chapter.name}.ipynb" == page), [])
    assert BLANK_BEFORE_PERCENT.findall("\n".join([PAGES[page], *cells])) == []


def test_a_blank_before_a_percent_sign_is_seen() -> None:
    assert BLANK_BEFORE_PERCENT.search('f"{100 * share:.0f} %."')
    assert BLANK_BEFORE_PERCENT.search("**97 %**")
    assert not BLANK_BEFORE_PERCENT.search("n = 97 % 8; it is 97% of R@5, % and 6 % (2 + 3)")


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_no_floor_is_missed(chapter: audit.Chapter) -> None:
    """Guesses, questions, exercises, solutions, live figures: what a chapter of this kind has at least."""
    assert audit.short(chapter, None) == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_every_guess_is_answered(chapter: audit.Chapter) -> None:
    code = "\n".join(chapter.sources("code"))
    guesses = re.findall(r"(\w+) = interactive\.guess\(", code)
    assert len(guesses) == chapter.counts["guesses"]
    assert [name for name in guesses if f"{name}.answer(" not in code] == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_no_orphan_equation(chapter: audit.Chapter) -> None:
    """A displayed equation has a label, and a cell with an assertion that checks it; and the other way round."""
    labels = list(chapter.equations())
    assert None not in labels, "an equation without a label"
    assert len(set(labels)) == len(labels)
    assert set(labels) == chapter.checked()


def test_equations_have_labels_of_their_own() -> None:
    """A label that two chapters have leads to one of them."""
    labels = [label for chapter in CHAPTERS for label in chapter.equations()]
    assert sorted({label for label in labels if labels.count(label) > 1}) == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_exercises_have_a_label_and_no_typed_number(chapter: audit.Chapter) -> None:
    exercises = re.findall(r"\{exercise\}(.*)\n(.*)", chapter.prose)
    assert all(line.startswith(":label: exercise-") for _, line in exercises)
    assert not re.search(r"\bExercise \d", chapter.prose)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_every_exercise_has_a_stub_a_grader_and_a_solution(chapter: audit.Chapter) -> None:
    code = chapter.sources("code")
    for grader in set(re.findall(r"(?<![\w.])checks\.(\w+)\(", "\n".join(code))):
        assert grader in graders(chapter.name), grader
        answers = [source for source in code if f"checks.{grader}(" in source]
        assert len(answers) == 2, f"{grader}: a stub and a solution"
        assert "..." in answers[0]
        assert "..." not in answers[1]


@pytest.mark.parametrize("name", sorted({module.name for module in pkgutil.iter_modules(checks.__path__)} - {"grade"}))
def test_every_grader_has_an_exercise(name: str) -> None:
    code = "\n".join(source for chapter in CHAPTERS if chapter.name == name for source in chapter.sources("code"))
    assert [grader for grader in graders(name) if f"checks.{grader}(" not in code] == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_every_figure_says_what_it_shows(chapter: audit.Chapter) -> None:
    """The last argument of each ``show`` of a figure is a sentence, typed or computed."""
    for source in chapter.sources("code"):
        for call in ast.walk(ast.parse(source)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("figures.show", "interactive.show"):
                words = call.args[-1]
                typed = isinstance(words, ast.Constant) and len(words.value) > 20
                assert typed or isinstance(words, ast.JoinedStr), f"no alternative text: {ast.unparse(call)[:80]}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Links to other pages name a page, and an anchor in it that exists; pictures say what they show."""
    for words, target in re.findall(r"!?\[([^\]]*)\]\(([^)\s]+)\)", PAGES[page]):
        assert words.strip(), f"a link to {target} without words"
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        assert not name or (audit.BOOK / name).exists(), target
        if anchor:
            text = PAGES[name or page]
            headings = [
                re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-")
                for h in re.findall(r"^#+ (.*)$", text, re.M)
            ]
            assert anchor in headings, target


@pytest.mark.parametrize("chapter", CHAPTERS, ids=named)
def test_citations_are_in_the_bibliography(chapter: audit.Chapter) -> None:
    entries = re.findall(r"^@\w+\{([^,]+),", (audit.BOOK / "references.bib").read_text(encoding="utf-8"), re.M)
    citations = [
        key.strip() for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", chapter.prose) for key in keys.split(",")
    ]
    assert [key for key in citations if key not in entries] == []


def test_audit_prints_a_row_a_chapter(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert audit.main() == 0
    printed = capsys.readouterr().out
    assert all(chapter.name in printed for chapter in CHAPTERS)


def test_audit_sees_what_is_missing() -> None:
    cells = [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": ["```{exercise}\nWrite.\n```\n$$x$$\n"],
        },
        {"cell_type": "code", "id": "b", "metadata": {}, "source": ["quiz('?', [])\n"] + ["1\n"] * 25},
    ]
    missing = " ".join(audit.short(audit.Chapter("raw_signals", cells), 200))
    expected = ("guesses 0 < 1", "questions 1 < 2", "live 0 < 1", "words", "longest 26 > 20", "run time 200 s > 180 s")
    for what in (*expected, "solutions 0 < exercises 1"):
        assert what in missing
