"""Frames and samples of a given time are the ones that were shown and heard at that time."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import clips, numbered
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.config import ClipSpec
from vatt_edu.data.loader import Window, window_batches
from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video
from vatt_edu.data.media import audio as sound
from vatt_edu.data.media import video as picture
from vatt_edu.data.media.audio import resampled_second
from vatt_edu.data.media.spectrogram import display_log_mel
from vatt_edu.data.sources.open import open_source
from vatt_edu.errors import UserError


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    return clips.write(folder / "film.mp4", audio=clips.tone(440, channels=2))


def loudest(wave: np.ndarray, rate: int) -> float:
    """Seconds at which a click begins."""
    return float(np.argmax(np.abs(wave) > 0.3 * np.abs(wave).max())) / rate


def test_probe_says_what_a_file_holds(film: Path) -> None:
    info = probe_media(film)
    assert (info.has_video, info.has_audio, info.width, info.height) == (True, True, 128, 96)
    assert (info.sample_rate, info.channels) == (48_000, 2)
    assert info.duration == pytest.approx(4.0)
    assert info.fps == pytest.approx(20)


def test_every_fourth_frame_at_a_quarter_of_the_rate(film: Path) -> None:
    every = read_video(film, 0.0, 80, 20.0, 64)
    assert every.shape == (80, 64, 85, 3)
    assert len({frame.tobytes() for frame in every}) == 80
    assert (read_video(film, 0.8, 12, 5.0, 64) == every[16:64:4]).all()


@given(start=st.floats(0, 5), fps=st.floats(1, 40), frames=st.integers(1, 20))
@settings(max_examples=8, deadline=None)
def test_frames_are_the_nearest_in_time(film: Path, start: float, fps: float, frames: int) -> None:
    every = read_video(film, 0.0, 80, 20.0, 24)
    for k, frame in enumerate(read_video(film, start, frames, fps, 24)):
        distance = np.abs(np.arange(80) / 20 - (start + k / fps))
        nearest = np.flatnonzero(distance < distance.min() + 2 * picture.TIE_SECONDS)
        assert any((frame == every[index]).all() for index in nearest)


def test_of_two_frames_equally_near_the_earlier_is_taken(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "pal.mp4", fps=25)
    every = read_video(path, 0.0, 100, 25.0, 24)  # 0.1 s lies between frames 2 (0.08 s) and 3 (0.12 s)
    for decoder in ("decord", "pyav"):
        assert (read_video(path, 0.0, 9, 10.0, 24, decoder) == every[[0, 2, 5, 7, 10, 12, 15, 17, 20]]).all()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("plain.mp4", {}),
        ("late.mp4", {"video_offset": 0.5, "audio": clips.tone(440)}),
        ("wide.mkv", {"size": (90, 160), "fps": 30}),
        ("tall.mp4", {"size": (160, 90), "fps": 29.97, "gop": 250}),
        ("stream.ts", {"audio": clips.tone(440), "audio_offset": 0.3}),
    ],
)
def test_decord_and_pyav_give_the_same_frames(tmp_path: Path, name: str, changes: dict) -> None:
    path = clips.write(tmp_path / name, **changes)
    for start in (0.0, 1.37, 3.9):
        frames = [read_video(path, start, 8, 5.0, 32, decoder) for decoder in ("decord", "pyav")]
        assert min(frames[0].shape[1:3]) == 32
        assert (frames[0] == frames[1]).all()


def test_the_short_side_keeps_the_aspect(tmp_path: Path) -> None:
    tall = clips.write(tmp_path / "tall.mp4", duration=0.5, size=(160, 90))
    assert read_video(tall, 0.0, 1, 5.0, 45).shape == (1, 80, 45, 3)


def test_past_the_end(film: Path) -> None:
    every = read_video(film, 0.0, 80, 20.0, 24)
    late = read_video(film, 3.9, 6, 20.0, 24)
    assert (late[:2] == every[78:]).all()
    assert (late[2:] == every[79]).all()
    assert (read_video(film, 100.0, 2, 5.0, 24) == every[79]).all()
    sound = read_audio(film, 3.5, 16_000, 16_000)
    assert np.abs(sound[:7_000]).max() > 0.2
    assert (sound[9_000:] == 0).all()
    assert (read_audio(film, 90.0, 100, 16_000) == 0).all()


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("a.mp4", {}),
        ("a.mkv", {}),
        ("a.mov", {"channels": 2, "rate": 44_100}),
        ("a.mp4", {"channels": 6}),
        ("a.m4a", {"video": None}),
        ("a.wav", {"video": None, "codec": "pcm_s16le", "channels": 2}),
        ("a.flac", {"video": None, "codec": "flac", "rate": 44_100}),
    ],
)
def test_a_click_is_heard_when_it_was_made(tmp_path: Path, name: str, changes: dict, rate: int) -> None:
    made = {"rate": 48_000, "channels": 1} | {key: changes.pop(key) for key in ("rate", "channels") if key in changes}
    path = clips.write(tmp_path / name, audio=clips.clicks(1.5, **made), rate=made["rate"], **changes)
    whole = read_audio(path, 0.0, 4 * rate, rate)
    assert loudest(whole, rate) == pytest.approx(1.5, abs=0.001)
    assert np.abs(whole).max() == pytest.approx(0.7, abs=0.25)
    assert 1.2 + loudest(read_audio(path, 1.2, rate, rate), rate) == pytest.approx(1.5, abs=0.001)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(("picture", "sound"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.3)])
def test_flash_and_click_keep_together(tmp_path: Path, suffix: str, picture: float, sound: float) -> None:
    def flash(index: int, height: int, width: int) -> np.ndarray:
        return np.full((height, width, 3), 255 if index == 30 else 20, np.uint8)

    path = clips.write(
        tmp_path / f"sync.{suffix}", video=flash, audio=clips.clicks(1.5), video_offset=picture, audio_offset=sound
    )
    frames = read_video(path, 0.0, 400, 100.0, 24).mean(axis=(1, 2, 3))
    bright = np.flatnonzero(frames > 128) / 100
    click = loudest(read_audio(path, 0.0, 4 * 16_000, 16_000), 16_000)
    assert bright.mean() == pytest.approx(click + picture - sound, abs=0.03)
    if suffix == "mp4" and picture == sound == 0:
        assert click == pytest.approx(1.5, abs=0.001)


def test_windows_are_slices_of_the_whole(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "BLOCK_SECONDS", 1)
    sound.forget_blocks()
    whole = sound.read_pcm(film, 0, 64_000, 16_000)
    sound.forget_blocks()
    for first, count in ((0, 1), (15_999, 2), (20_000, 30_000), (47_999, 16_001)):
        sound.forget_blocks()
        assert (sound.read_pcm(film, first, count, 16_000) == whole[first : first + count]).all()
    sound.forget_blocks()
    spectrum = np.abs(np.fft.rfft(whole.astype(float) * np.hanning(len(whole))))
    assert np.argmax(spectrum) * 16_000 / len(whole) == pytest.approx(440, abs=0.5)
    assert np.abs(whole[8_000:56_000]).max() / 32768 == pytest.approx(0.3, abs=0.03)  # no seam at a block's edge
    steps = np.abs(np.diff(whole.astype(float), 2)[8_000:56_000])
    assert steps.max() < 1.5 * np.median(steps) * np.pi / 2 + 400


def test_downmix_leaves_the_low_frequency_channel_out(tmp_path: Path) -> None:
    sound = np.zeros((6, 48_000 * 2), np.float32)  # FL FR FC LFE BL BR
    sound[3] = clips.tone(60, duration=2)[0]
    low = clips.write(tmp_path / "low.wav", video=None, audio=sound, codec="pcm_s16le")
    assert np.abs(read_audio(low, 0.0, 16_000, 16_000)).max() < 1e-4
    sound[3], sound[2] = 0, clips.tone(500, duration=2)[0]
    center = clips.write(tmp_path / "center.wav", video=None, audio=sound, codec="pcm_s16le")
    assert np.abs(read_audio(center, 0.0, 16_000, 16_000)).max() == pytest.approx(0.3 / 5, rel=0.02)


def test_missing_streams(tmp_path: Path) -> None:
    mute = clips.write(tmp_path / "mute.mp4", duration=1)
    assert not probe_media(mute).has_audio
    assert read_audio(mute, 0.0, 100, 16_000) is None
    voice = clips.write(tmp_path / "voice.m4a", duration=1, video=None, audio=clips.tone(440, duration=1))
    assert probe_media(voice).duration == pytest.approx(1, abs=0.05)
    with pytest.raises(MediaError, match="no video in it"):
        read_video(voice, 0.0, 1, 5.0, 32)


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(MediaError("a.mp4", "two\nlines")))
    assert (error.path, error.reason, str(error)) == ("a.mp4", "two lines", "cannot decode a.mp4: two lines")


def test_an_unknown_decoder_is_named(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VATT_DECODER", "ffmpeg")
    with pytest.raises(UserError, match="there are pyav, decord, torchcodec"):
        read_video(film, 0.0, 1, 5.0, 32)
    monkeypatch.setenv("VATT_DECODER", "pyav")
    assert picture.select_decoder(None) == "pyav"


@pytest.mark.parametrize(("rate", "new"), [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000), (44_099, 16_000)])
def test_resampling_keeps_pitch_and_place(rate: int, new: int) -> None:
    wave = clips.tone(440, rate=rate, duration=1)[0]
    wanted = clips.tone(440, rate=new, duration=1)[0]
    resampled = resampled_second(wave, rate, new, 0)
    middle = slice(new // 10, new // 5)
    assert np.abs(resampled[middle] - wanted[middle]).max() < (2e-3 if rate != 44_099 else 3e-2)


def test_log_mel_shows_a_tone_in_its_band() -> None:
    audio = torch.from_numpy(
        np.concatenate([clips.tone(hertz, rate=16_000, duration=1) for hertz in (300, 1000, 3000)])
    )
    bands = display_log_mel(audio, 16_000, bins=64)
    assert bands.shape[:2] == (3, 64)
    assert (bands >= 0).all()
    peaks = bands.mean(-1).argmax(-1).tolist()
    assert peaks == sorted(peaks)
    assert len(set(peaks)) == 3


def turn(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Write into an mp4's first track header that players show x', y' = a x + c y, b x + d y (ISO 14496-12, 8.3.2)."""
    content = bytearray(path.read_bytes())
    head = content.index(b"tkhd") + 4
    matrix = head + (52 if content[head] == 1 else 40)  # version 1 has longer times
    assert struct.unpack_from(">9i", content, matrix) == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", content, matrix, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("decoder", ["decord", "pyav"])
@pytest.mark.parametrize(
    ("clockwise", "matrix"), [(0, (1, 0, 0, 1)), (1, (0, 1, -1, 0)), (2, (-1, 0, 0, -1)), (3, (0, -1, 1, 0))]
)
def test_a_phones_video_is_read_as_it_is_shown(
    tmp_path: Path, clockwise: int, matrix: tuple[int, int, int, int], decoder: str
) -> None:
    sound = clips.clicks(0.7, duration=2)
    plain = clips.write(tmp_path / "plain.mp4", duration=2, audio=sound)
    turned = turn(clips.write(tmp_path / "turned.mp4", duration=2, audio=sound), *matrix)
    info = probe_media(turned)
    assert (info.width, info.height) == ((96, 128) if clockwise % 2 else (128, 96))
    assert info.turns == -clockwise % 4
    for start, frames in ((0.0, 40), (1.3, 5)):
        stored = read_video(plain, start, frames, 20.0, 48)
        shown = read_video(turned, start, frames, 20.0, 48, decoder)
        assert stored.shape == (frames, 48, 64, 3)
        assert (shown == np.rot90(stored, -clockwise, axes=(1, 2))).all()
        assert shown.flags.c_contiguous  # torch takes no negative strides
    if clockwise == 1:
        assert (shown[:, 0, -1] == stored[:, 0, 0]).all()  # top left goes to top right
    assert (read_audio(turned, 0.0, 32_000, 16_000) == read_audio(plain, 0.0, 32_000, 16_000)).all()


def test_a_phones_video_through_the_cache(tmp_path: Path) -> None:
    for name in ("a", "b"):
        turn(clips.write(tmp_path / f"{name}.mp4", duration=2), 0, 1, -1, 0)
    source = open_source(tmp_path)
    spec = ClipSpec(
        frames=4, fps=5.0, height=28, width=20, short_side=24, samples=8_000, sample_rate=8_000, candidates=1, words=4
    )
    windows = [Window(video, 0.4) for video in source.videos]
    (cached,), (files,) = (list(window_batches(windows, spec, None, 2, where, quiet=True)) for where in (source, None))
    assert (cached.video == files.video).all()
    upright = read_video(source.videos[0].path, 0.4, 4, 5.0, 24)
    assert upright.shape == (4, 32, 24, 3)
    assert (files.video[0].numpy() == upright[:, 2:30, 2:22]).all()


@pytest.mark.parametrize("decoder", ["decord", "pyav"])
def test_vp9_of_ten_bits(decoder: picture.Decoder) -> None:
    """As YouTube has it for HDR: libvpx, which is stricter, is mostly built for 8 bits and refuses it.

    20 pictures as ``numbered.luma`` draws them: ``ffmpeg -f rawvideo -pix_fmt gray -s 96x64 -r 20 -i - -c:v libvpx-vp9
    -pix_fmt yuv420p10le -crf 20 -b:v 0 -g 8``.
    """
    path = Path(__file__).parents[1] / "assets/vp9_of_10_bits.webm"
    for start in (0.0, 0.45):
        shown = read_video(path, start, 5, 10.0, 64, decoder)
        assert numbered.numbers(shown) == [round(20 * start) + 2 * k for k in range(5)]
