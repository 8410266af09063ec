"""Drop sphinx-thebe's scripts: they name a CDN, and being declared twice they raise a SyntaxError on every page."""

from typing import Any

from sphinx.application import Sphinx


def _keep(script: Any) -> bool:
    name = str(getattr(script, "filename", script) or "")
    body = str(getattr(script, "attributes", {}).get("body", ""))
    return "thebe" not in name and "THEBE_JS_URL" not in body


def _drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    context["script_files"] = [script for script in context.get("script_files", []) if _keep(script)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx; late, after sphinx-thebe has added its scripts."""
    app.connect("html-page-context", _drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
