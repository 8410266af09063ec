"""The gallery of one split: who finds whom in it, and how its clips look and sound."""

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vatt_edu.config import Config
from vatt_edu.data.loader.windows import Window
from vatt_edu.data.media import probe_media, read_audio, read_video
from vatt_edu.data.media.spectrogram import display_log_mel
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.embed import load
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.ground_truth import Step, has_ground_truth, list_steps
from vatt_edu.evaluation.results_file import whole
from vatt_edu.evaluation.retrieval import retrieval_windows
from vatt_edu.pages import picture

SHOWN = (0.1, 0.43, 0.9)  # places in a clip whose frames are shown side by side; not evenly apart, as a swing is
SIDE = 72  # their height in pixels
LISTEN = 8_000  # samples per second of a sound in the page


@dataclass(frozen=True)
class RetrievalGallery:
    """The gallery of a split and all similarities in it: of its clips that have picture, sound and words.

    Attributes:
        split: Its name.
        config: The run.
        windows: Its clips with their captions, n of them.
        steps: What is true of each; None where the source does not say.
        by_text: How similar sentence i and clip j are; None for a model without a vocabulary.
        by_sound: How similar sound i and clip j are; None where fewer than two clips have sound.
    """

    split: str
    config: Config
    windows: list[Window]
    steps: list[Step] | None
    by_text: Float[Tensor, "n n"] | None
    by_sound: Float[Tensor, "n n"] | None

    def frames(self, number: int) -> str:
        """Three frames of a clip, side by side, as the data URI of a JPEG."""
        window = self.windows[number]
        seconds = self.config.clip.seconds
        times = [self._start(number) + seconds * place for place in SHOWN]
        frames = [read_video(window.video.path, time, 1, 1.0, SIDE)[0] for time in times]
        gap = np.full((frames[0].shape[0], 2, 3), 255, np.uint8)
        return picture(np.concatenate([part for frame in frames for part in (frame, gap)][:-1], axis=1))

    def sound(self, number: int) -> bytes:
        """The sound of a clip as a WAV file."""
        samples = round(self.config.clip.seconds * LISTEN)
        audio = read_audio(self.windows[number].video.path, self._start(number), samples, LISTEN)
        pcm = np.zeros(samples, np.int16) if audio is None else np.round(audio * 32767).astype("<i2")
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
        audio = read_audio(self.windows[number].video.path, self._start(number), samples, rate)
        bands = display_log_mel(torch.zeros(samples) if audio is None else torch.from_numpy(audio), rate, 48).numpy()[
            ::-1
        ]
        shades = np.uint8(255 * bands / max(float(bands.max()), 1e-6))
        return picture(np.repeat(np.repeat(shades, 2, 0)[..., None], 3, 2))

    def _start(self, number: int) -> float:
        window, seconds = self.windows[number], self.config.clip.seconds
        if window.start is not None:
            return window.start
        end = window.video.end or probe_media(window.video.path).duration
        return max(0.0, (window.video.start + end - seconds) / 2)


def embed_gallery(run: Path, source: Source, split: str, quiet: bool) -> RetrievalGallery:
    """Embeds a split with the trained model of a run.

    Raises:
        UserError: As retrieval does.
    """
    embedder = load(run)
    config, windows = embedder.config, retrieval_windows(source, split, embedder.config)
    spaces, present = embed_windows(
        embedder.model, windows, config, embedder.words, source, f"{split} report", quiet, skips=[]
    )
    shown = whole(present)
    audible = bool(shown.sum() >= 2)
    if not audible:  # words alone
        shown = whole({name: mask for name, mask in present.items() if name != "audio"})
    if not shown.any():
        raise UserError(f"{source.root}: no clip of {split} has picture and words, so there is nothing to show")
    windows = [window for window, here in zip(windows, shown, strict=True) if here]
    spaces = {name: rows[shown] for name, rows in spaces.items()}
    steps: list[Step] | None = None
    if has_ground_truth(source) and split != "train":
        by_video = {step.video.id: step for step in list_steps(source, split)}
        if all(window.video.id in by_video for window in windows):
            steps = [by_video[window.video.id] for window in windows]
    return RetrievalGallery(
        split,
        config,
        windows,
        steps,
        metrics.similarities(spaces["text_vt"], spaces["video_vt"]) if "text_vt" in spaces else None,
        metrics.similarities(spaces["audio_va"], spaces["video_va"]) if audible else None,
    )


def confusion(
    steps: list[Step], similarity: Float[Tensor, "n n"], factor: str
) -> tuple[Int[np.ndarray, "K K"], list[str]]:
    """How often a query of one value finds, first of all, a clip of another: counts, and the K values."""
    values = [step.factors[factor] for step in steps]
    names = sorted(set(values), key=lambda name: (int(name) if name.isdigit() else 0, name))
    counts = np.zeros((len(names), len(names)), int)
    for query, item in enumerate(similarity.argmax(1).tolist()):
        counts[names.index(values[query]), names.index(values[item])] += 1
    return counts, names
