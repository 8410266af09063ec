"""Pre-training, from top to bottom: open the sources, build the model, and take one step after the other.

A run is a folder. Everything in it is a function of its configuration and its sources: killed at any moment and
resumed, it goes on as if nothing had happened.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.data.loader.stream import ClipStream, Skip, batches
from vatt_edu.data.sources.open import Source, open_sources
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.data.text.word_vectors import read_embeddings
from vatt_edu.data.text.word_vectors import read_vocabulary as read_words
from vatt_edu.errors import UserError
from vatt_edu.model import VATT
from vatt_edu.system import machine
from vatt_edu.tokens import WordEmbedding
from vatt_edu.training import checkpoint
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.progress import interrupt, progress
from vatt_edu.training.run_folder import Log, check, claim, cut, read_vocabulary
from vatt_edu.training.schedule import learning_rate
from vatt_edu.training.step import train_step
from vatt_edu.training.whitening import BATCHES, whiten_


@dataclass(frozen=True)
class Result:
    """How a call of ``pretrain`` ended: at which step, and whether a signal ended it before the run was done."""

    step: int
    interrupted: bool


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
        quiet: No progress bar.

    Raises:
        UserError: At anything the user can mend: sources, folder, configuration, damaged files.
    """
    torch.set_num_threads(config.train.threads or min(torch.get_num_threads(), 8))
    check(out, config, data, resume)
    asked, config = config, _on_this_device(config)
    sources = [(source.first(config.data.max_narrated_videos), weight) for source, weight in open_sources(data)]
    table = None if words is None else _word_vectors(words, config)
    vocabulary = _vocabulary(out, [source for source, _ in sources], config, vocab)
    stream = ClipStream(sources, config.clip, config.data, vocabulary, config.seed, cache=cache, quiet=quiet)
    for note in stream.notes:
        print(f"note: {note}", flush=True)
    stream.batch(0, world=config.data.batch_size)  # one clip: whether anything can be decoded at all
    _need_pairs(stream, [source for source, _ in sources])
    device = torch.device(config.train.device)
    model = _new_model(config, stream, table, device)
    optimizer = make_optimizer(model, config.optim)

    claim(out, asked, data, preset, vocabulary)  # nothing above has changed it
    meta = {"seed": config.seed, **machine()}
    newest = checkpoint.last(out)
    if newest is None:
        step, seconds = 0, 0.0
        checkpoint.save(out, 0, model, optimizer, {**meta, "train_seconds": 0.0})
    else:
        found = checkpoint.restore(newest, model, optimizer)
        step, seconds = found["step"], found["train_seconds"]
    cut(out, step)

    model.train()
    done = config.train.steps
    with Log(out) as log, progress(done, step, quiet) as bar, interrupt() as stop:
        began = time.perf_counter() - seconds
        for batch, skips, waited in _read_ahead(stream, step, done, config, device):
            lr = learning_rate(step, config.optim, done)
            losses = train_step(model, batch, optimizer, config, step, lr)
            seconds = time.perf_counter() - began
            log.write(step, losses, lr, len(batch), waited, skips)  # reads the losses, so waits for the device
            bar.show(losses)
            step += 1
            if step % config.train.checkpoint_every == 0 or step == done or stop.is_set():
                checkpoint.save(out, step, model, optimizer, {**meta, "train_seconds": seconds})
                checkpoint.prune(out, config.train.keep_checkpoints)
            if stop.is_set():
                break

    if step == done:
        checkpoint.write_tensors(out / "model.safetensors", model.state_dict())
    return Result(step, interrupted=step < done)


def _need_pairs(stream: ClipStream, sources: Sequence[Source]) -> None:
    """Refuses videos that have neither words nor sound: no two things in them belong together."""
    told = any(video.lines for source in sources for video in source.clips("train"))
    if not told and not stream.batch(0)[0].has_audio.any():
        raise UserError(
            f"nothing to learn from in {', '.join(str(source.root) for source in sources)}: no video has captions, and "
            "none of the first batch has sound; put captions beside the videos (name.vtt) or take files with sound"
        )


def _read_ahead(
    stream: ClipStream, start: int, stop: int, config: Config, device: torch.device
) -> Iterator[tuple[Batch, list[Skip], float]]:
    """Batches on the device, each with how long the loop waited for it in seconds."""
    on_gpu = device.type == "cuda"
    reader = iter(batches(stream, start, stop, config.train.workers, pin_memory=on_gpu))
    while True:
        asked = time.perf_counter()
        item = next(reader, None)
        if item is None:
            return
        batch, skips = item
        yield batch.to(device), skips, time.perf_counter() - asked


def _new_model(config: Config, stream: ClipStream, words: torch.Tensor | None, device: torch.device) -> VATT:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = VATT(config.model)
    if words is not None:
        table = model.text.words
        assert isinstance(table, WordEmbedding)
        with torch.no_grad():
            table.weight.copy_(words)
    if config.model.tokenizer_init == "whitened":
        whiten_(model, (stream.batch(step)[0] for step in range(BATCHES)))
    return model.to(device)


def _vocabulary(out: Path, sources: Sequence[Source], config: Config, given: Path | None) -> Vocabulary:
    size = config.model.text.vocab
    if (out / "vocab.json").exists():
        return read_vocabulary(out, config)
    if given is None:
        return Vocabulary.train((text for source in sources for text in source.texts), size)
    found = read_words(given)
    if len(found) > size:
        raise UserError(f"{given} has {len(found)} words, model.text.vocab is {size}: raise it to that")
    return found


def _word_vectors(path: Path, config: Config) -> torch.Tensor:
    table, text = torch.from_numpy(read_embeddings(path)), config.model.text
    if table.shape != (text.vocab, text.embedding_width):
        raise UserError(
            f"{path} holds vectors of shape {tuple(table.shape)}, the text tower looks up "
            f"{(text.vocab, text.embedding_width)} (model.text.vocab, model.text.embedding_width)"
        )
    return table


def _on_this_device(config: Config) -> Config:
    train = config.train
    name = ("cuda" if torch.cuda.is_available() else "cpu") if train.device == "auto" else train.device
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"train.device = {name} cannot be used here ({str(error).splitlines()[0]})") from None
    precision = train.precision
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        print("note: this GPU has no bf16; training in fp32", flush=True)
        precision = "fp32"
    return replace(config, train=replace(train, device=str(device), precision=precision))
