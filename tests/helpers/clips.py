"""Makes short media files with known content: a flash and a click at known times, a tone, a moving pattern."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vatt_edu.config import AudioConfig, ClipSpec, Config, DataConfig, ModelConfig, TextConfig, VideoConfig

Samples = NDArray[np.float32]


def pattern(index: int, height: int, width: int) -> NDArray[np.uint8]:
    """A frame in which brightness tells the frame number, over a fixed smooth texture."""
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 / width, y * 255 / height, 127 + 100 * np.sin((x + y + 7 * index) / 9)], -1)
    return np.clip(base * (0.3 + 0.7 * ((index * 37) % 100) / 100), 0, 255).astype(np.uint8)


def clicks(*times: float, rate: int = 48_000, duration: float = 4.0, channels: int = 1) -> Samples:
    """Short bursts that begin at ``times``: (channels, samples)."""
    wave = np.zeros(int(duration * rate), np.float32)
    burst = np.exp(-np.arange(240) / 40) * np.sin(np.arange(240) * 2 * np.pi * 3000 / rate)
    for time in times:
        begin = round(time * rate)
        wave[begin : begin + len(burst)] += burst[: len(wave) - begin].astype(np.float32)
    return np.tile(wave * 0.8, (channels, 1))


def tone(hertz: float, rate: int = 48_000, duration: float = 4.0, level: float = 0.3, channels: int = 1) -> Samples:
    """A sine: (channels, samples)."""
    wave = level * np.sin(2 * np.pi * hertz * np.arange(int(duration * rate)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1))


LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def write(
    path: Path,
    duration: float = 4.0,
    fps: float = 20,
    size: tuple[int, int] = (96, 128),
    audio: Samples | None = None,
    rate: int = 48_000,
    codec: str = "aac",
    video: Callable[[int, int, int], NDArray[np.uint8]] | None = pattern,
    video_offset: float = 0.0,
    audio_offset: float = 0.0,
    gop: int = 20,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a media file; ``video=None`` or ``audio=None`` leaves that stream out; ``size`` is (height, width)."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", container_options=options or {}) as file:
        picture = sound = None
        if video is not None:
            picture = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
            picture.height, picture.width = size
            picture.pix_fmt = "yuv420p"
            picture.codec_context.gop_size = gop
            picture.codec_context.time_base = Fraction(1, 90_000)
            picture.options = {"crf": "20", "preset": "veryfast"}
        if audio is not None:
            sound = file.add_stream(codec, rate=rate, layout=LAYOUTS[len(audio)], options={"strict": "experimental"})
        if picture is not None and video is not None:
            for index in range(round(duration * fps)):
                frame = av.VideoFrame.from_ndarray(video(index, *size), format="rgb24")
                frame.pts = round((video_offset + index / fps) * 90_000)
                frame.time_base = Fraction(1, 90_000)
                file.mux(picture.encode(frame))
            file.mux(picture.encode(None))
        if sound is not None and audio is not None:
            write_sound(file, sound, audio, rate, audio_offset)
    return path


def write_sound(file: object, stream: object, audio: Samples, rate: int, offset: float) -> None:
    """Encode ``audio`` into a stream of an open container, ``offset`` seconds late."""
    import av

    planar = stream.codec_context.format.name if stream.codec_context.format else "fltp"
    resampler = av.AudioResampler(format=planar, layout=LAYOUTS[len(audio)], rate=rate, frame_size=1024)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio), format="fltp", layout=LAYOUTS[len(audio)])
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        part.pts = part.pts + round(offset * rate)
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def corpus(
    root: Path, narrated: int = 4, text_free: int = 4, evaluation: int = 3, splits: tuple[str, ...] = ("test_iid",)
) -> Path:
    """A tiny corpus in MiniTube's layout: narrated videos of 12 s, text-free ones and evaluation clips of 4 s."""
    import json

    small = {"fps": 10, "size": (36, 48), "rate": 16_000, "gop": 10}
    captions = {}
    for number in range(narrated):
        name = f"howto_{number:05d}"
        sound = tone(300 + 40 * number, rate=16_000, duration=12)
        write(root / f"howto/videos/{name}.mp4", duration=12, audio=sound, **small)
        times = [0.5 + 1.5 * line for line in range(8)]
        words = [f"line {line} of video {number}, please!" for line in range(8)]
        captions[name] = {"start": times, "end": [time + 1 for time in times], "text": words}
    (root / "howto").mkdir(parents=True, exist_ok=True)
    (root / "howto/caption.json").write_text(json.dumps(captions))
    rows = [f'aset_{number:06d}, 30.000, 34.000, "/mt/pour"' for number in range(text_free)]
    for number in range(text_free):
        sound = tone(700 + 40 * number, rate=16_000)
        write(root / f"audioset/videos/aset_{number:06d}_30.mp4", audio=sound, **small)
    (root / "audioset").mkdir(exist_ok=True)
    (root / "audioset/segments.csv").write_text("\n".join(["# a", "# b", "# c", *rows]) + "\n")
    (root / "audioset/class_labels_indices.csv").write_text('index,mid,display_name\n0,/mt/pour,"Pour"\n')
    for split in splits:
        clips = []
        for number in range(evaluation):
            name = f"{split}_{number:05d}"
            write(root / f"eval/{split}/{name}.mp4", audio=clicks(0.5 + 0.5 * number, rate=16_000), **small)
            caption = f"clip number {number}"
            clips.append(
                {"id": name, "file": f"{split}/{name}.mp4", "caption": caption, "captions": [f"{caption} again"]}
            )
        (root / "eval").mkdir(exist_ok=True)
        (root / f"eval/{split}.json").write_text(json.dumps(clips))
    (root / "source.json").write_text(json.dumps({"kind": "minitube", "version": 1}))
    return root


def config_for(spec: ClipSpec, data: DataConfig | None = None, seed: int = 0) -> Config:
    """A run whose clips are as ``spec`` says: for readers and streams, not for training."""
    data = data or DataConfig()
    model = ModelConfig(
        video=VideoConfig(frames=spec.frames, height=spec.height, width=spec.width, tubelet=(1, 1, 1)),
        audio=AudioConfig(samples=spec.samples, patch=1),
        text=TextConfig(words=spec.words),
    )
    rates = {name: getattr(spec, name) for name in ("fps", "short_side", "sample_rate", "candidates")}
    config = Config(seed, model, replace(data, **rates))
    assert config.clip == spec
    return config
