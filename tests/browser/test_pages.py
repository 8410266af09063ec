"""Every rendered page in Chromium, light and dark: nothing leaves it, nothing fails, clips play with their sound.

Opened from disk, as a reader would; once more from a local server. A later check (axe-core, contrast included) belongs
beside ``test_pictures_are_described``; its script can come the way of the other ones, through tools/vendor.py.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def listed() -> list[str]:
    """The pages of the table of contents."""
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text())
    names = [toc["root"]]
    entries = [entry for part in toc.get("parts", [toc]) for entry in part.get("chapters", [])]
    while entries:
        entry = entries.pop(0)
        names.append(entry["file"])
        entries = entry.get("sections", []) + entries
    return [f"{name}.html" for name in names]


PAGES = listed()


@dataclass
class Opened:
    """A page, and what went wrong while it was open."""

    page: Any
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    @property
    def troubles(self) -> list[str]:
        return [*self.foreign, *self.failed, *self.console]


@contextmanager
def opened(browser: Any, address: str, scheme: str = "light") -> Iterator[Opened]:
    """Opens an address in a color scheme, waits until formulas and widgets are there, and scrolls to the end."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1300, "height": 900})
    found = Opened(context.new_page())
    local = ("file:", "data:", "blob:", "about:", "http://127.0.0.1:")
    page = found.page
    page.on("request", lambda r: r.url.startswith(local) or found.foreign.append(f"request to {r.url}"))
    page.on("requestfailed", lambda r: found.failed.append(f"{r.url[:200]} {r.failure}"))
    page.on("response", lambda r: r.status >= 400 and found.failed.append(f"{r.status} {r.url[:200]}"))
    page.on("console", lambda m: m.type == "error" and found.console.append(m.text))
    page.on("pageerror", lambda error: found.console.append(str(error.stack or error)))
    try:
        page.goto(address, wait_until="load")
        page.evaluate("() => window.MathJax?.startup?.promise")
        views = page.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
        page.wait_for_function(f"() => document.querySelectorAll('.widget-subarea').length >= {views}", timeout=20_000)
        page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("networkidle")
        yield found
    finally:
        context.close()


@pytest.fixture(scope="module", params=PAGES)
def light(browser: Any, site: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Each page of the book, opened once from disk, in light."""
    with opened(browser, (site / request.param).as_uri()) as found:
        yield found


LOOK = """() => {
  const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
  return [document.documentElement.dataset.theme, (red + green + blue) / 765 < 0.5];
}"""


def test_light_page_is_quiet(light: Opened) -> None:
    """No request leaves the page, nothing is missing, no error is logged."""
    assert light.troubles == []
    assert light.page.evaluate(LOOK) == ["light", False]


@pytest.mark.parametrize("name", [*PAGES, "search.html", "genindex.html"])
def test_dark_page_is_quiet(browser: Any, site: Path, name: str) -> None:
    """The same for a reader whose system is dark, who gets dark pages."""
    with opened(browser, (site / name).as_uri(), "dark") as dark:
        assert dark.troubles == []
        assert dark.page.evaluate(LOOK) == ["dark", True]


@pytest.mark.parametrize("name", PAGES)
def test_served_page_is_quiet(browser: Any, server: str, name: str) -> None:
    with opened(browser, f"{server}/{name}") as served:
        assert served.troubles == []


def test_formulas_are_set(light: Opened) -> None:
    assert light.page.locator("main .math:not(:has(mjx-container))").count() == 0
    assert light.page.locator("mjx-merror").count() == 0


PLAY = """async (player) => {
  player.loop = true;
  player.currentTime = 0;
  player.load();
  const started = performance.now();
  const wait = async (done) => {
    while (!done() && !player.error && performance.now() - started < 15000)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return done();
  };
  const metadata = await wait(() => player.readyState >= 1);
  await player.play().catch(() => null);
  let latest = 0;
  const moved = await wait(() => (latest = Math.max(latest, player.currentTime)) > 0.25);
  const sound = await wait(() => player.webkitAudioDecodedByteCount > 0);
  const picture = player.tagName !== "VIDEO" || (player.webkitVideoDecodedByteCount > 0 && player.videoWidth > 0);
  player.pause();
  const found = {metadata, moved, picture, sound: sound || player.hasAttribute("muted")};
  const bad = Object.keys(found).filter((what) => !found[what]);
  return {bad, error: player.error && player.error.message, seconds: player.duration};
}"""


def test_clips_play_with_sound(light: Opened) -> None:
    """Each player loads, moves on and decodes sound; only a video that is marked ``muted`` may have none."""
    players = light.page.locator("video, audio").element_handles()
    found = [player.evaluate(PLAY) for player in players]
    assert [(number, report) for number, report in enumerate(found) if report["bad"] or not report["seconds"]] == []
    assert light.troubles == []


def test_pictures_are_described(light: Opened) -> None:
    """Each picture says in words what it shows: alternative text that is not a file's name; a label on drawn ones."""
    bad = light.page.evaluate(
        """() => [...document.querySelectorAll('main img, main svg[role="img"], main canvas')]
            .filter((e) => e.ariaHidden !== "true" && !e.closest("mjx-container, .jupyter-widgets"))
            .filter((e) => {
              const words = (e.getAttribute("alt") ?? e.getAttribute("aria-label") ?? "").trim();
              return !words || /\\.(png|svg|jpe?g|gif)$/.test(words);
            })
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert bad == []


def test_first_page_leads_to_the_preface(browser: Any, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri(), wait_until="commit")
    page.wait_for_url((site / PAGES[0]).as_uri(), timeout=10_000)
    page.close()


def test_search_finds(browser: Any, site: Path) -> None:
    with opened(browser, (site / "search.html").as_uri() + "?q=video") as search:
        search.page.wait_for_selector("#search-results li a", timeout=10_000)
        assert search.troubles == []


def test_every_page_was_rendered_without_a_warning(site: Path) -> None:
    """tools/book.py writes the marker only after a build in which no warning occurred."""
    assert json.loads((site.parent / "built.json").read_text())["key"]
    assert [name for name in PAGES if not (site / name).exists()] == []
