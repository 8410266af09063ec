"""How it is recorded: in a room, with noise and, in most steps, with a sound that belongs to nothing in the picture.

Contacts keep their place to the sample; sounds end with their step, as the picture does (a cut).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float32
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import lfilter

from vatt_edu.minitube.physics.scene import Event, Scene
from vatt_edu.minitube.presets import SAMPLE_RATE, Knobs
from vatt_edu.minitube.sound.synthesis import Sound, action_sound, contact_sound, draw_voice, rms
from vatt_edu.minitube.world import MATERIALS
from vatt_edu.samples import SAMPLES


@dataclass(frozen=True)
class Take:
    """How a step was recorded; what the annotations keep.

    Attributes:
        pitch: Factor on the material's frequencies; of two things, the first one's.
        decay: Factor on its ringing times, likewise.
        snr: The action's sound over the noise, in dB.
        distractor: Its level below the action's sound in dB, or None where there is none.
        rt60: Reverberation time of the room in seconds.
    """

    pitch: float
    decay: float
    snr: float
    distractor: float | None
    rt60: float


def room(dry: Sound, rng: np.random.Generator) -> tuple[Sound, float]:
    """Reverberation: decaying noise, low-passed, after a gap. Returns sound and RT60 in seconds."""
    rt60 = rng.uniform(0.12, 0.6)
    taps = int(rt60 * 1.1 * SAMPLE_RATE)
    response = rng.standard_normal(taps) * np.exp(-6.9 / (rt60 * SAMPLE_RATE) * np.arange(taps))
    response[: int(rng.uniform(0.002, 0.015) * SAMPLE_RATE)] = 0
    keep = rng.uniform(0.3, 0.85)
    response = lfilter([1 - keep], [1, -keep], response)
    response *= rng.uniform(0.1, 0.6) / np.sqrt((response**2).sum())
    size = next_fast_len(len(dry) + taps, real=True)
    wet = irfft(rfft(dry.astype(np.float32), size) * rfft(response.astype(np.float32), size), size)
    return dry + wet[: len(dry)], rt60


def noise(samples: int, rng: np.random.Generator) -> Sound:
    """Brown and white noise, mixed."""
    white = rng.standard_normal(samples)
    brown = lfilter([1], [1, -(0.998 if rng.random() < 0.5 else 0.9)], white)
    share = rng.uniform(0, 1)
    return share * brown / brown.std() + (1 - share) * 0.6 * white


# ------------------------------------------------------------------ sounds that belong to nothing in the picture


def recordings_folder() -> Path:
    """Where recordings (CC0) are looked for."""
    return SAMPLES / "sounds"


def recordings_at_hand() -> tuple[str, ...]:
    """Names of the recordings at hand, sorted; empty where there are none."""
    return tuple(sorted(path.stem for path in recordings_folder().glob("*.flac")))


@cache
def read_recording(name: str) -> Float32[np.ndarray, " S"]:
    """A recording, mono at ``SAMPLE_RATE``."""
    return _read(recordings_folder() / f"{name}.flac")


def _read(path: Path) -> Float32[np.ndarray, " S"]:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
    parts = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
        parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32)


def _tune(samples: int, rng: np.random.Generator) -> Sound:
    out = np.zeros(samples)
    beat, base, bright = rng.uniform(0.2, 0.6), rng.uniform(110, 440), rng.uniform(0.3, 0.8)
    length = int(1.5 * beat * SAMPLE_RATE)
    time = np.arange(length) / SAMPLE_RATE
    shape = np.exp(-2 * time / beat) * np.minimum(1, time / 0.01)
    for place in range(0, samples, int(beat * SAMPLE_RATE)):
        frequency = base * 2 ** (rng.integers(0, 15) / 12)
        # One sine, bent by itself, has the harmonics of several and costs a fifth.
        sine = np.sin(2 * np.pi * frequency * time)
        note = shape * np.tanh((0.5 + 3 * bright) * sine)
        out[place : place + length] += note[: samples - place]
    return out


def _hits(samples: int, knobs: Knobs, rng: np.random.Generator) -> Sound:
    voice = draw_voice(MATERIALS[rng.integers(len(MATERIALS))], knobs, rng)
    radius = rng.uniform(0.1, 0.3)
    times = rng.uniform(0, samples / SAMPLE_RATE, rng.integers(2, 8))
    events = tuple(Event(float(time), float(rng.uniform(0.3, 1)), radius) for time in times)
    return contact_sound(events, voice, samples, rng)


def _hum(samples: int, rng: np.random.Generator) -> Sound:
    time = np.arange(samples) / SAMPLE_RATE
    wander = 1 + 0.05 * np.sin(2 * np.pi * rng.uniform(0.1, 1) * time)
    phase = 2 * np.pi * np.cumsum(rng.uniform(50, 180) * wander) / SAMPLE_RATE
    sharp = rng.uniform(1, 6)
    return np.tanh(sharp * np.sin(phase)) * (1 + 0.5 * np.sin(2 * np.pi * rng.uniform(3, 12) * time))


def _recorded(samples: int, rng: np.random.Generator) -> Sound:
    names = recordings_at_hand()
    sound = read_recording(names[rng.integers(len(names))])
    out = np.zeros(samples)
    place = int(rng.uniform(0, samples / SAMPLE_RATE * 0.6) * SAMPLE_RATE)
    while place < samples:
        piece = sound[: samples - place]
        out[place : place + len(piece)] += piece
        place += len(sound) + int(rng.uniform(0.2, 2.0) * SAMPLE_RATE)
    return out


def distractor(samples: int, knobs: Knobs, rng: np.random.Generator) -> Sound:
    """A tune, hits out of view, a hum or, where there are any, a recording."""
    kind = rng.integers(4)
    if kind == 3 and knobs.real_sounds and recordings_at_hand():
        return _recorded(samples, rng)
    if kind == 0:
        return _tune(samples, rng)
    return _hum(samples, rng) if kind == 1 else _hits(samples, knobs, rng)


def record_scene(scene: Scene, knobs: Knobs, rng: np.random.Generator) -> tuple[Float32[np.ndarray, " S"], Take]:
    """The recorded sound of a step: action, room, noise, distractor, at some loudness.

    Args:
        scene: What happens.
        knobs: How hard it is to hear.
        rng: All chance comes from here.

    Returns:
        Samples in (-1, 1) at ``SAMPLE_RATE``, and how it was recorded.
    """
    voices, dry = [], np.zeros(1)
    for part in scene.parts:
        voices.append(draw_voice(part.factors.material, knobs, rng))
        dry = dry + action_sound(part, voices[-1], rng)
    sound, rt60 = room(dry, rng)
    voice = voices[0]
    level = max(rms(sound), 0.01)
    snr = rng.uniform(knobs.snr_low, knobs.snr_high)
    background = noise(len(sound), rng)
    background *= level * 10 ** (-snr / 20) / rms(background)
    below = None
    if rng.random() < knobs.distractor_share:
        other = distractor(len(sound), knobs, rng)
        below = rng.uniform(knobs.snr_low, knobs.snr_high)
        background += other * level * 10 ** (-below / 20) / rms(other)
    mix = sound + background
    mix *= 0.09 / rms(mix) * 10 ** (rng.uniform(-6, 3) / 20)
    fade = np.minimum(1, np.arange(len(mix)) / (0.01 * SAMPLE_RATE))
    mix *= np.minimum(fade, fade[::-1])
    loud = np.float32(0.8) * np.tanh(1.2 * mix.astype(np.float32))
    take = Take(round(voice.pitch, 4), round(voice.decay, 4), round(snr, 2), below and round(below, 2), round(rt60, 3))
    return loud, take
