"""On disk: complete, the same for everybody, in two real layouts, and safe from being killed."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.decoding import decode

from vatt_edu import minitube
from vatt_edu.errors import UserError
from vatt_edu.minitube.picture.render import render_scene
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, Knobs, Recipe
from vatt_edu.minitube.video import looks_of, scenes_of
from vatt_edu.minitube.world import HELD_OUT, stream


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.square(a.astype(float) - b.astype(float)).mean()))


def test_source_json_says_what_there_is(corpus: Path, preset: minitube.Preset) -> None:
    source = json.loads((corpus / "source.json").read_text())
    assert source["kind"] == "minitube"
    assert source["version"] == minitube.VERSION
    assert (source["preset"], source["seed"]) == ("few", 0)
    assert source["splits"] == {split: preset.count(split) for split in minitube.SPLITS}
    assert source["knobs"]["filler_share"] == 0.27
    assert not list(corpus.rglob(".*.partial"))


def test_every_file_decodes_to_its_annotation(corpus: Path) -> None:
    videos = minitube.read_annotations(corpus)
    assert {corpus / video["file"] for video in videos.values()} == set(corpus.rglob("*.mp4"))
    for video in videos.values():
        frames, sound, rate = decode(corpus / video["file"])
        assert frames.shape == (round(video["duration"] * FPS), FRAME_SIZE, FRAME_SIZE, 3)
        assert rate == 48_000
        assert abs(len(sound) / rate - video["duration"]) < 0.05
        assert sound.std() > 0.01


def test_files_are_what_was_rendered(corpus: Path, preset: minitube.Preset) -> None:
    recipe = Recipe(preset, 0, Knobs())
    scene, look = scenes_of(recipe, "test_iid", 1)[0], looks_of(recipe, "test_iid", 1)[0]
    pictures = np.stack(list(render_scene(scene, look, 0.0, recipe.knobs, stream(0, "test_iid", 1, 0, "picture"))))
    frames, _, _ = decode(corpus / "eval/test_iid/test_iid_00001.mp4")
    assert psnr(frames, pictures) > 28
    # Frame by frame, in order: a shift by one frame would be farther away.
    busiest = np.square(np.diff(pictures.astype(float), axis=0)).mean((1, 2, 3)).argmax()
    assert psnr(frames[busiest + 1], pictures[busiest + 1]) > psnr(frames[busiest + 1], pictures[busiest])


def test_howto_layout(corpus: Path, preset: minitube.Preset) -> None:
    captions = json.loads((corpus / "howto/caption.json").read_text())
    with open(corpus / "howto/HowTo100M_v1.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["video_id", "task_id", "rank", "category_1", "category_2"]
    assert [row["video_id"] for row in rows] == list(captions) == ["howto_00000", "howto_00001"]
    annotations = minitube.read_annotations(corpus)
    for name, lines in captions.items():
        assert (corpus / f"howto/videos/{name}.mp4").is_file()
        assert len(lines["start"]) == len(lines["end"]) == len(lines["text"]) >= preset.steps
        narration = [(line["start"], line["end"], line["text"]) for line in annotations[name]["narration"]]
        assert narration == list(zip(lines["start"], lines["end"], lines["text"], strict=True))


def test_audioset_layout(corpus: Path) -> None:
    text = (corpus / "audioset/segments.csv").read_text().splitlines()
    assert all(line.startswith("#") for line in text[:3])
    rows = list(csv.reader(text[3:], skipinitialspace=True))
    with open(corpus / "audioset/class_labels_indices.csv", newline="") as file:
        names = {row["mid"]: row["display_name"] for row in csv.DictReader(file)}
    assert len(names) == 13
    annotations = minitube.read_annotations(corpus)
    assert len(rows) == 2
    for name, start, end, labels in rows:
        assert (corpus / f"audioset/videos/{name}_{float(start):.0f}.mp4").is_file()
        assert float(end) - float(start) == annotations[name]["duration"] == 10.0
        classes = {names[label].lower() for label in labels.split(",")}
        assert classes == {step[key] for step in annotations[name]["steps"] for key in ("action", "material")}
        assert annotations[name]["narration"] == []


def test_eval_layout(corpus: Path, preset: minitube.Preset) -> None:
    annotations = minitube.read_annotations(corpus)
    for split in ("val", "test_iid", "test_comp", "test_bg"):
        rows = json.loads((corpus / f"eval/{split}.json").read_text())
        assert len(rows) == preset.count(split)
        assert len({row["caption"] for row in rows}) == len(rows)
        for row in rows:
            assert (corpus / "eval" / row["file"]).is_file()
            assert len(row["captions"]) == 3
            step = annotations[row["id"]]["steps"][0]
            assert all(step[key] == row[key] for key in row if key not in ("id", "file", "duration"))
            assert ((row["action"], row["material"]) in HELD_OUT) == (split == "test_comp")


def test_a_step_has_its_own_background_unless_shortcut(preset: minitube.Preset) -> None:
    recipe = Recipe(minitube.Preset("x", 1, 0, 0, 0, 0, 0, steps=6), 0, Knobs())
    assert len({look.background for look in looks_of(recipe, "howto", 0)}) > 3
    same = looks_of(Recipe(recipe.preset, 0, Knobs(shortcut=True)), "howto", 0)
    assert len({id(look) for look in same}) == 1


def test_any_number_of_workers_and_any_order_of_splits(corpus: Path, preset: minitube.Preset, tmp_path: Path) -> None:
    out = tmp_path / "other"
    minitube.make(preset, out, splits="test_bg", workers=1, quiet=True)
    assert set(minitube.read_source(out)["splits"]) == {"test_bg"}
    assert not list((out / "howto").glob("**/*"))
    minitube.make(preset, out, workers=2, quiet=True)
    assert tree(out) == tree(corpus)


def test_a_complete_corpus_is_left_alone(corpus: Path, preset: minitube.Preset) -> None:
    before = {path: path.stat().st_mtime_ns for path in corpus.rglob("*")}
    minitube.make(preset, corpus, quiet=True)
    assert {path: path.stat().st_mtime_ns for path in corpus.rglob("*")} == before


def test_a_lost_file_is_made_again(corpus: Path, preset: minitube.Preset, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(corpus, out)
    (out / "eval/val/val_00000.mp4").unlink()
    minitube.make(preset, out, workers=1, quiet=True)
    assert tree(out) == tree(corpus)


def test_killed_and_run_again(corpus: Path, preset: minitube.Preset, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    code = (
        "from vatt_edu import minitube\n"
        f"preset = minitube.Preset(**{vars(preset)!r})\n"
        f"minitube.make(preset, {str(out)!r}, workers=2, quiet=True)"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    deadline = time.monotonic() + 300  # seconds: a busy machine makes a video in half a minute
    while not (len(list(out.rglob("*.mp4"))) >= 2 and list(out.rglob(".*.mp4.*partial"))):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)  # the workers, too: one that goes on writes beside the second making
    process.wait()
    whole = [path for path in out.rglob("*.mp4") if not path.name.startswith(".")]
    assert len(whole) < 12
    for path in whole:
        decode(path)
    assert len(minitube.read_source(out)["splits"]) < 6
    minitube.make(preset, out, workers=1, quiet=True)
    assert tree(out) == tree(corpus)


def test_narration_again_without_rendering(corpus: Path, tmp_path: Path) -> None:
    other = minitube.renarrate(corpus, tmp_path / "again", seed=5, filler_share=0.6)
    old, new = (json.loads((folder / "howto/caption.json").read_text()) for folder in (corpus, other))
    assert old.keys() == new.keys()
    assert old != new
    assert (other / "howto/videos/howto_00001.mp4").samefile(corpus / "howto/videos/howto_00001.mp4")
    source = minitube.read_source(other)
    assert (source["narration_seed"], source["knobs"]["filler_share"]) == (5, 0.6)
    same = minitube.renarrate(corpus, tmp_path / "same", seed=0)
    assert (same / "howto/caption.json").read_bytes() == (corpus / "howto/caption.json").read_bytes()
    assert minitube.read_annotations(same) == minitube.read_annotations(corpus)
    with pytest.raises(UserError, match="no knob of narration"):
        minitube.renarrate(corpus, tmp_path / "x", seed=0, shortcut=True)
    with pytest.raises(UserError, match="exists already"):
        minitube.renarrate(corpus, other, seed=0)


def test_ensure_puts_it_where_vatt_data_says(
    corpus: Path, preset: minitube.Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corpus, tmp_path / "minitube/few")
    monkeypatch.setenv("VATT_DATA", str(tmp_path))
    assert minitube.ensure(preset, "val") == tmp_path / "minitube/few"
    monkeypatch.delenv("VATT_DATA")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(corpus, tmp_path / "build/minitube/few")
    assert minitube.ensure(preset).resolve() == tmp_path / "build/minitube/few"


BAD = [
    (("medium", "new"), {}, "unknown preset 'medium'.*tiny, small, full"),
    (("tiny", "new"), {"splits": "test"}, "unknown split 'test'"),
    (("tiny", "new"), {"colour": 1}, "unknown knob 'colour'"),
    (("tiny", "new"), {"shortcut": "yes"}, "shortcut = 'yes' must be of type bool"),
    (("tiny", "new"), {"filler_share": 2.0}, "filler_share = 2.0 must lie in"),
    (("tiny", "new"), {"snr_low": 9.0, "snr_high": 3.0}, "snr_low"),
    (("tiny", "new"), {"seed": -1}, "seed = -1"),
    (("tiny", "new"), {"workers": 0}, "workers = 0"),
    (("tiny", "something"), {}, "holds something else .notes.txt."),
    (("tiny", "file"), {}, "is a file"),
    (("tiny", "corpus"), {}, "preset few, not tiny"),
    (("few", "corpus"), {"seed": 1}, "seed 0, not 1"),
    (("few", "corpus"), {"shortcut": True}, "knobs.shortcut False, not True"),
    (("few", "old"), {}, "version 0, not"),
    (("few", "broken"), {}, "source.json, line 1, column 2: not JSON"),
    (("few", "foreign"), {}, "does not say that"),
]


@pytest.mark.parametrize(("where", "options", "message"), BAD)
def test_bad_input_is_one_clear_line(
    where: tuple[str, str], options: dict, message: str, corpus: Path, preset: minitube.Preset, tmp_path: Path
) -> None:
    (tmp_path / "something").mkdir()
    (tmp_path / "something/notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    source = json.loads((corpus / "source.json").read_text())
    for name, text in (
        ("corpus", json.dumps(source)),
        ("old", json.dumps(source | {"version": 0})),
        ("broken", "{"),
        ("foreign", "[]"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "source.json").write_text(text)
    before = tree(tmp_path)
    name = preset if where[0] == "few" else where[0]
    with pytest.raises(UserError, match=message) as error:
        minitube.make(name, tmp_path / where[1], quiet=True, **options)
    assert "\n" not in str(error.value)
    assert tree(tmp_path) == before


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys; from vatt_edu import minitube; heavy = ('cv2', 'av', 'pymunk', 'scipy', 'sklearn', 'skimage'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # torch itself may bring some of them; this package adds none.
    plain = code.replace("from vatt_edu import minitube", "import vatt_edu")
    assert process.stdout == subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True).stdout
