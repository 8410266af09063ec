"""Notebooks are committed without outputs: report what is not clean, or clean it with ``--fix``.

``python tools/notebooks.py [--fix] book/*.ipynb``
"""

import json
import sys
from pathlib import Path
from typing import Any

FOLDED = {"remove-input", "hide-cell"}  # tags of cells whose code the page folds or leaves out
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def problems(notebook: dict[str, Any]) -> list[str]:
    """What keeps a notebook (its JSON) from being committed; empty if nothing does."""
    complaints = []
    ids = [cell.get("id") for cell in notebook["cells"]]
    if None in ids or len(set(ids)) < len(ids):
        complaints.append("cells without an id, or with the same one")
    for number, cell in enumerate(notebook["cells"]):
        if cell.get("outputs"):
            complaints.append(f"cell {number} has outputs")
        if cell.get("execution_count") is not None:
            complaints.append(f"cell {number} has an execution count")
        if cell.get("attachments"):
            complaints.append(f"cell {number} has attachments")
        if _folded(cell) and not cell["metadata"].get("jupyter", {}).get("source_hidden"):
            complaints.append(f"cell {number} is folded in the page and not in JupyterLab")
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        complaints.append("the kernel is not python3")
    if "widgets" in notebook["metadata"]:
        complaints.append("widget state is stored")
    return complaints


def _folded(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and bool(FOLDED & set(cell["metadata"].get("tags", [])))


def clean(notebook: dict[str, Any]) -> None:
    """Drop in place what an execution left behind."""
    notebook["metadata"].pop("widgets", None)
    notebook["metadata"]["kernelspec"] = KERNEL
    ids: set[str] = set()
    for number, cell in enumerate(notebook["cells"]):
        cell.setdefault("id", f"cell-{number}")
        if cell["id"] in ids:
            cell["id"] += f"-{number}"
        ids.add(cell["id"])
        cell["metadata"].pop("execution", None)
        if _folded(cell):
            cell["metadata"].setdefault("jupyter", {})["source_hidden"] = True
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5


def main(arguments: list[str]) -> int:
    fix = "--fix" in arguments
    failed = False
    for name in arguments:
        if name.startswith("--") or not Path(name).exists():
            continue  # a flag, or a pattern that matched no file
        path = Path(name)
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if fix and problems(notebook):
            clean(notebook)
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for problem in problems(notebook):
            failed = True
            print(f"{name}: {problem} (python tools/notebooks.py --fix {name})")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
