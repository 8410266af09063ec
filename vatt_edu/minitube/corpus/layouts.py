"""The same clips once more, as three public data sets lay theirs out: MSR-VTT, Kinetics, ESC-50.

What reads them here reads the real sets on somebody's disk, so these copies are what its tests run on. Folders::

    OUT/msrvtt/MSRVTT_data.json            {"info", "videos": [{"id", "video_id", "category", "url", "start time",
                                           "end time", "split"}], "sentences": [{"sen_id", "video_id", "caption"}]}
    OUT/msrvtt/MSRVTT_JSFUSION_test.csv    key,vid_key,video_id,sentence: the "1k-A" form, one sentence a video
    OUT/msrvtt/videos/video0.mp4           val (split validate), then test_iid (split test): hard links
    OUT/kinetics/{train,validate,test}.csv label,youtube_id,time_start,time_end,split; the label is the action
    OUT/kinetics/<split>/<class>/<youtube_id>_<start>_<end>.mp4
                                           train: every other step cut out of the narrated videos and encoded again;
                                           validate: val, test: test_iid, both hard links
    OUT/esc50/meta/esc50.csv               filename,fold,target,category,esc10,src_file,take
    OUT/esc50/audio/1-100003-A-4.wav       the sound of val and test_iid, which no model was trained on, padded with
                                           silence to 5 s as ESC-50 pads its own; 44.1 kHz, mono, 16 bit

ESC-50's target is the material. It is in the sound by construction, in how a thing rings, and hand-made statistics of
the spectrum do not give it away, whereas half of the actions are told by the rhythm of their contacts alone. Folds are
drawn from the corpus's seed, each with its share of every material.

Each folder has a ``source.json`` of its own, so it is a SOURCE as it stands.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vatt_edu.errors import UserError
from vatt_edu.minitube.couples import factors_at
from vatt_edu.minitube.names import video_file
from vatt_edu.minitube.narrate import step_captions
from vatt_edu.minitube.presets import Recipe
from vatt_edu.minitube.world import ACTIONS, MATERIALS, stream

LAYOUTS = {"msrvtt": ("val", "test_iid"), "kinetics": ("howto", "val", "test_iid"), "esc50": ("val", "test_iid")}
"""Names, and the splits of the corpus that each is made from."""
CUT_EVERY = 2
"""Of the steps of a narrated video, every so many is a training clip of Kinetics: cutting all would take a minute more
on preset small."""
FOLDS = 5
CORPUS_SPLIT = {"validate": "val", "test": "test_iid"}
"""Of which split of the corpus an evaluation split of a layout is made."""


@dataclass(frozen=True)
class Item:
    """A file of a layout: where it is, and from which file of the corpus it comes (both relative to OUT).

    Attributes:
        file: Path of the file.
        source: Path of the corpus's file.
        kind: ``link``, ``cut`` (a part, encoded again) or ``wav`` (its sound).
        start: Of the part, in seconds.
        end: Of the part, in seconds.
    """

    file: str
    source: str
    kind: str = "link"
    start: float = 0.0
    end: float = 0.0


def get_layouts(names: Sequence[str]) -> tuple[str, ...]:
    """Layouts in their fixed order from names or ``"all"``.

    Raises:
        UserError: For a name that is none.
    """
    selection = set(LAYOUTS) if "all" in names else set(names)
    if unknown := sorted(selection - set(LAYOUTS)):
        raise UserError(f"unknown layout {unknown[0]!r} of minitube: choose from {', '.join((*LAYOUTS, 'all'))}")
    return tuple(name for name in LAYOUTS if name in selection)


@lru_cache(maxsize=4)
def layout_items(recipe: Recipe, layout: str) -> tuple[Item, ...]:
    """Every media file of a layout, in a fixed order: a function of the recipe."""
    if layout == "msrvtt":
        clips = [(split, number) for split in CORPUS_SPLIT.values() for number in range(recipe.preset.count(split))]
        return tuple(Item(f"msrvtt/videos/video{k}.mp4", video_file(*clip)[1]) for k, clip in enumerate(clips))
    if layout == "kinetics":
        return tuple(item for _, _, item in kinetics_clips(recipe))
    return tuple(Item(f"esc50/audio/{row['filename']}", source, "wav") for row, source in esc50_sounds(recipe))


def layout_index(recipe: Recipe, layout: str, videos: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The index files of a layout, as {path relative to OUT: text}.

    Args:
        recipe: Of the corpus.
        layout: Its name.
        videos: The corpus's annotations.
    """
    files = {f"{layout}/source.json": json.dumps({"kind": layout, "made_by": "minitube"}, indent=1) + "\n"}
    if layout == "msrvtt":
        return files | _msrvtt_files(recipe, videos)
    if layout == "kinetics":
        rows = kinetics_clips(recipe)
        head = ["label", "youtube_id", "time_start", "time_end", "split"]
        for split in ("train", *CORPUS_SPLIT):
            files[f"kinetics/{split}.csv"] = _table(head, [row for name, row, _ in rows if name == split])
        return files
    sounds = [row for row, _ in esc50_sounds(recipe)]
    head = ["filename", "fold", "target", "category", "esc10", "src_file", "take"]
    return files | {"esc50/meta/esc50.csv": _table(head, [[row[key] for key in head] for row in sounds])}


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([head, *rows])
    return table.getvalue()


def _msrvtt_files(recipe: Recipe, annotations: dict[str, dict[str, Any]]) -> dict[str, str]:
    videos: list[dict[str, Any]] = []
    sentences: list[dict[str, Any]] = []
    pairs: list[list[str]] = []
    for split, ours in CORPUS_SPLIT.items():
        for number in range(recipe.preset.count(ours)):
            step = annotations[video_file(ours, number)[0]]["steps"][0]
            k, name = len(videos), f"video{len(videos)}"
            row = {"category": ACTIONS.index(step["action"]), "video_id": name, "id": k, "url": "", "split": split}
            videos.append(row | {"start time": 0.0, "end time": step["end"] - step["start"]})
            caption, paraphrases = step_captions(_factors(recipe, ours, number), step["outcome"])
            for text in (caption, *paraphrases):
                sentences.append({"caption": text, "video_id": name, "sen_id": len(sentences)})
            if split == "test":
                pairs.append([f"ret{len(pairs)}", f"msr{k}", name, caption])
    info = {"description": "MiniTube in the layout of MSR-VTT", "contributor": "vatt_edu", "version": "1"}
    data = {"info": info, "videos": videos, "sentences": sentences}
    return {
        "msrvtt/MSRVTT_data.json": json.dumps(data, indent=1) + "\n",
        "msrvtt/MSRVTT_JSFUSION_test.csv": _table(["key", "vid_key", "video_id", "sentence"], pairs),
    }


def _factors(recipe: Recipe, split: str, number: int, step: int = 0) -> Any:
    return factors_at(recipe, split, number, step)


def kinetics_clips(recipe: Recipe) -> list[tuple[str, list[Any], Item]]:
    """Split, row of its table, and file of each clip."""
    clips = []
    seconds = recipe.preset.step_seconds
    for number in range(recipe.preset.howto):
        for step in range(number % CUT_EVERY, recipe.preset.steps, CUT_EVERY):
            clips.append(("train", "howto", number, step, step * seconds))
    for split, ours in CORPUS_SPLIT.items():
        clips += [(split, ours, number, 0, 0.0) for number in range(recipe.preset.count(ours))]
    rows = []
    for split, ours, number, step, start in clips:
        label = _factors(recipe, ours, number, step).action
        name, source = video_file(ours, number)
        # Kinetics counts whole seconds.
        first, last = round(start), round(start + seconds)
        file = f"kinetics/{split}/{label}/{name}_{first:06d}_{last:06d}.mp4"
        item = Item(file, source, "cut" if ours == "howto" else "link", start, start + seconds)
        rows.append((split, [label, name, first, last, split], item))
    return rows


def esc50_sounds(recipe: Recipe) -> list[tuple[dict[str, Any], str]]:
    """Row of the table, and the corpus's file, of each sound."""
    clips = [(split, number) for split in CORPUS_SPLIT.values() for number in range(recipe.preset.count(split))]
    order = stream(recipe.seed, "esc50", 0, 0, "folds").permutation(len(clips))
    counts = dict.fromkeys(MATERIALS, 0)
    folds = {}
    for place in order:
        material = _factors(recipe, *clips[place]).material
        folds[int(place)] = 1 + counts[material] % FOLDS
        counts[material] += 1
    rows = []
    for place, (split, number) in enumerate(clips):
        material = _factors(recipe, split, number).material
        target, fold, name = MATERIALS.index(material), folds[place], 100_000 + place
        file = f"{fold}-{name}-A-{target}.wav"
        row = {"filename": file, "fold": fold, "target": target, "category": material, "esc10": False}
        rows.append((row | {"src_file": name, "take": "A"}, video_file(split, number)[1]))
    return rows
