"""Every suffix of media that a folder or a set is searched for names files that are read."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers import clips

from vatt_edu.data import probe, read_audio, read_video
from vatt_edu.data.sources.source import AUDIO_SUFFIXES, VIDEO_SUFFIXES

FORMATS = {".f4v": "mp4", ".m4v": "mp4", ".vob": "vob", ".mts": "mpegts", ".m2ts": "mpegts", ".mpeg": "mpeg"}
CODECS = {
    ".mpg": ("mpeg2video", "mp2"), ".mpeg": ("mpeg1video", "mp2"), ".vob": ("mpeg2video", "mp2"),
    ".flv": ("flv", "aac"),
    ".wmv": ("wmv2", "wmav2"), ".asf": ("wmv2", "wmav2"), ".wma": ("", "wmav2"), ".webm": ("libvpx", "libopus"),
    ".ogv": ("libvpx", "libopus"), ".ogg": ("", "libopus"), ".oga": ("", "flac"), ".opus": ("", "libopus"),
    ".mxf": ("mpeg2video", "pcm_s16le"), ".wav": ("", "pcm_s16le"), ".aiff": ("", "pcm_s16be"),
    ".aif": ("", "pcm_s16be"), ".flac": ("", "flac"), ".mp3": ("", "libmp3lame"), ".avi": ("mpeg4", "libmp3lame"),
}  # fmt: skip


def write(path: Path) -> None:
    """A second of brightening frames and of a tone of 440 Hz."""
    import av

    video, audio = CODECS.get(path.suffix, ("mpeg4", "aac"))
    with av.open(str(path), "w", format=FORMATS.get(path.suffix)) as file:
        picture = file.add_stream(video, rate=25) if path.suffix in VIDEO_SUFFIXES else None
        sound = file.add_stream(audio, rate=48_000, layout="mono")
        sound.bit_rate = 128_000
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt, picture.bit_rate = 96, 64, "yuv420p", 400_000
            for number in range(25):
                frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 40 + 7 * number, np.uint8), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                file.mux(picture.encode(frame))
            file.mux(picture.encode(None))
        resampler = av.AudioResampler(sound.codec_context.format, "mono", 48_000, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(clips.tone(440, duration=1.0), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), 0
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(sound.encode(part))
        file.mux(sound.encode(None))


@pytest.mark.parametrize("suffix", [*VIDEO_SUFFIXES, *AUDIO_SUFFIXES])
def test_a_file_of_each_suffix_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    write(path)
    info = probe(path)
    assert (info.has_video, info.has_audio) == (suffix in VIDEO_SUFFIXES, True)
    assert 0.5 < info.duration < 1.15
    wave = read_audio(path, 0.3, 4000, 8000)
    assert wave is not None
    assert np.abs(np.fft.rfft(wave)).argmax() == 220  # 440 Hz of half a second
    if info.has_video:
        light = read_video(path, 0.2, 3, 4.0, 32).mean((1, 2, 3))
        assert np.diff(light) == pytest.approx(7 * 25 / 4, abs=9)
