"""Imports point one way: arrows between parts of the package are those that CONTRIBUTING.md prints, and none turns."""

import itertools
import re

import pytest
from helpers import syntax

BLOCK = re.compile(r"```text\n# part: what it may import\n(.*?)```", re.DOTALL)


def allowed() -> dict[str, set[str]]:
    """For each part of the package, which others it may import, as CONTRIBUTING.md says."""
    block = BLOCK.search((syntax.ROOT / "CONTRIBUTING.md").read_text())
    assert block, "CONTRIBUTING.md prints no layers"
    rows = (line.split(":") for line in block[1].splitlines())
    return {part.strip(): set(others.split()) for part, others in rows}


def part(module: str) -> str:
    """The part that a module belongs to: the first name below the package, or the package itself."""
    return module.split(".")[1] if "." in module else module


def arrows(texts: dict[str, str], packages: frozenset[str] = frozenset()) -> dict[str, set[str]]:
    """What each module imports, from its source; ``packages`` are those whose source is an ``__init__``."""
    names = set(texts)
    return {name: syntax.imports(text, name, names, name in packages) for name, text in texts.items()}


def violations(graph: dict[str, set[str]]) -> list[str]:
    """Arrows between parts that are not allowed."""
    may = allowed()
    return [
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in sorted(targets)
        if part(target) not in {part(module), *may[part(module)]}
    ]


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, by way of others or not (Tarjan's components of more than one)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for target in graph[module]:
            if target not in order:
                visit(target)
            if target in stack:
                low[module] = min(low[module], low[target])
        if low[module] == order[module]:
            place = stack.index(module)
            groups.append(sorted(stack[place:]))
            del stack[place:]

    for module in graph:
        if module not in order:
            visit(module)
    return [group for group in groups if len(group) > 1]


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """The package as it is, lazy imports and those for type checks included."""
    files = syntax.modules()
    packages = frozenset(name for name, path in files.items() if path.name == "__init__.py")
    return arrows({name: path.read_text() for name, path in files.items()}, packages)


def test_every_part_has_a_line(graph: dict[str, set[str]]) -> None:
    assert set(allowed()) == {part(module) for module in graph}


def test_no_arrow_points_up_the_street(graph: dict[str, set[str]]) -> None:
    assert violations(graph) == []


def test_the_list_has_no_arrow_that_nobody_needs(graph: dict[str, set[str]]) -> None:
    """Or it would allow more than the code asks for."""
    used = {(part(module), part(target)) for module, targets in graph.items() for target in targets}
    spare = [f"{here}: {there}" for here, others in allowed().items() for there in others if (here, there) not in used]
    assert spare == []


def test_no_import_turns_in_a_circle(graph: dict[str, set[str]]) -> None:
    """Of modules. The package hands out a few names of parts above it when they are asked for: no import of its own."""
    assert cycles(graph | {"vatt_edu": set()}) == []


def test_the_list_itself_has_an_order() -> None:
    below = {here: set(others) for here, others in allowed().items() if here != "vatt_edu"}
    assert cycles(below) == []


@pytest.mark.parametrize(
    "line",
    [
        "import {target}",
        "from {parent} import {name}",
        "def f():\n    from {target} import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {target} import X",
        "import importlib\nimportlib.import_module('{target}')",
        "importlib.import_module('.{tail}', 'vatt_edu')",
        "importlib.import_module(f'{parent}.{{name}}')",
        "load('{target}:main')",
        "load('{target}.main')",
        "from ..{tail} import x",
    ],
)
def test_a_planted_arrow_is_seen(line: str) -> None:
    """For each pair of parts of which one must not import the other, and each way to write it."""
    may = allowed()
    for here, there in itertools.permutations(may, 2):
        if there in may[here] or "vatt_edu" in (here, there):
            continue
        module, target = f"vatt_edu.{here}.inner", f"vatt_edu.{there}.inner"
        parent, _, name = target.rpartition(".")
        planted = line.format(target=target, parent=parent, name=name, tail=target.removeprefix("vatt_edu."))
        (seen,) = violations(arrows({module: planted, target: "", parent: ""}))
        assert seen in (f"{module} imports {target}", f"{module} imports {parent}")


@pytest.mark.parametrize("line", ["import vatt_edu", "from vatt_edu import VATT", "import_module(f'vatt_edu.{name}')"])
def test_the_package_itself_is_no_way_around(line: str) -> None:
    """Whoever imports the package has all that it hands out."""
    for here in set(allowed()) - {"vatt_edu"}:
        module = f"vatt_edu.{here}.inner"
        assert violations(arrows({module: line, "vatt_edu": ""})) == [f"{module} imports vatt_edu"]


def test_a_planted_circle_is_seen() -> None:
    circle = {
        "vatt_edu.data.a": "import vatt_edu.data.b",
        "vatt_edu.data.b": "def f():\n    import vatt_edu.data.c",
        "vatt_edu.data.c": "from vatt_edu.data import a",
        "vatt_edu.data.d": "import vatt_edu.data.a",
    }
    assert cycles(arrows(circle)) == [["vatt_edu.data.a", "vatt_edu.data.b", "vatt_edu.data.c"]]
