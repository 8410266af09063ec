"""Sounds start when things touch, and say nothing of color."""

from dataclasses import replace

import av
import numpy as np
import pytest
from helpers.decoding import decode

from vatt_edu.minitube.encode import write_video
from vatt_edu.minitube.physics.actions import simulate_step
from vatt_edu.minitube.physics.scene import Event
from vatt_edu.minitube.presets import FRAME_SIZE, SAMPLE_RATE, Knobs
from vatt_edu.minitube.sound import recording
from vatt_edu.minitube.sound.recording import distractor, record_scene
from vatt_edu.minitube.sound.synthesis import Voice, action_sound, contact_sound, draw_voice, modes
from vatt_edu.minitube.world import ACTIONS, COLORS, MATERIALS, Factors, stream

QUIET = Knobs(snr_low=60.0, snr_high=60.0, distractor_share=0.0, pitch_spread=0.0, decay_spread=1.0)


def chance(number: int = 0) -> np.random.Generator:
    return stream(0, "tests", number, 0, "sound")


def scene_of(action: str, material: str = "wood", count: int = 1, number: int = 0):
    factors = Factors(action, material, "ball", "red", "big", count)
    return simulate_step(factors, 4.0, stream(0, "tests", number, 0, "physics"))


def energy(sound: np.ndarray, start: float, end: float) -> float:
    return float(np.square(sound[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]).mean())


@pytest.mark.parametrize("material", MATERIALS)
@pytest.mark.parametrize("action", ["bounce", "swing", "tap"])
def test_energy_rises_at_contacts_and_not_before(action: str, material: str) -> None:
    scene = scene_of(action, material, 3 if action == "tap" else 1)
    sound = action_sound(scene, Voice(material, 1.0, 1.0), chance())
    alone = [e for e in scene.events if e.impulse > 0.1 and not any(0 < e.time - o.time < 0.1 for o in scene.events)]
    assert alone
    for event in alone:
        after = energy(sound, event.time, event.time + 0.005)
        assert after > 2 * energy(sound, event.time - 0.006, event.time - 0.0005)
    first = scene.events[0].time
    assert np.abs(sound[: round(first * SAMPLE_RATE) - 2]).max() == 0


def test_contacts_are_heard_at_their_time_in_the_file(tmp_path) -> None:
    """Through room, level, AAC and the container: the onset is within 12 ms."""
    scene = scene_of("tap", "metal", 4)
    sound, _ = record_scene(scene, QUIET, chance())
    still = np.full((FRAME_SIZE, FRAME_SIZE, 3), 90, np.uint8)
    write_video(tmp_path / "tap.mp4", [still] * 80, sound)
    frames, soundtrack, rate = decode(tmp_path / "tap.mp4")
    assert rate == SAMPLE_RATE
    assert len(frames) == 80
    for event in scene.events:
        window = soundtrack[round((event.time - 0.1) * rate) : round((event.time + 0.1) * rate)]
        steps = np.square(window[: len(window) // 48 * 48].reshape(-1, 48)).mean(1)
        rise = np.argmax(np.diff(np.log(steps + 1e-7)))
        assert abs(rise + 1 - 100) <= 12


def test_harder_hits_are_louder() -> None:
    def loud(impulse: float) -> float:
        events = (Event(0.1, impulse, 0.2),)
        return float(np.abs(contact_sound(events, Voice("wood", 1.0, 1.0), SAMPLE_RATE, chance())).max())

    assert loud(1.0) > 1.5 * loud(0.3)


def test_colors_cannot_be_heard() -> None:
    for number, action in enumerate(ACTIONS):
        count = {"tap": 3, "stack": 2, "pour": 12}.get(action, 1)
        scene = scene_of(action, count=count, number=number)
        takes = [
            record_scene(replace(scene, factors=replace(scene.factors, color=color)), Knobs(), chance(number))
            for color in COLORS[:2]
        ]
        assert np.array_equal(takes[0][0], takes[1][0])
        assert takes[0][1] == takes[1][1]


def test_pitch_and_decay_spread_over_their_range() -> None:
    voices = [draw_voice("metal", Knobs(), chance(number)) for number in range(400)]
    pitch = 12 * np.log2([voice.pitch for voice in voices])
    decay = np.log([voice.decay for voice in voices]) / np.log(1.6)
    for values, reach in ((pitch, 12), (decay, 1)):
        assert np.abs(values).max() <= reach
        assert np.abs(values).max() > 0.97 * reach
        assert abs(values.mean()) < 0.1 * reach
        # Uniform: a standard deviation of reach / √3.
        assert values.std() == pytest.approx(reach / 3**0.5, rel=0.08)


def test_small_things_sound_higher() -> None:
    voice = Voice("stone", 1.0, 1.0)
    assert modes(voice, 0.145)[0][0] > 1.3 * modes(voice, 0.22)[0][0]


def test_a_mode_is_where_its_table_says() -> None:
    sound = contact_sound((Event(0.0, 1.0, 0.22),), Voice("metal", 1.0, 1.0), SAMPLE_RATE, chance())
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.argmax(spectrum) == pytest.approx(620, abs=2)


def test_noise_is_as_far_below_as_the_take_says() -> None:
    scene = scene_of("slide", "glass")
    knobs = replace(QUIET, snr_low=6.0, snr_high=6.0)
    loud, take = record_scene(scene, knobs, chance())
    clean, _ = record_scene(scene, QUIET, chance())
    assert take.snr == 6.0
    # Both are brought to the same level; the share of noise is 1 / (1 + 10^0.6) of the power.
    signal = clean * (loud @ clean) / (clean @ clean)
    noise = np.square(loud - signal).mean() / np.square(loud).mean()
    assert noise == pytest.approx(1 / (1 + 10**0.6), rel=0.2)


def test_most_steps_have_a_distractor_within_its_range() -> None:
    scene = scene_of("tap", "rubber", 2)
    takes = [record_scene(scene, Knobs(), chance(number))[1] for number in range(60)]
    with_one = [take.distractor for take in takes if take.distractor is not None]
    assert 0.5 < len(with_one) / len(takes) < 0.9
    assert all(0 <= take.snr <= 15 for take in takes)
    assert all(0 <= level <= 15 for level in with_one)


def test_sound_is_loud_enough_and_never_clips() -> None:
    for number, action in enumerate(ACTIONS):
        count = {"tap": 3, "stack": 2, "pour": 12}.get(action, 1)
        sound, _ = record_scene(scene_of(action, count=count, number=number), Knobs(), chance(number))
        assert sound.dtype == np.float32
        assert len(sound) == 4 * SAMPLE_RATE
        assert np.abs(sound).max() < 0.81
        assert np.square(sound).mean() ** 0.5 > 0.02


def test_recordings_are_distractors_where_there_are_some(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.arange(44_100, dtype=np.float32) / 44_100
    tone = (20_000 * np.sin(2 * np.pi * 3000 * time)).astype(np.int16)
    with av.open(str(tmp_path / "tone.flac"), "w") as container:
        stream_out = container.add_stream("flac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream_out.encode(frame))
        container.mux(stream_out.encode())
    monkeypatch.setattr(recording, "recordings_folder", lambda: tmp_path)
    assert recording.recordings_at_hand() == ("tone",)

    def tonal(knobs: Knobs) -> int:
        """How many of 40 distractors have their loudest frequency at the recording's 3 kHz."""
        spectra = (np.abs(np.fft.rfft(distractor(2 * SAMPLE_RATE, knobs, chance(n)))) for n in range(40))
        return sum(abs(np.argmax(spectrum) / 2 - 3000) < 3 for spectrum in spectra)

    assert 4 <= tonal(Knobs()) <= 18
    assert tonal(Knobs(real_sounds=False)) == 0
