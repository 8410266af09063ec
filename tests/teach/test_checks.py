"""Graders: the reference passes; the stub and every wrong answer that a learner would give gets the hint that fits."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from vatt_edu.config import EncoderConfig, VideoConfig
from vatt_edu.data.text.captions import Line, nearest_lines
from vatt_edu.evaluation.metrics import ranks
from vatt_edu.interop.official import from_official
from vatt_edu.teach import checks
from vatt_edu.towers import video_tower

Capture = pytest.CaptureFixture[str]


def verdict(grader: Callable[[Any], None], answer: Callable[..., Any], capsys: Capture) -> str:
    grader(answer)
    return capsys.readouterr().out


def alias(frequency: float, rate: float) -> float:
    """By the spectrum of the samples themselves, which is another way than the grader's."""
    count = 4_000
    samples = np.cos(2 * np.pi * frequency * np.arange(count) / rate)
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / count)


def nearest(centers: list[float], time: float, count: int) -> list[int]:
    """By the package's own function."""
    lines = [Line(center, center, str(number), number) for number, center in enumerate(centers)]
    return [line.text_id for line in nearest_lines(lines, time, count)]


def recall(similarity: np.ndarray, k: int) -> float:
    """By the package's own function."""
    return float((ranks(torch.from_numpy(similarity.copy())) <= k).mean())


def to_unit(frame: np.ndarray) -> np.ndarray:
    return np.interp(frame, [0, 255], [-1, 1])


def to_torch(key: str, array: np.ndarray) -> np.ndarray:
    """By the converter's own function."""
    return from_official(key, array).numpy()


def tower_parameters(layers: int, width: int, hidden: int, patch: int, rows: tuple[int, ...]) -> int:
    """By building one, on the meta device."""
    size = EncoderConfig(layers=layers, width=width, ff_width=hidden, heads=1, head_width=width)
    frames, side = patch // 192, 8  # of a tubelet: 3 x 8 x 8 numbers a frame
    video = VideoConfig(frames * rows[0], side * rows[1], side * rows[2], (frames, side, side), encoder=size)
    with torch.device("meta"):
        return sum(value.numel() for value in video_tower(video).parameters())


def parts_left_out(*names: str) -> Callable[..., int]:
    """The count without some of what a tower holds."""

    def count(layers: int, width: int, hidden: int, patch: int, rows: tuple[int, ...]) -> int:
        sizes = {
            "biases": width * (1 + 5 * layers) + layers * hidden,
            "agg": width,
            "output": layers * (width * width + width),
            "last norm": 2 * width,
        }
        return tower_parameters(layers, width, hidden, patch, rows) - sum(sizes[name] for name in names)

    return count


def grid_of_positions(layers: int, width: int, hidden: int, patch: int, rows: tuple[int, ...]) -> int:
    return tower_parameters(layers, width, hidden, patch, rows) + (math.prod(rows) - sum(rows)) * width


def of_kernels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[str, np.ndarray], np.ndarray]:
    return lambda key, array: change(array) if "kernel" in key else array


REFERENCES = [
    (checks.to_torch, to_torch),
    (checks.tower_parameters, tower_parameters),
    (checks.alias, alias),
    (checks.nearest, nearest),
    (checks.recall, recall),
    (checks.to_unit, to_unit),
]


@pytest.mark.parametrize(("grader", "answer"), REFERENCES, ids=lambda f: f.__name__)
def test_the_right_answer_passes(grader: Callable, answer: Callable, capsys: Capture) -> None:
    assert verdict(grader, answer, capsys).startswith("Right")


@pytest.mark.parametrize("grader", [grader for grader, _ in REFERENCES], ids=lambda f: f.__name__)
def test_the_stub_is_told_so(grader: Callable, capsys: Capture) -> None:
    assert "nothing comes back" in verdict(grader, lambda *_: ..., capsys)
    assert "nothing comes back" in verdict(grader, lambda *_: None, capsys)


@pytest.mark.parametrize("grader", [grader for grader, _ in REFERENCES], ids=lambda f: f.__name__)
def test_an_answer_that_stops_is_told_where(grader: Callable, capsys: Capture) -> None:
    def stops(*_: Any) -> Any:
        raise IndexError("list index out of range")

    message = verdict(grader, stops, capsys)
    assert "IndexError: list index out of range" in message
    assert "Right" not in message


def folded_once(frequency: float, rate: float) -> float:
    return rate - frequency if frequency > rate / 2 else frequency


def sorted_by_difference(centers: list[float], time: float, count: int) -> list[int]:
    return np.argsort(np.array(centers) - time)[:count].tolist()


def topk(similarity: np.ndarray, k: int) -> float:
    """A stable sort puts a row's own before later ties: a model that says nothing gets points."""
    own = np.diag(similarity)[:, None]
    return float((np.sum(similarity > own, axis=1) + 1 <= k).mean())


def by_column(similarity: np.ndarray, k: int) -> float:
    return recall(similarity.T.copy(), k)


def off_by_one(similarity: np.ndarray, k: int) -> float:
    ranks = (similarity >= np.diag(similarity)[:, None]).sum(1)
    return float((ranks < k).mean())


WRONG = [
    (checks.to_torch, lambda key, x: x.copy(), "fits either way"),
    (checks.to_torch, lambda key, x: to_torch("a/kernel", x) if x.ndim > 1 else x, "looked up, row by row"),
    (checks.to_torch, of_kernels(lambda x: np.transpose(x)), "mixes time with color"),
    (checks.to_torch, of_kernels(lambda x: np.resize(x, (x.shape[-1], x.size // x.shape[-1]))), "never moves a number"),
    (checks.to_torch, of_kernels(lambda x: np.rollaxis(x, x.ndim - 1)), "a tokenizer is a matrix"),
    (checks.to_torch, of_kernels(lambda x: x.reshape(x.size // x.shape[-1], -1)), "must still turn"),
    (checks.to_torch, lambda key, x: to_torch("a/kernel", x), "biases are added"),
    (checks.to_torch, lambda key, x: -to_torch(key, x), "should return"),
    (checks.tower_parameters, parts_left_out("biases"), "also has a bias"),
    (checks.tower_parameters, parts_left_out("agg"), "one learned vector"),
    (checks.tower_parameters, parts_left_out("output"), "four matrices"),
    (checks.tower_parameters, parts_left_out("last norm"), "after the last layer"),
    (checks.tower_parameters, grid_of_positions, "not t × h × w"),
    (checks.tower_parameters, parts_left_out("agg", "last norm"), "should return"),
    (checks.alias, lambda f, r: f, "the tone itself"),
    (checks.alias, lambda f, r: np.fmod(f, r), "may still lie above half"),
    (checks.alias, folded_once, "beyond it, frequencies come out negative"),
    (checks.alias, lambda f, r: abs(r - f), "should stay what it is"),
    (checks.alias, lambda f, r: r / 2 if f > r / 2 else f, "not cut off"),
    (checks.alias, lambda f, r: f % (r / 2), "falls as tones rise"),
    (checks.alias, lambda f, r: 2 * f, "should return 440"),
    (checks.nearest, lambda c, t, k: [n for n, v in enumerate(c) if v <= t][::-1][:k], "comes after the moment"),
    (checks.nearest, lambda c, t, k: sorted(nearest(c, t, k)), "nearest should be first"),
    (checks.nearest, lambda c, t, k: [c[n] for n in nearest(c, t, k)], "their numbers"),
    (checks.nearest, sorted_by_difference, "difference has a sign"),
    (checks.nearest, lambda c, t, k: nearest(c, t, len(c))[::-1][:k], "farthest"),
    (checks.nearest, lambda c, t, k: nearest(c, t, 1), "only the nearest one"),
    (checks.nearest, lambda c, t, k: nearest(c, t, k + 1), "should return"),
    (checks.recall, topk, "in our favor"),
    (checks.recall, off_by_one, "one place is missing"),
    (checks.recall, by_column, "asks the columns"),
    (checks.recall, lambda s, k: round(len(s) * recall(s, k)), "how many"),
    (checks.recall, lambda s, k: recall(-s, k), "least similar"),
    (checks.recall, lambda s, k: recall(s, 1), "k is not used"),
    (checks.recall, lambda s, k: 100 * recall(s, k), "should return"),
    (checks.to_unit, lambda x: x.astype(float) / 255, "[0, 1]"),
    (checks.to_unit, lambda x: x / 255 - 0.5, "half as long"),
    (checks.to_unit, lambda x: x / 128.0 - 1, "divided by"),
    (checks.to_unit, lambda x: (x.astype(int) - 127) / 128, "127.5"),
    (checks.to_unit, lambda x: (2 * x - np.uint8(255)) / 255, "wrap around"),
    (checks.to_unit, lambda x: x.astype(float).mean(-1) / 127.5 - 1, "an array of shape"),
]


@pytest.mark.parametrize(("grader", "answer", "hint"), WRONG, ids=[f"{g.__name__}-{h}" for g, _, h in WRONG])
def test_a_wrong_answer_gets_the_hint_that_fits(grader: Callable, answer: Callable, hint: str, capsys: Capture) -> None:
    message = verdict(grader, answer, capsys)
    assert message.startswith("Not yet")
    assert hint in message


def test_an_answer_cannot_pass_by_changing_its_input(capsys: Capture) -> None:
    def spoil(centers: list[float], time: float, count: int) -> list[int]:
        numbers = nearest(centers, time, count)
        centers.clear()
        return numbers

    assert verdict(checks.nearest, spoil, capsys).startswith("Right")
