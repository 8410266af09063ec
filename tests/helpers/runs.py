"""A pre-training of a second: the words of the command line for a VATT small enough for tests."""

from pathlib import Path

from vatt_edu.cli import main

ENCODER = {"layers": 1, "width": 16, "ff-width": 32, "heads": 2, "head-width": 8}
FIELDS = {
    "model.video.frames": 8, "model.video.height": 24, "model.video.width": 24, "model.video.tubelet": (4, 12, 12),
    "model.audio.samples": 25_600, "model.audio.patch": 256, "model.text.vocab": 50, "model.tokenizer_init": "official",
    "data.narrated-videos": 2, "data.windows-per-video": 2, "data.text-free": 2,
    "data.fps": 2.5, "data.short-side": 32, "data.sample-rate": 8_000,
    "optim.warmup-steps": 1, "train.steps": 3, "train.checkpoint-every": 2, "train.device": "cpu",
    **{f"model.{part}.encoder.{name}": size for part in ("video", "audio", "text") for name, size in ENCODER.items()},
}  # fmt: skip


def flags(**fields: object) -> list[str]:
    """The fields above as words; ``__`` in a name stands for a dot, ``_`` for a hyphen."""
    changes = {name.replace("__", ".").replace("_", "-"): value for name, value in fields.items()}
    words = []
    for name, value in (FIELDS | changes).items():
        words += [f"--{name}", *map(str, value if isinstance(value, tuple) else (value,))]
    return words


def words(data: Path | str, out: Path, *more: str, **fields: object) -> list[str]:
    """``vatt pretrain toy``, tiny and without a progress bar."""
    return ["pretrain", "toy", "--data", str(data), "--out", str(out), "--quiet", *flags(**fields), *more]


def pretrain(data: Path | str, out: Path, *more: str, **fields: object) -> Path:
    """Trains and returns the run's folder."""
    assert main(words(data, out, *more, **fields)) == 0
    return out
