"""Pre-training, from top to bottom: open the sources, build the model, and take one step after the other.

A run is a folder. Everything in it is a function of its configuration and its sources: killed at any moment and
resumed, it goes on as if nothing had happened.

One process and many take the same way (``torchrun --nproc-per-node 4 -m vatt_edu.cli pretrain ...``): each reads its
share of every batch and computes its share of the gradient, and the first of them writes.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.data.loader.collate import batch_bytes
from vatt_edu.data.loader.prefetch import Skip, batches, fitting_workers
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.sources.open import open_sources
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.losses import Losses, vatt_loss
from vatt_edu.model import VATT
from vatt_edu.system import machine
from vatt_edu.tokens import WordEmbedding
from vatt_edu.training import checkpoint
from vatt_edu.training.contents import count_contents, require_pairs
from vatt_edu.training.distributed.gather import gather_clips, mean_losses, replicate
from vatt_edu.training.distributed.gradient import Model, cached_backward, drawing, unwrapped
from vatt_edu.training.distributed.processes import (
    agree,
    is_first,
    joined,
    local_device,
    rank,
    require_shares,
    together,
    was_restarted,
    world_size,
)
from vatt_edu.training.distributed.watch import mark
from vatt_edu.training.identity import identity, require_same_data
from vatt_edu.training.loggers.logger import Loggers, require_loggers
from vatt_edu.training.loggers.measures import Meter
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.profile import Trace
from vatt_edu.training.progress import interrupt, progress, say
from vatt_edu.training.run_folder import (
    create_run_folder,
    nonfinite_in_a_row,
    owned,
    truncate_logs,
    validate_run_folder,
)
from vatt_edu.training.schedule import learning_rate
from vatt_edu.training.speed import require_compiler, speed_up_
from vatt_edu.training.views import backward_of_views
from vatt_edu.training.whitening import WHITENING_BATCHES, whiten_
from vatt_edu.training.words import open_vocabulary, open_word_vectors

Validate = Callable[[VATT, Vocabulary], dict[str, dict[str, float]]]
"""Scores of a model in training, by direction of retrieval and name."""


@dataclass(frozen=True)
class Result:
    """How a call of ``pretrain`` ended: at which step, and which signal ended it before the run was done (0: none)."""

    step: int
    signal: int = 0
    first: bool = True  # of many processes, the one that speaks

    @property
    def interrupted(self) -> bool:
        """Whether there is something left to do."""
        return self.signal != 0


def pretrain(
    config: Config,
    data: Sequence[str],
    out: Path,
    *,
    preset: str = "custom",
    resume: bool = False,
    cache: bool = True,
    vocab: Path | None = None,
    words: Path | None = None,
    validate: Validate | None = None,
    quiet: bool = False,
) -> Result:
    """Trains a VATT and writes a run folder (``config.json vocab.json log.jsonl checkpoints/ … model.safetensors``).

    Args:
        config: The whole configuration.
        data: Sources, ``SOURCE`` or ``SOURCE:WEIGHT`` each.
        out: The run's folder; must not hold another run.
        preset: Name of the preset that ``config`` came from, for the record.
        resume: Go on with the run in ``out``; an empty folder starts a new one.
        cache: Read from the decoded cache (made where missing); False decodes every clip when it is needed.
        vocab: A vocabulary, official or ours; made from the sources' lines if None.
        words: Word vectors that the text tower starts with, a row for each id; a resumed run has them already.
        validate: Measures the model every ``config.train.eval_every`` steps, see ``evaluation.retrieval.validator``.
        quiet: No progress bar.

    Raises:
        UserError: At anything the user can mend: sources, folder, configuration, damaged files.
    """
    torch.set_num_threads(config.train.threads or min(torch.get_num_threads(), 8))
    resolved = resolve_device(config)  # what is run; what is written is the configuration as it was given
    device = torch.device(resolved.train.device)
    resume = resume or was_restarted()

    with joined(device, config.train.hang_seconds) as watch, ExitStack() as held:
        with together():  # what one process cannot do, none does
            # check
            if config.train.eval_every and validate is None:
                raise UserError("train.eval_every needs what measures: pretrain(..., validate=validator(data, config))")
            require_shares(config, world_size())
            require_loggers(config)
            require_compiler(resolved)
            record = validate_run_folder(out, config, resume)
            if is_first():
                held.enter_context(owned(out))
                record = validate_run_folder(out, config, resume)  # again, since it is ours only now

            # data
            sources = [(source.first(config.data.max_narrated_videos), weight) for source, weight in open_sources(data)]
            if record is not None:
                require_same_data(out, record, sources)
            newest, passed_over = checkpoint.last_readable(out)
            _require_steps_left(out, newest, config)
            vectors = None if words is None else open_word_vectors(words, config.model.text)
            vocabulary = open_vocabulary(out, [source for source, _ in sources], config, vocab)
            stream = ClipStream.open(sources, config, vocabulary, cache=cache, quiet=quiet or not is_first())
            say([*passed_over, *stream.notes])
            stream.check_decodable()
            contents = count_contents(stream, vocabulary)
            require_pairs(contents, stream, config.loss, [source for source, _ in sources])

            # model
            model = initial_model(resolved, stream, vectors).to(device)
            optimizer = make_optimizer(model, resolved.optim, fused=resolved.train.fused)

            # restore
            meta = None if newest is None else checkpoint.restore(newest, model, optimizer)
            step, seconds = (meta["step"], meta["train_seconds"]) if meta else (0, 0.0)
            left_out = nonfinite_in_a_row(out, step)

        speed_up_(model, resolved, config.data.batch_size // world_size())
        replica = replicate(model)  # the same weights and one gradient on all processes; alone, the model itself
        about = {"seed": config.seed, "processes": world_size(), **machine()}
        steps = config.train.steps
        with together():
            if is_first():
                identities = [identity(source, weight) for source, weight in sources]
                create_run_folder(out, config, data, preset, vocabulary, identities)  # nothing above has changed it
                if meta is None:
                    checkpoint.save(out, 0, model, optimizer, {**about, "train_seconds": 0.0})
                elif step < steps:  # of an earlier end, if the run is made longer
                    (out / "model.safetensors").unlink(missing_ok=True)
                truncate_logs(out, step)
        meter = Meter(resolved, device, world_size())
        say([contents.line, *contents.notes(config.loss), *meter.note])

        # loop
        model.train()
        ending = 0
        with (
            Loggers(out, config, step) as log,
            interrupt() as stop,
            progress(steps, step, quiet) as bar,
            checkpoint.Writer(out, config.train.keep_checkpoints) as writer,  # in a thread; waited for at the end
            Trace(out, step, config.train.profile_steps if is_first() else 0, device) as trace,
            watch or nullcontext(),
        ):
            start = time.perf_counter() - seconds
            meter.restart()
            for batch, skips, wait in _read_ahead(stream, step, resolved, device):
                lr = learning_rate(step, config.optim, steps)
                losses = train_step(replica, batch, optimizer, resolved, step, lr)
                left_out = 0 if is_finite(losses) else left_out + 1  # reads them, so waits for the device
                ending, skips = agree(stop.number, skips, device)
                seconds = time.perf_counter() - start
                if left_out:
                    require_finite(losses, step, left_out, config)
                    log.write_nonfinite(step, losses)
                    meter.restart()
                else:
                    log.write(meter.line(step, losses, lr, wait, skips), skips)
                    bar.show(losses)
                trace.step()
                writer.check()
                step += 1
                if validate is not None and config.train.eval_every and step % config.train.eval_every == 0:
                    before = time.perf_counter()
                    if is_first():
                        scores = validate(model, vocabulary)
                        model.train()
                        log.write_scores(step, scores)
                        bar.validated(scores)
                    start += time.perf_counter() - before  # train_seconds are of training
                    meter.restart()
                if is_first() and (step % config.train.checkpoint_every == 0 or step == steps or ending):
                    writer.save(step, model, optimizer, {**about, "train_seconds": seconds})
                if ending:
                    break

        if step == steps and is_first():
            checkpoint.write_tensors(out / "model.safetensors", model.state_dict())
        return Result(step, ending if step < steps else 0, is_first())


def train_step(
    model: Model, batch: Batch, optimizer: torch.optim.Optimizer, config: Config, step: int, lr: float
) -> Losses:
    """Moves the weights once; everything random in it is a function of (seed, step).

    Where the loss or the gradient is no number, on whatever process, nothing moves on any of them.

    Args:
        model: In training mode, on the batch's device; of many processes, as ``replicate`` returns it.
        batch: The batch of this step, or this process's share of it.
        optimizer: Its learning rate is set to ``lr``.
        config: The run.
        step: From 0.
        lr: Learning rate of this step.

    Returns:
        The losses of the whole batch before the move, detached; the total is no number where nothing moved.
    """
    statistics = [buffer.clone() for buffer in model.buffers()]
    optimizer.zero_grad(set_to_none=True)
    losses = backward(model, batch, config, step)
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
    losses = replace(losses, total=losses.total + 0 * norm)
    if not is_finite(losses):
        for buffer, before in zip(model.buffers(), statistics, strict=True):
            buffer.copy_(before)
        return losses
    if config.optim.grad_clip_norm:
        nn.utils.clip_grads_with_norm_(model.parameters(), config.optim.grad_clip_norm, norm)
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.step()
    return losses


def backward(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """Adds the gradient of the global batch to the weights' own, the same on every process.

    Args:
        model: In training mode; where there are several processes, as ``gather.replicate`` returns it.
        batch: This process's share.
        config: The run; ``train.micro_batch`` says how many clips fit at once.
        step: From 0; with the seed, the process and the micro-batch it decides about all that is random.

    Returns:
        The losses of the global batch, detached.
    """
    if config.loss.weight_within:
        return backward_of_views(model, batch, config, step)
    if 0 < config.train.micro_batch < len(batch):
        return cached_backward(model, batch, config, step)
    with drawing(config, step, batch):
        embeddings = model(batch, seed=config.seed, step=step)
    temperature, chunk = unwrapped(model).temperature, config.train.loss_chunk
    everyone = gather_clips(embeddings, batch)  # None where this process is alone
    losses = vatt_loss(embeddings, batch, config.loss, everyone, temperature=temperature, chunk=chunk)  # in float32
    losses.total.backward()
    return mean_losses(losses)


def is_finite(losses: Losses) -> bool:
    """Whether a step has moved the weights."""
    return math.isfinite(losses.total.item())


def require_finite(losses: Losses, step: int, left_out: int, config: Config) -> None:
    """Ends a run of which more steps in a row had to be left out than ``train.max_nonfinite`` allows.

    Raises:
        UserError: Before anything of that step is logged or saved.
    """
    if left_out > config.train.max_nonfinite:
        before = f", as in the {left_out - 1} steps before it" if left_out > 1 else ""
        total = losses.total.item()
        raise UserError(f"the loss is {total} at step {step}{before}; the last checkpoint is kept: lower optim.lr")


def _require_steps_left(out: Path, newest: Path | None, config: Config) -> None:
    """Refuses to go on to a step that is behind the run."""
    step = 0 if newest is None else checkpoint.read_meta(newest)["step"]
    if step > config.train.steps:
        raise UserError(f"{out} is at step {step}, train.steps = {config.train.steps}: give at least that many steps")


def _read_ahead(
    stream: ClipStream, step: int, config: Config, device: torch.device
) -> Iterator[tuple[Batch, list[Skip], float]]:
    """Batches on the device from ``step`` on, each with how long the loop waited for it in seconds."""
    on_gpu = device.type == "cuda"
    workers = fitting_workers(config.train.workers, batch_bytes(config))
    if workers < config.train.workers:
        remedy = "give it more (docker run --shm-size=8g), or set --train.workers 0"
        say([f"shared memory (/dev/shm) is too small for {config.train.workers} workers, {workers} read: {remedy}"])
    share = {"rank": rank(), "world": world_size()}
    clips = stream.packed() if config.train.sound_bits == 16 else stream
    reader = iter(batches(clips, step, config.train.steps, workers, **share, pin_memory=on_gpu))
    while True:
        mark("reading clips")
        start = time.perf_counter()
        item = next(reader, None)
        if item is None:
            return
        batch, skips = item
        mark("a step")
        yield batch.to(device), skips, time.perf_counter() - start


def initial_model(config: Config, stream: ClipStream | None, vectors: Float[Tensor, "V E"] | None = None) -> VATT:
    """The model of step 0: seeded, with these word vectors, its tokenizers whitened where the configuration says so.

    Args:
        config: The run.
        stream: Its training batches; only whitening needs them.
        vectors: A row for each word.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = VATT(config.model)
    if vectors is not None:
        table = model.text.words
        assert isinstance(table, WordEmbedding)
        with torch.no_grad():
            table.weight.copy_(vectors)
    if config.model.tokenizer_init == "whitened":
        assert stream is not None
        whiten_(model, (stream.batch(step)[0] for step in range(WHITENING_BATCHES)))
    return model


def resolve_device(config: Config) -> Config:
    """The same on a device that is here, in a precision that it has.

    Raises:
        UserError: If the device cannot be used.
    """
    train = config.train
    name = ("cuda" if torch.cuda.is_available() else "cpu") if train.device == "auto" else train.device
    name = local_device(name)
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"train.device = {name} cannot be used here ({str(error).splitlines()[0]})") from None
    precision = train.precision
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        say(["this GPU has no bf16; training in fp32"])
        precision = "fp32"
    return replace(config, train=replace(train, device=str(device), precision=precision))
