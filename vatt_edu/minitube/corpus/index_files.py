"""What the corpus looks like on disk: real video files, in layouts that real data sets use.

A corpus is one folder, OUT::

    OUT/source.json                    what this folder is (below)
    OUT/annotations.json               ground truth of every video (below)
    OUT/howto/HowTo100M_v1.csv         video_id,task_id,rank,category_1,category_2 (header line)
    OUT/howto/caption.json             {video_id: {"start": [s, …], "end": [s, …], "text": [line, …]}}
    OUT/howto/videos/<video_id>.mp4    32 s, video_id like "howto_00017"
    OUT/audioset/segments.csv          three lines that start with "#", then  YTID, start, end, "mid,mid"
    OUT/audioset/class_labels_indices.csv   index,mid,display_name (header line); mids like "/mt/bounce"
    OUT/audioset/videos/<ytid>_<start>.mp4  10 s, text-free; ytid like "aset_000017", start in whole seconds
    OUT/eval/<split>.json              list of clips (below), split one of val, test_iid, test_comp, test_bg
    OUT/eval/<split>/<id>.mp4          4 s, one step, id like "test_iid_00017"

A split's index files (CSV, JSON) are written when all of its videos are there, each by one atomic rename, and
``source.json`` lists the split from then on: what is listed is complete. Names that start with a dot are not part of
the corpus (lock, files being written); readers skip them. Paths in the JSON files are relative to the file's folder.

``source.json``::

    {"kind": "minitube", "version": 1, "preset": "small", "seed": 0,
     "splits": {"howto": 480, "audioset": 160, "val": 150, …},        only complete ones
     "fps": 20, "size": 128, "sample_rate": 48000, "step_seconds": 4.0, "steps": 8,
     "planned": {"howto": 480, …}, "knobs": {…}, "narration_seed": 0,
     "photos": ["china", …], "sounds": ["perc_bell", …]}

``eval/<split>.json``: a list, in the order of numbers, of::

    {"id": "test_iid_00017", "file": "test_iid/test_iid_00017.mp4", "duration": 4.0,
     "caption": "roll the big red metal ball across the floor",       distinct within the split
     "captions": [three paraphrases, each with every attribute],
     "action", "material", "shape", "color", "size", "count", "outcome", "bg_id"}

With the knob ``things = 2`` these are of the first thing, and there is more, here and in the steps below: ``"other"``,
the factors of the second, and ``"swapped"``, the caption with the roles swapped; a clip of evaluation has a
``"partner"``, the id of the clip that shows that.

``annotations.json``: ``{video_id: video}``, one video a line::

    {"id", "split", "number", "file" (relative to OUT), "duration", "fps", "seed",
     "steps": [{"start", "end" (s from the start of the file), "action", "material", "shape", "color", "size",
                "count", "outcome", "caption", "captions", "bg_id", "pitch", "decay", "snr", "distractor", "rt60",
                "events": [[t, impulse], …] (t in s from the start of the file; impulse > 0, 1: a heavy hit)}],
     "narration": [{"start", "end", "text", "step": index or -1 for filler}]}      howto only, sorted by start

Where they were asked for, OUT/msrvtt, OUT/kinetics and OUT/esc50 hold the same clips once more (see ``layouts``), and
``source.json`` lists them: ``"layouts": {"msrvtt": files, …}``.

Every file is H.264 (yuv420p, 128×128, 20 fps, GOP 20) with AAC (mono, 48 kHz). Its bytes may differ between builds of
the encoder; annotations do not.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from vatt_edu.minitube.names import segment
from vatt_edu.minitube.world import ACTIONS, MATERIALS

# ------------------------------------------------------------------ index files of the two real layouts


def howto_files(videos: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Index files of the HowTo100M form, as {path relative to OUT: text}."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["video_id", "task_id", "rank", "category_1", "category_2"])
    for video in videos:
        first = video["steps"][0]
        writer.writerow([video["id"], video["number"], 1, "MiniTube", first["action"].capitalize()])
    return {"howto/HowTo100M_v1.csv": table.getvalue(), "howto/caption.json": captions_json(videos)}


def captions_json(videos: Sequence[dict[str, Any]]) -> str:
    """``caption.json`` of HowTo100M: parallel lists of starts, ends and texts for each video."""
    captions = {
        video["id"]: {key: [line[key] for line in video["narration"]] for key in ("start", "end", "text")}
        for video in videos
    }
    return json.dumps(captions, indent=1) + "\n"


def audioset_files(videos: Sequence[dict[str, Any]], classes: Sequence[str]) -> dict[str, str]:
    """Index files of the AudioSet form, as {path relative to OUT: text}; labels are actions and materials."""
    rows = []
    positives = 0
    for video in videos:
        subjects = {step[key] for step in video["steps"] for key in ("action", "material")}
        labels = [f"/mt/{name}" for name in classes if name in subjects]
        positives += len(labels)
        start, end = segment(video["number"], video["duration"])
        rows.append(f'{video["id"]}, {start:.3f}, {end:.3f}, "{",".join(labels)}"')
    head = [
        "# Segments csv of a procedural corpus in the form of AudioSet's",
        f"# num_ytids={len(videos)}, num_segs={len(videos)}, num_unique_labels={len(classes)}, "
        f"num_positive_labels={positives}",
        "# YTID, start_seconds, end_seconds, positive_labels",
    ]
    names = ["index,mid,display_name", *(f'{i},/mt/{name},"{name.capitalize()}"' for i, name in enumerate(classes))]
    return {
        "audioset/segments.csv": "\n".join(head + rows) + "\n",
        "audioset/class_labels_indices.csv": "\n".join(names) + "\n",
    }


EVAL_KEYS = ("caption", "captions", "action", "material", "shape", "color", "size", "count", "outcome", "bg_id")


def eval_files(split: str, videos: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The index of an evaluation split, as {path relative to OUT: text}."""
    rows = [
        {"id": video["id"], "file": f"{split}/{video['id']}.mp4", "duration": video["duration"]}
        | {key: video["steps"][0][key] for key in EVAL_KEYS}
        | {key: video["steps"][0][key] for key in ("other", "swapped") if key in video["steps"][0]}
        | {key: video[key] for key in ("partner",) if key in video}
        for video in videos
    ]
    return {f"eval/{split}.json": json.dumps(rows, indent=1) + "\n"}


def split_index(split: str, videos: Sequence[dict[str, Any]]) -> dict[str, str]:
    """All index files of a complete split, as {path relative to OUT: text}."""
    if split == "howto":
        return howto_files(videos)
    return audioset_files(videos, (*ACTIONS, *MATERIALS)) if split == "audioset" else eval_files(split, videos)


def annotations_json(videos: dict[str, dict[str, Any]]) -> str:
    """All ground truth, one video a line, so that it can be read by eye and compared by ``diff``."""
    lines = [f"{json.dumps(name)}: {json.dumps(video, separators=(',', ':'))}" for name, video in videos.items()]
    return "{" + ",\n".join(lines) + "}\n"
