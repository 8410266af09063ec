"""What a run writes down at each step, and who writes it: the same numbers in lines of JSON and in event files."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from helpers import clips, runs, tiny
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vatt_edu.config import Config, DropTokenConfig, toy
from vatt_edu.cost import training_flops
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.losses import Losses
from vatt_edu.model import VATT
from vatt_edu.training.loggers import logger as module
from vatt_edu.training.loggers.logger import Loggers
from vatt_edu.training.loggers.measures import Meter, peak_tflops
from vatt_edu.training.loggers.tensorboard import FOLDER
from vatt_edu.training.run_folder import read_log

CPU = torch.device("cpu")
LOSSES = Losses(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(1.5))


def with_train(config: Config, **fields: object) -> Config:
    return replace(config, train=replace(config.train, **fields))


def events(run: Path) -> dict[str, dict[int, float]]:
    """What TensorBoard's own reader makes of a run's event files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(run / FOLDER), size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return {tag: {event.step: event.value for event in accumulator.Scalars(tag)} for tag in tags}


def require_equal(run: Path) -> None:
    """Every number of every line, as event files keep it: in float32."""
    curves, lines = events(run), read_log(run)
    names = [name for name, value in lines[0].items() if value is not None and name != "step"]
    assert {f"train/{name}" for name in names} <= set(curves)
    for name in names:
        assert curves[f"train/{name}"] == {line["step"]: np.float32(line[name]) for line in lines}, name


def test_event_files_hold_what_the_lines_hold(tmp_path: Path) -> None:
    """Also of a run that was made longer."""
    world = clips.corpus(tmp_path / "corpus", narrated=3, text_free=3)
    flags = ["--train.loggers", "tensorboard", "--train.peak-tflops", "0.1"]
    run = runs.pretrain(world, tmp_path / "run", *flags, train__steps=3)
    require_equal(run)
    assert all(line["mfu"] > 0 for line in read_log(run))
    runs.pretrain(world, run, "--resume", *flags, train__steps=5)
    assert len(read_log(run)) == 5
    require_equal(run)


def line(step: int) -> dict[str, int | float | None]:
    return {"step": step, "loss": 1.0 + step, "mfu": None}


def test_what_a_resume_does_again_is_taken_back(tmp_path: Path) -> None:
    config = with_train(toy(), loggers=("tensorboard",))
    with Loggers(tmp_path, config, 0) as log:
        for step in range(4):
            log.write(line(step), [])
        log.write_scores(4, {"text_to_video": {"R@5": 0.25}})
    with Loggers(tmp_path, config, 2) as log:
        log.write(line(2), [])
        log.write_nonfinite(3, Losses(*torch.full((3,), torch.nan)))
    curves = events(tmp_path)
    assert curves["train/loss"] == {0: 1.0, 1: 2.0, 2: 3.0}
    assert curves["train/left_out"] == {3: 1.0}
    assert "train/mfu" not in curves
    assert curves.get("val/text_to_video/R@5", {}) == {}  # of step 4, which is to come again
    assert json.loads((tmp_path / "nonfinite.jsonl").read_text())["total"] == "nan"


def test_another_logger_is_a_class_and_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        seen: ClassVar[list[tuple[str, int]]] = []

        def __init__(self, out: Path, step: int) -> None:
            self.seen.append((out.name, step))

        def write(self, line: dict[str, int | float | None], skips: Sequence[Skip]) -> None:
            self.seen.append(("line", int(line["step"] or 0)))

        def write_scores(self, step: int, scores: dict[str, dict[str, float]]) -> None:
            self.seen.append(("scores", step))

        def write_nonfinite(self, step: int, losses: Losses) -> None:
            self.seen.append(("left out", step))

        def close(self) -> None:
            self.seen.append(("close", 0))

    monkeypatch.setitem(module.LOGGERS, "memory", (lambda: None, Memory))
    config = with_train(toy(), loggers=("memory",))
    module.require_loggers(config)
    with Loggers(tmp_path, config, 7) as log:
        log.write(line(7), [Skip("a.mp4", "damaged", 3)])
        log.write_scores(8, {})
        log.write_nonfinite(8, LOSSES)
    assert Memory.seen == [(tmp_path.name, 7), ("line", 7), ("scores", 8), ("left out", 8), ("close", 0)]
    assert read_log(tmp_path, "skipped.jsonl") == [{"step": 7, "path": "a.mp4", "reason": "damaged", "index": 3}]


def test_a_logger_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = clips.corpus(tmp_path / "corpus", narrated=1, text_free=1)
    assert runs.main(runs.words(world, tmp_path / "run", "--train.loggers", "wandb")) == 2
    assert capsys.readouterr().err == "vatt: train.loggers: there is no logger 'wandb'; there are: tensorboard\n"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert runs.main(runs.words(world, tmp_path / "run", "--train.loggers", "tensorboard")) == 2
    assert "this needs the package tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("keep", [(1.0, 1.0), (0.5, 0.25)])
def test_useful_flops_are_what_torch_counts_of_a_forward_pass_with_droptoken(keep: tuple[float, float]) -> None:
    config = tiny.model_config(droptoken=DropTokenConfig(*keep, sharing="sample"))
    whole = replace(toy(), model=config)
    clip_count, lines = 4, whole.data.candidates
    model, batch = VATT(config).train(), tiny.random_batch(config, clip_count, lines)
    # The math kernel is made of products that torch counts; of its fused one for CPUs it counts nothing.
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        model(batch, seed=0, step=0)
    assert training_flops(whole) * clip_count == 3 * counter.get_total_flops()
    views = replace(whole, loss=replace(whole.loss, weight_within=1.0))
    assert training_flops(views) == 2 * training_flops(whole)


def test_a_line_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes whose devices do 3 TFLOP/s at most, a step of 4 s, of which 1 s was spent waiting."""
    now = [10.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    config = with_train(toy(), peak_tflops=3.0)
    meter = Meter(config, CPU, 2)
    now[0] = 14.0
    row = meter.line(5, LOSSES, 1e-3, 1.0, [Skip("a", "b", 0)])
    share = config.data.batch_size * training_flops(config) / (4.0 * 2 * 3e12)
    memory = row.pop("memory_gb")
    assert 0 < memory < 1000
    assert row == {
        "step": 5, "loss": LOSSES.total.item(), "nce": LOSSES.nce.item(), "mil_nce": LOSSES.mil_nce.item(), "lr": 1e-3,
        "clips_per_s": config.data.batch_size / 4, "mfu": pytest.approx(share, abs=5e-7), "data_wait": 1.0,
        "data_wait_share": 0.25, "skipped": 1,
    }  # fmt: skip
    (note,) = meter.note
    gigaflops = training_flops(config) / 3e9
    assert f"({gigaflops:.3g} GFLOP a clip) x clips a second / peak (2 x 3 TFLOP/s)" in note
    now[0] = 100.0
    meter.restart()
    now[0] = 101.0
    assert meter.line(6, LOSSES, 1e-3, 2.0, [])["clips_per_s"] == config.data.batch_size  # validation is left out
    assert math.isfinite(share)


def test_the_peak_is_the_datasheets_or_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    assert peak_tflops(toy(), CPU) is None
    assert Meter(toy(), CPU, 1).note == []
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "NVIDIA H200")
    assert peak_tflops(toy(), torch.device("cuda")) == 989.0  # dense bf16, as its maker's page says
    assert peak_tflops(with_train(toy(), peak_tflops=5.0), torch.device("cuda")) == 5.0
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "NVIDIA Unheard-of")
    assert peak_tflops(toy(), torch.device("cuda")) is None
    (note,) = Meter(toy(), torch.device("cuda"), 1).note
    assert note == "mfu is not logged: the peak of NVIDIA Unheard-of is not known; --train.peak-tflops gives it"
