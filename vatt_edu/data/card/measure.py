"""The data card of a source, measured: plain numbers and names, as ``vatt data describe --json`` prints them.

Files are probed, not decoded; of a large source a sample drawn from a seed. What belongs to MiniTube alone (factors,
which line names which step) comes from its ``annotations.json``.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vatt_edu.config import Config, preset
from vatt_edu.data.card.lines import count_shared_lines, minitube_card
from vatt_edu.data.check.mend import subtitle_note
from vatt_edu.data.loader.sampler import generator
from vatt_edu.data.media import MediaError, MediaInfo, probe_media
from vatt_edu.data.sources.source import FileNote, Source, Video, below, printable
from vatt_edu.data.text.vocabulary import with_blanks
from vatt_edu.files import read_json

PROBED = 3_000
"""So many files are probed at most."""
LISTED = 50
"""So many missing or damaged files are named at most."""


def measure(source: Source, *, quiet: bool = False, config: Config | None = None) -> dict[str, Any]:
    """What is in a source.

    Args:
        source: From ``open_source``.
        quiet: No progress bar.
        config: Whose windows and batches are looked at; by default the preset ``toy``.

    Returns:
        ``source``, ``splits``, ``files``, ``media``, and where they apply ``words``, ``labels``, ``windows``,
        ``minitube``: all values plain, so that it can be printed as JSON. Durations are in seconds, sizes in bytes.
    """
    config = config or preset("toy")
    files = sorted({video.path for video in source.videos})
    chosen = files
    if len(files) > PROBED:
        chosen = [files[place] for place in sorted(generator(0, "card").permutation(len(files))[:PROBED])]
    infos, damaged = _probe_all(chosen, quiet)
    card: dict[str, Any] = {
        "source": {
            "name": printable(source.name),
            "folder": printable(str(source.root)),
            "clips": len(source.videos),
            "files": len(files),
        },
        "splits": {split: _split(source.clips(split), infos) for split in source.splits},
        "files": {
            "probed": len(chosen),
            "missing": {"count": source.missing, "names": list(source.absent[:LISTED])},
            "damaged": {
                "count": len(damaged),
                "names": [
                    {"file": below(source.root, path), "reason": damaged[path]} for path in list(damaged)[:LISTED]
                ],
            },
            "partly": _noted(
                [
                    FileNote(below(source.root, path), "; ".join(info.remarks))
                    for path, info in infos.items()
                    if info.remarks
                ]
            ),
            "subtitles": _noted(_subtitles(source, infos)),
            "unused": _noted(source.unused),
            "unreadable": _noted(source.unreadable),
            "notes": source.notes,
        },
        "media": _media(infos.values()),
    }
    narrated = [video for video in source.videos if video.lines]
    captioned = [video for video in source.videos if video.captions]
    if narrated or captioned:
        card["words"] = _words(narrated, captioned, infos)
    if labels := Counter(label for video in source.videos for label in video.labels):
        card["labels"] = dict(labels.most_common(40))
    if any(video.split == "train" for video in narrated):
        card["windows"] = count_shared_lines(source, config)
    annotations = source.root / "annotations.json"
    if annotations.exists() and (source.root / "source.json").exists():
        card["minitube"] = minitube_card(source, read_json(annotations), config.clip.seconds)
    return card


def _noted(notes: Sequence[FileNote]) -> dict[str, Any]:
    return {"count": len(notes), "names": [note._asdict() for note in notes[:LISTED]]}


def _subtitles(source: Source, infos: Mapping[Path, MediaInfo]) -> list[FileNote]:
    """Files with tracks of subtitles, those without other words first, each with the command that takes them out."""
    spoken = {video.path for video in source.videos if video.lines or video.captions}
    notes = []
    for path in sorted((path for path in infos if infos[path].subtitles), key=spoken.__contains__):
        why, command = subtitle_note(path, infos[path].subtitles, path in spoken)
        notes.append(FileNote(below(source.root, path), f"{why}; to use them: {command}" if command else why))
    return notes


def _probe_all(files: Sequence[Path], quiet: bool) -> tuple[dict[Path, MediaInfo], dict[Path, str]]:
    from tqdm import tqdm

    infos, damaged = {}, {}
    for path in tqdm(files, desc="probe", unit="file", disable=quiet or len(files) < 200, mininterval=1.0):
        try:
            infos[path] = probe_media(path)
        except MediaError as error:
            damaged[path] = error.reason
    return infos, damaged


def _seconds(video: Video, infos: dict[Path, MediaInfo]) -> float | None:
    if video.path not in infos:
        return None
    whole = infos[video.path].duration
    return max(0.0, (whole if video.end is None else min(whole, video.end)) - video.start)


def _split(videos: Sequence[Video], infos: dict[Path, MediaInfo]) -> dict[str, Any]:
    lengths = [seconds for video in videos if (seconds := _seconds(video, infos)) is not None]
    # Of a sample, the total is that of all clips if the others are like it.
    scale = len(videos) / len(lengths) if lengths else 0.0
    seen = [infos[video.path] for video in videos if video.path in infos]
    return {
        "clips": len(videos),
        "seconds": round(sum(lengths) * scale, 1),
        "bytes": sum(path.stat().st_size for path in {video.path for video in videos}),
        "shortest": round(min(lengths, default=0.0), 2),
        "median": round(statistics.median(lengths), 2) if lengths else 0.0,
        "longest": round(max(lengths, default=0.0), 2),
        "with_video": sum(info.has_video for info in seen),
        "with_audio": sum(info.has_audio for info in seen),
        "probed": len(seen),
        "narrated": sum(bool(video.lines) for video in videos),
        "captioned": sum(bool(video.captions) for video in videos),
        "labeled": sum(bool(video.labels) for video in videos),
    }


def _media(infos: Iterable[MediaInfo]) -> dict[str, dict[str, int]]:
    infos = list(infos)
    with_video = [info for info in infos if info.has_video]
    with_audio = [info for info in infos if info.has_audio]
    return {
        "resolution": _counts(f"{info.width}×{info.height}" for info in with_video),
        "frames_per_second": _counts(f"{info.fps:.4g}" for info in with_video),
        "sample_rate": _counts(str(info.sample_rate) for info in with_audio),
        "channels": _counts(str(info.channels) for info in with_audio),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common(8))


def _tokens(text: str) -> list[str]:
    return re.sub(r"[^\w\s]", "", with_blanks(text.lower())).split()


def _words(narrated: Sequence[Video], captioned: Sequence[Video], infos: dict[Path, MediaInfo]) -> dict[str, Any]:
    lines = [_tokens(line.text) for video in narrated for line in video.lines]
    texts = [_tokens(text) for video in captioned for text in video.captions]
    counts = Counter(word for line in lines or texts for word in line)
    lengths = sorted(len(line) for line in lines or texts)
    timed = [(len(video.lines), seconds) for video in narrated if (seconds := _seconds(video, infos))]
    minutes = sum(seconds for _, seconds in timed) / 60
    return {
        "lines": len(lines),
        "lines_per_minute": round(sum(count for count, _ in timed) / minutes, 1) if minutes else 0.0,
        "captions": len(texts),
        "captions_per_clip": round(len(texts) / len(captioned), 2) if captioned else 0.0,
        "vocabulary": len(counts),
        "words": sum(counts.values()),
        "words_per_line": {
            "shortest": lengths[0] if lengths else 0,
            "median": statistics.median(lengths) if lengths else 0,
            "longest": lengths[-1] if lengths else 0,
        },
        "most_frequent": dict(counts.most_common(16)),
    }
