"""What it sounds like: every contact strikes the modes of a material; noise rubs them where something rolls or slides.

A thing is a bank of resonators (modal synthesis). A material is the pattern of its modes: their ratios, how long they
ring, how sharp a contact is. Pitch and decay differ from instance to instance by more than materials differ, so a mean
spectrum does not give the material away. Colors and shapes are never used here.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64
from scipy.signal import lfilter

from vatt_edu.minitube.physics.scene import Event, Scene
from vatt_edu.minitube.presets import FPS, SAMPLE_RATE, Knobs
from vatt_edu.minitube.world import RADIUS

Sound = Float64[np.ndarray, " S"]


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


MATERIAL_SOUNDS = {
    "metal": Material((1.0, 2.76, 5.40, 8.93, 13.34), (1.0, 0.7, 0.5, 0.35, 0.2), 620.0, 1.1, 5e-5, 0.15),
    "glass": Material((1.0, 2.32, 4.25, 6.63, 9.38), (1.0, 0.6, 0.5, 0.3, 0.2), 1500.0, 0.38, 5e-5, 0.25),
    "wood": Material((1.0, 2.57, 4.95, 7.9), (1.0, 0.5, 0.25, 0.1), 330.0, 0.10, 2e-4, 0.35),
    "rubber": Material((1.0, 1.52, 2.1), (1.0, 0.35, 0.1), 110.0, 0.12, 2e-3, 0.08),
    "stone": Material((1.0, 1.83, 2.91, 4.4), (1.0, 0.8, 0.6, 0.5), 820.0, 0.055, 1e-4, 0.7),
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


def draw_voice(material: str, knobs: Knobs, rng: np.random.Generator) -> Voice:
    """An instance of a material: pitch within ± ``pitch_spread`` semitones, decay within a factor ``decay_spread``."""
    pitch = 2 ** (rng.uniform(-1, 1) * knobs.pitch_spread / 12)
    return Voice(material, pitch, knobs.decay_spread ** rng.uniform(-1, 1))


def modes(voice: Voice, radius: float) -> list[tuple[float, float, float]]:
    """(frequency in Hz, ringing time in s, gain) of each mode of a thing of that radius; small things are higher."""
    material = MATERIAL_SOUNDS[voice.material]
    lowest = material.pitch * voice.pitch * (RADIUS["big"] / radius) ** 0.9
    rows = []
    for k, (ratio, gain) in enumerate(zip(material.ratios, material.gains, strict=True)):
        frequency = lowest * ratio
        soft = 1 / (1 + (frequency * material.contact) ** 2)
        rows.append((frequency, material.ring * voice.decay / (1 + 0.45 * k), gain * soft))
    # What lies beyond hearing is left out; a resonator there would fold back.
    return [row for row in rows if row[0] < 0.42 * SAMPLE_RATE]


def ring(excitation: Sound, frequency: float, seconds: float) -> Sound:
    """One mode, struck by an excitation: a decaying sine of amplitude 1 for each unit impulse."""
    turn = 2 * math.pi * frequency / SAMPLE_RATE
    keep = math.exp(-6.9 / (seconds * SAMPLE_RATE))
    return lfilter([math.sin(turn)], [1, -2 * keep * math.cos(turn), keep * keep], excitation)


def contact_sound(events: tuple[Event, ...], voice: Voice, samples: int, rng: np.random.Generator) -> Sound:
    """Contacts as sound: each strikes all modes, each a little differently."""
    out = np.zeros(samples)
    places = [min(samples - 1, round(event.time * SAMPLE_RATE)) for event in events]
    for radius in sorted({event.radius for event in events}):
        own = [(place, e.impulse**0.7) for place, e in zip(places, events, strict=True) if e.radius == radius]
        for frequency, seconds, gain in modes(voice, radius):
            train = np.zeros(samples)
            for place, level in own:
                train[place] += level * gain * math.exp(rng.normal(0, 0.25))
            out += ring(train, frequency, seconds)
    loud = MATERIAL_SOUNDS[voice.material].click
    for place, event in zip(places, events, strict=True):
        click = rng.normal(0, loud * event.impulse**0.7, 288) * np.exp(-np.arange(288) / 72)
        out[place : place + 288] += click[: samples - place]
    return out


def friction_sound(
    speed: Float64[np.ndarray, " T"], voice: Voice, radius: float, rolling: bool, rng: np.random.Generator
) -> Sound:
    """Rolling or sliding: noise that excites the modes, as loud as it is fast.

    Args:
        speed: In frame widths per second.
        voice: What rubs.
        radius: Its radius in frame widths.
        rolling: Rolling has bumps, one a tenth of the circumference.
        rng: Noise.
    """
    samples = len(speed) * SAMPLE_RATE // FPS
    envelope = np.interp(np.arange(samples) / SAMPLE_RATE, (np.arange(len(speed)) + 0.5) / FPS, speed)
    grains = rng.normal(0, 1, samples)
    if rolling:
        turns = np.cumsum(envelope) / SAMPLE_RATE / (2 * math.pi * radius)
        grains *= 0.2 + 2 * np.clip(np.sin(2 * math.pi * 10 * turns), 0, 1) ** 6
    grains *= np.clip(envelope, 0, 1.5)
    out = 0.15 * grains
    for frequency, seconds, gain in modes(voice, radius):
        # A mode that is rubbed all the time is damped by what it rubs on.
        short = min(seconds, 0.08)
        out += ring(grains, frequency, short) * gain * math.sqrt(1 / (short * SAMPLE_RATE))
    return out * 0.35 / (rms(out[envelope > 0.05]) if (envelope > 0.05).any() else 1.0)


def rms(sound: Float[np.ndarray, " S"]) -> float:
    """Root mean square, never zero."""
    # Not np.dot: its threads cost more than they save on a machine that is busy with other videos.
    return math.sqrt(float(np.einsum("i,i", sound, sound)) / len(sound)) + 1e-9


def action_sound(scene: Scene, voice: Voice, rng: np.random.Generator) -> Sound:
    """The dry sound of what happens."""
    samples = round(scene.duration * SAMPLE_RATE)
    out = contact_sound(scene.events, voice, samples, rng)
    if scene.friction.any():
        radius = scene.frames[0].poses[0].radius
        out += friction_sound(scene.friction, voice, radius, scene.factors.action == "roll", rng)
    return out
