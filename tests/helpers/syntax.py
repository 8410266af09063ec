"""Syntax trees of the repository: its modules, what they import, and the values that they name."""

import ast
import json
import re
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "vatt_edu"

_MODULE = re.compile(rf"{PACKAGE}(\.\w+)+(:\w+)?")


def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    files = sorted((ROOT / PACKAGE).rglob("*.py"))
    return {dotted(path): path for path in files}


def dotted(path: Path) -> str:
    """The dotted name of a file of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, name: str, every_module: set[str], is_package: bool = False) -> set[str]:
    """The package's modules that a source imports: lazily, for type checks, or by a name in a string, too.

    Args:
        source: Python.
        name: Dotted name of the module, for relative imports.
        every_module: All modules; ``from a import b`` is an import of ``a.b`` where that is one.
        is_package: Whether the source is an ``__init__``.
    """
    targets: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = name.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
                base = ".".join([*parts, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                targets.add(inner if inner in every_module else base)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            # A module that is named in a string is loaded by that name; so is one that holds what the string names.
            text = node.value.partition(":")[0]
            targets |= {text} & every_module or {text.rpartition(".")[0]} & every_module
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            start = str(node.values[0].value)  # what follows it is not known: as much as is written counts
            targets |= {start.rpartition(".")[0]} & every_module if start.startswith(f"{PACKAGE}.") else set()
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            words = [word.value for word in node.args if isinstance(word, ast.Constant)]
            if len(words) == 2 and str(words[0]).startswith("."):
                targets.add(resolve_name(*words))
    return {target for target in targets if target in every_module} - {name}


def sources() -> Iterator[tuple[Path, str]]:
    """Every Python file of the repository, and each notebook's code as one file."""
    for folder in (PACKAGE, "tests", "tools", "benchmarks", "_ext"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text()
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        yield path, "\n".join(re.sub(r"^[%!].*$", "", cell, flags=re.MULTILINE) for cell in code)


def value_names(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every value that a source names: variables, arguments, attributes, keywords, loop targets."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.value.lineno, node.arg
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.lineno, node.rest
        elif isinstance(node, ast.MatchClass):
            yield from ((node.lineno, name) for name in node.kwd_attrs)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from ((node.lineno, name) for name in node.names)
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname
