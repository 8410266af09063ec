"""What a frozen model says about clips: the pooled feature of each tower, and where each lands in the common space."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.data.loader.windows import Window, window_batches
from vatt_edu.data.sources.open import Source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.model import VATT

BATCH = 64

TOWERS = ("video", "audio", "text")
SPACES = ("video_va", "audio_va", "video_vt", "text_vt", "audio_vt")
FEATURES = (*TOWERS, *SPACES)


@torch.no_grad()
def features(model: VATT, batch: Batch) -> dict[str, Tensor]:
    """Every feature of a batch, before l2 normalization; of the text, those of each clip's first line.

    Args:
        model: In eval mode: every token is kept, running statistics are used.
        batch: Aligned raw clips.

    Returns:
        ``video audio text`` ``(B, width of the tower)``: pooled, before the heads; ``video_va audio_va`` ``(B, D_va)``;
        ``video_vt text_vt audio_vt`` ``(B, D_vt)``, the last through the video's map, which no loss trained for sound.
    """
    assert not model.training
    space = model.common_space
    video, _ = model.video(batch.video)
    audio, _ = model.audio(batch.audio)
    text, _ = model.text(batch.text[:, 0])
    found = space(video, audio, text[:, None], batch.has_video, batch.has_audio, batch.has_text)
    return {
        "video": video,
        "audio": audio,
        "text": text,
        "video_va": found.video_va,
        "audio_va": found.audio_va,
        "video_vt": found.video_vt,
        "text_vt": found.text_vt[:, 0],
        "audio_vt": space.to_vt(found.audio_va, batch.has_audio),
    }


def embed_windows(
    model: VATT,
    windows: Sequence[Window],
    config: Config,
    vocab: Vocabulary,
    source: Source | None,
    label: str,
    quiet: bool,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Features of many windows, and which of them have video, audio and text.

    Args:
        model: The model, on any device.
        windows: What to embed.
        config: The run.
        vocab: Of the run.
        source: Read through this source's decoded cache; None decodes the files.
        label: For the progress bar.
        quiet: No progress bar.

    Returns:
        As ``features``, each ``(n, D)``, on the CPU; and ``video audio text``, each ``(n,)`` bool.
    """
    from tqdm import tqdm

    device = next(model.parameters()).device
    model.eval()
    parts, present = [], []
    with tqdm(total=len(windows), desc=f"embed {label}", unit="clip", disable=quiet) as bar:
        for batch in window_batches(windows, config.clip, vocab, BATCH, source, quiet):
            parts.append({name: value.cpu() for name, value in features(model, batch.to(device)).items()})
            present.append({name: getattr(batch, f"has_{name}") for name in TOWERS})
            bar.update(len(batch))
    return _joined(parts), _joined(present)


def _joined(parts: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    listed = list(parts)
    return {name: torch.cat([part[name] for part in listed]) for name in listed[0]}
