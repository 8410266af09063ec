"""Two things at once: the words of swapped roles are the same words, and corpora of one thing are what they were."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vatt_edu import minitube
from vatt_edu.errors import UserError
from vatt_edu.minitube.couples import ACTIONS_OF_TWO, Couple, couple_of, factors_from, partner
from vatt_edu.minitube.narrate import redraw_narration, step_captions
from vatt_edu.minitube.picture.camera import Camera
from vatt_edu.minitube.picture.render import draw_look, render_scene
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, PRESETS, Knobs, Preset, Recipe
from vatt_edu.minitube.sound.recording import record_scene
from vatt_edu.minitube.sound.synthesis import rms
from vatt_edu.minitube.video import looks_of, scene_at, scenes_of
from vatt_edu.minitube.world import FLOOR, HELD_OUT, stream

TWO = Knobs(things=2)
RECIPE = Recipe(PRESETS["small"], 0, TWO)
FEW = Preset("few couples", howto=1, audioset=1, val=0, test_iid=4, test_comp=0, test_bg=0, steps=4)

# By the code before there were two things (commit 03bce58), of the first step: the mean of every 16th picture, and the
# root mean square of each fifth of the sound.
BEFORE = {
    ("howto", 3): ([125.04, 125.13, 124.85, 125.02, 125.39], [0.11917, 0.10702, 0.07521, 0.1196, 0.09564]),
    ("test_comp", 5): ([138.48, 138.36, 137.96, 138.11, 138.25], [0.04836, 0.05655, 0.05509, 0.05803, 0.0567]),
}


@pytest.mark.parametrize("address", BEFORE)
def test_one_thing_is_seen_and_heard_as_before(address: tuple[str, int]) -> None:
    """To what other builds of OpenCV and SciPy may round: other random numbers would be far away."""
    split, number = address
    recipe = Recipe(PRESETS["small"], 0, Knobs())
    scene, look = scenes_of(recipe, split, number)[0], looks_of(recipe, split, number)[0]
    pictures = np.stack(list(render_scene(scene, look, 0.0, recipe.knobs, stream(0, split, number, 0, "picture"))))
    sound, _ = record_scene(scene, recipe.knobs, stream(0, split, number, 0, "sound"))
    means, levels = BEFORE[address]
    assert pictures[::16].mean((1, 2, 3)) == pytest.approx(means, abs=0.05)
    assert np.sqrt(np.square(sound.reshape(5, -1)).mean(1)) == pytest.approx(levels, abs=2e-5)


def test_annotations_of_one_thing_are_those_that_are_shipped(root: Path, tmp_path: Path) -> None:
    """The clips of data_samples were made long before: the same code path must say the same of them."""
    shipped = root / "data_samples" / "minitube"
    source = minitube.read_source(shipped)
    counts = {split: source["planned"][split] for split in minitube.SPLITS}
    recipe = Recipe(Preset("samples", **counts), source["seed"], Knobs())
    for video in minitube.read_annotations(shipped).values():
        for scene, step in zip(scenes_of(recipe, video["split"], video["number"]), video["steps"], strict=True):
            assert step_captions(scene.factors, scene.outcome)[0] == step["caption"]
            times = [round(step["start"] + event.time, 4) for event in scene.contacts]
            assert times == [time for time, _ in step["events"]]
            assert "swapped" not in step
        assert (
            json.loads(json.dumps(redraw_narration(video, recipe.seed, recipe.knobs))) == video["narration"]
            or not (video["narration"])
        )


def test_knobs_of_one_thing_are_written_as_before(root: Path, tmp_path: Path) -> None:
    """So that a corpus made before is still the one that is asked for."""
    minitube.make(replace(FEW, howto=0, audioset=0, test_iid=0), tmp_path / "one", workers=1, quiet=True)
    minitube.make(replace(FEW, howto=0, audioset=0, test_iid=0), tmp_path / "two", workers=1, quiet=True, things=2)
    shipped = minitube.read_source(root / "data_samples" / "minitube")["knobs"]
    assert minitube.read_source(tmp_path / "one")["knobs"] == shipped
    assert minitube.read_source(tmp_path / "two")["knobs"] == shipped | {"things": 2}


@pytest.mark.parametrize("split", ["val", "test_iid", "test_comp"])
def test_partners_differ_in_who_does_what_alone(split: str) -> None:
    for number in range(0, 60, 2):
        a, b = (couple_of(RECIPE, split, n, 0) for n in (number, partner(number)))
        assert partner(partner(number)) == number
        assert a.swapped == b
        assert b.swapped == a
        assert (a.action, a.other.action) == (b.action, b.other.action)
        assert {a.color, a.other.color} == {b.color, b.other.color}
        assert a.color != a.other.color
        assert a.shape == a.other.shape == b.shape
        looks = [{(x.size, x.color, x.material) for x in (c.first, c.other)} for c in (a, b)]
        assert looks[0] == looks[1]
        assert (a.size, a.color, a.material) == (b.other.size, b.other.color, b.other.material)


def test_a_bag_of_words_cannot_tell_them_apart() -> None:
    for number in range(40):
        couple = couple_of(RECIPE, "test_iid", number, 0)
        sentences, swapped = (step_captions(c, "") for c in (couple, couple.swapped))
        assert sentences[0] != swapped[0]
        for one, other in zip([sentences[0], *sentences[1]], [swapped[0], *swapped[1]], strict=True):
            assert Counter(one.split()) == Counter(other.split())
        assert len({sentences[0], *sentences[1]} | {swapped[0], *swapped[1]}) == 8
        assert all(len(text.split()) <= 16 for text in sentences[1])  # as many words as the toy reads


def test_every_pair_of_a_gallery_is_about_something_else() -> None:
    couples = [couple_of(RECIPE, "test_iid", number, 0) for number in range(0, 256, 2)]
    assert len({couple.about for couple in couples}) == 128
    assert len({step_captions(c, "")[0] for couple in couples for c in (couple, couple.swapped)}) == 256


def test_held_out_pairs_are_in_test_comp_only() -> None:
    def pairs(split: str, steps: int = 1) -> list[set[tuple[str, str]]]:
        couples = [couple_of(RECIPE, split, number, step) for number in range(40) for step in range(steps)]
        return [{(c.action, c.material), (c.other.action, c.other.material)} for c in couples]

    assert not any(one & HELD_OUT for split in ("val", "test_iid", "test_bg") for one in pairs(split))
    assert not any(one & HELD_OUT for one in pairs("howto", 8))
    assert all(one & HELD_OUT for one in pairs("test_comp"))


def test_partners_stand_half_a_video_apart() -> None:
    recipe = replace(RECIPE, knobs=Knobs(things=2, partners=True))
    for step in range(4):
        assert couple_of(recipe, "howto", 7, step + 4) == couple_of(recipe, "howto", 7, step).swapped
        assert couple_of(RECIPE, "howto", 7, step + 4) != couple_of(RECIPE, "howto", 7, step).swapped


def test_sides_say_nothing_of_roles() -> None:
    sides = [scene_at(RECIPE, "test_iid", number, 0, 0.2).side for number in range(60)]
    assert 15 < sides.count(1) < 45  # half of 60, give or take four deviations
    scene = scene_at(RECIPE, "test_iid", 0, 0, 0.2)
    assert scene.beside.side == -scene.side


def test_half_a_camera_shows_a_world_half_as_large_on_the_same_floor() -> None:
    camera = Camera(1.02, 66.0, 61.0)
    for side, left in ((-1, 0.0), (1, 0.5)):
        view = camera.half(side)
        for x, y in ((0.0, FLOOR), (1.0, FLOOR), (0.5, 0.1)):
            expected = camera.at(left + x / 2, FLOOR - (FLOOR - y) / 2)
            assert view.at(x, y) == pytest.approx(expected)
        assert view.length(1.0) == pytest.approx(camera.length(0.5))


def test_both_things_move_each_in_its_half() -> None:
    look = replace(
        draw_look(False, TWO, stream(0, "t", 0, 0, "look")), reach=0.0, shake=0.0, grain=0.0, zoom=(1.0, 0.0)
    )
    for number in range(4):
        scene = scene_at(RECIPE, "test_iid", number, 0, 1.5)
        pictures = np.stack(list(render_scene(scene, look, 0.0, TWO, stream(0, "t", number, 0, "picture"))))
        assert pictures.shape == (1.5 * FPS, FRAME_SIZE, FRAME_SIZE, 3)
        moved = np.abs(pictures.astype(int) - pictures[:1]).max((0, 3)) > 25
        left, right = np.split(moved, 2, axis=1)
        assert min(left.mean(), right.mean()) > 0.01


def test_both_things_are_heard() -> None:
    quiet = Knobs(snr_low=24.0, snr_high=24.0, distractor_share=0.0)
    scene = scene_at(RECIPE, "test_iid", 3, 0, 2.0)
    alone = replace(scene, beside=None)
    sounds = [record_scene(one, quiet, stream(0, "t", 0, 0, "sound"))[0] for one in (scene, alone)]
    assert rms(sounds[0] - sounds[1]) > 0.1 * rms(sounds[1])  # loudness is set after mixing
    assert len(scene.contacts) == len(scene.events) + len(scene.beside.events)


def test_on_disk(tmp_path: Path) -> None:
    out = minitube.make(FEW, tmp_path / "two", workers=1, quiet=True, things=2, partners=True)
    annotations = minitube.read_annotations(out)
    rows = json.loads((out / "eval/test_iid.json").read_text())
    for row in rows:
        other = next(one for one in rows if one["id"] == row["partner"])
        assert row["swapped"] == other["caption"]
        assert row["other"]["action"] in ACTIONS_OF_TWO
        assert annotations[row["id"]]["partner"] == other["id"]
    video = annotations["howto_00000"]
    couples = [factors_from(step) for step in video["steps"]]
    assert all(isinstance(couple, Couple) for couple in couples)
    assert couples[2] == couples[0].swapped
    for line in video["narration"]:
        if line["step"] >= 0:
            couple = couples[line["step"]]
            assert couple.shape in line["text"]
    assert redraw_narration(video, 0, Knobs(things=2, partners=True)) == video["narration"]
    again = minitube.renarrate(out, tmp_path / "again", seed=3, attribute_drop=0.0)
    assert minitube.read_source(again)["knobs"]["partners"] is True


def test_knobs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="partners = True needs things = 2"):
        Knobs(partners=True)
    with pytest.raises(UserError, match="things = 3 must lie in"):
        Knobs(things=3)
