"""One step of training by several processes, saved for whoever compares it (chapter *Scaling up*).

    torchrun --standalone --nproc-per-node 2 -m vatt_edu.teach.one_step JOB [JOB ...]

A job is a folder with a model, a batch and ways to compute its gradient (``write_job``). Each process takes its share
of the batch; what comes out goes into the folder, by the number of processes (``read_results``). In double precision,
so that what is left of a difference is a mistake and not a rounding.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import astuple, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
import torch.distributed as dist
from jaxtyping import Float, Shaped
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.config.serialize import from_json, to_json
from vatt_edu.files import read_json, write_json
from vatt_edu.losses import Losses, vatt_loss
from vatt_edu.model import VATT, Features
from vatt_edu.training.distributed.gather import gather_clips, mean_losses, replicate
from vatt_edu.training.distributed.gradient import Model, drawing, features_of, micro_batches, unwrapped
from vatt_edu.training.distributed.processes import is_first, joined, rank, world_size
from vatt_edu.training.distributed.recipes import RECIPES, Recipe
from vatt_edu.training.distributed.watch import mark
from vatt_edu.training.pretrain import backward

Gradient = Mapping[str, Float[Tensor, "..."]]
"""By the name of the weight."""

MODEL, BATCH = "model.safetensors", "batch.safetensors"
HANG = 60.0  # seconds for which no process moves, until the job ends
RIGHT = "the package's"
TIMES = 8  # that a step and a message are timed
RATE = 3e-3  # of Adam, where ways train
MESSAGES = (1_000, 10_000, 100_000, 1_000_000)  # numbers, of eight bytes each


def reduced_with_each(model: Model, batch: Batch, config: Config, step: int) -> Losses:
    """GradCache whose micro-batches all go through DistributedDataParallel: right, in as many rounds of gradients."""
    vatt, parts = unwrapped(model), micro_batches(batch, config.train.micro_batch)
    with torch.no_grad():
        pieces = [features_of(vatt, part, number, config, step) for number, part in enumerate(parts)]
    features = Features(*(torch.cat(rows).requires_grad_() for rows in zip(*pieces, strict=True)))
    with drawing(config, step, batch):
        embeddings = vatt.embed(features, batch)
    clips = gather_clips(embeddings, batch)
    losses = vatt_loss(embeddings, batch, config.loss, clips, temperature=vatt.temperature)
    losses.total.backward()
    heads = [p for name, p in vatt.named_parameters() if part_of(name) in ("heads", "temperature")]
    first = 0
    for number, part in enumerate(parts):
        outputs = features_of(model, part, number, config, step)
        gradients = [cast(Tensor, rows.grad)[first : first + len(part)] for rows in features]
        torch.autograd.backward([*outputs, *heads], [*gradients, *map(torch.zeros_like, heads)])
        first += len(part)
    return mean_losses(losses)


WAYS: dict[str, Recipe] = {RIGHT: backward, **RECIPES, "reduced with each": reduced_with_each}
"""How a gradient can be computed: right, wrong, and right at a price."""


@dataclass(frozen=True)
class Arm:
    """One way to compute the gradient.

    Attributes:
        way: Its name in ``WAYS``.
        pieces: Micro-batches into which each process cuts its share.
    """

    way: str = RIGHT
    pieces: int = 1


@dataclass(frozen=True)
class Result:
    """What one arm gave on some number of processes.

    Attributes:
        gradient: Of each weight, by its name.
        rounds: How often each weight's gradient travelled: numbers in all-reduces of gradients, by those of weights.
        agrees: Whether all processes ended with the same gradient, to the last bit.
        loss: Of the whole batch.
        curve: For each step of a training by that way: the loss that it prints, and that of the whole batch.
    """

    gradient: Gradient
    rounds: float
    agrees: bool
    loss: float
    curve: Sequence[Sequence[float]] = ()


@dataclass(frozen=True)
class Times:
    """Seconds on some number of processes.

    Attributes:
        steps: Of steps of the package's way, one after the other.
        messages: By bytes: of all-reduces of so many.
    """

    steps: list[float]
    messages: dict[int, list[float]]


def part_of(name: str) -> str:
    """Which part of the model a weight belongs to: a tower, the heads, or the temperature."""
    first = name.split(".")[0]
    return {"common_space": "heads", "log_temperature": "temperature"}.get(first, first)


def flat(gradient: Gradient, part: str = "") -> Float[Tensor, " P"]:
    """The gradient of a part, or of all weights but the temperature, as one vector, by name: files keep no order."""
    parts = {name: part_of(name) for name in gradient}
    return torch.cat([g.flatten() for name, g in sorted(gradient.items()) if parts[name] == part or
                      (not part and parts[name] != "temperature")])  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """A gradient beside the right one.

    Attributes:
        cosine: Of the two.
        length: As a share of the right one's.
        temperature: The temperature's gradient as a share of the right one, with its sign.
        error: Length of the difference, as a share of the right one's length.
    """

    cosine: float
    length: float
    temperature: float
    error: float


def compare(ours: Gradient, right: Gradient, part: str = "") -> Comparison:
    """Direction and length of a gradient against the right one.

    Args:
        ours: By name of the weight.
        right: The same weights.
        part: Of the model; without one, all weights but the temperature, which stands by itself.
    """
    a, b = flat(ours, part), flat(right, part)
    cosine = float(a @ b / (a.norm() * b.norm()))
    degrees = [float(flat(gradient, "temperature")) for gradient in (ours, right)]
    return Comparison(
        cosine, float(a.norm() / b.norm()), degrees[0] / degrees[1], float((a - b).norm() / b.norm())
    )  # fmt: skip


# Jobs -----------------------------------------------------------------------------------------------------------------


def write_job(
    folder: Path, model: VATT, config: Config, batch: Batch, arms: Sequence[Arm], timed: bool = False, steps: int = 0
) -> None:
    """Makes a job.

    Args:
        folder: Is made.
        model: With a learned temperature.
        config: Of the model.
        batch: The global batch; its clips are shared in order.
        arms: Run one after the other.
        timed: Whether steps and messages are timed as well.
        steps: For which each arm also trains, always on this batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: values.contiguous().clone() for name, values in model.state_dict().items()}, folder / MODEL)
    columns = {f.name: getattr(batch, f.name) for f in fields(batch)}
    save_file({name: values.contiguous().clone() for name, values in columns.items()}, folder / BATCH)
    ways = [[arm.way, arm.pieces] for arm in arms]
    write_json(folder / "job.json", {"config": to_json(config), "arms": ways, "timed": timed, "steps": steps})


def run_job(folder: Path) -> tuple[dict[Arm, Result], Times | None]:
    """What this process, and all others with it, make of a job; alone, it is the whole batch on one process."""
    job = read_json(folder / "job.json")
    config = from_json(Config, job["config"])
    weights = load_file(folder / MODEL)
    batch = share_of(Batch(**load_file(folder / BATCH)))
    results = {}
    for arm in (Arm(*words) for words in job["arms"]):
        results[arm] = one_step(weights, batch, config, arm)
        if job["steps"]:
            results[arm] = replace(results[arm], curve=train(weights, batch, config, arm, job["steps"]))
    return results, time_steps(weights, batch, config) if job["timed"] else None


def share_of(batch: Batch) -> Batch:
    """This process's clips, with sound in double precision."""
    size = len(batch) // world_size()
    rows = slice(rank() * size, (rank() + 1) * size)
    share = Batch(**{f.name: getattr(batch, f.name)[rows] for f in fields(batch)})
    return replace(share, audio=share.audio.double())


def one_step(weights: dict[str, Shaped[Tensor, "..."]], batch: Batch, config: Config, arm: Arm) -> Result:
    """The gradient of the global batch by one way.

    Args:
        weights: Of the model.
        batch: This process's share.
        config: The run.
        arm: Which way.
    """
    mark(arm.way)
    model = _replica(weights, config)
    sent: list[int] = []
    if isinstance(model, DistributedDataParallel):
        model.register_comm_hook(sent, _reduced)
    losses = WAYS[arm.way](model, batch, in_pieces(config, batch, arm), 0)
    gradient = {name: p.grad.clone() for name, p in unwrapped(model).named_parameters() if p.grad is not None}
    total = sum(g.numel() for g in gradient.values())
    return Result(gradient, sum(sent) / total, _is_same_everywhere(flat(gradient)), losses.total.item())


def in_pieces(config: Config, batch: Batch, arm: Arm) -> Config:
    """The run in which a share of the batch is cut as an arm cuts it."""
    size = 0 if arm.pieces == 1 else -(-len(batch) // arm.pieces)
    return replace(config, train=replace(config.train, micro_batch=size))


def train(
    weights: dict[str, Shaped[Tensor, "..."]], batch: Batch, config: Config, arm: Arm, steps: int
) -> list[list[float]]:
    """Some steps of Adam by one way, always on the same clips; the tokens that are dropped change.

    Args:
        weights: Of the model, as it begins.
        batch: This process's share.
        config: The run.
        arm: Which way.
        steps: How many.

    Returns:
        For each step what the way prints, and the loss of the whole batch with the weights of that step.
    """
    model, cut = _replica(weights, config), in_pieces(config, batch, arm)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    curve = []
    for step in range(steps):
        mark(f"{arm.way}, training")
        meant = whole_loss(unwrapped(model), batch, config, step)
        optimizer.zero_grad()
        printed = WAYS[arm.way](model, batch, cut, step).total.item()
        optimizer.step()
        curve.append([printed, meant])
    return curve


@torch.no_grad()
def whole_loss(model: VATT, batch: Batch, config: Config, step: int) -> float:
    """What a step of all clips of all processes, in one piece, would print."""
    with drawing(config, step, batch):
        embeddings = model(batch, seed=config.seed, step=step)
    clips = gather_clips(embeddings, batch)
    return mean_losses(vatt_loss(embeddings, batch, config.loss, clips, temperature=model.temperature)).total.item()


def _replica(weights: dict[str, Shaped[Tensor, "..."]], config: Config) -> Model:
    model = VATT(config.model).double().train()
    model.load_state_dict(weights)
    return replicate(model)


def _reduced(sent: list[int], bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
    """What DistributedDataParallel does with a bucket of gradients, counted."""
    mark("gradients")
    sent.append(bucket.buffer().numel())
    rows = bucket.buffer().div_(world_size())
    dist.all_reduce(rows)
    future: torch.futures.Future[Tensor] = torch.futures.Future()
    future.set_result(rows)
    return future


def _is_same_everywhere(values: Float[Tensor, " P"]) -> bool:
    if world_size() == 1:
        return True
    least, most = values.clone(), values.clone()
    dist.all_reduce(least, op=dist.ReduceOp.MIN)
    dist.all_reduce(most, op=dist.ReduceOp.MAX)
    return torch.equal(least, most)


def time_steps(weights: dict[str, Shaped[Tensor, "..."]], batch: Batch, config: Config) -> Times:
    """Seconds of steps of the package's way and, with several processes, of messages; all of them begin together."""
    model = _replica(weights, config)
    steps = _seconds(lambda: backward(model, batch, config, 0))
    messages: dict[int, list[float]] = {}
    for numbers in MESSAGES if world_size() > 1 else ():
        values = torch.zeros(numbers, dtype=torch.float64)
        messages[8 * numbers] = _seconds(partial(dist.all_reduce, values))
    return Times(steps, messages)


def _seconds(work: Callable[[], object]) -> list[float]:
    """How long something takes, again and again; the first time is not counted."""
    seconds = []
    for _ in range(TIMES + 1):
        mark("what is timed")
        if world_size() > 1:
            dist.barrier()
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def read_results(folder: Path, processes: int) -> tuple[dict[Arm, Result], Times | None]:
    """What so many processes made of a job."""
    content = read_json(folder / f"{processes}.json")
    results = {}
    for number, (words, values) in enumerate(content["results"]):
        results[Arm(*words)] = Result(load_file(folder / f"{processes}-{number}.safetensors"), **values)
    times = content["times"]
    if times is None:
        return results, None
    return results, Times(times["steps"], {int(size): seconds for size, seconds in times["messages"].items()})


def main(folders: Sequence[str]) -> None:
    """The jobs one after the other, by all processes that torchrun has started."""
    torch.set_num_threads(1)
    with joined(torch.device("cpu"), HANG) as watch, watch or nullcontext():
        for folder in map(Path, folders):
            results, times = run_job(folder)
            if is_first():
                content: dict[str, Any] = {"results": [], "times": vars(times) if times else None}
                for number, (arm, result) in enumerate(results.items()):
                    values = dict(vars(result))
                    save_file(dict(values.pop("gradient")), folder / f"{world_size()}-{number}.safetensors")
                    content["results"].append([list(astuple(arm)), values])
                write_json(folder / f"{world_size()}.json", content)
                print(f"{folder.name}: {len(results)} gradients on {world_size()} processes")


if __name__ == "__main__":
    main(sys.argv[1:])
