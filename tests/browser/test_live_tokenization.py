"""The live figure of *Tokenization*, without a kernel: mouse and keyboard, and the numbers that Python cuts."""

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.live import model, says, state

from vatt_edu.teach.interactive.tubelets import CUTS, places


def clip(site: Path) -> np.ndarray:
    """The pixels that the page holds."""
    (buffer,) = model(site, "Tubelets")["buffers"]
    pixels = np.frombuffer(base64.b64decode(buffer["data"]), np.uint8)
    return pixels.reshape(*state(site, "Tubelets")["shape"], 3)


@pytest.mark.figure("Tubelets")
def test_tubelets_are_those_of_python(figure: Any, site: Path) -> None:
    traits, video = state(site, "Tubelets"), clip(site)
    shape, tubelet = tuple(traits["shape"]), tuple(traits["tubelet"])
    slider = figure.get_by_role("slider", name="Token")
    for number, (name, cut) in enumerate(CUTS.items()):
        figure.locator(".vatt-live-tiles button").nth(number).click()
        rows = cut(torch.from_numpy(video.copy())[None], tubelet)[0]
        for token in (0, 31, 69):
            slider.fill(str(token))
            first = ", ".join(map(str, rows[token, :12].tolist()))
            assert f"begins {first}, …" in figure.inner_text()
            frames, lines, columns = np.unravel_index(places(name, shape, tubelet)[token], shape)
            spans = re.findall(r"(?:frames?|rows?|columns?) (\d+)(?: to (\d+))?", says(figure).split("holds")[1])
            expected = [(axis.min() + 1, axis.max() + 1) for axis in (frames, lines, columns)]
            assert [(int(low), int(high or low)) for low, high in spans] == expected


@pytest.mark.figure("Tubelets")
def test_tubelets_by_mouse_and_keyboard(figure: Any) -> None:
    figure.locator(".vatt-live-tiles button").first.click()
    figure.get_by_role("button", name="Pause").click()
    figure.get_by_role("slider", name="Frame").fill("5")
    whole = figure.locator("canvas.vatt-whole")
    box = whole.bounding_box()
    whole.click(position={"x": box["width"] - 2, "y": 2})
    assert "Token 41 of" in says(figure)  # the last of the first row of the second time
    whole.focus()
    figure.page.keyboard.press("ArrowDown")
    assert "Token 48 of" in says(figure)
    figure.page.keyboard.press("ArrowLeft")
    assert "Token 47 of" in says(figure)
    figure.get_by_role("slider", name="Token").focus()
    figure.page.keyboard.press("End")
    assert "Token 69 of" in says(figure)
    figure.locator(".vatt-live-tiles button").nth(1).focus()
    figure.page.keyboard.press("Enter")
    assert says(figure).startswith("Cut: stripes.")
    play = figure.get_by_role("button", name=re.compile("Play"))
    play.click()
    figure.page.wait_for_function("() => document.querySelector('[data-figure=Tubelets] output:last-of-type')")
    figure.get_by_role("button", name="Pause").click()
