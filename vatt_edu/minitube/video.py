"""One video, whole: what happens, what it sounds like, what is said, what it looks like, in a file.

A video is a function of (seed, split, number) and of the knobs. Each part of each step has random numbers of its own,
so that another narration, or another noise, leaves everything else as it was.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from vatt_edu.minitube.couples import Couple, factors_at, partner
from vatt_edu.minitube.encode import Image, write_video
from vatt_edu.minitube.names import video_file
from vatt_edu.minitube.narrate import narration, step_captions
from vatt_edu.minitube.physics.actions import simulate_step
from vatt_edu.minitube.physics.scene import Scene
from vatt_edu.minitube.picture.render import Look, draw_look, render_scene
from vatt_edu.minitube.presets import EVAL_SPLITS, FPS, Recipe
from vatt_edu.minitube.sound.recording import Take, record_scene
from vatt_edu.minitube.world import stream


def scenes_of(recipe: Recipe, split: str, number: int) -> list[Scene]:
    """What happens in a video, step by step."""
    steps, seconds = recipe.preset.shape(split)
    return [scene_at(recipe, split, number, step, seconds) for step in range(steps)]


def scene_at(recipe: Recipe, split: str, number: int, step: int, seconds: float) -> Scene:
    """What happens in that step: one thing, or two in pens of their own, on sides that say nothing of their roles."""

    def rng(part: str) -> Any:
        return stream(recipe.seed, split, number, step, part)

    factors = factors_at(recipe, split, number, step)
    if not isinstance(factors, Couple):
        return simulate_step(factors, seconds, rng("physics"))
    side = 1 if rng("sides").random() < 0.5 else -1
    other = replace(simulate_step(factors.other, seconds, rng("physics of the other")), side=-side)
    return replace(simulate_step(factors.first, seconds, rng("physics")), factors=factors, side=side, beside=other)


def looks_of(recipe: Recipe, split: str, number: int) -> list[Look]:
    """Background and camera of each step: new at every cut, or one for all with the shortcut."""
    steps, _ = recipe.preset.shape(split)
    places = [0] * steps if recipe.knobs.shortcut else range(steps)
    looks = {
        place: draw_look(split == "test_bg", recipe.knobs, stream(recipe.seed, split, number, place, "look"))
        for place in sorted(set(places))
    }
    return [looks[place] for place in places]


def make_video(recipe: Recipe, split: str, number: int, out: Path) -> dict[str, Any]:
    """Make one video file under ``out`` and return its annotation (see `vatt_edu.minitube.corpus.index_files`)."""
    scenes = scenes_of(recipe, split, number)
    looks = looks_of(recipe, split, number)
    sounds, takes = [], []
    for step, scene in enumerate(scenes):
        sound, take = record_scene(scene, recipe.knobs, stream(recipe.seed, split, number, step, "sound"))
        sounds.append(sound)
        takes.append(take)
    _, file = video_file(split, number)
    write_video(out / file, _pictures(recipe, split, number, scenes, looks), np.concatenate(sounds))
    return _annotation(recipe, split, number, scenes, looks, takes)


def _pictures(recipe: Recipe, split: str, number: int, scenes: list[Scene], looks: list[Look]) -> Iterator[Image]:
    start = 0.0
    for step, (scene, look) in enumerate(zip(scenes, looks, strict=True)):
        rng = stream(recipe.seed, split, number, step, "picture")
        yield from render_scene(scene, look, start, recipe.knobs, rng)
        start += scene.duration


def _annotation(
    recipe: Recipe, split: str, number: int, scenes: list[Scene], looks: list[Look], takes: list[Take]
) -> dict[str, Any]:
    duration = sum(scene.duration for scene in scenes)
    name, file = video_file(split, number)
    steps = []
    start = 0.0
    for scene, look, take in zip(scenes, looks, takes, strict=True):
        caption, paraphrases = step_captions(scene.factors, scene.outcome)
        steps.append(
            {"start": start, "end": start + scene.duration}
            | scene.factors.as_json()
            | {"outcome": scene.outcome, "caption": caption, "captions": paraphrases, "bg_id": look.background}
            | _swapped(scene)
            | asdict(take)
            | {"events": [[round(start + event.time, 4), round(event.impulse, 4)] for event in scene.contacts]}
        )
        start += scene.duration
    lines = []
    if split == "howto":
        events = [(scene.factors, scene.outcome) for scene in scenes]
        lines = narration(events, scenes[0].duration, recipe.seed, split, number, recipe.knobs)
    pair = recipe.knobs.things == 2 and split in EVAL_SPLITS and partner(number) < recipe.preset.count(split)
    return {
        "id": name,
        "split": split,
        "number": number,
        "file": file,
        "duration": duration,
        "fps": FPS,
        "seed": recipe.seed,
        "steps": steps,
        "narration": [asdict(line) for line in lines],
    } | ({"partner": video_file(split, partner(number))[0]} if pair else {})


def _swapped(scene: Scene) -> dict[str, str]:
    """The canonical caption with roles swapped, where there are two things."""
    return {"swapped": step_captions(scene.factors.swapped, "")[0]} if isinstance(scene.factors, Couple) else {}
