"""Photograph the first screen of the book for the README, into ``site_static/picture.png``.

``make book`` first, then ``python tools/picture.py``; needs Chromium. The game is shown as a reader leaves it in the
middle: some sounds given to pictures, the rest to go.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "_build" / "html" / "vatt_in_one_page.html"
OUT = ROOT / "site_static" / "picture.png"
SIZE = {"width": 1180, "height": 860}
GIVEN = 3  # sounds that have their picture


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(PAGE.as_uri())
        figure = page.locator('[data-figure="Match"]')
        figure.wait_for()
        for number in range(GIVEN):
            figure.get_by_role("button", name=f"▶ Sound {number + 1}", exact=True).click()
            figure.locator(".vatt-match-tiles button").nth((3 * number + 1) % 8).click()
        page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
        page.wait_for_timeout(600)
        top = page.locator("article").bounding_box()
        bottom = figure.bounding_box()
        if top is None or bottom is None:
            raise SystemExit("the page has no article or no game")
        height = bottom["y"] + bottom["height"] - top["y"] + 12
        page.set_viewport_size({"width": SIZE["width"], "height": int(top["y"] + height) + 1})
        clip = {"x": top["x"] - 8, "y": top["y"], "width": top["width"] + 16, "height": height}
        page.screenshot(path=OUT, clip=clip)
        browser.close()
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
