"""From files and words to vectors: a trained model, the sizes of its clips and its vocabulary."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vatt_edu.config import Config
from vatt_edu.data.clips.transforms import eval_clip
from vatt_edu.data.loader.stream import ClipStream
from vatt_edu.data.media import MediaError, probe_media, read_audio, read_video
from vatt_edu.data.sources.open import ADAPTERS
from vatt_edu.data.sources.source import Source
from vatt_edu.data.text.vocabulary import NoVocabulary, Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.losses import l2_normalize
from vatt_edu.model import VATT
from vatt_edu.training import checkpoint
from vatt_edu.training.pretrain import initial_model
from vatt_edu.training.run_folder import read_config, read_vocabulary

Modality = Literal["video", "audio"]
Space = Literal["va", "vt"]

# What an embedding of each modality compares with, by space.
PARTNERS: dict[Modality, dict[Space, str]] = {
    "video": {"va": "compares with audio", "vt": "with text"},
    "audio": {"va": "compares with video", "vt": "goes through the video's map to text, which no loss trained"},
}


class UnknownStart(UserError):
    """There is no telling how the model of a run was before its first training step."""


@dataclass(frozen=True)
class Windows:
    """Embeddings of consecutive windows of one file.

    Attributes:
        embeddings: One l2-normalized row for each window.
        times: Where each window begins, seconds.
    """

    embeddings: Float[Tensor, "N D"]
    times: Float[np.ndarray, " N"]


def load(run: str | PathLike[str], device: str = "cpu") -> "Embedder":
    """The trained model of a run folder, ready to embed. Reads safetensors and JSON only, never a pickle.

    >>> import vatt_edu as vatt
    >>> model = vatt.load(vatt.shipped("toy"))
    >>> clip = vatt.shipped("toy").parent / "minitube/eval/test_iid/test_iid_00002.mp4"
    >>> video = model.embed_video(clip, space="vt")
    >>> roll, tap = model.embed_text(["roll the big purple ball", "tap the small yellow box"])
    >>> bool(video @ roll > video @ tap)  # cosines
    True

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


def untrained(run: str | PathLike[str], source: Source | None = None, device: str = "cpu") -> VATT:
    """The model of a run before its first training step, its start included.

    It is read from the checkpoint of step 0. Where that is missing, the seed alone makes it again, unless its
    tokenizers started whitened: then ``source`` must be what the run was trained on. (Word vectors that
    ``vatt pretrain --words`` read, and that were trained on, are not in a run's record: they come from the seed.)

    Raises:
        UnknownStart: If the start can neither be read nor made.
        UserError: If the folder holds no run, or a file of it is damaged.
    """
    folder = Path(run)
    config, record = read_config(folder)
    start = checkpoint.first(folder)
    if start is not None:
        return model_from(config, start / "state.safetensors").to(device)
    if record["converted"] is not None:
        raise UnknownStart("the model was converted, and how it started is not recorded")
    stream = None
    if config.model.tokenizer_init == "whitened":
        vocab = read_vocabulary(folder, config)
        if source is None or not _trained_on(source, record["data"], config, vocab):
            data = ", ".join(record["data"])
            raise UnknownStart(
                f"the checkpoint of step 0 is missing, and the tokenizers started whitened on {data}: "
                "with --data there, the start can be made again"
            )
        training = source.first(config.data.max_narrated_videos)
        stream = ClipStream.open([(training, 1.0)], config, vocab, cache=False, quiet=True)
    return initial_model(config, stream).eval().to(device)


def untrained_or_reason(run: Path, source: Source) -> tuple[VATT | None, str | None]:
    """``untrained``; or None, and why there is none."""
    try:
        return untrained(run, source), None
    except UnknownStart as error:
        return None, str(error)


def _trained_on(source: Source, data: Sequence[str], config: Config, vocab: Vocabulary) -> bool:
    """Whether a source is the only one of a run: the folder that it names, or one of that name with the same words."""
    if len(data) != 1:
        return False
    folder = Path(re.sub(rf"^({'|'.join(ADAPTERS)}):|:[\d.]+$", "", data[0]))
    if folder.exists() and source.root.samefile(folder):
        return True
    texts = source.first(config.data.max_narrated_videos).texts
    words = Vocabulary.train(texts, config.model.text.vocab)
    same_words = len(words) == len(vocab) and words.decode(range(len(words))) == vocab.decode(range(len(vocab)))
    return source.root.resolve().name == folder.name and same_words


def model_from(config: Config, weights: Path) -> VATT:
    """The model of ``config`` in eval mode, with the weights of a file that training wrote."""
    model = VATT(config.model).eval()
    checkpoint.load_weights(model, checkpoint.read_tensors(weights), weights)
    return model


def require_space(modality: Modality, space: Space | None, option: str = 'space="{}"') -> Space:
    """The space, if it is one: no default fits, since it depends on what an embedding is compared with.

    Args:
        modality: What is embedded.
        space: What was asked for.
        option: How the caller gives a space, with ``{}`` for its name.

    Raises:
        UserError: If it is none; the message names both and what each compares with.
    """
    if space is None or space not in PARTNERS[modality]:
        both = ", ".join(f"{option.format(name)} {partner}" for name, partner in PARTNERS[modality].items())
        raise UserError(f"{modality} is embedded into one of two spaces, and {space or 'none'} was given: {both}")
    return space


@dataclass
class Embedder:
    """A trained model, ready to embed files and words.

    Attributes:
        model: In eval mode.
        config: The run that it comes from: length, rate and size of its clips.
        vocab: Words to ids.
        device: Where the model is.
    """

    model: VATT
    config: Config
    vocab: Vocabulary
    device: torch.device

    @property
    def words(self) -> Vocabulary | None:
        """The vocabulary; None where there is none (a converted model may lack it)."""
        return None if isinstance(self.vocab, NoVocabulary) else self.vocab

    @overload
    def embed_video(
        self, path: str | PathLike[str], space: Space, windows: Literal[False] = ...
    ) -> Float[Tensor, " D"]: ...
    @overload
    def embed_video(self, path: str | PathLike[str], space: Space, windows: Literal[True]) -> Windows: ...
    def embed_video(
        self, path: str | PathLike[str], space: Space | None = None, windows: bool = False
    ) -> Float[Tensor, " D"] | Windows:
        """Embeds a video's pictures.

        Args:
            path: Any file that the reader can decode.
            space: ``"va"``, to compare with audio, or ``"vt"``, to compare with text. It has to be given.
            windows: All windows and their times instead of their mean.

        Returns:
            l2-normalized mean of the l2-normalized windows; or ``Windows``.

        Raises:
            UserError: If no space is given, or the file cannot be decoded or has no video.
        """
        clip = self.config.clip

        def pixels(start: float) -> Tensor:
            frames = read_video(path, start, clip.frames, clip.fps, clip.short_side)
            frames, _ = eval_clip(frames, np.zeros(clip.samples, np.float32), clip)
            return torch.from_numpy(np.ascontiguousarray(frames))

        return self._embed(path, "video", require_space("video", space), windows, pixels)

    @overload
    def embed_audio(
        self, path: str | PathLike[str], space: Space, windows: Literal[False] = ...
    ) -> Float[Tensor, " D"]: ...
    @overload
    def embed_audio(self, path: str | PathLike[str], space: Space, windows: Literal[True]) -> Windows: ...
    def embed_audio(
        self, path: str | PathLike[str], space: Space | None = None, windows: bool = False
    ) -> Float[Tensor, " D"] | Windows:
        """Embeds a file's sound.

        Args:
            path: A video or a sound file.
            space: ``"va"``, to compare with video; ``"vt"`` sends it through the video's map, which no loss trained.
                It has to be given.
            windows: All windows and their times instead of their mean.

        Returns:
            As ``embed_video``.

        Raises:
            UserError: If no space is given, or the file cannot be decoded or has no audio stream.
        """
        clip = self.config.clip

        def waveform(start: float) -> Tensor:
            audio = read_audio(path, start, clip.samples, clip.sample_rate)
            if audio is None:
                raise UserError(f"{path} has no audio stream, so there is no sound to embed")
            return torch.from_numpy(audio)

        return self._embed(path, "audio", require_space("audio", space), windows, waveform)

    @torch.no_grad()
    def _embed(
        self,
        path: str | PathLike[str],
        modality: Modality,
        space: Space,
        windows: bool,
        read: Callable[[float], Tensor],
    ) -> Float[Tensor, " D"] | Windows:
        """Embeds the consecutive windows that fill a file; a short file has one."""
        tower, heads = getattr(self.model, modality), self.model.common_space
        to_va = heads.video_to_va if modality == "video" else heads.audio_to_va
        seconds = self.config.clip.seconds
        times = np.arange(max(int(probe_media(path).duration / seconds + 1e-6), 1)) * seconds
        rows = []
        for start in times:
            pooled, _ = tower(read(start)[None].to(self.device))
            va = to_va(pooled, _valid(pooled))
            rows.append(va if space == "va" else heads.to_vt(va, _valid(va)))
        embeddings = l2_normalize(torch.cat(rows)).cpu()
        return Windows(embeddings, times) if windows else l2_normalize(embeddings.mean(0))

    @torch.no_grad()
    def embed_text(self, text: str | Sequence[str]) -> Float[Tensor, " D"] | Float[Tensor, "N D"]:
        """Embeds a sentence, ``(D,)``, or several, ``(N, D)``, in the video-text space, l2-normalized.

        Words that the vocabulary does not know count as one unknown word.
        """
        lines = [text] if isinstance(text, str) else list(text)
        ids = self.vocab.encode(lines, self.config.clip.words).to(self.device)
        pooled, _ = self.model.text(ids)
        embeddings = l2_normalize(self.model.common_space.text_to_vt(pooled, _valid(pooled))).cpu()
        return embeddings[0] if isinstance(text, str) else embeddings


def _valid(rows: Float[Tensor, "B D"]) -> Bool[Tensor, " B"]:
    return torch.ones(len(rows), dtype=torch.bool, device=rows.device)


@dataclass(frozen=True)
class FileEmbedding:
    """A row of ``embed_files``.

    Attributes:
        path: The file.
        modality: What of it.
        embedding: l2-normalized.
    """

    path: Path
    modality: Modality
    embedding: Float[Tensor, " D"]


def embed_files(
    embedder: Embedder, files: Sequence[Path], modality: Modality | None, space: Space
) -> tuple[list[FileEmbedding], list[tuple[Path, str]]]:
    """Embeds files; those that cannot be are left out, the others done.

    Args:
        embedder: The model.
        files: Video or sound files.
        modality: What of them; None: the pictures of those that have any, the sound of the others.
        space: Where.

    Returns:
        A row for each file that could be embedded; and the other files, each with the reason in a line.
    """
    rows: list[FileEmbedding] = []
    left_out: list[tuple[Path, str]] = []
    for path in files:
        try:
            info = probe_media(path)
            kind: Modality = modality or ("video" if info.has_video else "audio")
            if not (info.has_video if kind == "video" else info.has_audio):
                left_out.append((path, "no video in it" if kind == "video" else "it has no audio stream"))
                continue
            embed = embedder.embed_video if kind == "video" else embedder.embed_audio
            rows.append(FileEmbedding(path, kind, embed(path, space)))
        except MediaError as error:
            left_out.append((path, error.reason))
    return rows, left_out
