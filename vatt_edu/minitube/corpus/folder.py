"""Whose folder is it: what ``source.json`` says, who may fill a folder, one command at a time."""

from pathlib import Path
from typing import Any

from vatt_edu.config.serialize import differences
from vatt_edu.data.sources.adapters.minitube import VERSION
from vatt_edu.errors import UserError
from vatt_edu.files import read_json, write_json
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, SAMPLE_RATE, SPLITS, Recipe, named_knobs


def read_source(out: Path) -> dict[str, Any]:
    """The ``source.json`` of a MiniTube folder; `UserError` where it is missing or damaged."""
    path = out / "source.json"
    if not path.exists():
        raise UserError(f"{out} is no MiniTube corpus: it has no source.json")
    source = read_json(path)
    if not isinstance(source, dict) or source.get("kind") != "minitube":
        raise UserError(f"{path} does not say that {out} is a MiniTube corpus: choose another folder")
    return source


def read_annotations(out: Path) -> dict[str, dict[str, Any]]:
    """Ground truth of every complete split, by video."""
    path = out / "annotations.json"
    return read_json(path) if path.exists() else {}


def describe_recipe(recipe: Recipe) -> dict[str, Any]:
    """What must agree for two commands to make the same corpus."""
    preset = recipe.preset
    return {
        "kind": "minitube",
        "version": VERSION,
        "preset": preset.name,
        "seed": recipe.seed,
        "planned": {split: preset.count(split) for split in SPLITS},
        "fps": FPS,
        "size": FRAME_SIZE,
        "sample_rate": SAMPLE_RATE,
        "steps": preset.steps,
        "step_seconds": preset.step_seconds,
        "knobs": named_knobs(recipe.knobs),
    }


def _materials() -> dict[str, Any]:
    """What the machine brings: photos of installed packages, recordings."""
    from vatt_edu.minitube.picture.backgrounds import photos_at_hand
    from vatt_edu.minitube.sound.recording import recordings_at_hand

    return {"photos": list(photos_at_hand()), "sounds": list(recordings_at_hand())}


def require_same_recipe(out: Path, source: dict[str, Any], ours: dict[str, Any]) -> None:
    """`UserError` if a folder is of another recipe than ours."""
    for key, value in ours.items():
        if fields := differences({key: source.get(key)}, {key: value}):
            other = ", and ".join(f"{name} {theirs}, not {own}" for name, (theirs, own) in fields.items())
            raise UserError(f"{out} holds a MiniTube corpus with {other}: choose another folder or delete it")


def require_claimable(out: Path, ours: dict[str, Any]) -> None:
    """`UserError` if the folder is not ours to fill."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: choose a folder for the corpus")
    if (out / "source.json").exists():
        require_same_recipe(out, read_source(out), ours)
    elif out.is_dir() and (other := [path.name for path in out.iterdir() if not path.name.startswith(".")]):
        raise UserError(f"{out} holds something else ({sorted(other)[0]}): choose a new or an empty folder")


def claim_folder(out: Path, ours: dict[str, Any]) -> None:
    """Write ``source.json`` into a new folder, or check the one that is there, now that nobody else writes."""
    require_claimable(out, ours)
    materials = _materials()
    if (out / "source.json").exists():
        require_same_recipe(out, read_source(out), materials)
    else:
        write_json(out / "source.json", ours | {"splits": {}, "narration_seed": ours["seed"]} | materials)
