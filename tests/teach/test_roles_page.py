"""What the page says of *who does what*: nothing where nothing was run, and verdicts that follow from the rows."""

import json
from pathlib import Path

import numpy as np

from vatt_edu.experiments import who_does_what
from vatt_edu.teach.roles import report


def row(label: str, seed: int, right: float, ties: float = 0.0) -> dict:
    random = np.random.default_rng(seed)
    ranks = np.where(random.random(256) < right, 1, 2).tolist()
    choice = {"accuracy": ranks.count(1) / 256, "ties": ties}
    scores = {"among_others": {"R@1": 0.6, "R@5": 0.99}, "swapped_captions": choice, "swapped_clips": choice}
    both = {"swapped_captions": ranks, "swapped_clips": ranks}
    return {"label": label, "seed": seed, "metrics": {"test_iid": scores}, "ranks": {"test_iid": both}}


def written(folder: Path, rows: list[dict]) -> Path:
    path = folder / "who_does_what.json"
    path.write_text(json.dumps({"rows": rows, "command": "vatt experiment who_does_what"}))
    return path


def test_nothing_is_said_to_be_nothing(tmp_path: Path) -> None:
    text = report(tmp_path / "absent.json")
    assert text.startswith("*Not run yet.* `vatt experiment who_does_what` trains 9 models")
    assert all(arm.label in text for arm in who_does_what.experiment().arms)


def test_verdicts_follow_from_the_rows(tmp_path: Path) -> None:
    bag, layers, together = (arm.label for arm in who_does_what.experiment().arms)
    rows = [row(bag, seed, 0.5) for seed in range(3)] + [row(layers, seed, 0.8) for seed in range(3)]
    text = report(written(tmp_path, [*rows, row(together, 0, 0.2)]))
    assert f"*{bag}*: a clip, two captions, not to be told from guessing" in text
    assert f"*{layers}*: a clip, two captions, better than guessing" in text
    assert f"*{together}*: a clip, two captions, worse than guessing" in text
    assert text.count("(one seed so far)") == 1
    assert "7 of 9 runs; 128 pairs" in text
    assert "| 60.0,\N{NO-BREAK SPACE}60.0,\N{NO-BREAK SPACE}60.0 | 99.0," in text


def test_arms_that_are_not_there_are_left_out_and_ties_are_said(tmp_path: Path) -> None:
    bag, layers, _ = (arm.label for arm in who_does_what.experiment().arms)
    text = report(written(tmp_path, [row(bag, 0, 0.5, ties=1.0)]))
    assert "ties, which guessing would decide" in text
    assert layers not in text
