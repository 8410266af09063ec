"""Damaged files, over a thousand: each reads as its undamaged twin does, or is refused with a reason.

Where a file carries a check of its content (Clusters of Matroska have checksums, pictures of HEVC may have hashes),
nothing damaged is shown, which is asserted as 0. Where a header says twice how it is to be read, no header that lies is
believed: 0 again. Where there is neither, no reader can know: some decoders take flipped bits for other pixels (VP8,
HEVC, AV1), all do so now and then, and where a later picture repeats such a one, another time's is shown. That is
bounded here by codec; what notices it is the checksum of the file that ``vatt data check --again`` compares.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from helpers import clips, numbered

from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video
from vatt_edu.data.media.video import EARLY_SECONDS

FILMS = {
    "h264.mp4": ("h264", "b"),
    "h264first.mp4": ("h264", "index first"),
    "fragments.mp4": ("h264", "fragments"),
    "hevc.mp4": ("hevc", "b"),
    "hashes.mp4": ("hevc", "hashes"),
    "av1.mp4": ("av1", "plain"),
    "h264.mkv": ("h264", "short clusters"),
    "hevc.mkv": ("hevc", "short clusters"),
    "ffv1.mkv": ("ffv1", "short clusters"),
    "vp8.webm": ("vp8", "plain"),
    "vp9.webm": ("vp9", "plain"),
    "mpeg4.avi": ("mpeg4", "b"),
    "h264.ts": ("h264", "b"),
    "mjpeg.mov": ("mjpeg", "plain"),
    "prores.mov": ("prores", "plain"),
    "h264.flv": ("h264", "plain"),
}
FLIPS, COUNT, FPS, SECONDS = 60, 60, 20, 5
CHECKED = ("hashes.mp4", "h264.mkv", "hevc.mkv", "ffv1.mkv")  # nothing damaged is shown
UNNOTICED = {"hevc.mp4": 0.15, "vp8.webm": 0.25, "av1.mp4": 0.04}  # of windows, at most, of those without a check
SELDOM = 0.03  # by other codecs: H.264, VP9, MPEG-4, JPEG, ProRes
REPEATED = {"vp8.webm": 0.02, "av1.mp4": 0.01, "hevc.mp4": 0.01}  # of windows show a picture of another time
STARTS = (0.0, 0.7, 1.5, 2.2)


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """A test that reads a damaged file for a minute hangs, however busy the machine is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError("a damaged file is read for over a minute")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, numbered.Film]:
    folder = tmp_path_factory.mktemp("films")
    large = {"av1": {"size": (128, 192)}}
    return {
        name: numbered.write(folder / name, codec, structure, COUNT, FPS, **large.get(codec, {}))
        for name, (codec, structure) in FILMS.items()
    }


def windows(path: Path, film: numbered.Film, starts: tuple[float, ...] = STARTS) -> Counter[str]:
    """How often a window of ``path`` is the twin's, refused, has damaged pixels, or shows another time's picture."""
    outcome: Counter[str] = Counter()
    try:
        end = probe_media(path).duration
    except MediaError:
        return Counter(refused=len(starts))
    for start in starts:
        times = start + np.arange(5) / 5
        times = times[times < end - 1 / FPS]
        if not len(times):
            outcome["past the end"] += 1
            continue
        try:
            shown = numbered.numbers(read_video(path, start, len(times), 5.0, 48))
        except MediaError:
            outcome["refused"] += 1
            continue
        far = [  # a picture that is lost may be replaced by one at most this near: it is what HOLE_SECONDS says
            min(abs(number - right) for right in allowed) > (2 * EARLY_SECONDS + 1 / FPS) * FPS / 2
            for number, allowed in zip(shown, film.nearest(times), strict=True)
            if number >= 0
        ]
        outcome["wrong" if any(far) else "pixels" if -1 in shown else "same"] += 1
    return outcome


def media_data(content: bytes, name: str) -> tuple[int, int]:
    """Where the pictures lie in a file: what is before and behind tells how to read them."""
    if name.endswith((".mp4", ".mov")):
        first = content.index(b"mdat") + 8
        last = content.rfind(b"moov")
        return first, last - 8 if last > first else len(content)
    return len(content) // 8, len(content) * 7 // 8


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_flipped_bits(name: str, films: dict[str, numbered.Film], tmp_path: Path) -> None:
    film, outcome = films[name], Counter()
    content, bad = film.path.read_bytes(), tmp_path / name
    first, last = media_data(content, name)
    for trial in range(FLIPS):
        random = np.random.default_rng([trial, len(name)])
        damaged, place = bytearray(content), int(random.integers(first, last))
        for _ in range(int(random.choice([1, 8, 64]))):
            damaged[int(random.integers(place, min(last, place + 400)))] ^= 1 << int(random.integers(8))
        bad.write_bytes(damaged)
        outcome += windows(bad, film)
    print(name, dict(outcome))
    total = sum(outcome.values())
    assert outcome["wrong"] <= (0 if name in CHECKED else REPEATED.get(name, 0.0) * total)
    assert outcome["wrong"] + outcome["pixels"] <= (0 if name in CHECKED else UNNOTICED.get(name, SELDOM) * total)
    assert outcome["same"] > 0.25 * total  # damage is not everywhere


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_cut_off_anywhere(name: str, films: dict[str, numbered.Film], tmp_path: Path) -> None:
    """At 24 places, for mp4 and mov also at every boundary of a box."""
    film, outcome = films[name], Counter()
    content, bad = film.path.read_bytes(), tmp_path / name
    places = {int(share * len(content)) for share in np.linspace(0.0, 0.999, 24)}
    if name.endswith((".mp4", ".mov")):
        for box in (b"ftyp", b"moov", b"mvhd", b"trak", b"mdia", b"stbl", b"stts", b"stsz", b"stco", b"moof", b"mdat"):
            places |= {content.find(box) - 4, content.find(box) + 4} if box in content else set()
    for place in sorted(places):
        bad.write_bytes(content[:place])
        outcome += windows(bad, film)
    print(name, dict(outcome))
    assert outcome["wrong"] == outcome["pixels"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_damage_behind_what_is_read_does_no_harm(name: str, films: dict[str, numbered.Film], tmp_path: Path) -> None:
    """The last fifth of the pictures is noise; a window in the first second is the twin's."""
    film, outcome = films[name], Counter()
    content, bad = film.path.read_bytes(), tmp_path / name
    first, last = media_data(content, name)
    for trial in range(12):
        damaged = bytearray(content)
        random = np.random.default_rng(trial)
        begin = max(int(last - (last - first) * 0.2 * random.random()) - 1, content.rfind(b"moof") + 300)
        damaged[begin:last] = random.integers(0, 256, last - begin, np.uint8).tobytes()
        bad.write_bytes(damaged)
        outcome += windows(bad, film, (0.0, 0.4))
    print(name, dict(outcome))
    assert outcome["same"] >= 0.95 * sum(outcome.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_noise_in_the_header(name: str, films: dict[str, numbered.Film], tmp_path: Path) -> None:
    """A file that tells itself wrongly how to be read is read by what it says elsewhere, or refused."""
    film, outcome = films[name], Counter()
    content, bad = film.path.read_bytes(), tmp_path / name
    first, last = media_data(content, name)
    header = [place for place in range(len(content)) if not first <= place < last]
    for trial in range(20):
        random = np.random.default_rng([trial, 7])
        damaged = bytearray(content)
        for _ in range(int(random.choice([1, 4, 32]))):
            damaged[header[int(random.integers(min(len(header), 4096)))]] = int(random.integers(256))
        bad.write_bytes(damaged)
        outcome += windows(bad, film)
    print(name, dict(outcome))
    assert sum(outcome.values()) == 20 * len(STARTS)
    assert outcome["wrong"] == 0
    if name.endswith((".mp4", ".mov", ".mkv")):  # of others some pictures lie there, too
        assert outcome["pixels"] == 0


def test_the_inputs_are_a_thousand() -> None:
    assert len(FILMS) * (FLIPS + 24 + 12 + 20) >= 1_000


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".webm", ".avi", ".m4v", ".ts"])
def test_a_wrong_suffix(suffix: str, tmp_path: Path) -> None:
    film = numbered.write(tmp_path / "film.mp4", "h264", "b", 30, FPS)
    wrong = film.path.rename(film.path.with_suffix(suffix))
    for decoder in ("pyav", "decord"):
        assert numbered.numbers(read_video(wrong, 0.2, 4, 5.0, 48, decoder)) == [4, 8, 12, 16]


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(("channels", "codec"), [(1, "pcm_s16le"), (2, "aac"), (6, "flac")])
def test_sound_of_all_rates_and_layouts(rate: int, channels: int, codec: str, tmp_path: Path) -> None:
    path = clips.write(tmp_path / "sound.mkv", audio=clips.tone(440, rate=rate, channels=channels), rate=rate,
                       codec=codec, duration=4)  # fmt: skip
    wave = read_audio(path, 1.0, 16_000, 16_000)
    assert wave is not None
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    assert np.argmax(spectrum) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("size", [(2, 2), (18, 350), (350, 18), (50, 34)])
def test_odd_sizes(size: tuple[int, int], tmp_path: Path) -> None:
    path = clips.write(tmp_path / "odd.mp4", duration=1, size=size)
    frames = read_video(path, 0.0, 3, 5.0, 32)
    assert min(frames.shape[1:3]) == 32
    assert frames.shape[0] == 3
