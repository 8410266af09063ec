"""The failure museum: symptoms, cures, and tests that catch; each wrong version is put into the package for that."""

import functools
import inspect
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import audit
from vatt_edu.teach.museum import page
from vatt_edu.teach.museum.catalog import EXHIBITS
from vatt_edu.teach.museum.exhibit import SEEDS, Curve, Exhibit, separation

ROOT = Path(__file__).parents[2]
ALL = pytest.mark.parametrize("exhibit", EXHIBITS.values(), ids=lambda exhibit: exhibit.name)


@functools.cache
def curves(name: str) -> tuple[list[Curve], list[Curve]]:
    return EXHIBITS[name].run(sick=True), EXHIBITS[name].run(sick=False)


def test_there_are_at_least_twelve() -> None:
    assert len(EXHIBITS) >= 12
    assert len(SEEDS) >= 5


@ALL
def test_the_symptom_shows_and_the_cure_helps(exhibit: Exhibit) -> None:
    """At every seed the sick lie beyond the limit and the cured before it."""
    sick, cured = ([curve[-1] for curve in runs] for runs in curves(exhibit.name))
    sign = 1 if exhibit.sick_above else -1
    assert min(sign * (value - exhibit.limit) for value in sick) > 0
    assert max(sign * (value - exhibit.limit) for value in cured) < 0


@ALL
def test_sick_and_cured_differ_by_more_than_seeds_do(exhibit: Exhibit) -> None:
    distance, spread = separation(*curves(exhibit.name))
    assert distance > spread


def test_separation_by_hand() -> None:
    assert separation([[0.0, 5.0], [0.0, 7.0]], [[1.0], [2.0]]) == (4.5, 2.0)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the named tests raise with each wrong version in the package, from one process of pytest."""
    file = tmp_path_factory.mktemp("museum") / "outcomes.json"
    names = sorted({exhibit.test for exhibit in EXHIBITS.values()})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "helpers.wrong_versions", "-p", "no:cacheprovider", *names]
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    environment = {**os.environ, "WRONG_VERSIONS": str(file), "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    written: dict[str, list[str]] = json.loads(file.read_text())
    return written


@ALL
def test_the_named_test_catches_it(exhibit: Exhibit, outcomes: dict[str, list[str]]) -> None:
    """By an assertion that fails, not by a wrong version that stops."""
    assert "AssertionError" in outcomes[exhibit.name]
    assert set(outcomes[exhibit.name]) <= {"", "AssertionError"}


@ALL
def test_a_wrong_version_leaves_no_trace(exhibit: Exhibit) -> None:
    owner, name = exhibit.place()
    before = inspect.getattr_static(owner, name)
    with exhibit.installed():
        assert inspect.getattr_static(owner, name) is exhibit.wrong
    assert inspect.getattr_static(owner, name) is before


@ALL
def test_it_has_the_arguments_of_what_it_replaces(exhibit: Exhibit) -> None:
    owner, name = exhibit.place()
    right = inspect.signature(inspect.getattr_static(owner, name))
    assert list(inspect.signature(exhibit.wrong).parameters) == list(right.parameters)


@ALL
def test_its_source_is_shown_whole(exhibit: Exhibit) -> None:
    source = exhibit.source()
    assert source.startswith(f"def {exhibit.name}(")
    assert '"""' not in source
    compile(source, exhibit.name, "exec")


@ALL
def test_its_caption_gives_both_values(exhibit: Exhibit) -> None:
    sick, cured = curves(exhibit.name)
    text = page.caption(exhibit, {page.SICK: sick, page.CURED: cured})
    for runs in (sick, cured):
        assert page.short(sum(curve[-1] for curve in runs) / len(runs)) in text


def test_the_page_shows_each_once_under_a_heading() -> None:
    cells: list[dict[str, Any]] = next(one for one in audit.chapters() if one.name == "failure_museum").cells
    order = []
    for before, cell in itertools.pairwise(cells):
        match = re.search(r'museum\.show\("(\w+)"\)', "".join(cell["source"]))
        if match:
            order.append(match[1])
            assert re.match(r"(## .+\n\n.*)?### .+\n\n.{80,}", "".join(before["source"]), re.DOTALL), match[1]
    assert order == list(EXHIBITS)
