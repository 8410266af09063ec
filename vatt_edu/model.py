"""VATT: three towers, from raw signals to pooled features, and the common space above them.

Each tower cuts its signal into patches, keeps some (DropToken, training only), projects them to tokens, adds positions,
puts an AGG token in front and encodes. The released code drops tokens *after* projecting and adding positions; doing it
before is the same function of the kept tokens and does less work. AGG is never dropped and has no position.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.common_space import CommonSpace
from vatt_edu.config import AudioConfig, EncoderConfig, ModelConfig, TextConfig, VideoConfig
from vatt_edu.droptoken import Kept, keep_indices, take
from vatt_edu.encoder import Encoder, TextEncoder, agg_token, linear
from vatt_edu.positions import AxisPositions
from vatt_edu.tokens import PatchTokenizer, Raw, WordEmbedding, audio_patches, log_mel_patches, video_patches

Pooling = Literal["agg", "mean", "max_mean"]


class RawTower(nn.Module):
    """A tower for a signal that is cut into patches.

    Args:
        patches: Cuts the signal: ``(B, ...)`` to ``(B, N, P)``.
        patch_shape: Size of a patch along each axis, channels last.
        grid: Tokens along each axis.
        encoder: Sizes of the encoder.
        pooling: ``agg``, the hidden state of the AGG token (official); ``mean``, the mean of all hidden states; or
            ``max_mean``, the sum of their mean and their maximum.
        position_scale: Where the gain of the positions' LayerNorm starts; None: tokens do not know where they were.
        gain: Multiplies the signal before the tokenizer.
    """

    def __init__(
        self,
        patches: Callable[[Tensor], Raw],
        patch_shape: tuple[int, ...],
        grid: tuple[int, ...],
        encoder: EncoderConfig,
        pooling: Pooling,
        position_scale: float | None,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.patches = patches
        self.tokenizer = PatchTokenizer(patch_shape, encoder.width, gain)
        self.positions = None if position_scale is None else AxisPositions(grid, encoder.width, position_scale)
        self.dropout = nn.Dropout(encoder.dropout)
        self.agg = agg_token(encoder.width)
        self.encoder = Encoder(encoder)
        self.pooling: Pooling = pooling

    def forward(self, signal: Tensor, kept: Kept | None = None) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B K D"]]:
        """Raw signal to (pooled feature, one hidden state per token).

        Args:
            signal: A batch of raw clips.
            kept: The tokens to keep, all if None. Hidden states come in this order.
        """
        patches = self.patches(signal)
        tokens = self.tokenizer(patches if kept is None else take(patches, kept))
        if self.positions is not None:
            tokens = tokens + (self.positions() if kept is None else self.positions()[kept])
        tokens = self.dropout(tokens)
        hidden = self.encoder(torch.cat([self.agg.to(tokens.dtype).expand(len(tokens), 1, -1), tokens], dim=1))
        return pool(hidden, self.pooling), hidden[:, 1:]


class TextTower(nn.Module):
    """Words to a sentence feature, with a T5-style encoder (released text tower)."""

    def __init__(self, config: TextConfig, pooling: Pooling) -> None:
        super().__init__()
        self.words = WordEmbedding(config.vocab, config.embedding_width, config.train_words)
        self.agg = agg_token(config.embedding_width)
        self.pre_projection = linear(config.embedding_width, config.encoder.width, bias=False)
        self.encoder = TextEncoder(config)
        self.pooling: Pooling = pooling

    def forward(self, text: Int[Tensor, "B M"]) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B M D"]]:
        """Word ids, 0 for padding, to (pooled feature, one hidden state per word). Text is never dropped."""
        words = self.words(text)
        sequence = torch.cat([self.agg.expand(len(words), 1, -1), words], dim=1)
        valid = torch.cat([text.new_ones(len(text), 1, dtype=torch.bool), text != 0], dim=1)
        # The released tower sends AGG, too, through the projection and its GELU.
        hidden = self.encoder(nn.functional.gelu(self.pre_projection(sequence)), valid)
        return pool(hidden, self.pooling, valid), hidden[:, 1:]


def pool(
    hidden: Float[Tensor, "B N D"], pooling: Pooling, valid: Bool[Tensor, "B N"] | None = None
) -> Float[Tensor, "B D"]:
    """Hidden states, AGG first, to one feature; states that are not ``valid`` do not count.

    ``max_mean`` exists because at toy size the average over some hundred tokens hides the one that moves, and its
    maximum shows it; the released code knows ``agg`` only.
    """
    if pooling == "agg":
        return hidden[:, 0]
    if valid is None:
        mean, most = hidden.mean(1), hidden
    else:
        weight = valid[..., None].to(hidden.dtype)
        mean = (hidden * weight).sum(1) / weight.sum(1)
        most = hidden.masked_fill(~valid[..., None], -torch.inf)
    return mean if pooling == "mean" else mean + most.amax(1)


def video_tower(config: VideoConfig, pooling: Pooling = "agg", position_scale: float | None = 1.0) -> RawTower:
    """The tower for ``(B, T, H, W, 3)`` video."""
    return RawTower(
        lambda video: video_patches(video, config.tubelet),
        (*config.tubelet, 3),
        config.grid,
        config.encoder,
        pooling,
        position_scale,
    )


def audio_tower(config: AudioConfig, pooling: Pooling = "agg", position_scale: float | None = 1.0) -> RawTower:
    """The tower for ``(B, S)`` waveforms."""
    if config.signal == "log_mel":
        patches: Callable[[Tensor], Raw] = functools.partial(log_mel_patches, config=config.mel)
    else:
        patches = functools.partial(audio_patches, patch=config.patch)
    return RawTower(
        patches,
        config.patch_shape,
        config.grid,
        config.encoder,
        pooling,
        position_scale,
        config.gain,
    )


class VATT(nn.Module):
    """Video, audio and text towers with their common space: ``Batch`` to ``Embeddings``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        scale = config.position_scale if config.positions == "learned" else None
        self.video = video_tower(config.video, config.pooling, scale)
        self.audio = audio_tower(config.audio, config.pooling, scale)
        self.text = TextTower(config.text, config.pooling)
        self.common_space = CommonSpace(
            config.common_space, *(side.encoder.width for side in (config.video, config.audio, config.text))
        )

    def forward(
        self, batch: Batch, *, seed: int = 0, step: int = 0, kept: Mapping[str, Kept] | None = None
    ) -> Embeddings:
        """Embeds a batch.

        Args:
            batch: Aligned raw clips.
            seed: Seed of the run; with ``step`` and ``batch.index`` it decides which tokens a training step keeps.
            step: Training step.
            kept: Kept tokens of ``"video"`` and ``"audio"``, to replay a draw. Like DropToken, ignored in eval mode.
        """
        if not self.training:
            kept = {}
        elif kept is None:
            kept = self.draw_kept(batch.index, seed, step)
        video, _ = self.video(batch.video, kept.get("video"))
        audio, _ = self.audio(batch.audio, kept.get("audio"))
        text, _ = self.text(batch.text.flatten(0, 1))
        return self.common_space(
            video,
            audio,
            text.unflatten(0, batch.text.shape[:2]),
            batch.has_video,
            batch.has_audio,
            batch.has_text,
        )

    def draw_kept(self, index: Int[Tensor, " B"], seed: int, step: int) -> dict[str, Kept]:
        """The tokens that this step keeps; a modality whose keep rate is 1 is left out."""
        drop, config = self.config.droptoken, self.config
        kept: dict[str, Kept] = {}
        if drop.keep_video < 1:
            tokens = _count(config.video.grid)
            kept["video"] = keep_indices(
                index, tokens, drop.keep_video, seed=seed, step=step, modality="video", sharing=drop.sharing
            )
        if drop.keep_audio < 1:
            tokens = _count(config.audio.grid)
            kept["audio"] = keep_indices(
                index, tokens, drop.keep_audio, seed=seed, step=step, modality="audio", sharing=drop.sharing
            )
        return kept


def _count(grid: tuple[int, ...]) -> int:
    return int(torch.Size(grid).numel())
