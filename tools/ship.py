"""Put a trained run into ``data_samples/NAME_vatt``: what loads it, its numbers, and a card made from them.

``python tools/ship.py RUN NAME``, after ``vatt evaluate all RUN --data build/minitube/small``.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from vatt_edu.config import preset
from vatt_edu.config.serialize import differences, to_json
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.evaluation.terminal import percent
from vatt_edu.files import write_json, write_text
from vatt_edu.training.checkpoint import last, read_meta, read_tensors

OUT = Path(__file__).resolve().parent.parent / "data_samples"
DATA = "build/minitube/small"
ABOUT = {
    "toy": (
        "The trained toy",
        "of three seeds (`results/toy.json`), the best on `val`: mean R@5 of the four trained directions",
        "`results/toy.json` has three. What departs from the released VATT (pooling, start, heads, temperature, "
        "several windows of a video a batch, line masking) is in `config.json`.",
    ),
    "toy_agnostic": (
        "The trained toy with one encoder for all three modalities",
        "not at all: it is the only run, with as many steps as the toy that comes along",
        "`results/agnostic.json` has three seeds of fewer steps, beside the toy's.",
    ),
}
"""Name → title of the card, how the run was chosen, and where more numbers are."""
DIRECTIONS = ("text_to_video", "video_to_text", "video_to_audio", "audio_to_video", "text_to_audio")


def command(record: dict[str, Any]) -> str:
    """What trains the run: its preset, and the fields that are not the preset's."""
    theirs = json.loads(json.dumps(to_json(preset(record["preset"]))))  # tuples become lists, as in a file
    flags = [
        f"--{name} {value}" for name, (value, _) in differences(record["config"], theirs).items() if name != "seed"
    ]
    words = ["vatt pretrain", record["preset"], f"--data {DATA} --out RUN --seed {record['config']['seed']}", *flags]
    return " ".join(words)


def card(
    name: str, record: dict[str, Any], meta: dict[str, Any], retrieval: dict[str, Any], weights: int, words: int
) -> str:
    """The model card, every number of it computed."""
    seed, versions = record["config"]["seed"], meta["versions"]
    title, chosen, more = ABOUT[name]
    lines = [
        f"# {title}",
        "",
        f"A VATT of {weights:,} weights that has watched MiniTube `small`, an artificial world made by this project: "
        "things of different material, shape, color and size that bounce, roll, slide, swing, are shaken, poured, "
        "tapped and stacked, with the sound that this makes, and somebody who talks about it.",
        "",
        "| | |",
        "|---|---|",
        f"| preset | `{record['preset']}`, seed {seed} |",
        "| data | `vatt data minitube --preset small --out build/minitube/small` (seed 0) |",
        f"| command | `{command(record)}` |",
        f"| training | {meta['step']:,} steps, {meta['train_seconds'] / 60:.1f} minutes on "
        f"{meta['machine']['threads']} CPU thread{'s' * (meta['machine']['threads'] > 1)} |",
        f"| chosen | {chosen} |",
        f"| vocabulary | {words} words, those of its narration |",
        f"| made with | torch {versions['torch']}, Python {versions['python']}, commit {meta['commit']} |",
        "",
        "Zero-shot retrieval, R@5 in per cent, ties counted against the model:",
        "",
        "| split | clips | " + " | ".join(name.replace("_", " ") for name in DIRECTIONS) + " | chance |",
        "|---|--:|" + "--:|" * (len(DIRECTIONS) + 1),
    ]
    for part, split in retrieval["splits"].items():
        values = [percent(split["trained"][direction]["R@5"]) for direction in DIRECTIONS]
        chance = percent(split["chance"]["text_to_video"]["R@5"])
        lines.append(f"| {part} | {split['n']} | {' | '.join(values)} | {chance} |")
    lines += [
        "",
        "The row `train` is retrieval among training steps: how much of it was learned by heart. No loss pairs text "
        "and sound; that column is what the common space gives for free.",
        "",
        "**Limits.** It knows one artificial world and a few score words; on other videos its answers mean nothing. "
        f"These are the numbers of one seed; {more}",
        "",
        "Weights: Apache-2.0, as the code.",
    ]
    return "\n".join(lines) + "\n"


def main(run: Path, name: str) -> None:
    out = OUT / f"{name}_vatt"
    out.mkdir(parents=True, exist_ok=True)
    record = json.loads((run / "config.json").read_text()) | {"data": [DATA]}
    meta, retrieval = read_meta(last(run)), json.loads((run / "retrieval.json").read_text())
    weights = sum(value.numel() for value in read_tensors(run / "model.safetensors").values())
    write_json(out / "config.json", record)
    for file in ("vocab.json", "model.safetensors", "retrieval.json", "probe.json"):
        shutil.copyfile(run / file, out / file)
    words = len(Vocabulary.load(out / "vocab.json")) - 2
    write_text(out / "README.md", card(name, record, meta, retrieval, weights, words))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
