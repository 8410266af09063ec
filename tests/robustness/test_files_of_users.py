"""What a user with a folder of odd files came upon: each was a hang, a traceback or a silence once."""

import json
import os
from pathlib import Path

import pytest
from helpers import clips

from vatt_edu.data.media import MediaError, probe_media
from vatt_edu.data.sources.open import open_source
from vatt_edu.data.text.json_captions import json_rows
from vatt_edu.errors import UserError


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MediaError, match="no plain file"):
        probe_media(tmp_path / "pipe.mp4")


def test_a_number_of_thousands_of_digits(tmp_path: Path) -> None:
    for name in ("long", "plain"):
        clips.write(tmp_path / f"{name}.mp4", duration=0.5)
    (tmp_path / "long.json").write_text('{"id": ' + 5_000 * "9" + "}")
    source = open_source(tmp_path)
    assert [video.path.stem for video in source.videos] == ["long", "plain"]
    assert [note.file for note in source.unreadable] == ["long.json"]


def test_only_the_decoded_cache_is_passed_over(tmp_path: Path) -> None:
    for folder in ("cache", "films/cache"):
        clips.write(tmp_path / folder / "film.mp4", duration=0.5)
    assert [video.id for video in open_source(tmp_path).videos] == ["films/cache/film.mp4"]


def test_words_of_whisper_cpp() -> None:
    part = {"timestamps": {"from": "00:00:01,200"}, "offsets": {"from": 1_200, "to": 2_900}, "text": " Peel the pear."}
    rows = json_rows({"result": {"language": "en"}, "transcription": [part]}, "a.json")
    assert rows == [(1.2, 2.9, " Peel the pear.")]


@pytest.mark.parametrize(
    "bad",
    [{"text": "no times"}, {"start": None, "end": 2.0, "text": "x"}, {"start": 1.0, "end": float("inf"), "text": "x"}],
)
def test_the_row_that_is_wrong_is_named(bad: dict) -> None:
    rows = json.loads('[{"start": 0, "end": 1, "text": "a"}, {"start": 1, "end": 2, "text": "b"}]')
    with pytest.raises(UserError, match=r"captions\.json, row 3: "):
        json_rows([*rows, bad], "captions.json")
