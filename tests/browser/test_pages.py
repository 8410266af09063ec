"""Every rendered page in Chromium, light and dark: nothing leaves it, nothing fails, clips play with their sound.

Visit from disk, as a reader would; once more from a local server. axe-core looks at each page, light and dark, and on
a phone nothing is wider than the screen.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.opening import PAGES, PHONE, Visit, visiting


@pytest.fixture(scope="module", params=PAGES)
def light(browser: Any, site: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Each page of the book, opened once from disk, in light."""
    with visiting(browser, (site / request.param).as_uri()) as visit:
        yield visit


LOOK = """() => {
  const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
  return [document.documentElement.dataset.theme, (red + green + blue) / 765 < 0.5];
}"""


# Markup of the theme that we cannot change without forking it: what, and why it is left out.
EXCLUDED = {
    ".bd-header-article, .bd-sidebar-secondary, .prev-next-footer": "navigation",
    "mjx-container": "MathJax's own markup; its speech text is set by its own menu",
    ".copybtn": "sphinx-copybutton's button",
    "a.headerlink": "the sign behind a heading",
    ".citation-list": "a list of docutils' whose entries do not say that they are entries",
}


def serious(page: Any) -> list[str]:
    """What axe-core finds serious or critical: rule, and the start of the first element."""
    from axe_playwright_python.sync_playwright import Axe

    context = {"include": [["main"]], "exclude": [[selector] for selector in ", ".join(EXCLUDED).split(", ")]}
    # Without preload: it would fetch style sheets, which a page on disk may not.
    violations = Axe().run(page, context, {"preload": False}).response["violations"]
    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:160]} ({len(rule['nodes'])} times)"
        for rule in violations
        if rule["impact"] in ("serious", "critical")
    ]


def test_light_page_is_accessible(light: Visit) -> None:
    assert serious(light.page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_all_of_it(browser: Any, site: Path, name: str) -> None:
    """At 390 pixels and more nothing sticks out to the right but what scrolls by itself, and the page is quiet."""
    with visiting(browser, (site / name).as_uri(), size=PHONE) as phone:
        wide = phone.page.evaluate(
            """() => [...document.querySelectorAll("main *")]
                .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.getBoundingClientRect().width > 0)
                .filter((e) => !e.closest("pre, table, mjx-container, .bd-sidebar-secondary, [hidden]"))
                .filter((e) => !e.closest(".vatt-figure-scroll"))
                .map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert wide[:3] == []
        fits = "() => document.documentElement.scrollWidth <= innerWidth"
        assert phone.page.evaluate(fits)
        for width in (800, 1100, 1300):  # a tablet, and both sides of where the margin begins
            phone.page.set_viewport_size({"width": width, "height": 900})
            assert phone.page.evaluate(fits), width
        # Nothing slides: on a slow machine the theme's sidebars push the page aside while it opens.
        still = "(e) => getComputedStyle(e).transitionDuration.split(', ').every((t) => t === '0s')"
        sides = phone.page.query_selector_all(".bd-sidebar-primary, .bd-sidebar-secondary")
        assert sides
        assert all(side.evaluate(still) for side in sides)
        assert phone.troubles == []


def test_light_page_is_quiet(light: Visit) -> None:
    """No request leaves the page, nothing is missing, no error is logged."""
    assert light.troubles == []
    assert light.page.evaluate(LOOK) == ["light", False]


@pytest.mark.parametrize("name", [*PAGES, "search.html", "genindex.html"])
def test_dark_page_is_quiet(browser: Any, site: Path, name: str) -> None:
    """The same for a reader whose system is dark, who gets dark pages."""
    with visiting(browser, (site / name).as_uri(), "dark") as dark:
        assert dark.troubles == []
        assert dark.page.evaluate(LOOK) == ["dark", True]
        if name in PAGES:
            assert serious(dark.page) == []


@pytest.mark.parametrize("name", PAGES)
def test_served_page_is_quiet(browser: Any, server: str, name: str) -> None:
    with visiting(browser, f"{server}/{name}") as served:
        assert served.troubles == []


def test_formulas_are_set(light: Visit) -> None:
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


def test_clips_play_with_sound(light: Visit) -> None:
    """Each player loads, moves on and decodes sound; only a video that is marked ``muted`` may have none."""
    players = light.page.locator("video, audio").element_handles()
    reports = [player.evaluate(PLAY) for player in players]
    assert [(number, report) for number, report in enumerate(reports) if report["bad"] or not report["seconds"]] == []
    assert light.troubles == []


def test_pictures_are_described(light: Visit) -> None:
    """Each picture says in words what it shows: alternative text that is not a file's name; a label on drawn ones."""
    bad = light.page.evaluate(
        """() => [...document.querySelectorAll('main img, main svg[role="img"], main canvas')]
            .filter((e) => e.ariaHidden !== "true" && !e.closest("mjx-container, .jupyter-widgets"))
            .filter((e) => {
              const named = (e.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean);
              const other = named.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
              const words = (e.getAttribute("alt") ?? e.getAttribute("aria-label") ?? other).trim();
              return !words || /\\.(png|svg|jpe?g|gif)$/.test(words);
            })
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert bad == []


def test_figures_are_numbered_and_said_once(light: Visit) -> None:
    """Each has a caption that begins with its number; a screen reader says it as the name of the picture only."""
    names = light.page.locator("main figure.vatt-figure svg").evaluate_all("""
        pictures => pictures.map((picture) => [
            picture.hasAttribute("aria-label"),
            picture.getAttribute("aria-labelledby").split(" ").every((id) => document.getElementById(id)),
            picture.closest("figure").querySelector("figcaption").ariaHidden,
        ])""")
    assert names == [[False, True, "true"]] * len(names)
    numbers = "captions => captions.map((caption) => getComputedStyle(caption, '::before').content)"
    contents = light.page.locator("main .vatt-caption").evaluate_all(numbers)
    assert contents == ['"Figure " counter(vatt-figure) ". "'] * len(contents)


def test_exercises_count_from_one_and_ids_are_unique(light: Visit) -> None:
    numbers = light.page.locator(".exercise .caption-number").all_inner_texts()
    assert [text.strip() for text in numbers] == [f"Exercise {n + 1}" for n in range(len(numbers))]
    ids = light.page.evaluate("() => [...document.querySelectorAll('.exercise, .exercise [id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_first_page_leads_to_the_preface(browser: Any, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri(), wait_until="commit")
    page.wait_for_url((site / PAGES[0]).as_uri(), timeout=10_000)
    page.close()


def test_search_finds(browser: Any, site: Path) -> None:
    with visiting(browser, (site / "search.html").as_uri() + "?q=video") as search:
        search.page.wait_for_selector("#search-results li a", timeout=10_000)
        assert search.troubles == []


def test_every_page_was_rendered_without_a_warning(site: Path) -> None:
    """tools/book.py writes the marker only after a build in which no warning occurred."""
    assert json.loads((site.parent / "built.json").read_text())["key"]
    assert [name for name in PAGES if not (site / name).exists()] == []
