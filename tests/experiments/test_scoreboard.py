"""The scoreboard: each row changes what its name says, from the row before, and the last is the toy."""

from dataclasses import replace

import pytest
import torch
from tiny import random_batch

from vatt_edu import config
from vatt_edu.config_json import to_json
from vatt_edu.experiments import run, scoreboard
from vatt_edu.model import VATT

CHANGES = {
    "words": {"model.text.encoder.layers"},
    "start": {"model.start"},
    "positions": {"model.positions"},
    "droptoken": {"model.droptoken.keep_video", "model.droptoken.keep_audio"},
    "depth": {"model.video.encoder.layers", "model.audio.encoder.layers"},
    "hierarchy": {"model.common_space.heads"},
    "candidates": {"data.candidates", "loss.line_masking"},
    "toy": {"model.pooling", "model.audio.gain", "data.narrated_videos", "data.windows_per_video"},
}


def flat(tree: dict, where: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in tree.items():
        found |= flat(value, f"{where}{name}.") if isinstance(value, dict) else {where + name: value}
    return found


def test_each_row_changes_what_its_name_says() -> None:
    configs = scoreboard.configs()
    assert list(configs) == [row.label for row in scoreboard.ROWS] == list(scoreboard.STEPS)
    trees = [flat(to_json(one)) for one in configs.values()]
    for label, before, after in zip(list(configs)[1:], trees, trees[1:], strict=False):
        changed = {name for name in after if after[name] != before[name]} - {"train.steps"}
        assert changed == CHANGES[label], label


def test_the_last_row_is_the_toy() -> None:
    last = scoreboard.configs()["toy"]
    toy = config.toy()
    assert replace(last, train=toy.train) == toy


@pytest.mark.parametrize("label", [row.label for row in scoreboard.ROWS])
def test_every_row_learns_something(label: str) -> None:
    """One step of gradient descent along its own gradient lowers the loss of its own batch."""
    from vatt_edu.losses import Pairs, vatt_loss

    one = scoreboard.configs()[label]
    torch.manual_seed(0)
    model = VATT(one.model).train()
    some = random_batch(one.model, clips=4, lines=one.data.candidates)
    kept = model.draw_kept(some.index, 0, 0)

    def loss() -> torch.Tensor:
        return vatt_loss(Pairs.of(model(some, kept=kept), some), one.loss).total

    before = loss()
    before.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight -= 1e-3 * weight.grad / weight.grad.norm().clamp(min=1e-9)
    assert loss() < before


def test_twin_runs_two_rows() -> None:
    twin = run.named("scoreboard").twin()
    assert [arm.label for arm in twin.arms] == ["baseline", "words"]
