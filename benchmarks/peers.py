"""How fast is a training step of the video tower beside the same step of public programs?

One process, one optimizer, random clips that lie in memory; depth, width, heads, batch, precision and the number of
kept tokens are equal, and all programs take turns within a round, so that a busy machine slows all of them alike. The
ratio is that of medians; its interval comes from drawing the rounds anew.

Each peer is used as its authors mean it, and gets what saves it time: its clips are floats already (ours are bytes,
which it turns to floats), and what it shall drop is drawn before the clock starts.

- ``naive``: a port that writes attention as two einsums and masks the tokens that it shall drop.
- ``videomae``: ``transformers.VideoMAEModel`` with fused attention, which projects all tokens and then drops.
- ``timm``: blocks and ``PatchDropout`` of timm, behind the convolution that all ViTs of video have.
- ``vit_3d``: the ViT of ``vit_pytorch``, on the tokens that are left.
- ``compiled``: ours and ``videomae`` once more, by ``torch.compile``, where there is a C++ compiler.

Before anything is timed, every encoder gets our weights and must return what ours returns, and one counter must find
the FLOPs of all encoders equal. A peer that is not installed is named and left out.

    pip install -e ".[bench]"
    python benchmarks/peers.py                # about three minutes on two idle cores; --no-onednn: five
"""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from peer_models import PACKAGES, PEERS, absent, copy_weights, import_media, positions, scatter
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from vatt_edu.config import EncoderConfig, VideoConfig
from vatt_edu.cost import encoder_flops
from vatt_edu.droptoken import keep_count
from vatt_edu.files import write_json
from vatt_edu.model import RawTower, video_tower
from vatt_edu.system import machine

EQUAL = 2e-5
"""Largest difference of two encoders' hidden states, which a LayerNorm leaves near 1: rounding of float32 over sums of
some thousand terms."""


@dataclass
class Args:
    """What to measure."""

    layers: int = 3
    """Layers of the encoder."""
    width: int = 768
    """Of a token; heads are 64 wide."""
    frames: int = 32
    """Of a clip."""
    size: int = 224
    """Pixels along each side."""
    clips: int = 1
    """In a batch."""
    rounds: int = 20
    """Timed steps of each way, after one that is not timed."""
    keep: tuple[float, ...] = (1.0, 0.5)
    """Keep rates."""
    threads: int = 2
    """Threads of torch."""
    compiled: bool = True
    """Also compiled, where there is a compiler."""
    peers: tuple[str, ...] = tuple(PEERS)
    """Which programs beside ours."""
    device: str = "cpu"
    """Where; a GPU has its own library for products."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Of the products."""
    onednn: bool = True
    """Let oneDNN multiply matrices, for all programs alike: on AMD's processors it takes half of MKL's time."""
    seed: int = 0
    """Of weights, clips and tokens."""
    out: Path = Path("results/benchmark_peers.json")
    """Where the JSON goes."""

    @property
    def video(self) -> VideoConfig:
        """The tower, without dropout, which the peers place differently."""
        heads = self.width // 64
        return VideoConfig(
            self.frames, self.size, self.size,
            encoder=EncoderConfig(self.layers, self.width, 4 * self.width, heads, 64, dropout=0.0),
        )  # fmt: skip


# Equal work -----------------------------------------------------------------------------------------------------------


def counted(encode: Callable[[Tensor], Tensor], tokens: Tensor) -> int:
    """FLOPs of a forward pass, by torch's counter, which sees attention in its plain form only."""
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        encode(tokens)
    return counter.get_total_flops()


def compare(peers: dict[str, Any], tower: RawTower, config: VideoConfig) -> dict[str, dict[str, float]]:
    """How far each encoder with our weights is from ours on 64 tokens, and its FLOPs over ours.

    Raises:
        SystemExit: If one does other work than ours.
    """
    tokens, rows = torch.randn(2, 64, config.encoder.width), {}
    expected, flops = tower.encoder(tokens), 2 * encoder_flops(config.encoder, 64).both_products
    for name, peer in peers.items():
        copy_weights(peer, tower)
        apart = (peer.encode(tokens) - expected).abs().max().item()
        rows[name] = {"apart": apart, "flops": counted(peer.encode, tokens) / flops}
        if apart > EQUAL or rows[name]["flops"] != 1:
            raise SystemExit(f"{name} does other work than ours: {rows[name]}")
    return rows


@contextmanager
def onednn_products(args: Args) -> Iterator[bool]:
    """Lets oneDNN multiply matrices of float32, where it rounds as float32 does; yields whether it does.

    torch has one switch for that and for fewer bits, which a processor with matrix units for bfloat16 would take.
    """
    before = torch.backends.mkldnn.matmul.fp32_precision
    left, right = torch.randn(64, 768), torch.randn(768, 64)
    exact = left.double() @ right.double()
    use = args.onednn and args.device == "cpu"
    try:
        if use:
            torch.backends.mkldnn.matmul.fp32_precision = "bf16"
            # Sums of 768 products near 1: float32 is some 1e-5 apart, bfloat16 some 1e-1.
            use = (left @ right - exact).abs().max().item() <= 1e-3
        if not use:
            torch.backends.mkldnn.matmul.fp32_precision = before
        yield use
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before


# Equal clocks ---------------------------------------------------------------------------------------------------------


@dataclass
class Way:
    """A program that is timed, and what it gets."""

    name: str
    keep: float
    module: Callable[..., Any]
    inputs: tuple[Any, ...]
    optimizer: torch.optim.Optimizer
    device: torch.device
    half: bool

    def step(self) -> float:
        """One training step; returns its seconds."""
        self._wait()
        began = time.perf_counter()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            output = self.module(*self.inputs)
        (output[0] if isinstance(output, tuple) else output).float().square().mean().backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._wait()
        return time.perf_counter() - began

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def ways(peers: dict[str, Any], tower: RawTower, args: Args, compiled: bool) -> list[Way]:
    """All that take turns: each at every keep rate."""
    device, half = torch.device(args.device), args.precision == "bf16"
    clip = torch.randint(0, 256, (args.clips, *args.video.clip, 3), dtype=torch.uint8).to(device)
    floats = (clip * (2 / 255) - 1).permute(0, 4, 1, 2, 3).contiguous()
    rows = []
    optimizers = {name: torch.optim.AdamW(peer.parameters(), fused=True) for name, peer in peers.items()}
    optimizers["ours"] = torch.optim.AdamW(tower.parameters(), fused=True)
    tokens, fewest = positions(tower, args.video).shape[0], min(args.keep)
    quick = {name: torch.compile(module) for name, module in {"ours": tower, **peers}.items()
             if compiled and name in ("ours", "videomae")}  # fmt: skip
    for keep in args.keep:
        kept = None if keep == 1 else torch.randperm(tokens)[: keep_count(keep, tokens)].to(device)
        gone = None
        if kept is not None:
            gone = torch.ones(args.clips, tokens, dtype=torch.bool, device=device)
            gone[:, kept] = False
        inputs: dict[str, tuple[Any, ...]] = {
            "ours": (clip, kept),
            "naive": (floats, kept),
            "videomae": (floats.transpose(1, 2).contiguous(), gone),
            "timm": (floats, None if keep == 1 else keep),
            "vit_3d": (floats, kept),
        }
        for name, module in {"ours": tower, **peers}.items():
            if name == "naive" and keep == 1 and len(args.keep) > 1:
                continue  # a mask neither saves nor costs: once is enough
            rows.append(Way(name, keep, module, inputs[name], optimizers[name], device, half))
            if name in quick and keep == fewest:  # each compilation takes a minute
                rows.append(Way(f"{name} compiled", keep, quick[name], inputs[name], optimizers[name], device, half))
    return rows


def interval(peer: np.ndarray, ours: np.ndarray) -> tuple[float, float]:
    """95 % of the ratio of medians when the rounds are drawn anew, the same for both."""
    drawn = np.random.default_rng(0).integers(len(ours), size=(4_000, len(ours)))
    ratios = np.median(peer[drawn], 1) / np.median(ours[drawn], 1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)


def table(entries: list[Way], seconds: list[list[float]]) -> list[dict[str, Any]]:
    """A row for each way; one that is compiled is compared with ours compiled."""
    by_way = {(way.name, way.keep): np.array(times) for way, times in zip(entries, seconds, strict=True)}
    rows = []
    for (name, keep), times in by_way.items():
        ours = by_way["ours compiled" if name.endswith(" compiled") else "ours", keep]
        low, high = interval(times, ours)
        rows.append({
            "name": name, "keep": keep, "median_s": statistics.median(times),
            "ratio": float(np.median(times) / np.median(ours)), "low": low, "high": high,
            "half_width": (high - low) / 2, "seconds": [round(value, 5) for value in times.tolist()],
        })  # fmt: skip
    return rows


def main(args: Args) -> list[dict[str, Any]]:
    """Compares, measures, prints the table, writes the JSON; returns its rows."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    with onednn_products(args) as onednn:
        return measure(args, onednn)


def measure(args: Args, onednn: bool) -> list[dict[str, Any]]:
    """See ``main``."""
    config, missing = args.video, absent(args.peers)
    if set(args.peers) & set(PACKAGES) - set(missing):
        import_media()
    for name in missing:
        print(f"left out: {name}, since {PACKAGES[name]} is not installed")
    compiled = args.compiled and shutil.which("g++") is not None
    if not compiled:
        print("left out: compiled ones" + (", since there is no C++ compiler" if args.compiled else ""))
    tower = video_tower(config).train()
    scatter(tower)
    peers = {name: make(tower, config).train() for name, make in PEERS.items()
             if name in args.peers and name not in missing}  # fmt: skip
    equal = compare(peers, tower, config)
    print("equal outputs and FLOPs: " + ", ".join(f"{name} {row['apart']:.0e}" for name, row in equal.items()))

    for module in (tower, *peers.values()):
        module.to(args.device)
    entries = ways(peers, tower, args, compiled)
    seconds: list[list[float]] = [[] for _ in entries]
    for number in tqdm(range(args.rounds + 1), "rounds"):
        order = np.roll(np.arange(len(entries)), number)  # who comes first changes
        for place in order:
            duration = entries[place].step()
            if number:
                seconds[place].append(duration)
    rows = table(entries, seconds)
    print(f"{'':18} {'keep':>4} {'median s':>9} {'over ours':>9}")
    for row in rows:
        print(f"{row['name']:18} {row['keep']:4.2f} {row['median_s']:9.4f} {row['ratio']:8.3f}x "
              f"[{row['low']:.3f}, {row['high']:.3f}]")  # fmt: skip
    record = machine()
    record["versions"] |= {PACKAGES[name]: version(PACKAGES[name]) for name in peers if name in PACKAGES}
    settings = {name: value for name, value in vars(args).items() if name not in ("out", "seed")}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(args.out, {
        "command": "python benchmarks/peers.py", "seeds": [args.seed], "settings": settings, **record,
        "products": "oneDNN" if onednn else "the library that torch was built with",
        "left_out": missing + ([] if compiled else ["compiled"]), "equal": equal, "rows": rows,
    })  # fmt: skip
    print(f"written to {args.out}")
    return rows


if __name__ == "__main__":
    main(tyro.cli(Args))
