"""The towers: raw signals to pooled features (chapter *Specific or agnostic*).

Each tower cuts its signal into patches, keeps some (DropToken, training only), projects them to tokens, adds positions,
puts an AGG token in front and encodes. The released code drops tokens *after* projecting and adding positions; doing it
before is the same function of the kept tokens and does less work. AGG is never dropped and, as released, has no
position.

In the modality-agnostic model the towers keep all of their own but the encoder, which they are given. They do not
register it: it is registered once, in ``VATT.encoder``, so that a state dict holds it once.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from vatt_edu.config import AudioConfig, MelConfig, TextConfig, VideoConfig
from vatt_edu.droptoken import Kept, gather_tokens
from vatt_edu.encoder import Encoder, TextEncoder, agg_token, linear
from vatt_edu.positions import AxisPositions
from vatt_edu.tokens import PatchTokenizer, Raw, WordEmbedding, audio_patches, log_mel_patches, video_patches

Pooling = Literal["agg", "mean", "max_mean"]
Grid = tuple[int, ...]
Signal = Shaped[Tensor, "B S *C"]  # of video (B, T, H, W, 3), of sound (B, S), or what else its patches are cut from


@dataclass(frozen=True)
class TowerOptions:
    """What all towers of a model have in options.

    Attributes:
        pooling: ``agg``, the hidden state of the AGG token (official); ``mean``, the mean of all hidden states; or
            ``max_mean``, the sum of their mean and their maximum.
        position_scale: Where the gain of the positions' LayerNorm starts; None: tokens do not know where they were.
        agg_position: Whether AGG, too, has a position (where positions are absolute).
        encoder: The encoder of the agnostic model; each tower has its own if None.
    """

    pooling: Pooling = "agg"
    position_scale: float | None = 1.0
    agg_position: bool = False
    encoder: Encoder | None = None


class Projection(nn.Linear):
    """A dense layer and a GELU: before and after the encoder of the agnostic model."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, bias)
        nn.init.xavier_uniform_(self.weight)
        if bias:
            nn.init.zeros_(self.bias)

    def forward(self, x: Float[Tensor, "B N I"]) -> Float[Tensor, "B N O"]:
        """Acts on each token alone."""
        return F.gelu(super().forward(x))


class PositionedTower(nn.Module):
    """What every tower but the T5-style one does with its tokens; ``RawTower`` and ``WordTower`` make them.

    Args:
        tokenizer: Makes tokens.
        width: Of the tokens.
        config: Of the tower: encoder and projections.
        grid: Sizes of the position tables.
        options: What the model's towers have in options.
        transposed: Numbers positions with the first axis fastest.
        biased: Whether the pre-projection has a bias.
    """

    def __init__(
        self,
        tokenizer: nn.Module,
        width: int,
        config: VideoConfig | AudioConfig | TextConfig,
        grid: Grid,
        options: TowerOptions,
        transposed: bool = False,
        biased: bool = True,
    ) -> None:
        super().__init__()
        size = config.encoder
        self.tokenizer = tokenizer
        self.pre_projection = Projection(width, size.width, biased) if config.pre_projection else nn.Identity()
        scale = options.position_scale
        self.positions = (
            None
            if scale is None
            else AxisPositions(grid, size.width, scale, transposed=transposed, with_agg=options.agg_position)
        )
        self.dropout = nn.Dropout(size.dropout)
        self.agg = agg_token(size.width)
        self.encoder: Encoder
        if options.encoder is None:
            self.encoder = Encoder(size)
        else:
            object.__setattr__(self, "encoder", options.encoder)  # past nn.Module, which would register it again
        post = config.post_projection
        self.post_projection = Projection(size.width, post) if post else nn.Identity()
        self.pooling = options.pooling

    def encode(
        self,
        tokens: Float[Tensor, "B N D"],
        grid: Grid,
        kept: Kept | None = None,
        valid: Bool[Tensor, "B M"] | None = None,
    ) -> tuple[Float[Tensor, "B F"], Float[Tensor, "B N F"]]:
        """Tokens to (pooled feature, one hidden state per token).

        Args:
            tokens: Those that are kept, without positions.
            grid: Tokens along each axis, dropped ones included.
            kept: Which of them these are, all if None.
            valid: Which of AGG and the tokens count, all if None.
        """
        agg = self.agg
        if self.positions is not None:
            positions = self.positions(grid)
            tokens = tokens + (positions if kept is None else positions[kept])
            if self.positions.agg is not None:
                agg = self.dropout(agg + self.positions.of_agg())
        hidden = self.encoder(prepend_agg(agg, self.dropout(tokens)), valid)
        hidden = self.post_projection(hidden)
        return pool(hidden, self.pooling, valid), hidden[:, 1:]


class RawTower(PositionedTower):
    """A tower for a signal that is cut into patches.

    Args:
        patches: Cuts the signal: ``(B, ...)`` to ``(B, N, P)``.
        grid_of: How many patches that gives along each axis.
        config: Sizes of the tower.
        options: What the model's towers have in options.
        gain: Multiplies the signal before the tokenizer.
        transposed: Numbers positions with the first axis fastest.
    """

    tokenizer: PatchTokenizer

    def __init__(
        self,
        patches: Callable[[Signal], Raw],
        grid_of: Callable[[Signal], Grid],
        config: VideoConfig | AudioConfig,
        options: TowerOptions,
        gain: float = 1.0,
        transposed: bool = False,
    ) -> None:
        width = config.encoder.width
        super().__init__(
            PatchTokenizer(config.patch_shape, width, gain), width, config, config.grid, options, transposed
        )
        self.patches, self.grid_of = patches, grid_of

    def forward(self, signal: Signal, kept: Kept | None = None) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B K D"]]:
        """Raw signal to (pooled feature, one hidden state per token).

        Args:
            signal: A batch of raw clips. Where its grid is not that of the configuration, positions are resampled.
            kept: The tokens to keep, all if None. Hidden states come in this order.
        """
        patches = self.patches(signal)
        tokens = self.pre_projection(self.tokenizer(patches if kept is None else gather_tokens(patches, kept)))
        return self.encode(tokens, self.grid_of(signal), kept)


class WordTower(PositionedTower):
    """Words to a sentence feature, each word with a learned position: the BERT option, and the agnostic model's text.

    ``tokenizer`` is the table of words.
    """

    def __init__(self, config: TextConfig, options: TowerOptions) -> None:
        words = WordEmbedding(config.vocab, config.embedding_width, config.train_words)
        grid, biased = (config.words,), config.style == "agnostic"
        super().__init__(words, config.embedding_width, config, grid, options, biased=biased)

    @property
    def words(self) -> nn.Module:
        """The table of words, by the name it has in ``TextTower``."""
        return self.tokenizer

    def forward(self, text: Int[Tensor, "B M"]) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B M D"]]:
        """Word ids, 0 for padding, to (pooled feature, one hidden state per word). Text is never dropped."""
        tokens = self.pre_projection(self.tokenizer(text))
        return self.encode(tokens, (text.shape[1],), valid=prepend_valid(text != 0))


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
        valid = prepend_valid(text != 0)
        # The released tower sends AGG, too, through the projection and its GELU.
        sequence = prepend_agg(self.agg, self.words(text))
        hidden = self.encoder(F.gelu(self.pre_projection(sequence)), valid)
        return pool(hidden, self.pooling, valid), hidden[:, 1:]


def prepend_agg(agg: Float[Tensor, " D"], tokens: Float[Tensor, "B N D"]) -> Float[Tensor, "B M D"]:
    """AGG, then the tokens."""
    return torch.cat([agg.to(tokens.dtype).expand(len(tokens), 1, -1), tokens], dim=1)


def prepend_valid(valid: Bool[Tensor, "B N"]) -> Bool[Tensor, "B M"]:
    """Which of AGG and the tokens are valid: AGG always is."""
    return F.pad(valid, (1, 0), value=True)


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


def video_tower(config: VideoConfig, options: TowerOptions = TowerOptions()) -> RawTower:
    """The tower for ``(B, T, H, W, 3)`` video."""
    patches = functools.partial(video_patches, tubelet=config.tubelet)
    return RawTower(patches, functools.partial(_grid, patch=config.tubelet), config, options)


def audio_tower(config: AudioConfig, options: TowerOptions = TowerOptions()) -> RawTower:
    """The tower for ``(B, S)`` waveforms."""
    if config.signal == "waveform":
        cut = functools.partial(audio_patches, patch=config.patch)
        return RawTower(cut, functools.partial(_grid, patch=(config.patch,)), config, options, config.gain)
    mel = config.mel
    cut = functools.partial(log_mel_patches, config=mel)
    transposed = mel.position_ids == "transposed"
    return RawTower(cut, functools.partial(_mel_grid, mel=mel), config, options, config.gain, transposed)


def text_tower(config: TextConfig, options: TowerOptions = TowerOptions()) -> TextTower | WordTower:
    """The tower for ``(B, M)`` word ids."""
    return TextTower(config, options.pooling) if config.style == "t5" else WordTower(config, options)


def _grid(signal: Signal, patch: tuple[int, ...]) -> Grid:
    return tuple(size // step for size, step in zip(signal.shape[1:], patch, strict=False))


def _mel_grid(audio: Signal, mel: MelConfig) -> Grid:
    return mel.grid(audio.shape[1])
