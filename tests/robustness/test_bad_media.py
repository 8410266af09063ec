"""Bad files: one clear line that names the file and the reason; a corpus survives them."""

from pathlib import Path

import numpy as np
import pytest
from helpers import clips

from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video


def damage(path: Path, kind: str) -> Path:
    """Make ``path`` bad in one way."""
    if kind == "missing":
        return path
    if kind == "directory":
        path.mkdir()
        return path
    if kind in ("empty", "text", "noise"):
        path.write_bytes({"empty": b"", "text": b"hello\n" * 500, "noise": bytes(range(256)) * 200}[kind])
        return path
    content = clips.write(path, duration=2, audio=clips.tone(440, duration=2)).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "no such file"),
        ("directory", "it is a directory"),
        ("empty", "the file is empty"),
        ("text", "not a media file"),
        ("noise", "not a media file"),
        ("cut off", "cut off"),
    ],
)
def test_a_file_that_cannot_be_decoded(tmp_path: Path, kind: str, reason: str, capfd: pytest.CaptureFixture) -> None:
    path = damage(tmp_path / "film.mp4", kind)
    for read in (
        lambda: probe_media(path),
        lambda: read_video(path, 0.0, 4, 5.0, 32),
        lambda: read_video(path, 0.0, 4, 5.0, 32, "pyav"),
        lambda: read_audio(path, 0.0, 100, 16_000),
    ):
        with pytest.raises(MediaError, match=reason) as caught:
            read()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""  # decoders keep quiet


def test_damage_in_the_middle(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "film.mp4", duration=6, audio=clips.tone(440, duration=6), gop=10)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = b"Z" * 4000
    path.write_bytes(content)
    assert read_video(path, 0.0, 4, 5.0, 32).shape == (4, 32, 43, 3)  # what is whole can be read
    assert np.abs(read_audio(path, 0.0, 16_000, 16_000)).max() > 0.2
    with pytest.raises(MediaError, match=r"its picture at \d\.\d\d s is damaged"):
        read_video(path, 0.0, 30, 5.0, 32)
    with pytest.raises(MediaError, match=r"its sound is damaged or missing from \d\.\d\d s on"):
        read_audio(path, 0.0, 6 * 16_000, 16_000)
