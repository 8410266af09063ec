"""How long does a training step take on one GPU, how much memory, and is that what ``vatt cost`` says?

Random clips that lie on the device already, so reading and decoding are left out; the keep rates of a preset take turns
and medians are compared. ``of_cost`` is what the forward pass kept for the way back, divided by what ``vatt cost`` says
for float32; tokenizers, heads and bf16 copies of the weights are not in the latter.

    python benchmarks/gpu_step.py
"""

import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
import tyro

from vatt_edu.batch import Batch
from vatt_edu.config import Config, preset
from vatt_edu.cost import cost
from vatt_edu.files import write_json
from vatt_edu.losses import vatt_loss
from vatt_edu.model import VATT
from vatt_edu.system import machine
from vatt_edu.training.optim import make_optimizer
from vatt_edu.training.pretrain import train_step

Precision = Literal["fp32", "bf16"]


@dataclass
class Args:
    """What to measure."""

    presets: tuple[str, ...] = (
        "toy_gpu", "base_base_small", "medium_base_small", "large_base_small", "agnostic_medium",
    )  # fmt: skip
    """Whose model is trained."""
    clips: int = 16
    """Clips in a batch; a toy takes as many as its preset says."""
    rounds: int = 6
    """Timed steps of each keep rate, after two that are not timed."""
    keep: tuple[float, ...] = (1.0, 0.5)
    """Keep rates of video and audio; the first is what the others are compared with."""
    precision: tuple[Precision, ...] = ("fp32", "bf16")
    """In which precision."""
    device: str = "cuda"
    """Where; memory is measured on a GPU only."""
    out: Path = Path("results/gpu/benchmark_gpu_step.json")
    """Where the JSON goes."""


def random_batch(config: Config, clips: int, device: torch.device) -> Batch:
    """Noise of the shape that ``config`` asks for."""
    spec, everyone = config.clip, torch.ones(clips, dtype=torch.bool)
    lines = torch.randint(1, config.model.text.vocab, (clips, spec.candidates, spec.words))
    return Batch(
        video=torch.randint(0, 256, (clips, spec.frames, spec.height, spec.width, 3), dtype=torch.uint8),
        audio=torch.rand(clips, spec.samples) * 2 - 1,
        text=lines,
        has_video=everyone,
        has_audio=everyone,
        has_text=everyone,
        index=torch.arange(clips),
        text_id=torch.arange(clips * spec.candidates).view(clips, -1),
    ).to(device)


def kept_bytes(model: VATT, batch: Batch, config: Config) -> int:
    """What a forward pass leaves on the device for the way back."""
    before = torch.cuda.memory_allocated()
    with torch.autocast("cuda", torch.bfloat16, enabled=config.train.precision == "bf16"):
        embeddings = model(batch, seed=0, step=0)
    loss = vatt_loss(embeddings, batch, config.loss).total
    size = torch.cuda.memory_allocated() - before
    loss.backward()
    model.zero_grad(set_to_none=True)
    return size


def measure(name: str, precision: Precision, args: Args) -> list[dict[str, Any]]:
    """A row for each keep rate."""
    device = torch.device(args.device)
    base = preset(name)
    config = replace(base, train=replace(base.train, precision=precision))
    torch.manual_seed(0)
    with device:
        model = VATT(config.model).train()
    clips = base.data.batch_size if name.startswith("toy") else args.clips
    optimizer, batch = make_optimizer(model, config.optim), random_batch(config, clips, device)
    seconds: dict[float, list[float]] = {keep: [] for keep in args.keep}
    peak: dict[float, int] = {}
    on_gpu = device.type == "cuda"

    def at(keep: float) -> None:
        """Sets the keep rate of both towers."""
        model.config = replace(
            config.model, droptoken=replace(config.model.droptoken, keep_video=keep, keep_audio=keep)
        )

    for number in range(args.rounds + 2):
        for keep in args.keep:
            at(keep)
            if on_gpu:
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            began = time.perf_counter()
            train_step(model, batch, optimizer, config, number, 1e-5).total.item()
            if number > 1:
                seconds[keep].append(time.perf_counter() - began)
            if on_gpu:
                peak[keep] = torch.cuda.max_memory_allocated()
    rows: list[dict[str, Any]] = []
    for keep in args.keep:
        at(keep)
        kept = kept_bytes(model, batch, config) if on_gpu else 0
        median, model_cost = statistics.median(seconds[keep]), cost(config, clips, keep)
        rows.append({
            "preset": name,
            "precision": precision,
            "keep": keep,
            "clips": clips,
            "median_s": median,
            "clips_per_s": clips / median,
            "speedup": statistics.median(seconds[args.keep[0]]) / median,
            "tflops": 3e-12 * model_cost["flops"]["total"]["here"] / median,
            "peak_gib": peak.get(keep, 0) / 2**30,
            "kept_gib": kept / 2**30,
            "cost_gib": model_cost["activations"]["total"] / 2**30,
            "of_cost": kept / model_cost["activations"]["total"],
        })  # fmt: skip
    return rows


def main(args: Args) -> None:
    """Measures, prints the table, writes the JSON."""
    if args.device == "cuda" and not torch.cuda.is_available():
        print("no GPU here: --device cpu measures time, not memory", file=sys.stderr)
        raise SystemExit(2)
    rows = []
    print(f"{'preset':18} {'':4} {'keep':>4} {'ms':>7} {'clips/s':>8} {'speedup':>7} {'TFLOP/s':>7} {'peak':>5} "
          f"{'kept':>5} {'cost':>5} GiB")  # fmt: skip
    for name in args.presets:
        for precision in args.precision:
            for row in measure(name, precision, args):
                rows.append(row)
                print(
                    f"{name:18} {precision:4} {row['keep']:4.2f} {1e3 * row['median_s']:7.1f} "
                    f"{row['clips_per_s']:8.1f} {row['speedup']:6.2f}x {row['tflops']:7.1f} {row['peak_gib']:5.1f} "
                    f"{row['kept_gib']:5.1f} {row['cost_gib']:5.1f}",
                    flush=True,
                )
            if args.device == "cuda":
                torch.cuda.empty_cache()
    settings = {"clips": args.clips, "rounds": args.rounds, "device": args.device}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    command = "python benchmarks/gpu_step.py"
    write_json(args.out, {"command": command, "settings": settings, **machine(), "rows": rows})
    print(f"written to {args.out}")


if __name__ == "__main__":
    main(tyro.cli(Args))
