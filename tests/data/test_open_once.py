"""One opening for the sound and all windows of a video, and what is read is what is read from a file opened anew."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import clips, numbered

from vatt_edu.config import ClipSpec, DataConfig
from vatt_edu.data import ClipStream, MediaError, Vocabulary, open_source
from vatt_edu.data.clips.reader import FileReader, read_window
from vatt_edu.data.media import info as media
from vatt_edu.data.media.audio import forget_blocks
from vatt_edu.data.media.info import keeping_open, put_back, take_media

SPEC = ClipSpec(frames=8, fps=5.0, height=24, width=24, short_side=32, samples=12_800, sample_rate=8_000,
                candidates=1, words=6)  # fmt: skip


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files, each as often as FFmpeg opens it."""
    names: list[str] = []
    av = media.pyav()
    really = av.open

    def count(name: str, *rest: Any, **options: Any) -> Any:
        names.append(Path(name.removeprefix("file:")).name)
        return really(name, *rest, **options)

    monkeypatch.setattr(av, "open", count)
    return names


def test_a_batch_opens_each_video_once(tmp_path: Path, opened: list[str]) -> None:
    for name in ("a.mp4", "b.mp4"):
        film = clips.write(tmp_path / name, audio=clips.tone(440), duration=9, size=(36, 48))
        film.with_suffix(".vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nknock on the box\n")
    config = clips.config_for(SPEC, DataConfig(narrated_videos=2, windows_per_video=3, text_free=0))
    source = open_source(tmp_path)
    stream = ClipStream.open([(source, 1.0)], config, Vocabulary.train(source.texts, 50), cache=False, quiet=True)
    stream.windows(0)  # what a file holds is looked up once, before
    opened.clear()
    stream.batch(0)
    begin = min(window.start or 0.0 for window in stream.windows(0))
    assert begin > 0.0  # else its pictures are read from the beginning of a file
    assert sorted(opened) == ["a.mp4", "b.mp4"]
    put_back(take_media(tmp_path / opened[-1]), intact=False)
    assert len(opened) == 3  # nothing stays open: the next reader opens it anew


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4", "av1"])
@pytest.mark.parametrize("structure", ["b", "plain", "open"])
def test_windows_in_any_order_are_those_of_a_file_opened_anew(codec: str, structure: str, tmp_path: Path) -> None:
    if codec in ("mpeg4", "av1") and structure == "open":
        structure = "plain"
    suffix = ".mkv" if codec == "mpeg4" else ".mp4"
    film = numbered.write(tmp_path / f"film{suffix}", codec, structure, 80, 20, size=(128, 192))
    reader, firsts = FileReader(SPEC), [9, 2, 5, 0, 7, 11, 3]
    forget_blocks()
    alone = [read_window(reader, film.path, first, SPEC) for first in firsts]
    with keeping_open():
        for first, (frames, _) in zip(firsts, alone, strict=True):
            again, _ = read_window(reader, film.path, first, SPEC)
            assert frames is not None
            assert np.array_equal(frames, again)


def test_damage_is_met_by_the_windows_that_it_is_in(tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "film.mp4", "h264", "b", 100, 20)
    content = bytearray(film.path.read_bytes())
    middle = content.index(b"mdat") + 8 + (len(content) - content.index(b"mdat")) // 3
    content[middle : middle + 400] = bytes(400)
    film.path.write_bytes(content)
    reader = FileReader(SPEC)

    def outcome(first: int) -> bytes | str:
        try:
            frames, _ = read_window(reader, film.path, first, SPEC)
            return b"" if frames is None else frames.tobytes()
        except MediaError as error:
            return error.reason

    alone = [outcome(first) for first in (17, 1, 5, 9, 12)]
    assert {type(window) for window in alone} == {bytes, str}
    with keeping_open():
        assert [outcome(first) for first in (17, 1, 5, 9, 12)] == alone
