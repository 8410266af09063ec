"""What files are called: a video's identity and path follow from its split and number alone."""

import os
from pathlib import Path


def default_folder(name: str) -> Path:
    """Where a corpus of that name lies: under ``$VATT_DATA/minitube`` if that is set, else ``build/minitube``."""
    return Path(os.environ.get("VATT_DATA") or "build") / "minitube" / name


def video_file(split: str, number: int) -> tuple[str, str]:
    """Identity and path (relative to OUT) of the video with that number in a split."""
    if split == "howto":
        name = f"howto_{number:05d}"
        return name, f"howto/videos/{name}.mp4"
    if split == "audioset":
        name = f"aset_{number:06d}"
        return name, f"audioset/videos/{name}_{segment(number, 0.0)[0]:.0f}.mp4"
    name = f"{split}_{number:05d}"
    return name, f"eval/{split}/{name}.mp4"


def segment(number: int, duration: float) -> tuple[float, float]:
    """Start and end, in seconds, of the segment that a text-free clip claims to be cut from."""
    start = 10.0 * (number * 7 % 30)
    return start, start + duration


def part_file(out: Path, split: str, number: int) -> Path:
    """Where the annotation of a video waits until its split is complete."""
    return out / ".parts" / f"{split}_{number:06d}.json"
