"""``vatt pretrain … --dry-run``: what a training would be, before it costs anything. Nothing is written."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from vatt_edu.config import Config
from vatt_edu.cost import PASSES, cost, training_flops
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.open import open_sources
from vatt_edu.training.contents import count_contents, require_pairs
from vatt_edu.training.distributed.processes import require_shares
from vatt_edu.training.loggers.logger import require_loggers
from vatt_edu.training.pretrain import resolve_device
from vatt_edu.training.run_folder import validate_run_folder
from vatt_edu.training.speed import require_compiler
from vatt_edu.training.words import open_vocabulary

UTILIZATION = 0.35
"""Share of a matrix product's speed that a training step is assumed to reach: published ones lie at 0.2 to 0.5."""

DECODED = 4  # clips that are decoded to see how long it takes
MATRIX, REPEATS = {"cpu": 1024, "cuda": 8192}, 5


def dry_run(
    config: Config, data: Sequence[str], out: Path, preset: str, resume: bool, vocab: Path | None
) -> Iterator[str]:
    """Checks configuration, folder and data, and says how much it would be: a line each.

    Args:
        config: The run.
        data: Its sources.
        out: Its folder.
        preset: The preset's name.
        resume: Whether it goes on with a run.
        vocab: A vocabulary, or None.

    Raises:
        UserError: At whatever would end the training before its first step.
    """
    processes = int(os.environ.get("WORLD_SIZE", 1))
    require_shares(config, processes)
    require_loggers(config)
    validate_run_folder(out, config, resume)
    resolved = resolve_device(config)
    require_compiler(resolved)
    train, share = resolved.train, config.data.batch_size // processes
    at_once = train.micro_batch if 0 < train.micro_batch < share else share
    kind = torch.device(train.device).type

    yield f"{preset}: {train.steps:,} steps on {processes} processes ({kind}, {train.precision}); nothing is written"
    narrated, windows, single = config.data.narrated_videos, config.data.windows_per_video, config.data.text_free
    pieces = f"in {-(-share // at_once)} micro-batches of {at_once}" if at_once < share else "at once"
    yield (
        f"batch: {narrated} narrated videos x {windows} windows + {single} clips without text = "
        f"{config.data.batch_size} clips; {share} on each process, {pieces}"
    )
    keep = config.model.droptoken.keep_video
    costs = cost(config, at_once, keep, processes)
    travel = cost(config, share, keep, processes)["traffic"]
    memory = (costs["state"] + costs["activations"]["total"]) / 1e9
    about = "at most" if train.recompute else "about"  # most activations are forgotten
    yield f"memory: {about} {memory:.2f} GB a process (state, gradients, and the activations of {at_once} clips)"
    sent = sum(travel[name] for name in ("gradients", "embeddings", "norms")) / 1e6
    yield f"sent by each process in a step: about {sent:.1f} MB"

    seconds_a_clip, line = _read(config, data, out, vocab)
    yield line
    flops = training_flops(config) * share
    if at_once < share:  # GradCache goes forward twice
        flops += flops // PASSES
    step = flops / (UTILIZATION * _matrix_product(resolved))
    yield (
        f"time: {flops / 1e12:.3g} TFLOP a step and process; at {UTILIZATION:.0%} of a matrix "
        f"product's speed here, {step:.2f} s a step, {step * train.steps / 3600:.1f} hours in all"
    )
    yield (
        f"reading: {seconds_a_clip:.3f} s a clip at {config.data.short_side} px; to keep up, each process needs "
        f"{seconds_a_clip * share / step:.1f} cores (train.workers is {train.workers})"
    )


def _read(config: Config, data: Sequence[str], out: Path, vocab: Path | None) -> tuple[float, str]:
    """Seconds that a clip takes to be read from its file, and what there is to learn from."""
    sources = [(source.first(config.data.max_narrated_videos), weight) for source, weight in open_sources(data)]
    vocabulary = open_vocabulary(out, [source for source, _ in sources], config, vocab)
    stream = ClipStream.open(sources, config, vocabulary, cache=False, quiet=True)
    contents = count_contents(stream, vocabulary)
    require_pairs(contents, stream, config.loss, [source for source, _ in sources])
    parts = max(1, config.data.batch_size // DECODED)
    while config.data.batch_size % parts:
        parts -= 1
    start = time.perf_counter()
    batch, _ = stream.batch(0, 0, parts)
    return (time.perf_counter() - start) / len(batch), contents.line


def _matrix_product(config: Config) -> float:
    """FLOPs a second of a matrix product on the run's device, in its precision."""
    device = torch.device(config.train.device)
    dtype = torch.bfloat16 if config.train.precision == "bf16" else torch.float32
    size = MATRIX.get(device.type, MATRIX["cpu"])
    x = torch.ones(size, size, device=device, dtype=dtype)
    seconds: list[float] = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        (x @ x)[0, 0].item()  # waits for it
        seconds.append(time.perf_counter() - start)
    return float(2 * size**3 / min(seconds))
