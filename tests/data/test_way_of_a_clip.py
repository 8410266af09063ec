"""The way of one clip from a folder to a ``Batch``: few files, all of them named, in the order in which it is gone."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from helpers import clips

import vatt_edu
from vatt_edu import data
from vatt_edu.config import ClipSpec, Config, DataConfig
from vatt_edu.data import ClipStream, Vocabulary, open_source

AT_MOST = 16
PACKAGE = Path(vatt_edu.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The simplest layout, a folder of one's own: a film with sound, and captions beside it."""
    film = clips.write(tmp_path / "film.mp4", audio=clips.tone(440), size=(36, 48))
    film.with_suffix(".vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nknock on the box\n")
    return tmp_path


@pytest.fixture
def config() -> Config:
    spec = ClipSpec(frames=8, fps=5.0, height=24, width=24, short_side=32, samples=12_800, sample_rate=8_000,
                    candidates=1, words=6)  # fmt: skip
    return clips.config_for(spec, DataConfig(narrated_videos=2, windows_per_video=1, text_free=0))


def entered(work: Callable[[], None]) -> tuple[set[str], list[str]]:
    """Files of the package that ``work`` enters; those entered by more than a constructor, in order of the first call.

    The code that a dataclass writes has no file, and importing a module is not entering it.
    """
    files: set[str] = set()
    order: dict[str, None] = {}

    def profile(frame: FrameType, event: str, _: object) -> None:
        path, name = Path(frame.f_code.co_filename), frame.f_code.co_qualname
        if event == "call" and name != "<module>" and path.is_relative_to(PACKAGE):
            file = path.relative_to(PACKAGE).as_posix().removeprefix("data/")
            files.add(file)
            if "__init__" not in name:  # nor what it defines
                order.setdefault(file)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return files, list(order)


def test_a_clip_goes_through_the_files_that_the_docstring_names(folder: Path, config: Config) -> None:
    def read_clips() -> None:  # a batch has at least two: the same film twice
        source = open_source(folder)
        vocab = Vocabulary.train(source.texts, 50)
        stream = ClipStream.open([(source, 1.0)], config, vocab, cache=False, quiet=True)
        batch, _ = stream.batch(0)
        assert batch.has_video.all()
        assert batch.has_audio.all()
        assert batch.has_text.all()

    files, order = entered(read_clips)
    assert len(files) <= AT_MOST
    assert files == set(order)  # no file is entered for its constructors alone
    assert order == re.findall(r"``([\w/]+\.py)``", data.__doc__ or "")
