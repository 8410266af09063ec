"""What *VATT in one page* and *Raw signals* show, by other means; and that the loss of the page is its own."""

import ast
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vatt_edu.data import read_audio, read_video
from vatt_edu.minitube.encode import write_video
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, SAMPLE_RATE
from vatt_edu.teach.interactive.clapper import Clapper

BOOK = Path(__file__).resolve().parents[2] / "book"
MOMENTS = {"vatt_in_one_page": ("matrix", "bag-of-patches"), "raw_signals": ("clapperboard",)}


def cells(chapter: str) -> dict[str, dict[str, Any]]:
    return {cell["id"]: cell for cell in json.loads((BOOK / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]}


def functions(chapter: str, *names: str) -> dict[str, Any]:
    """What some cells of a page define; nothing else of them is run."""
    space: dict[str, Any] = {"torch": torch, "F": F, "nn": torch.nn, "math": math, "np": np}
    for name in names:
        tree = ast.parse("".join(cells(chapter)[name]["source"]))
        tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        exec(compile(tree, name, "exec"), space)
    return space


@pytest.mark.parametrize("chapter", MOMENTS)
def test_every_moment_has_a_cell(chapter: str) -> None:
    tags = {tag for cell in cells(chapter).values() for tag in cell["metadata"].get("tags", [])}
    assert {f"moment-{name}" for name in MOMENTS[chapter]} <= tags


def test_plain_nce_is_the_loss_by_hand() -> None:
    page = functions("vatt_in_one_page", "plain-nce", "code-loss")
    clips, sounds = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    each = []
    for own in range(4):  # one exponential after the other
        terms = [(clips[own] @ s / clips[own].norm() / s.norm()).item() for s in sounds]
        terms += [(c @ sounds[own] / c.norm() / sounds[own].norm()).item() for c in clips]
        each.append(math.log(sum(math.exp(t / 0.2) for t in terms) / math.exp(terms[own] / 0.2)))
    assert math.isclose(page["plain_nce"](clips, sounds).item(), sum(each) / 4, rel_tol=1e-9)
    nothing, yes = torch.zeros(4, 4, 1, dtype=torch.bool), torch.ones(4, dtype=torch.bool)
    assert torch.isclose(page["contrast"](clips, sounds[:, None], yes, nothing), page["plain_nce"](clips, sounds))


def test_the_loss_of_the_page_is_its_own() -> None:
    page = cells("vatt_in_one_page")
    text = "\n".join("".join(page[name]["source"]) for name in ("code-loss", "plain-nce"))
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert names.isdisjoint({"vatt", "contrastive", "vatt_loss", "losses"})


@pytest.mark.parametrize(("batch", "temperature", "least"), [(40, 0.2, 0.90), (2_048, 0.07, 0.69)])
def test_the_least_possible_loss_is_that_of_a_simplex(batch: int, temperature: float, least: float) -> None:
    """Directions of a regular simplex reach the bound that the page gives, and random ones lie above it."""
    bound = math.log(2 + 2 * (batch - 1) * math.exp(-batch / ((batch - 1) * temperature)))
    assert round(bound, 2) == least
    if batch > 100:
        return
    plain = functions("vatt_in_one_page", "plain-nce")["plain_nce"]
    simplex = torch.eye(batch, dtype=torch.float64) - 1 / batch
    assert math.isclose(plain(simplex, simplex, temperature).item(), bound, rel_tol=1e-9)
    other = torch.randn(batch, batch, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert plain(other, other, temperature) > bound


@pytest.mark.parametrize("clap", [0.5, 1.25, 3.0])
def test_a_clapperboard_is_in_step_at_any_time(tmp_path: Path, clap: float) -> None:
    frames = np.zeros((4 * FPS, FRAME_SIZE, FRAME_SIZE, 3), np.uint8)
    frames[round(clap * FPS)] = 255
    click = np.zeros(4 * SAMPLE_RATE, np.float32)
    click[round(clap * SAMPLE_RATE) :][:240] = 0.8
    write_video(tmp_path / "clap.mp4", frames, click)
    bright = read_video(tmp_path / "clap.mp4", 0.0, 4 * FPS, float(FPS), 64).astype(float).mean((1, 2, 3))
    level = np.abs(read_audio(tmp_path / "clap.mp4", 0.0, 64_000, 16_000))
    assert abs(bright.argmax() / FPS - clap) < 1e-9
    assert abs(np.flatnonzero(level > level.max() / 2)[0] / 16_000 - clap) < 0.02


def test_the_clapperboard_of_the_page_and_its_drift() -> None:
    """Three claps, seen and heard; two seconds in, the wrong rate of the page is late by about a sixth of a second."""
    names: dict[str, Any] = {"np": np, "read_audio": read_audio, "read_video": read_video, "rate": 16_000}
    exec("".join(cells("raw_signals")["clapperboard"]["source"]), names)  # the page's own code
    assert names["flashes"].tolist() == [1.0, 2.0, 3.0]
    assert np.abs(names["clicks"] / 16_000 - names["flashes"]).max() < 0.01
    figure = Clapper(names["flashes"], names["clicks"], 16_000.0, 4.0, "data:", 14_700.0)
    assert figure.offsets == pytest.approx(1e3 * np.array([1.0, 2.0, 3.0]) * (16_000 / 14_700 - 1), abs=3)
    assert figure.offsets[1] == pytest.approx(1_000 / 6, abs=15)
    assert 48_000 * 14_700 == 16_000 * 44_100


def test_the_baseline_pools_whatever_the_order() -> None:
    pool = functions("vatt_in_one_page", "baseline")["pool"]
    tokens = torch.randn(2, 9, 4, generator=torch.manual_seed(0))
    assert torch.allclose(pool(tokens), pool(tokens[:, torch.randperm(9)]), atol=1e-6)
    assert torch.equal(pool(torch.eye(3)[None])[0], torch.full((3,), 1 / 3) + 1)


@pytest.mark.parametrize("name", ["vatt_in_one_page", "raw_signals", "official_weights"])
def test_right_answers_are_not_always_the_longest_or_in_one_place(name: str) -> None:
    quizzes: list[Any] = []
    for cell in cells(name).values():
        source = "".join(cell["source"])
        if source.startswith("quiz("):
            exec(source, {"quiz": lambda question, options: quizzes.append(options)})
    assert len({[right for _, right, _ in options].index(True) for options in quizzes}) > 1
    assert not any(max(options, key=lambda option: len(option[0]))[1] for options in quizzes)
