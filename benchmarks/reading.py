"""What does it cost to read clips as this library does: strictly, on one clock, from files that nobody has checked?

Two questions, each in one process with its ways in turn, so that a busy machine slows all of them alike:

1. A batch of the toy (40 clips, frames and sound) from the loader without a cache, against the shortest loop that
   decodes the same clips with PyAV and does nothing else: no check of damage, no augmentation, no batch. The loop
   opens a file once for each clip, and stops each track where the clip ends. The loader opens a video once for all of
   its clips, but decodes its sound from the beginning of a block of 30 s on. By the clock, and by processor time.
2. Finding out whether a decoder that trusts an index may be used for a file, against decoding its pictures at 224 px.

    python benchmarks/reading.py              # on the training videos of MiniTube small
"""

import contextlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch
import tyro
from av.filter import Graph
from av.video.reformatter import VideoReformatter

from vatt_edu import minitube
from vatt_edu.config import ClipSpec, preset
from vatt_edu.data import ClipStream, Vocabulary, open_source, probe_media
from vatt_edu.data.media.indexed import picture_times
from vatt_edu.data.media.video import nearest_frames, scaled_size
from vatt_edu.files import write_json
from vatt_edu.system import machine

PREROLL = 0.05
"""Seconds of sound that are decoded before a clip: a decoder's first packet is not exact."""


@dataclass
class Args:
    """What to measure."""

    corpus: str = "small"
    """A corpus of MiniTube, made if it is missing."""
    rounds: int = 20
    """Batches of the toy that are timed, after one that is not."""
    short_side: int = 224
    """Pixels, of the second question."""
    out: Path = Path("results/benchmark_reading.json")
    """Where the JSON goes."""


def resampling(sound: av.AudioStream, sample_rate: int) -> Graph:
    """What ``av.AudioResampler`` makes, but with one thread: it would start others for each clip, which takes long."""
    graph = Graph()
    graph.threads = 1
    nodes = [
        graph.add_abuffer(template=sound, time_base=sound.time_base),
        graph.add("aformat", f"sample_fmts=s16:channel_layouts=mono:sample_rates={sample_rate}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph


def bare_clip(path: Path, start: float, spec: ClipSpec, size: tuple[int, int]) -> None:
    """Decodes one clip with PyAV: the pictures at or before the wanted times, and the sound of the same seconds."""
    with av.open(str(path)) as file:
        video, sound = file.streams.video[0], next(iter(file.streams.audio), None)
        video.codec_context.thread_count = 1
        file.seek(int(start / video.time_base), stream=video)
        scaler, resampler = VideoReformatter(), None if sound is None else resampling(sound, spec.sample_rate)
        wanted, pictures, wave = list(start + np.arange(spec.frames) / spec.fps), [], []
        end = start + spec.seconds
        open_tracks = {stream.index for stream in (video, sound) if stream is not None}
        for packet in file.demux([stream for stream in (video, sound) if stream is not None]):
            if packet.stream_index not in open_tracks:
                continue
            if packet.stream_index == video.index:
                for frame in packet.decode():
                    while wanted and frame.time >= wanted[0] - 1e-3:
                        scaled = scaler.reformat(frame, *size, "rgb24", interpolation="BILINEAR", threads=1)
                        pictures.append(scaled.to_ndarray())
                        wanted.pop(0)
                if not wanted:
                    open_tracks.discard(video.index)
            elif packet.pts is None or packet.pts * packet.time_base >= start - PREROLL:
                for frame in packet.decode():
                    resampler.push(frame)
                    with contextlib.suppress(av.BlockingIOError):
                        wave.append(resampler.pull().to_ndarray())
                    if frame.time > end:
                        open_tracks.discard(packet.stream_index)
            if not open_tracks:
                break
    if wave:
        np.concatenate(wave, axis=1)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def both_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long it takes by the clock, and in processor time: what others on the machine take does not count in it."""
    began = time.process_time()
    wall = seconds(work)
    return wall, time.process_time() - began


def main(args: Args) -> None:
    """Measures, prints the table, writes the JSON."""
    torch.set_num_threads(1)
    config = preset("toy")
    spec, source = config.clip, open_source(minitube.ensure(args.corpus))
    vocabulary = Vocabulary.train(source.texts, config.model.text.vocab)
    stream = ClipStream.open([(source, 1.0)], config, vocabulary, cache=False, quiet=True)

    def bare_batch(step: int) -> None:
        for window in stream.windows(step):
            path = window.video.path
            size = scaled_size(infos[path], spec.short_side)
            bare_clip(path, window.start or 0.0, spec, size)

    rounds = []
    for step in range(args.rounds + 1):
        infos = {
            window.video.path: probe_media(window.video.path) for window in stream.windows(step)
        }  # as in training, opened once before
        ways: dict[str, Callable[[], object]] = {
            "loader": lambda step=step: stream.batch(step),
            "bare": lambda step=step: bare_batch(step),
        }
        times = {name: both_seconds(ways[name]) for name in sorted(ways, reverse=bool(step % 2))}
        print(f"batch {step}/{args.rounds}: " + ", ".join(f"{k} {v[0]:.2f} s" for k, v in times.items()), flush=True)
        rounds += [times] if step else []
    ratios = [times["bare"][0] / times["loader"][0] for times in rounds]
    processor = [times["bare"][1] / times["loader"][1] for times in rounds]

    checks = []
    for path in list(infos)[:10]:
        grid = np.arange(0, infos[path].duration, 1 / infos[path].fps)
        check = seconds(lambda path=path: picture_times(path))
        decode = seconds(lambda path=path, grid=grid: nearest_frames(path, grid, args.short_side, info=infos[path]))
        checks.append(check / decode)

    row = {
        "loader_over_bare": statistics.median(ratios),
        "loader_over_bare_each": ratios,
        "loader_over_bare_processor": statistics.median(processor),
        "check_share_of_decoding": statistics.median(checks),
        "check_share_of_decoding_each": checks,
    }
    print(f"\nclips per second of the loader, over those of the bare loop: {row['loader_over_bare']:.2f}")
    print(f"the same in processor time: {row['loader_over_bare_processor']:.2f}")
    share = 100 * row["check_share_of_decoding"]
    print(f"checking an index, as a share of decoding at {args.short_side} px: {share:.1f} %")
    settings = {"corpus": args.corpus, "rounds": args.rounds, "short_side": args.short_side}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    command = "python benchmarks/reading.py"
    write_json(args.out, {"command": command, "settings": settings, **machine(), "rows": [row]})
    print(f"written to {args.out}")


if __name__ == "__main__":
    main(tyro.cli(Args))
