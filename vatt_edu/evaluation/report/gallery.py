"""What a trained model answers when it is asked: who finds whom in one split, and how its clips look and sound."""

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vatt_edu.config import Config
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.media import probe, read_audio, read_video
from vatt_edu.data.media.torchaudio_compat import log_mel
from vatt_edu.data.sources.open import Source
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.embed import load
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.ground_truth import Step, has_truth, steps
from vatt_edu.evaluation.results_file import complete
from vatt_edu.evaluation.retrieval import queries
from vatt_edu.pages import picture

SHOWN = (0.1, 0.43, 0.9)  # places in a clip whose frames are shown side by side; not evenly apart, as a swing is
SIDE = 72  # their height in pixels
LISTEN = 8_000  # samples per second of a sound in the page


@dataclass(frozen=True)
class Asked:
    """The gallery of a split and all similarities in it.

    Attributes:
        split: Its name.
        config: The run.
        windows: Its clips with their captions, n of them.
        steps: What is true of each; None where the source does not say.
        by_text: How similar sentence i and clip j are, ``(n, n)``.
        by_sound: How similar sound i and clip j are, ``(n, n)``.
    """

    split: str
    config: Config
    windows: list[Window]
    steps: list[Step] | None
    by_text: Tensor
    by_sound: Tensor

    def frames(self, number: int) -> str:
        """Three frames of a clip, side by side, as the data URI of a JPEG."""
        window = self.windows[number]
        seconds = self.config.clip.seconds
        times = [self._start(number) + seconds * place for place in SHOWN]
        found = [read_video(window.video.path, time, 1, 1.0, SIDE)[0] for time in times]
        apart = np.full((found[0].shape[0], 2, 3), 255, np.uint8)
        return picture(np.concatenate([part for frame in found for part in (frame, apart)][:-1], axis=1))

    def sound(self, number: int) -> bytes:
        """The sound of a clip as a WAV file."""
        samples = round(self.config.clip.seconds * LISTEN)
        heard = read_audio(self.windows[number].video.path, self._start(number), samples, LISTEN)
        pcm = np.zeros(samples, np.int16) if heard is None else np.round(heard * 32767).astype("<i2")
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(LISTEN)
            file.writeframes(pcm.tobytes())
        return buffer.getvalue()

    def spectrogram(self, number: int) -> str:
        """The log-mel spectrogram of a clip's sound, low bands below, as the data URI of a JPEG."""
        rate = 16_000
        samples = round(self.config.clip.seconds * rate)
        heard = read_audio(self.windows[number].video.path, self._start(number), samples, rate)
        bands = log_mel(torch.zeros(samples) if heard is None else torch.from_numpy(heard), rate, 48).numpy()[::-1]
        shades = np.uint8(255 * bands / max(float(bands.max()), 1e-6))
        return picture(np.repeat(np.repeat(shades, 2, 0)[..., None], 3, 2))

    def _start(self, number: int) -> float:
        window, seconds = self.windows[number], self.config.clip.seconds
        if window.start is not None:
            return window.start
        end = window.video.end or probe(window.video.path).duration
        return max(0.0, (window.video.start + end - seconds) / 2)


def ask(run: Path, source: Source, split: str, quiet: bool) -> Asked:
    """Embeds a split with the trained model of a run.

    Raises:
        UserError: As retrieval does.
    """
    embedder = load(run)
    config, windows = embedder.config, queries(source, split, embedder.config)
    found, present = embed_windows(embedder.model, windows, config, embedder.vocab, source, f"{split} report", quiet)
    complete(present, source, split)
    true: list[Step] | None = None
    if has_truth(source) and split != "train":
        known = {step.video.id: step for step in steps(source, split)}
        if all(window.video.id in known for window in windows):
            true = [known[window.video.id] for window in windows]
    return Asked(
        split,
        config,
        windows,
        true,
        metrics.similarities(found["text_vt"], found["video_vt"]),
        metrics.similarities(found["audio_va"], found["video_va"]),
    )


def confusion(step_list: list[Step], similarity: Tensor, factor: str) -> tuple[np.ndarray, list[str]]:
    """How often a query of one value finds, first of all, a clip of another: ``(K, K)`` counts and K values."""
    asked = [step.factors[factor] for step in step_list]
    best = similarity.argmax(1).tolist()
    names = sorted(set(asked), key=lambda name: (int(name) if name.isdigit() else 0, name))
    counts = np.zeros((len(names), len(names)), int)
    for number, found in enumerate(best):
        counts[names.index(asked[number]), names.index(asked[found])] += 1
    return counts, names
