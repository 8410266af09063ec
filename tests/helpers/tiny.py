"""A VATT small enough for tests, and random batches for it."""

from dataclasses import replace

import torch

from vatt_edu.batch import Batch
from vatt_edu.config import (
    AudioConfig,
    CommonSpaceConfig,
    DropTokenConfig,
    EncoderConfig,
    ModelConfig,
    TextConfig,
    VideoConfig,
)
from vatt_edu.config.model import HEADS

ENCODER = EncoderConfig(layers=2, width=16, ff_width=32, heads=2, head_width=8, dropout=0.0)


def model_config(**changes):
    config = ModelConfig(
        video=VideoConfig(frames=4, height=12, width=8, tubelet=(2, 4, 4), encoder=ENCODER),
        audio=AudioConfig(samples=64, patch=8, encoder=replace(ENCODER, width=24)),
        text=TextConfig(vocab=20, words=5, embedding_width=12, train_words=True, encoder=replace(ENCODER, layers=1)),
        droptoken=DropTokenConfig(sharing="sample"),
        common_space=CommonSpaceConfig(va_width=10, vt_width=6),
    )
    return replace(config, **changes)


def space(heads):
    """The common space with those heads; where there is one space, both widths are one."""
    return CommonSpaceConfig(heads, va_width=10, vt_width=10 if HEADS[heads].passage == "none" else 6)


def random_batch(config, clips=6, lines=3, seed=0, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    text = torch.randint(1, config.text.vocab, (clips, lines, config.text.words), generator=g)
    lengths = torch.randint(1, config.text.words + 1, (clips, lines, 1), generator=g)
    text = torch.where(torch.arange(config.text.words) < lengths, text, 0)
    everyone = torch.ones(clips, dtype=torch.bool)
    return Batch(
        video=torch.rand(clips, *config.video.clip, 3, generator=g, dtype=dtype) * 2 - 1,
        audio=torch.rand(clips, config.audio.samples, generator=g, dtype=dtype) * 2 - 1,
        text=text,
        has_video=everyone,
        has_audio=everyone,
        has_text=everyone,
        index=torch.arange(clips) + 100,
        text_id=torch.arange(clips * lines).view(clips, lines),
    )
