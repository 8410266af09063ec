"""The appendix API: every public name of the main modules is in it, with a chapter, as Python sees it."""

import importlib
import inspect
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import vatt_edu
from tools import audit
from vatt_edu.errors import UserError
from vatt_edu.teach.appendix import reference

ROOT = Path(__file__).parents[2]
PAGE = next(chapter for chapter in audit.chapters() if chapter.name == "api")
SINGLE = sorted(
    path.relative_to(ROOT / "vatt_edu").with_suffix("").as_posix().replace("/", ".")
    for pattern in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["report"]["include"]
    for path in ROOT.glob(pattern)
    if path.name != "__init__.py"
)


def defined(module: ModuleType) -> set[str]:
    """Public functions and classes that a module defines itself, or hands on in ``__all__``."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    }


@pytest.mark.parametrize("module", SINGLE)
def test_every_single_concept_module_is_in(module: str) -> None:
    """They are those whose coverage is asked for in pyproject.toml."""
    assert module in reference.CHAPTERS


@pytest.mark.parametrize("module", reference.CHAPTERS)
def test_every_public_name_is_in(module: str) -> None:
    names = {entry.name for entry in reference.entries(module)}
    assert defined(importlib.import_module(f"vatt_edu.{module}")) - names == set()


@pytest.mark.parametrize("module", reference.CHAPTERS)
def test_functions_have_a_docstring_and_their_arguments(module: str) -> None:
    for entry in reference.entries(module):
        value = vars(importlib.import_module(f"vatt_edu.{module}")).get(entry.name)
        if inspect.isfunction(value) and not entry.signature.startswith(" = "):  # an alias
            assert entry.doc
            for name in inspect.signature(value).parameters:
                assert re.search(rf"\b{name}\b", entry.signature), (entry.name, name)


def test_every_name_of_the_package_has_a_home_that_has_it() -> None:
    homes = reference.homes()
    assert list(homes) == list(vatt_edu.__all__)
    for name, module in homes.items():
        assert module in reference.CHAPTERS
        home = importlib.import_module(f"vatt_edu.{module}")
        assert getattr(vatt_edu, name) is getattr(home, name, home)


def test_every_chapter_is_one_of_the_book() -> None:
    written = {path.stem for path in audit.BOOK.iterdir()}
    assert set(reference.CHAPTERS.values()) <= written | set(audit.KINDS)


def test_chapters_are_those_that_the_modules_name() -> None:
    """Where a module's docstring says ``chapter *Title*``, the page leads there."""
    from vatt_edu.teach.appendix.chapters import title

    says = 0
    for module, chapter in reference.CHAPTERS.items():
        match = re.search(r"chapter \*([^*]+)\*", inspect.getdoc(importlib.import_module(f"vatt_edu.{module}")) or "")
        if match:
            says += 1
            assert title(chapter) == match[1], module
    assert says >= 6


def test_the_page_shows_every_module_once_under_its_heading() -> None:
    code = "\n".join(PAGE.sources("code"))
    assert re.findall(r'reference\.show\("([\w.]+)"\)', code) == list(reference.CHAPTERS)
    assert re.findall(r"^## `vatt_edu\.([\w.]+)`$", PAGE.prose, re.MULTILINE) == list(reference.CHAPTERS)
    assert "reference.show_all()" in code


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"no module vatt_edu\.speech"):
        reference.entries("speech")
