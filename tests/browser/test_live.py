"""Live figures in the rendered page, without a kernel: each moves by mouse and keyboard, and says what Python says."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.live import PAGE_OF, model, says, state
from helpers.opening import Visit

from vatt_edu.teach.interactive.signals import alias


@pytest.mark.parametrize("name", PAGE_OF)
def test_a_figure_is_small(site: Path, name: str) -> None:
    """At most a hundred kilobytes in the page, script, pictures and sounds included."""
    assert len(json.dumps(model(site, name))) <= 100_000


@pytest.mark.parametrize("name", PAGE_OF)
def test_the_still_picture_gives_way(page: Callable[[str], Visit], name: str) -> None:
    """It is hidden where the figure lives, and is what print gets."""
    chapter = page(PAGE_OF[name]).page
    still = chapter.locator(".vatt-still").first
    assert not still.is_visible()
    chapter.emulate_media(media="print")
    assert still.is_visible()
    assert not chapter.locator(f'[data-figure="{name}"]').first.is_visible()
    chapter.emulate_media(media="screen")


@pytest.mark.figure("Pixels")
def test_pixels(figure: Any, site: Path) -> None:
    canvas = figure.locator("canvas")
    before = says(figure)
    canvas.click(position={"x": 20, "y": 40})
    clicked = says(figure)
    assert clicked != before
    row, column = map(int, re.findall(r"\d+", clicked)[:2])
    canvas.focus()
    figure.page.keyboard.press("ArrowRight")
    figure.page.keyboard.press("Shift+ArrowDown")
    moved = list(map(int, re.findall(r"\d+", says(figure))))
    assert moved[:2] == [row + 5, column + 1]
    traits = state(site, "Pixels")
    (buffer,) = model(site, "Pixels")["buffers"]
    frame = base64.b64decode(buffer["data"])
    place = 3 * (moved[0] * traits["width"] + moved[1])
    assert moved[2:] == list(frame[place : place + 3])


@pytest.mark.figure("Aliasing")
def test_aliasing(figure: Any) -> None:
    """Its script folds frequencies as Python does."""
    tone, rate = figure.locator('input[type="range"]').all()
    dots = figure.locator("circle").count()
    for frequency, sampled in [(3_000, 8_000), (7_400, 8_000), (11_900, 2_000), (9_000, 6_000)]:
        tone.fill(str(frequency))
        rate.fill(str(sampled))
        lower = alias(float(frequency), float(sampled))
        if lower != frequency:
            assert f"the samples of {lower:,.0f} Hz" in says(figure)
        else:
            assert "no lower tone" in says(figure)
    tone.fill("3000")
    rate.fill("6000")
    assert "exactly twice" in says(figure)  # not more than twice, and the samples are all zero
    tone.fill("9000")
    assert figure.locator("circle").count() != dots
    tone.focus()
    figure.page.keyboard.press("ArrowLeft")
    assert "8,900 Hz" in says(figure)


@pytest.mark.figure("Scrub")
def test_scrub(figure: Any) -> None:
    slider = figure.locator('input[type="range"]')
    slider.focus()
    figure.page.keyboard.press("End")
    last = says(figure)
    assert "frame 8 of 8" in last
    figure.page.keyboard.press("Home")
    assert says(figure).startswith("0.00 s: frame 1 of 8, samples 0 to 255")
    figure.page.keyboard.press("ArrowRight")
    assert "samples 256 to 511" in says(figure)
    box = figure.locator("svg").first.bounding_box()
    figure.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    middle = float(says(figure).split()[0])
    assert 0.7 < middle < 0.9
    assert slider.input_value() == str(round(middle * 16_000 / 256))


@pytest.mark.figure("Shift")
def test_shift(figure: Any, site: Path) -> None:
    place, late = figure.locator('input[type="range"]').all()
    traits = state(site, "Shift")
    late.focus()
    figure.page.keyboard.press("Home")
    low = traits["table"]["shares"][0]
    first = [int(n) for n in re.findall(r"(\d+)%", says(figure))]
    assert first == [int(100 * share + 0.5) for share in low]
    late.fill("0")
    middle = [int(n) for n in re.findall(r"(\d+)%", says(figure))]
    assert middle[0] > first[0]
    lines = figure.locator(".vatt-shift-lines li").all_inner_texts()
    box = figure.locator("svg").first.bounding_box()
    figure.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    assert figure.locator(".vatt-shift-lines li").all_inner_texts() != lines
    assert float(place.input_value()) > 25


@pytest.mark.figure("Port")
def test_port(figure: Any, site: Path) -> None:
    """The mistakes that a bound lets through are those whose last deviation, as Python computed it, is within."""
    traits = state(site, "Port")
    last = [row[-1] for row in traits["table"]["deviations"]]
    bound = figure.locator('input[type="range"]')
    for power in (-8, -4.5, -3, -0.5):
        bound.fill(str(power))
        passes = [name for name, value in zip(traits["names"][1:], last[1:], strict=True) if value <= 10**power]
        assert ("finds them all" in says(figure)) == (not passes)
        assert all((name in says(figure).split("lets through")[-1]) for name in passes)
    bound.focus()
    figure.page.keyboard.press("End")
    assert bound.input_value() == "0"
    figure.get_by_role("radio", name=traits["names"][3]).check()
    assert says(figure).startswith(traits["names"][3].capitalize())
    box = figure.locator("svg").first.bounding_box()
    figure.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"])
    assert float(bound.input_value()) < -5


@pytest.mark.figure("Match")
def test_match_by_mouse(figure: Any, site: Path) -> None:
    """Given the answers that the page hides, the game says eight of eight."""
    truth = state(site, "Match")["truth"]
    sounds = figure.get_by_role("button", name=re.compile(r"▶ Sound"))
    tiles = figure.locator(".vatt-match-tiles button")
    check = figure.get_by_role("button", name="Check")
    assert check.is_disabled()
    for sound, picture in enumerate(truth):
        sounds.nth(sound).click()
        tiles.nth(picture).click()
    check.click()
    assert f"You matched {len(truth)} of {len(truth)}" in says(figure)
    machine = state(site, "Match")["machine"]
    for picture in range(len(truth)):  # the model's answers stand beside the reader's
        sound = machine.index(picture)
        assert f"Model: {sound + 1} {'✓' if truth[sound] == picture else '✗'}" in tiles.nth(picture).inner_text()
    assert figure.page.evaluate("() => JSON.parse(localStorage.getItem('vatt-score'))") == {"right": 8, "of": 8}
    assert set(figure.page.locator(".vatt-your-score").all_inner_texts()) == {"8"}
    figure.get_by_role("button", name="Again").click()
    assert check.is_disabled()


@pytest.mark.figure("Match")
def test_match_by_keyboard(figure: Any, site: Path) -> None:
    traits = state(site, "Match")
    tiles = figure.locator(".vatt-match-tiles button")
    for picture in range(len(traits["truth"])):  # sound n to picture n
        tiles.nth(picture).focus()
        figure.page.keyboard.press("Enter")
    figure.get_by_role("button", name="Check").focus()
    figure.page.keyboard.press("Space")
    right = sum(sound == picture for sound, picture in enumerate(traits["truth"]))
    machine = sum(picture == true for picture, true in zip(traits["machine"], traits["truth"], strict=True))
    assert f"You matched {right} of 8, the model {machine}" in says(figure)
    figure.get_by_role("button", name="Again").click()


@pytest.mark.figure("Retrieve")
def test_retrieve(figure: Any, site: Path) -> None:
    traits = state(site, "Retrieve")
    sound = figure.get_by_role("radio", name="a sound")
    sound.check()
    select = figure.locator("select")
    select.focus()
    figure.page.keyboard.press("ArrowDown")
    cosines = traits["table"]["cosines"][1][1]
    best = max(range(len(cosines)), key=lambda n: cosines[n])
    assert f"First: “{traits['captions'][best]}”" in says(figure)
    captions = figure.locator("li img").evaluate_all("images => images.map((image) => image.alt)")
    order = sorted(range(len(cosines)), key=lambda n: (-cosines[n], n))
    assert captions == [traits["captions"][n] for n in order]
    figure.get_by_role("radio", name="a sentence").click()
    assert figure.locator("select option").count() == len(traits["names"][0])


@pytest.mark.figure("Guess")
def test_guess(figure: Any, site: Path) -> None:
    """The reader commits by keyboard; the page answers with what came out when it was made."""
    truth = state(site, "Guess")["truth"]
    slider = figure.locator('input[type="range"]')
    slider.focus()
    figure.page.keyboard.press("Home")
    figure.page.keyboard.press("ArrowRight")
    chosen = float(slider.input_value())
    figure.get_by_role("button", name="Commit").click()
    assert f"You said {chosen:g}" in says(figure)
    assert f"it came out at {truth:g}" in says(figure)
    assert slider.is_disabled()


def test_quiz_says_why_and_is_remembered(page: Callable[[str], Visit]) -> None:
    visit = page("raw_signals")
    quiz = visit.page.locator(".vatt-quiz").first
    right, wrong = quiz.locator("details[data-right]").first, quiz.locator("details:not([data-right])").first
    wrong.locator("summary").click()
    assert wrong.locator("p").is_visible()
    right.locator("summary").focus()
    visit.page.keyboard.press("Enter")
    assert right.locator("p").is_visible()
    assert not wrong.locator("p").is_visible()
    visit.page.wait_for_function("() => document.querySelector('.vatt-quiz').classList.contains('vatt-answered')")
    visit.page.reload()
    visit.page.wait_for_function("() => document.querySelector('.vatt-quiz').classList.contains('vatt-answered')")
    assert visit.troubles == []
