"""From the table of contents one can guess the package, and the other way round."""

import ast
import re
from pathlib import Path

import pytest

from tools import audit

ROOT = Path(__file__).parents[2]
CHAPTERS = {chapter.name: chapter for chapter in audit.chapters()}

# Model chapters, in the book's order, and the single-concept modules that each is about.
MODULES = {
    "tokenization": ("tokens",),
    "positional_encoding": ("positions",),
    "droptoken": ("droptoken",),
    "transformer_encoder": ("encoder",),
    "specific_or_agnostic": ("model", "towers"),
    "common_space": ("common_space",),
    "contrastive_losses": ("losses",),
}
FIRST_CELLS = 5


def title(chapter: audit.Chapter) -> str:
    return re.search(r"^# (.+)$", chapter.prose, re.MULTILINE)[1]


@pytest.mark.parametrize("name", MODULES)
def test_a_chapter_names_its_modules_in_its_first_lines(name: str) -> None:
    beginning = "\n".join(CHAPTERS[name].sources("markdown")[:FIRST_CELLS])
    for module in MODULES[name]:
        assert f"`vatt_edu/{module}.py`" in beginning, module


@pytest.mark.parametrize("name", MODULES)
def test_a_module_names_its_chapter_in_its_docstring(name: str) -> None:
    for module in MODULES[name]:
        docstring = ast.get_docstring(ast.parse((ROOT / "vatt_edu" / f"{module}.py").read_text()))
        assert f"chapter *{title(CHAPTERS[name])}*" in " ".join(docstring.split()), module


def test_chapters_stand_in_the_order_of_the_data() -> None:
    contents = re.findall(r"file: (\w+)", (ROOT / "book" / "_toc.yml").read_text())
    assert [name for name in contents if name in MODULES] == list(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_chapter_shows_the_model_with_its_part_lit(name: str) -> None:
    code = "\n".join(CHAPTERS[name].sources("code"))
    assert f'interactive.show_model("{name}")' in code


@pytest.mark.parametrize("name", list(MODULES)[1:])
def test_a_chapter_links_to_the_one_before(name: str) -> None:
    before = list(MODULES)[list(MODULES).index(name) - 1]
    assert f"]({before}.ipynb" in CHAPTERS[name].prose
