"""Files of a layout: links, cuts and sounds of the corpus's own, each whole or not there."""

import os
import shutil
import wave
from pathlib import Path

import numpy as np

from vatt_edu.data.media import read_audio, read_video
from vatt_edu.files import atomic
from vatt_edu.minitube.corpus.layouts import Item
from vatt_edu.minitube.encode import write_video
from vatt_edu.minitube.presets import FPS, FRAME_SIZE, SAMPLE_RATE

ESC_RATE, ESC_SECONDS = 44_100, 5


def make_item(out: Path, item: Item) -> None:
    """Make one file of a layout under ``out``."""
    target, source = out / item.file, out / item.source
    target.parent.mkdir(parents=True, exist_ok=True)
    if item.kind == "cut":
        seconds = item.end - item.start
        frames = read_video(source, item.start, round(seconds * FPS), float(FPS), FRAME_SIZE, decoder="pyav")
        sound = read_audio(source, item.start, round(seconds * SAMPLE_RATE), SAMPLE_RATE)
        assert sound is not None, f"{source} has no sound"
        write_video(target, frames, sound)
    elif item.kind == "wav":
        _write_wav(target, source)
    else:
        _link(target, source)


def _write_wav(target: Path, source: Path) -> None:
    sound = read_audio(source, 0.0, ESC_RATE * ESC_SECONDS, ESC_RATE)
    assert sound is not None, f"{source} has no sound"
    with atomic(target, sync=False) as partial, wave.open(str(partial), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(ESC_RATE)
        file.writeframes(np.rint(sound * 32768).clip(-32768, 32767).astype("<i2").tobytes())


def _link(target: Path, source: Path) -> None:
    """A hard link; a copy where the file system has none."""
    with atomic(target, sync=False) as partial:
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
