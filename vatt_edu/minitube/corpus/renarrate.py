"""Other words for the same videos: narration drawn again, and nothing rendered."""

import os
from pathlib import Path
from typing import Any

from vatt_edu.data.sources.adapters.minitube import VERSION
from vatt_edu.errors import UserError
from vatt_edu.files import atomic, write_json, write_text
from vatt_edu.minitube.corpus.folder import read_annotations, read_source, require_same_recipe
from vatt_edu.minitube.corpus.index_files import annotations_json, split_index
from vatt_edu.minitube.corpus.layouts import LAYOUTS
from vatt_edu.minitube.narrate import redraw_narration
from vatt_edu.minitube.presets import NARRATION_KNOBS, Knobs, knobs_from, named_knobs


def renarrate(source: str | Path, out: str | Path, *, seed: int, **knobs: Any) -> Path:
    """A corpus with the videos of another, by links, and a narration of its own.

    Args:
        source: A complete MiniTube folder.
        out: A new folder.
        seed: Of the narration; with the corpus's own seed and no knobs, the narration stays as it was.
        **knobs: Narration knobs that differ from the source's: ``offset_mean``, ``offset_sigma``, ``filler_share``,
            ``attribute_drop``, ``word_drop``.

    Returns:
        The new folder, a SOURCE for readers.

    Raises:
        UserError: A source without narrated videos, a knob that is none of narration, a folder that is not new, a
            corpus of another version.
    """
    source, out = Path(source), Path(out)
    if other := sorted(set(knobs) - set(NARRATION_KNOBS)):
        raise UserError(f"{other[0]!r} is no knob of narration: there are {', '.join(NARRATION_KNOBS)}")
    about = read_source(source)
    require_same_recipe(source, about, {"version": VERSION})
    if "howto" not in about["splits"]:
        raise UserError(f"{source} has no narrated videos yet: complete its split howto first")
    behavior = knobs_from(knobs, Knobs(**about["knobs"]))
    if out.exists():
        raise UserError(f"{out} exists already: choose a new folder for the narration")
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic(out) as partial:
        partial.mkdir()
        _fill(source, partial, about | {"knobs": named_knobs(behavior), "narration_seed": seed}, behavior, seed)
    return out


def _fill(source: Path, work: Path, about: dict[str, Any], knobs: Knobs, seed: int) -> None:
    videos = read_annotations(source)
    for video in videos.values():
        if video["split"] == "howto":
            video["narration"] = redraw_narration(video, seed, knobs)
    for folder in ("howto/videos", "audioset", "eval", *LAYOUTS):
        if (source / folder).is_dir():
            (work / folder).parent.mkdir(parents=True, exist_ok=True)
            os.symlink((source / folder).resolve(), work / folder, target_is_directory=True)
    narrated = [video for video in videos.values() if video["split"] == "howto"]
    for file, text in split_index("howto", narrated).items():
        write_text(work / file, text)
    write_text(work / "annotations.json", annotations_json(videos))
    write_json(work / "source.json", about)
