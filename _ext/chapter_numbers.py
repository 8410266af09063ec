"""Exercises are numbered from one in each chapter, as JupyterLab numbers them; Sphinx counts through the whole book.

sphinx-exercise also gives the text of every exercise one and the same id, which a page may have only once.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


def _from_one(app: Sphinx, env: BuildEnvironment) -> list[str]:
    for numbers in env.toc_fignumbers.values():
        for number, label in enumerate(numbers.get("exercise", {}), 1):
            numbers["exercise"][label] = (number,)
    return []


def _drop_repeated_ids(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for section in doctree.findall(nodes.section):
        if section["ids"] == ["exercise-content"]:
            section["ids"] = []


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; the first hook runs after Sphinx has counted."""
    app.connect("env-get-updated", _from_one, priority=900)
    app.connect("doctree-resolved", _drop_repeated_ids)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
