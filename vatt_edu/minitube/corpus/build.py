"""From a preset to a folder: make what is missing, survive being killed at any time."""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError, disk_full, missing
from vatt_edu.files import read_json, sweep, write_json, write_text
from vatt_edu.locks import locked
from vatt_edu.minitube.corpus.folder import (
    claim_folder,
    describe_recipe,
    read_annotations,
    read_source,
    require_claimable,
    require_same_recipe,
)
from vatt_edu.minitube.corpus.index_files import annotations_json, split_index
from vatt_edu.minitube.corpus.layouts import LAYOUTS, get_layouts, layout_index, layout_items
from vatt_edu.minitube.corpus.workers import Job, run_jobs
from vatt_edu.minitube.names import default_folder, part_file, video_file
from vatt_edu.minitube.presets import SPLITS, Preset, Recipe, get_preset, get_splits, knobs_from
from vatt_edu.system import cores


def make(
    preset: str | Preset,
    out: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    splits: str | Sequence[str] | None = None,
    layouts: str | Sequence[str] = (),
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
        layouts: Copies in other layouts: names of `layouts.LAYOUTS` or ``"all"``; the splits they are made from are
            made, too.
        quiet: No progress bar.
        **knobs: Fields of `Knobs`, for example ``shortcut=True``.

    Returns:
        The folder, a SOURCE for readers.

    Raises:
        UserError: An unknown preset, split, layout or knob, a folder that holds something else, a disk that is full.
    """
    plan, behavior = get_preset(preset), knobs_from(knobs)
    layouts = get_layouts((layouts,) if isinstance(layouts, str) else layouts)
    sources = {split for name in layouts for split in LAYOUTS[name]}
    selection = {*get_splits(splits), *sources}
    splits = tuple(split for split in SPLITS if split in selection)
    if not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed = {seed!r} must be a whole number of at least 0")
    if workers is not None and workers < 1:
        raise UserError(f"workers = {workers} must be at least 1")
    out, recipe = Path(out), Recipe(plan, seed, behavior)
    ours = describe_recipe(recipe)
    if _complete(out, ours, splits, layouts):
        return out
    require_claimable(out, ours)
    _require_packages()
    try:
        with locked(out / ".lock"):
            claim_folder(out, ours)
            sweep(out)
            _make_splits(out, recipe, splits, workers or cores(), quiet)
            _make_layouts(out, recipe, layouts, workers or cores(), quiet)
    except Exception as error:
        if disk_full(error):
            raise UserError(
                f"the disk is full: {out} has no room for more; what is written is whole. "
                "Free some space and run the same command again, it goes on from there"
            ) from None
        raise
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
    plan = get_preset(preset)
    return make(plan, default_folder(plan.name), splits=split, workers=workers, quiet=quiet)


def _require_packages() -> None:
    for package in ("pymunk", "cv2", "av", "scipy"):
        if importlib.util.find_spec(package) is None:
            raise missing(package, "data")


def _complete(out: Path, ours: dict[str, Any], splits: tuple[str, ...], layouts: tuple[str, ...]) -> bool:
    if not (out / "source.json").is_file():
        return False
    source = read_source(out)
    require_same_recipe(out, source, ours)
    # A layout's files are checked when it is asked for: that needs packages, this should not.
    return not layouts and all(_split_complete(out, source, split) for split in splits)


def _split_complete(out: Path, source: dict[str, Any], split: str) -> bool:
    count = source["planned"][split]
    files = (video_file(split, number)[1] for number in range(count))
    return source["splits"].get(split) == count and all((out / file).is_file() for file in files)


def _make_splits(out: Path, recipe: Recipe, splits: tuple[str, ...], workers: int, quiet: bool) -> None:
    plan = recipe.preset
    source = read_source(out)
    annotations = read_annotations(out)
    split_jobs = {split: _missing_videos(out, annotations, split, plan.count(split)) for split in splits}
    jobs = [job for split in splits for job in split_jobs[split]]
    remaining = {split: len(split_jobs[split]) for split in splits}
    for split in splits:
        if not remaining[split] and not _split_complete(out, source, split):
            _finish(out, split, plan.count(split))
    with _progress(f"minitube {plan.name}", len(jobs), quiet) as tick:
        for split, _ in run_jobs(recipe, out, jobs, workers):
            tick()
            remaining[split] -= 1
            if not remaining[split]:
                _finish(out, split, plan.count(split))


def _missing_videos(out: Path, annotations: dict[str, Any], split: str, count: int) -> list[Job]:
    """Numbers of a split whose video or annotation is not there."""
    jobs = []
    for number in range(count):
        name, file = video_file(split, number)
        has_annotation = name in annotations or part_file(out, split, number).is_file()
        if not (has_annotation and (out / file).is_file()):
            jobs.append((split, number))
    return jobs


def _finish(out: Path, split: str, count: int) -> None:
    """Index a split whose videos are all there; from then on ``source.json`` lists it."""
    annotations = read_annotations(out)
    parts = [part_file(out, split, number) for number in range(count)]
    for part in filter(Path.is_file, parts):
        annotation = read_json(part)
        annotations[annotation["id"]] = annotation
    order = {name: place for place, name in enumerate(SPLITS)}
    annotations = dict(sorted(annotations.items(), key=lambda item: (order[item[1]["split"]], item[1]["number"])))
    write_text(out / "annotations.json", annotations_json(annotations))
    videos = [video for video in annotations.values() if video["split"] == split]
    for file, text in split_index(split, videos).items():
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        write_text(out / file, text)
    source = read_source(out)
    source["splits"] = dict(sorted({**source["splits"], split: count}.items(), key=lambda item: order[item[0]]))
    write_json(out / "source.json", source)
    for part in parts:
        part.unlink(missing_ok=True)


def _make_layouts(out: Path, recipe: Recipe, layouts: tuple[str, ...], workers: int, quiet: bool) -> None:
    """Media files first, then the index files, then ``source.json`` lists the layout."""
    for layout in layouts:
        files = layout_items(recipe, layout)
        jobs = [(layout, number) for number, item in enumerate(files) if not (out / item.file).is_file()]
        if not jobs and read_source(out).get("layouts", {}).get(layout) == len(files):
            continue
        with _progress(f"minitube {recipe.preset.name} as {layout}", len(jobs), quiet) as tick:
            for _ in run_jobs(recipe, out, jobs, workers):
                tick()
        for file, text in layout_index(recipe, layout, read_annotations(out)).items():
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            write_text(out / file, text)
        source = read_source(out)
        counts = {**source.get("layouts", {}), layout: len(files)}
        source["layouts"] = {name: counts[name] for name in LAYOUTS if name in counts}
        write_json(out / "source.json", source)


@contextlib.contextmanager
def _progress(title: str, total: int, quiet: bool) -> Iterator[Any]:
    """A progress bar on the error output; where that is no terminal, a line every ten seconds."""
    if quiet or not total:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=title, unit="video", mininterval=0.5 if sys.stderr.isatty() else 10) as bar:
        yield bar.update
