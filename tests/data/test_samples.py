"""The files that come with the project: small, licensed by name, and readable by every reader."""

from pathlib import Path

import numpy as np

from vatt_edu import minitube
from vatt_edu.data.media import probe_media, read_audio
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.sources.source import media_files


def test_small_enough_to_come_along(root: Path) -> None:
    files = [path for path in (root / "data_samples").rglob("*") if path.is_file() and "cache" not in path.parts]
    assert sum(path.stat().st_size for path in files if not path.parent.name.endswith("_vatt")) <= 5e6


def test_every_file_has_its_license(root: Path) -> None:
    text = (root / "data_samples" / "LICENSES.md").read_text()
    for folder in ("film", "sounds"):
        for path in media_files(root / "data_samples" / folder, (".mp4", ".flac")):
            assert path.stem in text, f"{path.name} is not named in LICENSES.md"
    for photo in minitube.read_source(root / "data_samples" / "minitube")["photos"]:
        assert photo in text


def test_clips_and_one_narrated_video(root: Path) -> None:
    source = open_source(root / "data_samples" / "minitube")
    assert {split: len(source.clips(split)) for split in source.splits} == {
        "train": 1, "test_iid": 24, "test_comp": 6, "test_bg": 6
    }  # fmt: skip
    card = minitube.read_source(source.root)
    assert card["version"] == minitube.VERSION, "run tools/samples.py"
    assert card["seed"] != 0, "the presets' corpora have seed 0: these clips must be new to a model trained on them"
    assert len(source.clips("train")[0].lines) >= 8
    for clip in source.clips("test_iid"):
        info = probe_media(clip.path)
        assert (info.width, info.height, info.fps, info.sample_rate) == (128, 128, 20, 48_000)
        assert np.abs(read_audio(clip.path, 0.0, 32_000, 8_000)).max() > 0.02


def test_film_is_a_source_with_its_captions(root: Path) -> None:
    (film,) = open_source(root / "data_samples" / "film").videos
    assert [line.text.split()[-1] for line in film.lines] == ["burrow", "hill", "head", "open", "head"]
    info = probe_media(film.path)
    assert (info.width, info.height, info.channels) == (320, 180, 2)
    assert abs(info.duration - 5.3) < 0.1
