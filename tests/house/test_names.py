"""Names: no past participle for a value, no two modules of one name, shapes on every tensor, no private doors."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import syntax

# What was found is a match, a row, a report: the noun says which.
NO_NOUNS = {"found", "told", "asked", "said", "heard", "known", "listed", "res", "ret"}
ONE_MODULE_EACH = ("media", "probe", "report", "tables", "record")
AT_MOST = 8  # modules in a folder of these parts, beside its __init__
ROOMS = ("data", "minitube", "evaluation")

BARE = {"Tensor", "ndarray", "NDArray"}
SHAPED = {"Bool", "Float", "Float32", "Float64", "Int", "Int16", "Int32", "Int64", "Integer", "Num", "Shaped", "UInt8"}


def participles(source: str) -> list[tuple[int, str]]:
    return [(line, name) for line, name in syntax.value_names(source) if name.strip("_") in NO_NOUNS]


def twice_named(source: str) -> list[str]:
    """Names under which a source imports two different modules or values."""
    origins: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            pairs = [(alias.asname or alias.name.split(".")[0], alias.asname and alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            pairs = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
        else:
            continue
        for name, origin in pairs:
            origins.setdefault(name, set()).add(origin or name)
    return sorted(name for name, places in origins.items() if len(places) > 1)


def bare(annotation: ast.expr | None) -> bool:
    """Whether an annotation has a tensor or an array whose shape it does not say."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant) and str(annotation.value).isidentifier():
        return annotation.value in BARE  # a forward reference; any other text is that of a shape or a Literal
    if isinstance(annotation, ast.Subscript):
        name = getattr(annotation.value, "attr", getattr(annotation.value, "id", ""))
        return name in BARE or (name not in SHAPED and bare(annotation.slice))
    if isinstance(annotation, ast.Name | ast.Attribute):
        return getattr(annotation, "attr", getattr(annotation, "id", "")) in BARE
    return any(bare(child) for child in ast.iter_child_nodes(annotation) if isinstance(child, ast.expr))


def is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__")


def is_alias(value: ast.expr) -> bool:
    """Whether what a module assigns is a type without a shape: ``Frames = NDArray[np.uint8]``."""
    return isinstance(value, ast.Subscript | ast.BinOp) and bare(value)


def shapeless(source: str) -> list[str]:
    """Public functions, methods and aliases with a tensor or an array of no shape."""

    def visit(node: ast.AST, where: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
                yield from visit(child, f"{where}{child.name}.")
            elif isinstance(child, ast.FunctionDef) and is_public(child.name):
                arguments = [*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs]
                if any(bare(argument.annotation) for argument in arguments) or bare(child.returns):
                    yield where + child.name
            elif isinstance(child, ast.AnnAssign) and isinstance(node, ast.ClassDef) and bare(child.annotation):
                yield where + ast.unparse(child.target)
            elif isinstance(child, ast.Assign) and isinstance(node, ast.Module) and is_alias(child.value):
                yield where + ast.unparse(child.targets[0])

    return list(visit(ast.parse(source), ""))


def private_doors(source: str) -> list[str]:
    """Private names of the package that a test imports, reads off one of its modules, or patches."""
    tree, doors, modules = ast.parse(source), [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(syntax.PACKAGE):
            doors += [alias.name for alias in node.names if alias.name.startswith("_") and alias.name[1] != "_"]
            modules |= {alias.asname or alias.name for alias in node.names if (alias.asname or alias.name).islower()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            if node.attr.startswith("_") and not node.attr.startswith("__"):
                doors.append(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setattr":
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            doors += [name for name in names if name.rpartition(".")[2].startswith("_") and "__" not in name]
    return doors


def every_source() -> list[tuple[str, str]]:
    return [(path.relative_to(syntax.ROOT).as_posix(), text) for path, text in syntax.sources()]


def test_no_past_participle_names_a_value() -> None:
    here = {f"{path}:{line}": name for path, text in every_source() for line, name in participles(text)}
    assert here == {}


def test_no_file_imports_two_things_under_one_name() -> None:
    assert {path: names for path, text in every_source() if (names := twice_named(text))} == {}


def test_one_word_is_one_module() -> None:
    names = Counter(name.rpartition(".")[2] for name in syntax.modules())
    assert {name: names[name] for name in ONE_MODULE_EACH if names[name] > 1} == {}


def test_every_public_tensor_has_its_shape() -> None:
    files = syntax.modules().values()
    assert {f"{p.relative_to(syntax.ROOT)}": names for p in files if (names := shapeless(p.read_text()))} == {}


def test_folders_can_be_looked_over() -> None:
    folders = [folder for room in ROOMS for folder in (syntax.ROOT / syntax.PACKAGE / room).rglob("")]
    folders = [folder for folder in folders if folder.is_dir() and folder.name != "__pycache__"]
    assert len(folders) > len(ROOMS)
    counts = {f"{f.relative_to(syntax.ROOT)}": len(list(f.glob("*.py"))) - 1 for f in folders}
    assert {folder: count for folder, count in counts.items() if count > AT_MOST} == {}


def test_tests_go_in_by_the_front_door() -> None:
    tests = [(path, text) for path, text in every_source() if path.startswith("tests/")]
    assert {path: doors for path, text in tests if (doors := private_doors(text))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "found = 1", "for told in x: pass", "def f(asked): pass", "a.said = 1", "f(heard=1)", "[known for known in x]",
        "class A:\n    listed: int = 1", "with x as found: pass", "found: int = 1", "(res := 1)", "x = y.found",
        "lambda told: 1", "def f(*, asked=1): pass", "def f(*told): pass", "def f(**told): pass", "import a as found",
        "match x:\n    case [*found]: pass", "try:\n    pass\nexcept E as said:\n    pass", "global found",
    ],
)  # fmt: skip
def test_a_planted_participle_is_seen(source: str) -> None:
    assert len(participles(source)) == 1
    assert participles(source.replace("found", "rows").replace("told", "rows").replace("asked", "rows").replace(
        "said", "rows").replace("heard", "rows").replace("known", "rows").replace("listed", "rows").replace(
        "res", "rows")) == []  # fmt: skip


def test_other_planted_violations_are_seen() -> None:
    assert twice_named("from a import media\nfrom b import media") == ["media"]
    assert twice_named("from a import media\ndef f():\n    from a import media\nimport x.y\nimport x.z") == []
    assert shapeless("def f(x: Tensor): pass") == ["f"]
    assert shapeless("def f() -> tuple[int, np.ndarray]: pass") == ["f"]
    assert shapeless("def f(x: Float[Tensor, 'B D'] | None) -> dict[str, UInt8[np.ndarray, 'T']]: pass") == []
    assert shapeless("class A:\n    x: Tensor\n    def f(self, *, y: 'Tensor'): pass") == ["A.x", "A.f"]
    assert shapeless("Frames = NDArray[np.uint8]\ndef _g(x: Tensor): pass") == ["Frames"]
    assert private_doors("from vatt_edu.a import _b, __version__") == ["_b"]
    assert private_doors("from vatt_edu.data import cache\ncache._write()") == ["cache._write"]
    assert private_doors("m.setattr('vatt_edu.a._b', 1)\nm.setattr(x, '_c', 1)\nm.setattr(x, 'd', 1)") == [
        "vatt_edu.a._b", "_c",
    ]  # fmt: skip


def test_notebooks_and_tools_are_read_too() -> None:
    folders = {Path(path).parts[0] for path, _ in every_source()}
    assert {"vatt_edu", "tests", "tools", "benchmarks", "book"} <= folders
