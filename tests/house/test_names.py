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

OPEN = {"_asdict", "_fields", "_replace", "_esm", "_contents"}  # a named tuple's own, and those of anywidget
PATCHES = {"setattr", "delattr", "getattr", "hasattr", "patch", "object"}  # pytest's, Python's and mock's


def participles(source: str) -> list[tuple[int, str]]:
    return [(line, name) for line, name in syntax.value_names(source) if name.strip("_") in NO_NOUNS]


def twice_named(source: str) -> list[str]:
    """Names under which a source imports two different modules or values."""
    origins: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            pairs = [(alias.asname or alias.name.split(".")[0], alias.asname and alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            pairs = [(alias.asname or alias.name, f"{base}.{alias.name}") for alias in node.names]
        else:
            continue
        for name, origin in pairs:
            origins.setdefault(name, set()).add(origin or name)
    return sorted(name for name, places in origins.items() if len(places) > 1)


def bare(annotation: ast.expr | None) -> bool:
    """Whether an annotation has a tensor or an array whose shape it does not say."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant):
        return isinstance(annotation.value, str) and bare(parsed(annotation.value))  # a forward reference
    if isinstance(annotation, ast.Subscript):
        name = last_name(annotation.value)
        # Within a Literal and an Annotated's second part, texts are no types.
        return name in BARE or (name not in {*SHAPED, "Literal", "Annotated"} and bare(annotation.slice))
    if isinstance(annotation, ast.Name | ast.Attribute):
        return last_name(annotation) in BARE
    return any(bare(child) for child in ast.iter_child_nodes(annotation) if isinstance(child, ast.expr))


def parsed(text: str) -> ast.expr | None:
    """The expression that a text holds, if it is one."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None


def last_name(node: ast.expr) -> str:
    """``Tensor`` of ``Tensor`` and of ``torch.Tensor``."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def is_alias(value: ast.expr | None) -> bool:
    """Whether what a module assigns is a type without a shape: ``Frames = NDArray[np.uint8]``."""
    return isinstance(value, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp) and bare(value)


def shapeless(source: str) -> list[str]:
    """Public functions, methods and aliases with a tensor or an array of no shape."""

    def visit(node: ast.AST, where: str, in_class: bool) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                if is_public(child.name):
                    yield from visit(child, f"{where}{child.name}.", True)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                every = child.args
                arguments = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
                annotations = [child.returns, *(argument.annotation for argument in arguments if argument)]
                if is_public(child.name) and any(map(bare, annotations)):
                    yield where + child.name
            elif isinstance(child, ast.AnnAssign):
                if bare(child.annotation) if in_class else is_alias(child.value):
                    yield where + ast.unparse(child.target)
            elif isinstance(child, ast.Assign):
                if not in_class and is_alias(child.value):
                    yield where + ast.unparse(child.targets[0])
            elif isinstance(child, ast.stmt):  # what stands under an if
                yield from visit(child, where, in_class)

    return list(visit(ast.parse(source), "", False))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in OPEN


def private_doors(source: str) -> list[str]:
    """Private names that a test imports from the package, reads off anything but itself, or patches."""
    doors: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            base = getattr(node, "module", None) or ""
            names = [f"{base}.{alias.name}".lstrip(".") for alias in node.names]
            ours = [name.split(".") for name in names if name.split(".")[0] == syntax.PACKAGE]
            doors += [part for parts in ours for part in parts if is_private(part)]
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                doors.append(ast.unparse(node))
        elif isinstance(node, ast.Call) and last_name(node.func) in PATCHES:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            doors += [text for text in texts if any(map(is_private, text.split(".")))]
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
        "match x:\n    case {**found}: pass", "match x:\n    case A(found=1): pass",
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
    assert twice_named("from .a import media\nfrom ..a import media") == ["media"]
    assert shapeless("def f(x: Tensor): pass") == ["f"]
    assert shapeless("def f() -> tuple[int, np.ndarray]: pass") == ["f"]
    assert shapeless("def f(x: Float[Tensor, 'B D'] | None) -> dict[str, UInt8[np.ndarray, 'T']]: pass") == []
    assert shapeless("class A:\n    x: Tensor\n    def f(self, *, y: 'Tensor'): pass") == ["A.x", "A.f"]
    assert shapeless("Frames = NDArray[np.uint8]\ndef _g(x: Tensor): pass") == ["Frames"]
    assert shapeless("A: TypeAlias = np.ndarray\nB = Tensor\nC = 1\nD = Float[Tensor, 'B']") == ["A", "B"]
    assert shapeless("def f(*x: Tensor): pass\nasync def g(x: torch.Tensor): pass") == ["f", "g"]
    assert shapeless("def f(x: 'Tensor | None'): pass\ndef g(x: 'list[np.ndarray]'): pass") == ["f", "g"]
    assert shapeless("if x:\n    class A:\n        def __getitem__(self, i) -> Tensor: pass") == ["A.__getitem__"]
    assert shapeless("def f(x: Literal['Tensor'], y: Float[Tensor, 'Tensor']): pass\nclass _A:\n    x: Tensor") == []


@pytest.mark.parametrize(
    ("source", "door"),
    [
        ("from vatt_edu.a import _b, __version__", "_b"),
        ("from vatt_edu.data import cache\ncache._write()", "cache._write"),
        ("import vatt_edu.data.cache as c\nc._write", "c._write"),
        ("from vatt_edu import data\ndata.cache._write", "data.cache._write"),
        ("def test_it(stream):\n    stream._read()", "stream._read"),
        ("from vatt_edu.data._video import decode", "_video"),
        ("import vatt_edu.data._video", "_video"),
        ("m.setattr('vatt_edu.a._b', 1)", "vatt_edu.a._b"),
        ("m.setattr(x, '_c', 1)", "_c"),
        ("mock.patch('vatt_edu.a._b')", "vatt_edu.a._b"),
        ("getattr(cache, '_write')", "_write"),
    ],
)
def test_a_planted_private_door_is_seen(source: str, door: str) -> None:
    assert private_doors(source) == [door]


def test_what_is_not_a_private_door() -> None:
    own = "class A:\n    def f(self):\n        return self._x, cls._y, row._asdict(), x.__doc__"
    assert private_doors(f"m.setattr(x, 'd', 1)\nm.setattr(x, '__doc__', 1)\nfrom other import _z\n{own}") == []


def test_notebooks_and_tools_are_read_too() -> None:
    folders = {Path(path).parts[0] for path, _ in every_source()}
    assert {"vatt_edu", "tests", "tools", "benchmarks", "book"} <= folders
