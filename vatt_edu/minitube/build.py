"""From a preset to a folder: make what is missing, survive being killed at any time, refuse what is something else."""

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError, missing
from vatt_edu.minitube import write
from vatt_edu.minitube.presets import (
    FPS,
    SAMPLE_RATE,
    SIZE,
    SPLITS,
    VERSION,
    Knobs,
    Preset,
    as_json,
    knobs_from,
    preset_named,
    splits_named,
)
from vatt_edu.minitube.workers import Job, part_file, run_jobs


def make(
    preset: str | Preset,
    out: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    splits: str | list[str] | tuple[str, ...] | None = None,
    quiet: bool = False,
    **knobs: Any,
) -> Path:
    """Make a corpus, or complete one.

    Args:
        preset: ``"tiny"``, ``"small"``, ``"full"``, or a `Preset` of your own.
        out: Its folder: new, empty, or one that this very command began.
        seed: Another seed gives other videos.
        workers: Processes; by default one a core.
        splits: Which splits: names, ``"train"``, ``"all"``; all by default. What else is there stays.
        quiet: No progress bar.
        **knobs: Fields of `Knobs`, for example ``shortcut=True``.

    Returns:
        The folder, a SOURCE for readers.

    Raises:
        UserError: An unknown preset, split or knob, or a folder that holds something else.
    """
    plan, wanted, chosen = preset_named(preset), splits_named(splits), knobs_from(knobs)
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed = {seed!r} must be a whole number of at least 0")
    if workers is not None and workers < 1:
        raise UserError(f"workers = {workers} must be at least 1")
    out = Path(out)
    identity = _identity(plan, seed, chosen)
    if _complete(out, identity, wanted):
        return out
    _claimable(out, identity)
    _need_packages()
    with _locked(out):
        _claim(out, identity)
        _sweep(out)
        _make_splits(out, plan, seed, chosen, wanted, workers or _cores(), quiet)
    return out


def ensure(preset: str | Preset, split: str | None = None, *, workers: int | None = None, quiet: bool = False) -> Path:
    """The corpus of a preset, made where it is missing: the only way notebooks and tests get one.

    It lies under ``$VATT_DATA/minitube/PRESET`` if that variable is set, else under ``build/minitube/PRESET``.

    Args:
        preset: Its name.
        split: Only this split (or ``"train"``) has to be there; all by default.
        workers: Processes; by default one a core.
        quiet: No progress bar.
    """
    plan = preset_named(preset)
    return make(plan, folder(plan.name), splits=split, workers=workers, quiet=quiet)


def folder(name: str) -> Path:
    """Where a corpus of that name lies: under ``$VATT_DATA/minitube`` if that is set, else ``build/minitube``."""
    return Path(os.environ.get("VATT_DATA") or "build") / "minitube" / name


def read_source(out: Path) -> dict[str, Any]:
    """The ``source.json`` of a MiniTube folder; `UserError` where it is missing or damaged."""
    path = out / "source.json"
    try:
        source = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{out} is no MiniTube corpus: it has no source.json") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error}): delete the folder and make the corpus again") from None
    if not isinstance(source, dict) or source.get("kind") != "minitube":
        raise UserError(f"{path} does not say that {out} is a MiniTube corpus: choose another folder")
    return source


def read_annotations(out: Path) -> dict[str, dict[str, Any]]:
    """Ground truth of every complete split, by video."""
    path = out / "annotations.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


# ------------------------------------------------------------------ whose folder is it


def _identity(plan: Preset, seed: int, knobs: Knobs) -> dict[str, Any]:
    """What must agree for two commands to make the same corpus."""
    return {
        "kind": "minitube",
        "version": VERSION,
        "preset": plan.name,
        "seed": seed,
        "planned": {split: plan.count(split) for split in SPLITS},
        "fps": FPS,
        "size": SIZE,
        "sample_rate": SAMPLE_RATE,
        "steps": plan.steps,
        "step_seconds": plan.step_seconds,
        "knobs": as_json(knobs),
    }


def _materials() -> dict[str, Any]:
    """What the machine brings: photos of installed packages, recordings."""
    from vatt_edu.minitube.backgrounds import photos_at_hand
    from vatt_edu.minitube.record import recordings

    return {"photos": list(photos_at_hand()), "sounds": list(recordings())}


def _agree(out: Path, source: dict[str, Any], identity: dict[str, Any]) -> None:
    for key, value in identity.items():
        if source.get(key) != value:
            have, want = _difference(source.get(key), value)
            raise UserError(
                f"{out} holds a MiniTube corpus with {key} {have}, not {want}: choose another folder or delete it"
            )


def _difference(have: Any, want: Any) -> tuple[Any, Any]:
    if not (isinstance(have, dict) and isinstance(want, dict)):
        return have, want
    names = [name for name in {**have, **want} if have.get(name) != want.get(name)]
    return {name: have.get(name) for name in names}, {name: want.get(name) for name in names}


def _claimable(out: Path, identity: dict[str, Any]) -> None:
    """`UserError` if the folder is not ours to fill."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: choose a folder for the corpus")
    if (out / "source.json").exists():
        _agree(out, read_source(out), identity)
    elif out.is_dir() and (other := [path.name for path in out.iterdir() if not path.name.startswith(".")]):
        raise UserError(f"{out} holds something else ({sorted(other)[0]}): choose a new or an empty folder")


def _claim(out: Path, identity: dict[str, Any]) -> None:
    """Write ``source.json`` into a new folder, or check the one that is there, now that nobody else writes."""
    _claimable(out, identity)
    materials = _materials()
    if not (out / "source.json").exists():
        new = identity | {"splits": {}, "narration_seed": identity["seed"]} | materials
        write.atomic_json(out / "source.json", new)
        return
    _agree(out, read_source(out), materials)


def _need_packages() -> None:
    for package in ("pymunk", "cv2", "av", "scipy"):
        if importlib.util.find_spec(package) is None:
            raise missing(package, "data")


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """One command at a time in a folder; a second waits, and then finds the work done."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / ".lock", "w") as file:
        with contextlib.suppress(ImportError):  # Windows has no fcntl; there, take care yourself.
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(out: Path) -> None:
    """Remove what a killed command was writing."""
    for path in out.rglob(f"{write.TEMPORARY}*"):
        path.unlink(missing_ok=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# ------------------------------------------------------------------ making


def _complete(out: Path, identity: dict[str, Any], wanted: tuple[str, ...]) -> bool:
    if not (out / "source.json").is_file():
        return False
    source = read_source(out)
    _agree(out, source, identity)
    return all(_split_complete(out, source, split) for split in wanted)


def _split_complete(out: Path, source: dict[str, Any], split: str) -> bool:
    count = source["planned"][split]
    files = (write.video_file(split, number)[1] for number in range(count))
    return source["splits"].get(split) == count and all((out / file).is_file() for file in files)


def _make_splits(
    out: Path, plan: Preset, seed: int, knobs: Knobs, wanted: tuple[str, ...], workers: int, quiet: bool
) -> None:
    from vatt_edu.minitube.video import Recipe

    source = read_source(out)
    known = read_annotations(out)
    absent = {split: _missing(out, known, split, plan.count(split)) for split in wanted}
    recipe = Recipe(plan, seed, knobs)
    jobs = [job for split in wanted for job in absent[split]]
    left = {split: len(absent[split]) for split in wanted}
    for split in wanted:
        if not left[split] and not _split_complete(out, source, split):
            _finish(out, split, plan.count(split))
    with _progress(f"minitube {plan.name}", len(jobs), quiet) as tick:
        for split, _ in run_jobs(recipe, out, jobs, workers):
            tick()
            left[split] -= 1
            if not left[split]:
                _finish(out, split, plan.count(split))


def _missing(out: Path, known: dict[str, Any], split: str, count: int) -> list[Job]:
    """Numbers of a split whose video or annotation is not there."""
    jobs = []
    for number in range(count):
        name, file = write.video_file(split, number)
        annotated = name in known or part_file(out, split, number).is_file()
        if not (annotated and (out / file).is_file()):
            jobs.append((split, number))
    return jobs


def _finish(out: Path, split: str, count: int) -> None:
    """Index a split whose videos are all there; from then on ``source.json`` lists it."""
    known = read_annotations(out)
    parts = [part_file(out, split, number) for number in range(count)]
    for part in filter(Path.is_file, parts):
        annotation = json.loads(part.read_text(encoding="utf-8"))
        known[annotation["id"]] = annotation
    order = {name: place for place, name in enumerate(SPLITS)}
    known = dict(sorted(known.items(), key=lambda item: (order[item[1]["split"]], item[1]["number"])))
    write.atomic_text(out / "annotations.json", write.annotations_json(known))
    for file, text in write.index_files(split, [video for video in known.values() if video["split"] == split]).items():
        write.atomic_text(out / file, text)
    source = read_source(out)
    source["splits"] = dict(sorted({**source["splits"], split: count}.items(), key=lambda item: order[item[0]]))
    write.atomic_json(out / "source.json", source)
    for part in parts:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress(title: str, total: int, quiet: bool) -> Iterator[Any]:
    """A progress bar on the error output; where that is no terminal, a line every ten seconds."""
    if quiet or not total:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=title, unit="video", mininterval=0.5 if sys.stderr.isatty() else 10) as bar:
        yield bar.update
