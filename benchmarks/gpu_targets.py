"""What full-scale training promises on one GPU, each line measured beside its bound.

- ``two ranks``: two processes of gloo on one GPU against one process, losses of ten steps.
- ``large batch``: GradCache, 2,048 clips at once, against as many steps of its micro-batches as it has.
- ``mfu``, ``half``: a whole training step of VATT-Medium in bf16, as a share of the datasheet's peak; and of the
  seconds that half of the tokens should save by their FLOPs, the share that is saved.
- ``videomae``, ``videomae compiled``: the video tower beside transformers' (``peers.py``), all tokens, bf16.
- ``bf16``: the loss of its last steps against that of float32, as a share of the spread of three seeds.
- ``toy_gpu``: a step of its training, files and all, over a step on clips that lie on the device.

What takes turns within a line is compared by medians.

    python benchmarks/gpu_targets.py                        # on an idle GPU, about fifteen minutes
    python benchmarks/gpu_targets.py --tiny --device cpu    # the same way in a minute; its numbers judge nothing
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import peers
import torch
import tyro
from gpu_step import random_batch

from vatt_edu import minitube
from vatt_edu.config import Config, preset
from vatt_edu.cost import ACCELERATORS, PASSES, cost
from vatt_edu.files import write_json
from vatt_edu.model import VATT
from vatt_edu.system import machine
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import pretrain, train_step


class Target(NamedTuple):
    """A bound of a line: the value is to be at least it, or at most."""

    bound: float
    at_least: bool


TARGETS = {
    "two ranks": Target(1e-4, False),  # float32, sums in another order
    "large batch": Target(1.45, False),
    "mfu": Target(0.38, True),
    "half": Target(0.85, True),
    "videomae": Target(1.25, True),
    "videomae compiled": Target(1.05, True),
    "bf16": Target(1.0, False),
    "toy_gpu": Target(1.15, False),
}


@dataclass
class Args:
    """What to measure."""

    lines: tuple[str, ...] = tuple(TARGETS)
    """Which lines; ``videomae compiled`` comes with ``videomae``, ``half`` with ``mfu``."""
    device: str = "cuda"
    """Where."""
    tiny: bool = False
    """The toy and a few clips, to see that it runs."""
    rounds: int = 20
    """Timed steps of each way, after two that are not."""
    clips: int = 32
    """In a batch of VATT-Medium."""
    out: Path = Path("results/gpu/benchmark_gpu_targets.json")
    """Where the JSON goes."""

    def sized(self, whole: int, tiny: int) -> int:
        """A size of the run."""
        return tiny if self.tiny else whole

    @property
    def toy(self) -> Config:
        """Of the lines that train the preset for one GPU."""
        if not self.tiny:
            return preset("toy_gpu")
        config = preset("toy")
        data = replace(config.data, narrated_videos=1, windows_per_video=2, text_free=2)
        return replace(config, data=data, model=replace(config.model, tokenizer_init="official"))


class Stepper:
    """Training steps of a model on one batch that lies on the device."""

    def __init__(self, config: Config, clips: int, device: str) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, torch.device(device)
        with self.device:
            self.model = VATT(config.model).train()
        self.batch = random_batch(config, clips, self.device)
        self.optimizer = make_optimizer(self.model, config.optim)
        self.number = 0

    def seconds(self) -> float:
        """How long one step takes."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        train_step(self.model, self.batch, self.optimizer, self.config, self.number, 1e-5).total.item()
        self.number += 1
        return time.perf_counter() - began


def in_turns(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median seconds of each way, after two rounds that warm up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 2):
        for name, way in ways.items():
            times[name].append(way())
    return {name: statistics.median(values[2:]) for name, values in times.items()}


def trained_losses(out: Path) -> list[float]:
    """Of a run, step by step."""
    return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]


def two_ranks(args: Args, folder: Path) -> dict[str, Any]:
    """Largest difference of two losses, over the loss."""
    corpus = minitube.ensure("tiny", quiet=True)
    words = [
        "-m", "vatt_edu.cli", "pretrain", "toy", "--data", str(corpus), "--quiet",
        "--data.narrated-videos", "1", "--data.windows-per-video", "2", "--data.text-free", "2",
        "--train.steps", str(args.sized(10, 2)), "--train.device", args.device, "--train.threads", "1",
    ]  # fmt: skip
    many = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, launcher in (("one", []), ("two", many)):
        subprocess.run([sys.executable, *launcher, *words, "--out", str(folder / name)], check=True, timeout=600)
    one, two = (trained_losses(folder / name) for name in ("one", "two"))
    return {"value": max(abs(a - b) / abs(a) for a, b in zip(one, two, strict=True)), "steps": len(one)}


def large_batch(args: Args, folder: Path) -> dict[str, Any]:
    """Seconds of a cached step over those of its micro-batches' own steps."""
    clips, micro, config = args.sized(2048, 12), args.sized(256, 4), args.toy
    cached = replace(config, train=replace(config.train, micro_batch=micro, loss_chunk=micro))
    whole = Stepper(cached, clips, args.device)
    part = Stepper(config, micro, args.device)
    ways = {"whole": whole.seconds, "parts": lambda: sum(part.seconds() for _ in range(clips // micro))}
    times = in_turns(ways, args.rounds)
    return {"value": times["whole"] / times["parts"], "clips": clips, "micro_batch": micro, **times}


def peak(device: str) -> float:
    """FLOPs a second of the chip's datasheet in bf16; none of a CPU, where 1e12 stands for it."""
    name = torch.cuda.get_device_name() if device == "cuda" else ""
    return next((chip.peak for chip in ACCELERATORS if chip.name.split()[0] in name), 1e12)


def medium(args: Args, folder: Path) -> dict[str, Any]:
    """MFU of a step with all tokens; and with half of them, seconds saved over FLOPs saved."""
    base, clips = preset("toy" if args.tiny else "medium_base_small"), args.sized(args.clips, 4)
    configs = {}
    for keep in (1.0, 0.5):
        drop = replace(base.model.droptoken, keep_video=keep, keep_audio=keep)
        train = replace(base.train, precision="bf16")
        configs[keep] = replace(base, model=replace(base.model, droptoken=drop), train=train)
    steppers = {keep: Stepper(config, clips, args.device) for keep, config in configs.items()}
    times = in_turns({str(keep): stepper.seconds for keep, stepper in steppers.items()}, args.rounds)
    flops = {keep: PASSES * cost(config, clips, keep)["flops"]["total"]["here"] for keep, config in configs.items()}
    saved = (1 - times["0.5"] / times["1.0"]) / (1 - flops[0.5] / flops[1.0])
    top = peak(args.device)
    return {
        "value": flops[1.0] / times["1.0"] / top, "half": saved, "clips": clips, "peak": top,
        "seconds": times, "flops": {str(keep): value for keep, value in flops.items()},
    }  # fmt: skip


def videomae(args: Args, folder: Path) -> dict[str, Any]:
    """How many times the seconds of our tower's step transformers' takes; ``compiled`` both."""
    out, precision = folder / "peers.json", "bf16" if args.device == "cuda" else "fp32"
    sizes = {"layers": 1, "width": 64, "frames": 8, "size": 32} if args.tiny else {"layers": 12, "clips": 8}
    rows = peers.main(
        peers.Args(**sizes, rounds=args.rounds, device=args.device, precision=precision, compiled=not args.tiny,
                   keep=(1.0,), peers=("videomae",), out=out)
    )  # fmt: skip
    ratios = {(row["name"], row["keep"]): row["ratio"] for row in rows}
    return {
        "value": ratios.get(("videomae", 1.0)), "compiled": ratios.get(("videomae compiled", 1.0)), "rows": rows
    }  # fmt: skip


def bf16(args: Args, folder: Path) -> dict[str, Any]:
    """How far the mean loss of bf16 is from float32's, over the spread of float32's three seeds."""
    corpus, config, steps = minitube.ensure("tiny" if args.tiny else "small", quiet=True), args.toy, args.sized(200, 2)
    last = {}
    for precision, seed in (("fp32", 0), ("fp32", 1), ("fp32", 2), ("bf16", 0)):
        train = replace(config.train, steps=steps, precision=precision, device=args.device, workers=0)
        out = folder / f"{precision}-{seed}"
        pretrain(replace(config, seed=seed, train=train), [str(corpus)], out, quiet=True)
        last[precision, seed] = statistics.fmean(trained_losses(out)[-max(1, steps // 4) :])
    seeds = [last["fp32", seed] for seed in range(3)]
    spread = max(seeds) - min(seeds)
    return {"value": abs(last["bf16", 0] - seeds[0]) / spread, "fp32": seeds, "bf16": last["bf16", 0], "steps": steps}


def toy_gpu(args: Args, folder: Path) -> dict[str, Any]:
    """Seconds of a step in training over those of a step on a batch that is there."""
    corpus, config = minitube.ensure("tiny" if args.tiny else "small", quiet=True), args.toy
    config = replace(config, train=replace(config.train, steps=args.sized(200, 2), device=args.device))
    pretrain(config, [str(corpus)], folder / "toy_gpu", quiet=True)
    lines = [json.loads(line) for line in (folder / "toy_gpu" / "log.jsonl").read_text().splitlines()]
    trained = config.data.batch_size / statistics.median(line["clips_per_s"] for line in lines[len(lines) // 4 :])
    bare = in_turns({"bare": Stepper(config, config.data.batch_size, args.device).seconds}, args.rounds)["bare"]
    return {"value": trained / bare, "trained": trained, "bare": bare}


LINES: dict[str, Callable[[Args, Path], dict[str, Any]]] = {
    "two ranks": two_ranks, "large batch": large_batch, "mfu": medium, "videomae": videomae, "bf16": bf16,
    "toy_gpu": toy_gpu,
}  # fmt: skip


def main(args: Args) -> list[dict[str, Any]]:
    """Measures line by line, prints each beside its bound, writes the JSON after each; returns its rows."""
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no GPU here: --tiny --device cpu shows that the script runs")
    rows: list[dict[str, Any]] = []
    args.out.parent.mkdir(parents=True, exist_ok=True)
    settings = {name: value for name, value in vars(args).items() if name != "out"}
    for name in (name for name in LINES if name in args.lines):
        with tempfile.TemporaryDirectory() as folder:
            measured = LINES[name](args, Path(folder))
        values = {name: measured.pop("value")}
        values |= {"half": measured.pop("half")} if name == "mfu" else {}
        values |= {"videomae compiled": measured.pop("compiled")} if name == "videomae" else {}
        for line, value in values.items():
            bound, at_least = TARGETS[line]
            holds = None if value is None else (value >= bound) if at_least else (value <= bound)
            rows.append({"line": line, "value": value, "bound": bound, "at_least": at_least, "holds": holds} | measured)
            sign = "at least" if at_least else "at most"
            print(f"{line:18} {'not measured' if value is None else f'{value:.4g}'}, {sign} {bound:g}", flush=True)
        record = {"command": "python benchmarks/gpu_targets.py", "seeds": [0], "settings": settings, **machine()}
        write_json(args.out, {**record, "rows": rows})
    print(f"written to {args.out}")
    return rows


if __name__ == "__main__":
    main(tyro.cli(Args))
