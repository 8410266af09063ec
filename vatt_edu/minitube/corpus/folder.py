"""Whose folder is it: what ``source.json`` says, who may fill a folder, one command at a time."""

import json
from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError
from vatt_edu.files import write_json
from vatt_edu.minitube.presets import FPS, SAMPLE_RATE, SIZE, SPLITS, VERSION, Knobs, Preset, as_json


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


def identity(plan: Preset, seed: int, knobs: Knobs) -> dict[str, Any]:
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
    from vatt_edu.minitube.picture.backgrounds import photos_at_hand
    from vatt_edu.minitube.sound.recording import recordings

    return {"photos": list(photos_at_hand()), "sounds": list(recordings())}


def agree(out: Path, source: dict[str, Any], ours: dict[str, Any]) -> None:
    """`UserError` if a folder is of another recipe than ours."""
    for key, value in ours.items():
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


def claimable(out: Path, ours: dict[str, Any]) -> None:
    """`UserError` if the folder is not ours to fill."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: choose a folder for the corpus")
    if (out / "source.json").exists():
        agree(out, read_source(out), ours)
    elif out.is_dir() and (other := [path.name for path in out.iterdir() if not path.name.startswith(".")]):
        raise UserError(f"{out} holds something else ({sorted(other)[0]}): choose a new or an empty folder")


def claim(out: Path, ours: dict[str, Any]) -> None:
    """Write ``source.json`` into a new folder, or check the one that is there, now that nobody else writes."""
    claimable(out, ours)
    materials = _materials()
    if not (out / "source.json").exists():
        new = ours | {"splits": {}, "narration_seed": ours["seed"]} | materials
        write_json(out / "source.json", new)
        return
    agree(out, read_source(out), materials)
