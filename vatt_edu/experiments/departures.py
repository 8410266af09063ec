"""Which of the toy's departures from the released code are needed to leave chance?

Each is taken from ``toy`` alone, and given to ``toy_plain`` alone, at equal steps.
"""

from collections.abc import Callable
from dataclasses import replace

from vatt_edu.config import Config, toy, toy_plain
from vatt_edu.experiments.run import Arm, Experiment

STEPS = 600


def _model(base: Config, other: Config, *fields: str) -> Config:
    return replace(base, model=replace(base.model, **{name: getattr(other.model, name) for name in fields}))


def _gain(base: Config, other: Config) -> Config:
    audio = replace(base.model.audio, gain=other.model.audio.gain)
    return replace(base, model=replace(base.model, audio=audio))


def _windows(base: Config, other: Config) -> Config:
    data = replace(base.data, narrated_videos=other.data.narrated_videos)
    return replace(base, data=replace(data, windows_per_video=other.data.windows_per_video))


def _temperature(base: Config, other: Config) -> Config:
    return replace(base, loss=replace(base.loss, temperature=other.loss.temperature))


def _masking(base: Config, other: Config) -> Config:
    return replace(base, loss=replace(base.loss, line_masking=other.loss.line_masking))


# What takes one departure from ``other`` and puts it into ``base``.
DEPARTURES: dict[str, Callable[[Config, Config], Config]] = {
    "pooling": lambda base, other: _model(base, other, "pooling"),
    "start": lambda base, other: _model(base, other, "tokenizer_init"),
    "position_scale": lambda base, other: _model(base, other, "position_scale"),
    "audio_gain": _gain,
    "heads": lambda base, other: _model(base, other, "common_space"),
    "sharing": lambda base, other: _model(base, other, "droptoken"),
    "temperature": _temperature,
    "line_masking": _masking,
    "windows": _windows,
}


def experiment() -> Experiment:
    """``toy`` and ``toy_plain``, each departure removed from the one, and added to the other."""
    whole, plain = _shortened(toy()), _shortened(toy_plain())
    arms = [Arm("toy", whole), Arm("toy_plain", plain)]
    arms += [Arm(f"toy-without-{name}", change(whole, plain)) for name, change in DEPARTURES.items()]
    arms += [Arm(f"plain-with-{name}", change(plain, whole)) for name, change in DEPARTURES.items()]
    question = "Which departures from the released code are needed to leave chance?"
    return Experiment("departures", question, tuple(arms), splits=("val", "test_iid"), seeds=1)


def _shortened(config: Config) -> Config:
    return replace(config, train=replace(config.train, steps=STEPS))
