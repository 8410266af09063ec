"""What lies in book/ is clean, and the table of contents lists what exists and all that exists."""

import ast
import json
import threading
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tools import book, notebooks

BOOK = Path(__file__).resolve().parents[2] / "book"
PAGES = list(book.files(BOOK))  # without what JupyterLab leaves beside them
CHAPTERS = [path for path in PAGES if path.suffix == ".ipynb"]


def contents(toc: dict) -> list[str]:
    """The pages of a ``_toc.yml`` in order, the root first."""
    pages = [toc["root"]]
    parts = toc.get("parts", [toc])
    entries = [entry for part in parts for entry in part.get("chapters", [])]
    while entries:
        entry = entries.pop(0)
        pages.append(entry["file"])
        entries = entry.get("sections", []) + entries
    return pages


def test_contents_list_what_exists_and_all_of_it() -> None:
    pages = contents(yaml.safe_load((BOOK / "_toc.yml").read_text()))
    assert len(pages) == len(set(pages))
    written = [path for path in PAGES if path.suffix in {".md", ".ipynb"}]
    assert set(pages) == {str(path.relative_to(BOOK).with_suffix("")) for path in written}


def test_file_names_do_not_start_with_a_digit() -> None:
    assert [path.name for path in PAGES if path.name[0].isdigit()] == []


def test_no_static_folder() -> None:
    """Jupyter Book would put every script below book/_static on every page."""
    assert not (BOOK / "_static").exists()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_notebook_is_clean(path: Path) -> None:
    assert notebooks.problems(json.loads(path.read_text(encoding="utf-8"))) == []


def absent(source: str) -> list[str]:
    """What a source asks of a module that the module has not; the code itself is not run."""
    tree = ast.parse(source)
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(ast.unparse(node), names)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in bound
        if isinstance(names.get(node.value.id), ModuleType) and not hasattr(names[node.value.id], node.attr)
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_notebook_asks_for_what_exists(path: Path) -> None:
    """Cells behind a condition are not seen by a run: a name that moved shows only where the condition holds."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert absent("\n".join(cell for cell in code if not cell.startswith("%"))) == []


def test_a_name_that_moved_is_seen() -> None:
    assert absent("import math\nif False:\n    math.pi + math.tau_of_old") == ["math.tau_of_old"]


def dirty() -> dict:
    code = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [{}], "execution_count": 1}
    text = {"cell_type": "markdown", "metadata": {}, "source": "words"}
    folded = {**code, "metadata": {"tags": ["hide-cell"]}, "outputs": [], "execution_count": None}
    return {"cells": [code, text, folded], "metadata": {"widgets": {}}, "nbformat": 4, "nbformat_minor": 5}


def test_hygiene_sees_and_mends() -> None:
    notebook = dirty()
    assert len(notebooks.problems(notebook)) == 6
    notebooks.clean(notebook)
    assert notebooks.problems(notebook) == []
    assert [cell["source"] for cell in notebook["cells"]] == ["1", "words", "1"]
    assert [cell["id"] for cell in notebook["cells"]] == ["a", "cell-1", "a-2"]
    assert [cell["metadata"].get("jupyter") for cell in notebook["cells"]] == [None, None, {"source_hidden": True}]


def test_hygiene_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps(dirty()))
    assert notebooks.main([str(path)]) == 1
    assert "cell 0 has outputs" in capsys.readouterr().out
    assert notebooks.main(["--fix", str(path)]) == 0
    assert notebooks.main([str(path)]) == 0


def test_the_model_in_one_page_is_short() -> None:
    """At most 120 lines, blank ones and comments included; they are the cells named ``code-…``."""
    cells = json.loads((BOOK / "vatt_in_one_page.ipynb").read_text(encoding="utf-8"))["cells"]
    model = ["".join(cell["source"]) for cell in cells if cell["id"].startswith("code-")]
    assert all(part in "\n".join(model) for part in ("class VATT", "class Attention", "def contrast"))
    assert sum(len(source.split("\n")) for source in model) <= 120


def test_two_notebooks_run_at_a_time_and_a_failing_cell_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [{"cell_type": kind, "id": f"id-{n}"} for n, kind in enumerate(("markdown", "code", "code", "code"))]
    for folder in ("book", "_executed"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "book" / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))
    for name, place in (("ROOT", "."), ("BOOK", "book"), ("EXECUTED", "_executed"), ("STATE", "_executed/.state.json")):
        monkeypatch.setattr(book, name, tmp_path / place)
    together = threading.Barrier(2, timeout=30)

    def run(name: str) -> tuple[int, str]:
        if name != "c.ipynb":
            together.wait()  # each of the first two goes on only when the other runs, too
        return (1, "\x1b[36mCell In[2], line 1\x1b[0m") if name == "b.ipynb" else (0, "")

    assert book.execute(run=run) == 1
    shown = capsys.readouterr()
    assert "failed: b.ipynb, code cell 2 (id id-2)" in shown.err
    assert "a.ipynb: done in 0 s" in shown.out
    assert book.execute("c", run=lambda name: pytest.fail(f"{name} is up to date")) == 0
    again: list[str] = []
    assert book.execute(run=lambda name: (again.append(name), (0, ""))[1]) == 0
    assert again == ["b.ipynb"]
    with pytest.raises(SystemExit, match="no notebook 'd' in book/; there are: a, b, c"):
        book.execute("d")
