"""What a frozen model says about clips: the pooled feature of each tower, and where each lands in the common space."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vatt_edu.batch import Batch
from vatt_edu.config import Config
from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.loader.windows import Window, window_batches
from vatt_edu.data.sources.source import Source
from vatt_edu.data.text.vocabulary import Vocabulary
from vatt_edu.model import VATT

EMBED_BATCH = 64

TOWERS = ("video", "audio", "text")
SPACES = ("video_va", "audio_va", "video_vt", "text_vt", "audio_vt")
FEATURES = (*TOWERS, *SPACES)


@torch.no_grad()
def features(model: VATT, batch: Batch) -> dict[str, Float[Tensor, "B _"]]:
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
    spaces = space(video, audio, text[:, None], batch.has_video, batch.has_audio, batch.has_text)
    return {
        "video": video,
        "audio": audio,
        "text": text,
        "video_va": spaces.video_va,
        "audio_va": spaces.audio_va,
        "video_vt": spaces.video_vt,
        "text_vt": spaces.text_vt[:, 0],
        "audio_vt": space.to_vt(spaces.audio_va, batch.has_audio),
    }


def embed_windows(
    model: VATT,
    windows: Sequence[Window],
    config: Config,
    vocab: Vocabulary | None,
    source: Source | None,
    label: str,
    quiet: bool,
    batch_size: int = EMBED_BATCH,
    skips: list[Skip] | None = None,
) -> tuple[dict[str, Float[Tensor, "n _"]], dict[str, Bool[Tensor, " n"]]]:
    """Features of many windows, and which of them have video, audio and text.

    Args:
        model: The model, on any device.
        windows: What to embed.
        config: The run.
        vocab: Of the run; None: no text, and no features of it.
        source: Read through this source's decoded cache; None decodes the files.
        label: For the progress bar.
        quiet: No progress bar.
        batch_size: How many at a time.
        skips: Takes the windows that cannot be decoded; without it the first one ends all.

    Returns:
        As ``features``, on the CPU; and masks of ``video audio text``.
    """
    from tqdm import tqdm

    device = next(model.parameters()).device
    model.eval()
    parts, present = [], []
    towers = [name for name in TOWERS if name != "text" or vocab is not None]
    names = [name for name in FEATURES if not name.startswith("text") or vocab is not None]
    with tqdm(total=len(windows), desc=f"embed {label}", unit="clip", disable=quiet) as bar:
        for batch in window_batches(windows, config.clip, vocab, batch_size, source, quiet, skips):
            values = features(model, batch.to(device))
            parts.append({name: values[name].cpu() for name in names})
            present.append({name: getattr(batch, f"has_{name}") for name in towers})
            bar.update(len(batch))
    return _joined(parts), _joined(present)


def _joined(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
