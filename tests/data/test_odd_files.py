"""What lies inside of files, or is another than its name says: subtitles in a film, a picture called mp4."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from helpers import clips

from vatt_edu.cli import main
from vatt_edu.config import preset
from vatt_edu.data.card.lines import count_shared_lines
from vatt_edu.data.card.measure import measure
from vatt_edu.data.check.mend import FFMPEG
from vatt_edu.data.media import MediaError, probe_media, read_video
from vatt_edu.data.media.video import Decoder
from vatt_edu.data.sources.open import open_source

SMALL = {"duration": 2, "fps": 10, "size": (36, 48), "gop": 10}
SRT = "1\n00:00:00,200 --> 00:00:01,500\nhello there\n"


def with_subtitles(path: Path, tracks: int = 1) -> Path:
    """A film and its subtitles in one Matroska file."""
    import av

    film, words = clips.write(path.with_suffix(".mp4"), **SMALL), path.with_suffix(".srt")
    words.write_text(SRT)
    with av.open(str(film)) as pictures, av.open(str(path), "w") as file:
        copies = {pictures.streams.video[0]: file.add_stream_from_template(pictures.streams.video[0])}
        texts = [av.open(str(words)) for _ in range(tracks)]
        copies |= {text.streams[0]: file.add_stream_from_template(text.streams[0]) for text in texts}
        for container in (pictures, *texts):
            for packet in container.demux():
                if packet.dts is not None:
                    stream = packet.stream
                    packet.stream = copies[stream]
                    file.mux(packet)
        for text in texts:
            text.close()
    film.unlink()
    words.unlink()
    return path


@pytest.mark.parametrize(("encoder", "kind"), [("mjpeg", "jpeg"), ("png", "png"), ("bmp", "bmp"), ("libwebp", "webp")])
def test_a_picture_is_no_film_whatever_its_name(tmp_path: Path, encoder: str, kind: str) -> None:
    import av

    path = tmp_path / "photo.mp4"
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.time_base = 64, 48, 1
    context.pix_fmt = {"mjpeg": "yuvj420p", "png": "rgb24", "bmp": "bgr24", "libwebp": "yuv420p"}[encoder]
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=context.pix_fmt)
    path.write_bytes(b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]))
    with pytest.raises(MediaError, match=rf"it is a still picture \({kind}\), no film"):
        probe_media(path)
    assert main(["data", "describe", str(tmp_path), "--quiet", "--out", str(tmp_path / "card.html")]) in (0, 2)


def with_cover(path: Path, media: Path) -> Path:
    """A copy of what is in a file, with a cover picture as its first track."""
    import av

    with av.open(str(media)) as old, av.open(str(path), "w") as file:
        cover = file.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 48, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        copies = [file.add_stream_from_template(stream) for stream in old.streams]
        red = np.full((48, 48, 3), (200, 20, 20), np.uint8)
        file.mux(cover.encode(av.VideoFrame.from_ndarray(red, format="rgb24").reformat(format="yuvj420p")))
        file.mux(cover.encode(None))
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                file.mux(packet)
    return path


@pytest.mark.parametrize(("suffix", "codec"), [("mp3", "mp3"), ("flac", "flac"), ("mov", "aac")])
def test_a_cover_is_no_picture(suffix: str, codec: str, tmp_path: Path) -> None:
    sound = clips.write(tmp_path / f"song.{suffix}", video=None, audio=clips.tone(330, duration=2), codec=codec)
    info = probe_media(with_cover(tmp_path / f"album.{suffix}", sound))
    assert (info.has_video, info.has_audio) == (False, True)


@pytest.mark.parametrize("decoder", ["decord", "pyav"])
def test_a_film_whose_first_track_is_its_cover(decoder: Decoder, tmp_path: Path) -> None:
    film = clips.write(tmp_path / "film.mp4", duration=1, audio=clips.tone(330, duration=1))
    bound = with_cover(tmp_path / "bound.mp4", film)
    assert (read_video(bound, 0.1, 6, 6.0, 36, decoder) == read_video(film, 0.1, 6, 6.0, 36, "pyav")).all()


def test_a_film_of_pictures_is_a_film(tmp_path: Path) -> None:
    import av

    for suffix, codec, pixels in (("gif", "gif", "rgb8"), ("avi", "mjpeg", "yuvj420p")):
        path = tmp_path / f"a.{suffix}"
        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
            for number in range(10):
                image = np.full((48, 64, 3), 20 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        assert probe_media(path).has_video


def test_subtitles_inside_a_film_are_named_with_the_command_that_takes_them_out(tmp_path: Path) -> None:
    root = tmp_path / "films"
    root.mkdir()
    with_subtitles(root / "a film.mkv", tracks=2)
    with_subtitles(root / "b.mkv")
    (root / "b.vtt").write_text("WEBVTT\n\n00:00.200 --> 00:01.500\nhello there\n")
    clips.write(root / "c.mp4", **SMALL)
    assert probe_media(root / "a film.mkv").subtitles == ("subrip", "subrip")
    assert probe_media(root / "c.mp4").subtitles == ()
    command = f"{FFMPEG} -i {shlex.quote(str(root / 'a film.mkv'))} -map 0:s:0 {shlex.quote(str(root / 'a film.vtt'))}"
    card = measure(open_source(root), quiet=True)
    assert card["files"]["subtitles"] == {
        "count": 2,
        "names": [
            {
                "file": "a film.mkv",
                "reason": f"subtitles inside it (subrip, subrip) are not read; to use them: {command}",
            },
            {"file": "b.mkv", "reason": "subtitles inside it (subrip) are not read, its captions are"},
        ],
    }
    assert main(["data", "check", str(root), "--quiet", "--out", str(tmp_path / "check")]) in (0, 1)
    report = json.loads((tmp_path / "check/check.json").read_text())
    rows = {row["file"]: row for row in report["captions"]}
    assert rows["a film.mkv"]["mend"] == command
    assert rows["b.mkv"]["mend"] == ""
    assert "inside it" in (tmp_path / "check/check.html").read_text()


def test_a_broken_film_does_not_stop_the_count_of_shared_lines(tmp_path: Path) -> None:
    corpus = clips.corpus(tmp_path / "corpus", narrated=3, text_free=1, evaluation=0, splits=())
    (corpus / "howto/videos/howto_00001.mp4").write_text("?")
    shared = count_shared_lines(open_source(corpus), preset("toy"))
    assert "reason" not in shared
    assert 0 < shared["lines"] <= 1
