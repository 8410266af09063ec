"""A trace of some steps, on request."""

import json
from pathlib import Path

import pytest
import torch
from helpers import clips, runs

from vatt_edu.training.profile import WARM_UP, Trace


def kernels(path: Path) -> list[str]:
    return [event["name"] for event in json.loads(path.read_text())["traceEvents"] if event.get("cat") == "cpu_op"]


def test_a_run_leaves_a_trace_of_so_many_steps_and_the_same_losses(tmp_path: Path) -> None:
    world = clips.corpus(tmp_path / "corpus", narrated=3, text_free=3)
    run = runs.pretrain(world, tmp_path / "run", "--train.profile-steps", "2", train__steps=WARM_UP + 4)
    plain = runs.pretrain(world, tmp_path / "plain", train__steps=WARM_UP + 4)
    (path,) = run.glob("trace-*.json")
    assert path.name == f"trace-{WARM_UP:08d}.json"
    names = kernels(path)
    assert "aten::addmm" in names
    assert sum(name.startswith("Optimizer.step") for name in events(path)) == 2
    assert (run / "model.safetensors").read_bytes() == (plain / "model.safetensors").read_bytes()
    assert not [*plain.glob("trace-*")]


def events(path: Path) -> list[str]:
    return [event["name"] for event in json.loads(path.read_text())["traceEvents"] if "name" in event]


@pytest.mark.parametrize(("done", "traced"), [(2, 0), (4, 1), (9, 2)])
def test_what_was_traced_until_a_block_ends_is_kept(tmp_path: Path, done: int, traced: int) -> None:
    def train() -> None:
        with Trace(tmp_path, 10, 2, torch.device("cpu")) as trace:
            for _ in range(done):
                torch.ones(3).cumsum(0)
                trace.step()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    paths = [*tmp_path.glob("trace-00000013.json")]
    assert len(paths) == (traced > 0)
    assert [kernels(path).count("aten::cumsum") for path in paths] == [traced] * len(paths)


def test_without_a_request_nothing_is_done(tmp_path: Path) -> None:
    with Trace(tmp_path, 0, 0, torch.device("cpu")) as trace:
        for _ in range(9):
            trace.step()
    assert not [*tmp_path.iterdir()]
