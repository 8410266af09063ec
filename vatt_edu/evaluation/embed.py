"""From files and words to vectors: a trained model with its reader and its vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch
from torch import Tensor

from vatt_edu.config import Config
from vatt_edu.data.clips.transforms import eval_clip
from vatt_edu.data.media import probe, read_audio, read_video
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.losses import l2_normalize
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.run_folder import read_config, read_vocabulary

Space = Literal["va", "vt"]


@dataclass(frozen=True)
class Windows:
    """Embeddings of consecutive windows of one file.

    Attributes:
        embeddings: One l2-normalized row for each window, ``(N, D)``.
        times: Where each window begins, seconds, ``(N,)``.
    """

    embeddings: Tensor
    times: np.ndarray


def load(run: str | PathLike[str], device: str = "cpu") -> "Embedder":
    """The trained model of a run folder, ready to embed. Reads safetensors and JSON only, never a pickle.

    Args:
        run: A folder that ``vatt pretrain`` or ``vatt convert`` wrote. Before the end of training its last checkpoint
            is read. A converted model without a vocabulary embeds all but words.
        device: Where to put the model.

    Raises:
        UserError: If the folder holds no run, or its files are damaged or do not fit together.
    """
    folder = Path(run)
    config, record = read_config(folder)
    weights = folder / "model.safetensors"
    if not weights.exists():
        newest = checkpoint.last(folder)
        if newest is None:
            raise UserError(f"{folder} has no weights yet (no model.safetensors, no checkpoint): train it first")
        weights = newest / "state.safetensors"
    vocab = read_vocabulary(folder, config, optional=record["converted"] is not None)
    return Embedder(model_from(config, weights).to(device), config, vocab, torch.device(device))


def untrained(run: str | PathLike[str], device: str = "cpu") -> VATT:
    """The model of a run before its first training step, its start included.

    Raises:
        UserError: If the folder holds no run, or its checkpoint of step 0 is not there.
    """
    config, _ = read_config(Path(run))
    start = checkpoint.first(Path(run))
    if start is None:
        raise UserError(f"{run}: the checkpoint of step 0 is missing, so there is no untrained model to compare with")
    return model_from(config, start / "state.safetensors").to(device)


def model_from(config: Config, weights: Path) -> VATT:
    """The model of ``config`` in eval mode, with the weights of a file that training wrote."""
    model = VATT(config.model).eval()
    checkpoint.load_weights(model, checkpoint.read_tensors(weights), weights)
    return model


@dataclass
class Embedder:
    """A model, its reader and its vocabulary.

    Attributes:
        model: In eval mode.
        config: The run that it comes from.
        vocab: Words to ids.
        device: Where the model is.
    """

    model: VATT
    config: Config
    vocab: Vocabulary
    device: torch.device

    @overload
    def embed_video(self, path: str | PathLike[str], space: Space = ..., windows: Literal[False] = ...) -> Tensor: ...
    @overload
    def embed_video(self, path: str | PathLike[str], space: Space = ..., *, windows: Literal[True]) -> Windows: ...
    @torch.no_grad()
    def embed_video(self, path: str | PathLike[str], space: Space = "vt", windows: bool = False) -> Tensor | Windows:
        """Embeds a video's pictures.

        Args:
            path: Any file that the reader can decode.
            space: ``"vt"``, to compare with text, or ``"va"``, to compare with audio.
            windows: All windows and their times instead of their mean.

        Returns:
            ``(D,)``, l2-normalized mean of the l2-normalized windows; or ``Windows``.

        Raises:
            UserError: If the file cannot be decoded or has no video.
        """
        clip = self.config.clip
        times, found = self._times(path), []
        for start in times:
            frames = read_video(path, start, clip.frames, clip.fps, clip.short_side)
            frames, _ = eval_clip(frames, np.zeros(clip.samples, np.float32), clip)
            pooled, _ = self.model.video(torch.from_numpy(np.ascontiguousarray(frames))[None].to(self.device))
            va = self.model.common_space.video_to_va(pooled, _valid(pooled))
            found.append(va if space == "va" else self.model.common_space.to_vt(va, _valid(va)))
        return _pooled(found, times, windows)

    @overload
    def embed_audio(self, path: str | PathLike[str], space: Space = ..., windows: Literal[False] = ...) -> Tensor: ...
    @overload
    def embed_audio(self, path: str | PathLike[str], space: Space = ..., *, windows: Literal[True]) -> Windows: ...
    @torch.no_grad()
    def embed_audio(self, path: str | PathLike[str], space: Space = "va", windows: bool = False) -> Tensor | Windows:
        """Embeds a file's sound.

        Args:
            path: A video or a sound file.
            space: ``"va"``, to compare with video; ``"vt"`` sends it through the video's map, which no loss trained.
            windows: All windows and their times instead of their mean.

        Returns:
            As ``embed_video``.

        Raises:
            UserError: If the file cannot be decoded or has no audio stream.
        """
        clip = self.config.clip
        times, found = self._times(path), []
        for start in times:
            audio = read_audio(path, start, clip.samples, clip.sample_rate)
            if audio is None:
                raise UserError(f"{path} has no audio stream, so there is no sound to embed")
            pooled, _ = self.model.audio(torch.from_numpy(audio)[None].to(self.device))
            va = self.model.common_space.audio_to_va(pooled, _valid(pooled))
            found.append(va if space == "va" else self.model.common_space.to_vt(va, _valid(va)))
        return _pooled(found, times, windows)

    @torch.no_grad()
    def embed_text(self, text: str | Sequence[str]) -> Tensor:
        """Embeds a sentence, ``(D,)``, or several, ``(N, D)``, in the video-text space, l2-normalized.

        Words that the vocabulary does not know count as one unknown word.
        """
        lines = [text] if isinstance(text, str) else list(text)
        ids = self.vocab.encode(lines, self.config.clip.words).to(self.device)
        pooled, _ = self.model.text(ids)
        found = l2_normalize(self.model.common_space.text_to_vt(pooled, _valid(pooled))).cpu()
        return found[0] if isinstance(text, str) else found

    def _times(self, path: str | PathLike[str]) -> np.ndarray:
        """Starts of consecutive windows that fill the file; a short file has one."""
        seconds = self.config.clip.seconds
        count = max(int(probe(path).duration / seconds + 1e-6), 1)
        return np.arange(count) * seconds


def _valid(rows: Tensor) -> Tensor:
    return torch.ones(len(rows), dtype=torch.bool, device=rows.device)


def _pooled(found: list[Tensor], times: np.ndarray, windows: bool) -> Tensor | Windows:
    embeddings = l2_normalize(torch.cat(found)).cpu()
    return Windows(embeddings, times) if windows else l2_normalize(embeddings.mean(0))
