"""Pages that open from disk without an error: take out what the theme and its extensions load in vain.

- sphinx-thebe's scripts name a CDN, and being declared twice they raise a SyntaxError on every page.
- The theme preloads its icon fonts with ``crossorigin``, which a browser refuses for files on disk; the style sheet
  loads the same fonts when it needs them.
"""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FONT_PRELOAD = re.compile(r'<link rel="preload" as="font"[^>]*>\n?')


def _keep(script: Any) -> bool:
    name = str(getattr(script, "filename", script) or "")
    body = str(getattr(script, "attributes", {}).get("body", ""))
    return "thebe" not in name and "THEBE_JS_URL" not in body


def _drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    context["script_files"] = [script for script in context.get("script_files", []) if _keep(script)]


def _drop_font_preloads(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.format == "html":
        for path in Path(app.outdir).rglob("*.html"):
            page = path.read_text(encoding="utf-8")
            if FONT_PRELOAD.search(page):
                path.write_text(FONT_PRELOAD.sub("", page), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx; the first hook runs late, after sphinx-thebe has added its scripts."""
    app.connect("html-page-context", _drop_thebe, priority=900)
    app.connect("build-finished", _drop_font_preloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
