"""A real Chromium and the rendered pages. With ``VATT_REQUIRE_BROWSER`` set, a skipped test here is a failure."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from helpers.live import PAGE_OF
from helpers.opening import Visit, visiting

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
CHROMIUMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = [
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("VATT_REQUIRE_BROWSER") and Path(__file__).parent in item.path.parents:
        report.outcome = "failed"
        report.longrepr = f"skipped, but VATT_REQUIRE_BROWSER is set: {report.longrepr[-1]}"


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the rendered pages."""
    if not (SITE / "index.html").exists():
        pytest.skip("no rendered pages: run `make book` first")
    return SITE


@pytest.fixture(scope="session")
def browser(site: Path) -> Iterator:
    """Chromium, driven by Playwright (whose own browsers are not needed)."""
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip("no Chromium on this machine (.ci/run installs it on Debian and Ubuntu)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield chromium
        chromium.close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[str]:
    """Address of a local server of the pages."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


@pytest.fixture(scope="module")
def page(browser: Any, site: Path) -> Iterator[Callable[[str], Visit]]:
    """Opens each chapter once, from disk."""
    visits: dict[str, Visit] = {}
    with ExitStack() as stack:

        def get(name: str) -> Visit:
            if name not in visits:
                visits[name] = stack.enter_context(visiting(browser, (site / f"{name}.html").as_uri()))
            return visits[name]

        yield get


@pytest.fixture
def figure(page: Callable[[str], Visit], request: pytest.FixtureRequest) -> Any:
    """The first live figure of the class that the test's marker names."""
    name = request.node.get_closest_marker("figure").args[0]
    box = page(PAGE_OF[name]).page.locator(f'[data-figure="{name}"]').first
    box.scroll_into_view_if_needed()
    yield box
    assert page(PAGE_OF[name]).troubles == []
