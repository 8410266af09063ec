"""What does the raw waveform cost against a log-mel spectrogram?"""

from dataclasses import replace

from vatt_edu.config import Config, MelConfig, toy
from vatt_edu.experiments.run import Arm, Experiment

MEL = MelConfig(window=400, hop=160, bins=64, low=60.0, high=7_800.0, sample_rate=16_000, patch_frames=4)


def with_log_mel(config: Config) -> Config:
    """The same, hearing 64 mel bins every 10 ms, four frames a token."""
    audio = replace(config.model.audio, signal="log_mel", mel=MEL, gain=1.0)
    return replace(config, model=replace(config.model, audio=audio))


def experiment() -> Experiment:
    """``toy`` with either."""
    return Experiment(
        "log_mel",
        "What does the raw waveform cost against a log-mel spectrogram?",
        (Arm("waveform", toy()), Arm("log_mel", with_log_mel(toy()))),
        splits=("val", "test_iid"),
    )
