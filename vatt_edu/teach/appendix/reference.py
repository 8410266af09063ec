"""The names of the library for the appendix *API*: read from the sources, each with its chapter."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from vatt_edu import pages
from vatt_edu.errors import UserError
from vatt_edu.files import read_text
from vatt_edu.teach.appendix.chapters import link, marked

PACKAGE = Path(__file__).resolve().parents[2]

CHAPTERS = {
    "minitube": "raw_signals",
    "data": "raw_signals",
    "batch": "vatt_in_one_page",
    "tokens": "tokenization",
    "positions": "positional_encoding",
    "droptoken": "droptoken",
    "encoder": "transformer_encoder",
    "towers": "specific_or_agnostic",
    "model": "specific_or_agnostic",
    "common_space": "common_space",
    "losses": "contrastive_losses",
    "config": "cheat_sheet",
    "training.optim": "pretraining",
    "training.schedule": "pretraining",
    "training.checkpoint": "pretraining",
    "evaluation.embed": "how_to_use",
    "evaluation.metrics": "evaluation",
    "finetuning.classifier": "fine_tuning",
    "finetuning.metrics": "fine_tuning",
    "finetuning.optim": "fine_tuning",
    "finetuning.schedule": "fine_tuning",
    "finetuning.transforms": "fine_tuning",
    "cost": "cost",
    "interop.tensorflow_checkpoint": "official_weights",
    "interop.crc32c": "official_weights",
    "interop.official_keys": "official_weights",
    "interop.official": "official_weights",
    "interop.sizes": "official_weights",
    "interop.convert": "official_weights",
    "interop.hub": "official_weights",
    "samples": "how_to_use",
}
"""Modules that are about one thing, in the order of the data, and the page that explains each."""


@dataclass(frozen=True)
class Entry:
    """A public name.

    Attributes:
        name: As it is imported; of a method, with its class.
        signature: How it is called, or what a constant is.
        doc: Its docstring.
    """

    name: str
    signature: str
    doc: str


@functools.cache
def entries(module: str) -> tuple[Entry, ...]:
    """The public names of a module, in the order of its source; of a package, what its ``__all__`` hands on.

    Args:
        module: Without ``vatt_edu.``.

    Raises:
        UserError: If there is no such module.
    """
    body = _tree(module).body
    rows: dict[str, Entry] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            rows |= {row.name: row for row in _callable(node)}  # of overloads the last, which has the docstring
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            value = ast.unparse(node.value)
            if isinstance(target, ast.Name):
                rows[target.id] = Entry(target.id, f" = {value}" if len(value) < 60 else "", str(text))
    if "__all__" in rows:
        rows |= {row.name: row for row in _handed_on(body)}
        public = _public(body)
        rows = {name: row for name, row in rows.items() if name.partition(".")[0] in public}
    return tuple(row for row in rows.values() if not any(part.startswith("_") for part in row.name.split(".")))


def _public(body: list[ast.stmt]) -> list[str]:
    """What ``__all__`` names."""
    values = (node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    names: list[str] = ast.literal_eval(next(values))
    return names


def _handed_on(body: list[ast.stmt]) -> Iterator[Entry]:
    """What a package imports from its own modules."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vatt_edu."):
            names = {alias.name for alias in node.names}
            there = entries(str(node.module).removeprefix("vatt_edu."))
            yield from (row for row in there if row.name.partition(".")[0] in names)


def _tree(module: str) -> ast.Module:
    stem = PACKAGE / module.replace(".", "/")
    path = next((path for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py") if path.exists()), None)
    if path is None:
        raise UserError(f"there is no module vatt_edu.{module}")
    return ast.parse(read_text(path))


def _callable(node: ast.FunctionDef | ast.ClassDef, owner: str = "") -> list[Entry]:
    name = f"{owner}{node.name}"
    doc = ast.get_docstring(node) or ""
    if isinstance(node, ast.FunctionDef):
        arguments = re.sub(r"^self(, )?(/, )?", "", ast.unparse(node.args)) if owner else ast.unparse(node.args)
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return [Entry(name, f"({arguments}){returns}", doc)]
    bases = ", ".join(map(ast.unparse, node.bases))
    methods = [row for child in node.body if isinstance(child, ast.FunctionDef) for row in _callable(child, f"{name}.")]
    return [Entry(name, f"({bases})" if bases else "", doc), *methods]


def module_doc(module: str) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(_tree(module)) or "").partition("\n")[0]


def show(module: str) -> None:
    """Displays a module: what it is, its chapter, and each public name with its docstring to unfold."""
    rows = "".join(map(_row, entries(module)))
    about = f"<p>{marked(module_doc(module))} → {link(CHAPTERS[module])}</p>"
    pages.display(f'<div class="vatt-api">{about}{rows}</div>')


def _row(entry: Entry) -> str:
    head = f"<code><b>{escape(entry.name)}</b>{escape(entry.signature)}</code>"
    first, _, rest = entry.doc.partition("\n\n")
    line = f" {marked(' '.join(first.split()))}" if first else ""
    if not rest:
        return f"<p>{head}{line}</p>"
    return f"<details><summary>{head}{line}</summary><pre>{escape(rest.strip())}</pre></details>"


def show_all() -> None:
    """Displays the names of ``vatt_edu.__all__``, each with its module and its chapter."""
    rows = "".join(
        f"<tr><td><code>vatt_edu.{name}</code></td><td><code>vatt_edu.{module}</code></td>"
        f"<td>{link(CHAPTERS[module])}</td></tr>"
        for name, module in homes().items()
    )
    head = '<tr><th scope="col">name</th><th scope="col">module</th><th scope="col">chapter</th></tr>'
    pages.display(f'<div class="vatt-api"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>')


def homes() -> dict[str, str]:
    """Name of ``vatt_edu.__all__`` → the module of ``CHAPTERS`` that defines it, or is it."""
    tree = ast.parse(read_text(PACKAGE / "__init__.py"))
    modules = {
        alias.name: alias.name if node.module == "vatt_edu" else str(node.module).removeprefix("vatt_edu.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return {name: modules[name] for name in _public(tree.body)}
