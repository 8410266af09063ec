"""What it sounds like: every contact strikes the modes of a material; noise rubs them where something rolls or slides.

A thing is a bank of resonators (modal synthesis). A material is the pattern of its modes: their ratios, how long they
ring, how sharp a contact is. Pitch and decay differ from instance to instance by more than materials differ, so a mean
spectrum does not give the material away; neither does a room, a noise and, in most steps, a sound that belongs to
nothing in the picture. Colors and shapes are never used here.

Contacts are placed by the sample; sounds end with their step, as the picture does (a cut).
"""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import lfilter

from vatt_edu.minitube.presets import FPS, SAMPLE_RATE, Knobs
from vatt_edu.minitube.world import MATERIALS, RADIUS, Event, Scene


@dataclass(frozen=True)
class Material:
    """How a material rings.

    Attributes:
        ratios: Frequencies of the modes relative to the lowest.
        gains: Their strengths.
        pitch: Lowest mode of a big thing, in Hz.
        ring: Seconds until the lowest mode has fallen by 60 dB.
        contact: Duration of a contact in seconds: soft things touch longer, and sound duller.
        click: Strength of the contact's own noise.
    """

    ratios: tuple[float, ...]
    gains: tuple[float, ...]
    pitch: float
    ring: float
    contact: float
    click: float


SOUNDS = {
    "metal": Material((1, 2.76, 5.40, 8.93, 13.34), (1, 0.7, 0.5, 0.35, 0.2), 620, 1.1, 5e-5, 0.15),
    "glass": Material((1, 2.32, 4.25, 6.63, 9.38), (1, 0.6, 0.5, 0.3, 0.2), 1500, 0.38, 5e-5, 0.25),
    "wood": Material((1, 2.57, 4.95, 7.9), (1, 0.5, 0.25, 0.1), 330, 0.10, 2e-4, 0.35),
    "rubber": Material((1, 1.52, 2.1), (1, 0.35, 0.1), 110, 0.12, 2e-3, 0.08),
    "stone": Material((1, 1.83, 2.91, 4.4), (1, 0.8, 0.6, 0.5), 820, 0.055, 1e-4, 0.7),
}


@dataclass(frozen=True)
class Voice:
    """One instance of a material: what it rings like here and now.

    Attributes:
        material: Its material's name.
        pitch: Factor on frequencies.
        decay: Factor on ringing times.
    """

    material: str
    pitch: float
    decay: float


@dataclass(frozen=True)
class Take:
    """How a step was recorded; what the annotations keep.

    Attributes:
        pitch: Factor on the material's frequencies.
        decay: Factor on its ringing times.
        snr: The action's sound over the noise, in dB.
        distractor: Its level below the action's sound in dB, or None where there is none.
        rt60: Reverberation time of the room in seconds.
    """

    pitch: float
    decay: float
    snr: float
    distractor: float | None
    rt60: float


def draw_voice(material: str, knobs: Knobs, rng: np.random.Generator) -> Voice:
    """An instance of a material: pitch within ± ``pitch_spread`` semitones, decay within a factor ``decay_spread``."""
    pitch = 2 ** (rng.uniform(-1, 1) * knobs.pitch_spread / 12)
    return Voice(material, pitch, knobs.decay_spread ** rng.uniform(-1, 1))


def modes(voice: Voice, radius: float) -> list[tuple[float, float, float]]:
    """(frequency in Hz, ringing time in s, gain) of each mode of a thing of that radius; small things are higher."""
    material = SOUNDS[voice.material]
    lowest = material.pitch * voice.pitch * (RADIUS["big"] / radius) ** 0.9
    rows = []
    for k, (ratio, gain) in enumerate(zip(material.ratios, material.gains, strict=True)):
        frequency = lowest * ratio
        soft = 1 / (1 + (frequency * material.contact) ** 2)
        rows.append((frequency, material.ring * voice.decay / (1 + 0.45 * k), gain * soft))
    # What lies beyond hearing is left out; a resonator there would fold back.
    return [row for row in rows if row[0] < 0.42 * SAMPLE_RATE]


def ring(excitation: np.ndarray, frequency: float, seconds: float) -> np.ndarray:
    """One mode, struck by an excitation: a decaying sine of amplitude 1 for each unit impulse."""
    turn = 2 * math.pi * frequency / SAMPLE_RATE
    keep = math.exp(-6.9 / (seconds * SAMPLE_RATE))
    return lfilter([math.sin(turn)], [1, -2 * keep * math.cos(turn), keep * keep], excitation)


def strike(events: tuple[Event, ...], voice: Voice, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Contacts as sound: each strikes all modes, each a little differently. ``(samples,)`` float64."""
    out = np.zeros(samples)
    places = [min(samples - 1, round(event.time * SAMPLE_RATE)) for event in events]
    for radius in sorted({event.radius for event in events}):
        own = [(place, e.impulse**0.7) for place, e in zip(places, events, strict=True) if e.radius == radius]
        for frequency, seconds, gain in modes(voice, radius):
            train = np.zeros(samples)
            for place, level in own:
                train[place] += level * gain * math.exp(rng.normal(0, 0.25))
            out += ring(train, frequency, seconds)
    loud = SOUNDS[voice.material].click
    for place, event in zip(places, events, strict=True):
        click = rng.normal(0, loud * event.impulse**0.7, 288) * np.exp(-np.arange(288) / 72)
        out[place : place + 288] += click[: samples - place]
    return out


def rub(speed: np.ndarray, voice: Voice, radius: float, rolling: bool, rng: np.random.Generator) -> np.ndarray:
    """Rolling or sliding: noise that excites the modes, as loud as it is fast. ``(samples,)`` float64.

    Args:
        speed: ``(frames,)`` in frame widths per second.
        voice: What rubs.
        radius: Its radius in frame widths.
        rolling: Rolling has bumps, one a tenth of the circumference.
        rng: Noise.
    """
    samples = len(speed) * SAMPLE_RATE // FPS
    envelope = np.interp(np.arange(samples) / SAMPLE_RATE, (np.arange(len(speed)) + 0.5) / FPS, speed)
    grains = rng.normal(0, 1, samples)
    if rolling:
        turned = np.cumsum(envelope) / SAMPLE_RATE / (2 * math.pi * radius)
        grains *= 0.2 + 2 * np.clip(np.sin(2 * math.pi * 10 * turned), 0, 1) ** 6
    grains *= np.clip(envelope, 0, 1.5)
    out = 0.15 * grains
    for frequency, seconds, gain in modes(voice, radius):
        # A mode that is rubbed all the time is damped by what it rubs on.
        short = min(seconds, 0.08)
        out += ring(grains, frequency, short) * gain * math.sqrt(1 / (short * SAMPLE_RATE))
    return out * 0.35 / (_rms(out[envelope > 0.05]) if (envelope > 0.05).any() else 1.0)


def room(dry: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
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


def noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Brown and white noise, mixed. ``(samples,)``."""
    white = rng.standard_normal(samples)
    brown = lfilter([1], [1, -(0.998 if rng.random() < 0.5 else 0.9)], white)
    share = rng.uniform(0, 1)
    return share * brown / brown.std() + (1 - share) * 0.6 * white


# ------------------------------------------------------------------ sounds that belong to nothing in the picture


def recordings_folder() -> Path:
    """Where recordings (CC0) are looked for."""
    return Path(__file__).resolve().parents[2] / "data_samples" / "sounds"


def recordings() -> tuple[str, ...]:
    """Names of the recordings at hand, sorted; empty where there are none."""
    return tuple(sorted(path.stem for path in recordings_folder().glob("*.flac")))


@cache
def recording(name: str) -> np.ndarray:
    """A recording, mono float32 at ``SAMPLE_RATE``."""
    return _read(recordings_folder() / f"{name}.flac")


def _read(path: Path) -> np.ndarray:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
    parts = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
        parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32)


def _tune(samples: int, rng: np.random.Generator) -> np.ndarray:
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


def _hits(samples: int, knobs: Knobs, rng: np.random.Generator) -> np.ndarray:
    voice = draw_voice(MATERIALS[rng.integers(len(MATERIALS))], knobs, rng)
    radius = rng.uniform(0.1, 0.3)
    times = rng.uniform(0, samples / SAMPLE_RATE, rng.integers(2, 8))
    events = tuple(Event(float(time), float(rng.uniform(0.3, 1)), radius) for time in times)
    return strike(events, voice, samples, rng)


def _hum(samples: int, rng: np.random.Generator) -> np.ndarray:
    time = np.arange(samples) / SAMPLE_RATE
    wander = 1 + 0.05 * np.sin(2 * np.pi * rng.uniform(0.1, 1) * time)
    phase = 2 * np.pi * np.cumsum(rng.uniform(50, 180) * wander) / SAMPLE_RATE
    sharp = rng.uniform(1, 6)
    return np.tanh(sharp * np.sin(phase)) * (1 + 0.5 * np.sin(2 * np.pi * rng.uniform(3, 12) * time))


def _recorded(samples: int, rng: np.random.Generator) -> np.ndarray:
    known = recordings()
    sound = recording(known[rng.integers(len(known))])
    out = np.zeros(samples)
    place = int(rng.uniform(0, samples / SAMPLE_RATE * 0.6) * SAMPLE_RATE)
    while place < samples:
        piece = sound[: samples - place]
        out[place : place + len(piece)] += piece
        place += len(sound) + int(rng.uniform(0.2, 2.0) * SAMPLE_RATE)
    return out


def distractor(samples: int, knobs: Knobs, rng: np.random.Generator) -> np.ndarray:
    """A tune, hits out of view, a hum or, where there are any, a recording. ``(samples,)``."""
    kind = rng.integers(4)
    if kind == 3 and knobs.real_sounds and recordings():
        return _recorded(samples, rng)
    if kind == 0:
        return _tune(samples, rng)
    return _hum(samples, rng) if kind == 1 else _hits(samples, knobs, rng)


def _rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound)))) + 1e-9


def action_sound(scene: Scene, voice: Voice, rng: np.random.Generator) -> np.ndarray:
    """The dry sound of what happens, ``(samples,)`` float64."""
    samples = round(scene.duration * SAMPLE_RATE)
    out = strike(scene.events, voice, samples, rng)
    if scene.friction.any():
        radius = scene.frames[0].poses[0].radius
        out += rub(scene.friction, voice, radius, scene.factors.action == "roll", rng)
    return out


def record(scene: Scene, knobs: Knobs, rng: np.random.Generator) -> tuple[np.ndarray, Take]:
    """The recorded sound of a step: action, room, noise, distractor, at some loudness.

    Args:
        scene: What happens.
        knobs: How hard it is to hear.
        rng: All chance comes from here.

    Returns:
        ``(samples,)`` float32 in (-1, 1) at ``SAMPLE_RATE``, and how it was recorded.
    """
    voice = draw_voice(scene.factors.material, knobs, rng)
    sound, rt60 = room(action_sound(scene, voice, rng), rng)
    level = max(_rms(sound), 0.01)
    snr = rng.uniform(knobs.snr_low, knobs.snr_high)
    background = noise(len(sound), rng)
    background *= level * 10 ** (-snr / 20) / _rms(background)
    below = None
    if rng.random() < knobs.distractor_share:
        other = distractor(len(sound), knobs, rng)
        below = rng.uniform(knobs.snr_low, knobs.snr_high)
        background += other * level * 10 ** (-below / 20) / _rms(other)
    mixed = sound + background
    mixed *= 0.09 / _rms(mixed) * 10 ** (rng.uniform(-6, 3) / 20)
    fade = np.minimum(1, np.arange(len(mixed)) / (0.01 * SAMPLE_RATE))
    mixed *= np.minimum(fade, fade[::-1])
    loud = (0.8 * np.tanh(1.2 * mixed)).astype(np.float32)
    take = Take(round(voice.pitch, 4), round(voice.decay, 4), round(snr, 2), below and round(below, 2), round(rt60, 3))
    return loud, take
