"""The way of one clip from a folder to a ``Batch``: few files, and all of them named."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from helpers import clips

import vatt_edu
from vatt_edu import data
from vatt_edu.batch import Batch
from vatt_edu.config import ClipSpec, DataConfig
from vatt_edu.data.loader import ClipStream
from vatt_edu.data.media.audio import torchaudio
from vatt_edu.data.sources import open_source
from vatt_edu.data.text import Vocabulary

AT_MOST = 16
PACKAGE = Path(vatt_edu.__file__).parent
# Named, and not on this clip's way: another layout, decoding beforehand, reading ahead; and a class without code.
OTHERWISE = {
    "sources/adapters/minitube.py",
    "clips/cache.py",
    "loader/prefetch.py",
    "batch.py",
    "media/spectrogram.py",  # loads torchaudio once a process
}


def entered(work: Callable[[], Any]) -> list[str]:
    """Files of the package in whose functions ``work`` spends its time, in order of the first call."""
    files: dict[str, None] = {}

    def profile(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            files[path.relative_to(PACKAGE).as_posix().removeprefix("data/")] = None

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return list(files)


def test_a_clip_goes_through_the_files_that_the_docstring_names(tmp_path: Path) -> None:
    """Opening a folder of one's own, the simplest layout; then what every clip goes through, in at most 16 files."""
    for number in range(3):
        film = clips.write(tmp_path / f"{number}.mp4", audio=clips.tone(440), size=(36, 48))
        film.with_suffix(".vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nknock on the box\n")
    spec = ClipSpec(frames=8, fps=5.0, height=24, width=24, short_side=32, samples=12_800, sample_rate=8_000,
                    candidates=1, words=6)  # fmt: skip
    config = clips.config_for(spec, DataConfig(narrated_videos=2, windows_per_video=1, text_free=0))
    streams: list[ClipStream] = []
    batches: list[Batch] = []

    def open_stream() -> None:
        source = open_source(tmp_path)
        vocab = Vocabulary.train(source.texts, 50)
        streams.append(ClipStream.open([(source, 1.0)], config, vocab, cache=False, quiet=True))

    torchaudio()  # is loaded once a process, by whoever comes first
    opened = entered(open_stream)
    way = entered(lambda: batches.append(streams[0].batch(0)[0]))
    assert batches[0].has_video.all()
    assert batches[0].has_audio.all()
    assert batches[0].has_text.all()
    assert len(way) <= AT_MOST
    steps = re.findall(r"^\d\. .*(?:\n   .*)*", data.__doc__ or "", flags=re.MULTILINE)
    named = re.findall(r"``([\w/]+\.py)``", "".join(steps))
    assert set(opened) | set(way) == set(named) - OTHERWISE
    places = [named.index(file) for file in ("sources/open.py", "loader/stream.py", "clips/reader.py", "batch.py")]
    assert places == sorted(places)
