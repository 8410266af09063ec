"""Opening a rendered page in Chromium, and what goes wrong while it is open."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DESK, PHONE = {"width": 1300, "height": 900}, {"width": 390, "height": 844}


def contents() -> list[str]:
    """The pages of the table of contents."""
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text())
    names = [toc["root"]]
    entries = [entry for part in toc.get("parts", [toc]) for entry in part.get("chapters", [])]
    while entries:
        entry = entries.pop(0)
        names.append(entry["file"])
        entries = entry.get("sections", []) + entries
    return [f"{name}.html" for name in names]


PAGES = contents()


@dataclass
class Visit:
    """A page, and what went wrong while it was open."""

    page: Any
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    @property
    def troubles(self) -> list[str]:
        return [*self.foreign, *self.failed, *self.console]


@contextmanager
def visiting(browser: Any, address: str, scheme: str = "light", size: dict[str, int] = DESK) -> Iterator[Visit]:
    """Opens an address in a color scheme, waits until formulas and widgets are there, and scrolls to the end."""
    context = browser.new_context(color_scheme=scheme, viewport=size)
    visit = Visit(context.new_page())
    local = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:")
    page = visit.page
    page.on("request", lambda r: r.url.startswith(local) or visit.foreign.append(f"request to {r.url}"))
    page.on("requestfailed", lambda r: visit.failed.append(f"{r.url[:200]} {r.failure}"))
    page.on("response", lambda r: r.status >= 400 and visit.failed.append(f"{r.status} {r.url[:200]}"))
    page.on("console", lambda m: m.type == "error" and visit.console.append(m.text))
    page.on("pageerror", lambda error: visit.console.append(str(error.stack or error)))
    try:
        page.goto(address, wait_until="load")
        page.evaluate("() => window.MathJax?.startup?.promise")
        views = page.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
        page.wait_for_function(f"() => document.querySelectorAll('.widget-subarea').length >= {views}", timeout=20_000)
        page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("networkidle")
        yield visit
    finally:
        context.close()
