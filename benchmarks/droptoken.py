"""How much faster is a training step that keeps half of the video tokens?

One process, the same weights and clips, keep rates in turn, so that a busy machine slows all of them alike; the medians
are compared. A step is what training does: cut, keep, project, encode, pool, backward, AdamW.

    python benchmarks/droptoken.py            # 1,568 tokens, three layers of Base width
"""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

from vatt_edu.config import EncoderConfig, VideoConfig
from vatt_edu.droptoken import Kept, keep_indices
from vatt_edu.files import write_json
from vatt_edu.model import RawTower, video_tower
from vatt_edu.system import machine


@dataclass
class Args:
    """What to measure."""

    layers: int = 3
    """Layers of Base width (768)."""
    clips: int = 2
    """Clips in a batch."""
    rounds: int = 5
    """Timed steps of each keep rate, after one that is not timed."""
    keep: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25)
    """Keep rates; the first is what the others are compared with."""
    threads: int = 2
    """Threads of torch."""
    out: Path = Path("results/benchmark_droptoken.json")
    """Where the JSON goes."""


def step(tower: RawTower, video: torch.Tensor, kept: Kept | None, optimizer: torch.optim.Optimizer) -> float:
    """One training step of the tower; returns its seconds."""
    began = time.perf_counter()
    pooled, _ = tower(video, kept)
    optimizer.zero_grad(set_to_none=True)
    pooled.square().mean().backward()
    optimizer.step()
    return time.perf_counter() - began


def main(args: Args) -> None:
    """Measures, prints the table, writes the JSON."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    config = VideoConfig(encoder=EncoderConfig(layers=args.layers))
    tower = video_tower(config).train()
    optimizer = torch.optim.AdamW(tower.parameters())
    video = torch.randint(0, 256, (args.clips, *config.clip, 3), dtype=torch.uint8)
    tokens = config.grid[0] * config.grid[1] * config.grid[2]

    def draw(keep: float, number: int) -> Kept | None:
        index = torch.arange(args.clips)
        return None if keep == 1 else keep_indices(
            index, tokens, keep, seed=0, step=number, modality="video", sharing="sample"
        )  # fmt: skip

    seconds: dict[float, list[float]] = {keep: [] for keep in args.keep}
    for number in range(args.rounds + 1):
        for keep in args.keep:
            duration = step(tower, video, draw(keep, number), optimizer)
            if number:
                seconds[keep].append(duration)
            print(f"round {number}/{args.rounds} keep {keep:.2f}: {duration:.2f} s", flush=True)

    medians = {keep: statistics.median(values) for keep, values in seconds.items()}
    whole = medians[args.keep[0]]
    rows = [
        {"keep": keep, "tokens": int(keep * tokens), "seconds": seconds[keep], "median_s": medians[keep],
         "speedup": whole / medians[keep]}
        for keep in args.keep
    ]  # fmt: skip
    print(f"\n{'keep':>5} {'tokens':>7} {'median s':>9} {'speedup':>8}")
    for row in rows:
        print(f"{row['keep']:5.2f} {row['tokens']:7d} {row['median_s']:9.3f} {row['speedup']:7.2f}x")
    settings = {
        "layers": args.layers,
        "width": 768,
        "clips": args.clips,
        "rounds": args.rounds,
        "threads": args.threads,
    }
    command = "python benchmarks/droptoken.py"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(args.out, {"command": command, "settings": settings, **machine(), "rows": rows})
    print(f"written to {args.out}")


if __name__ == "__main__":
    main(tyro.cli(Args))
