"""VATT: three towers, or one encoder for all, and the common space above them (chapter *Specific or agnostic*)."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.common_space import CommonSpace
from vatt_edu.config import ModelConfig
from vatt_edu.droptoken import Kept, keep_indices
from vatt_edu.encoder import Encoder
from vatt_edu.towers import RawTower, TextTower, TowerOptions, WordTower, audio_tower, pool, text_tower, video_tower

__all__ = ["VATT", "RawTower", "TextTower", "WordTower", "audio_tower", "pool", "text_tower", "video_tower"]


class Features(NamedTuple):
    """What the towers say about a batch, pooled: a row for each clip, and in ``text`` for each candidate line."""

    video: Float[Tensor, "B V"]
    audio: Float[Tensor, "B A"]
    text: Float[Tensor, "B L W"]


class VATT(nn.Module):
    """Video, audio and text towers with their common space: ``Batch`` to ``Embeddings``.

    >>> import torch, vatt_edu as vatt
    >>> config = vatt.config.toy()
    >>> net, clip = vatt.VATT(config.model).eval(), config.clip
    >>> video = torch.zeros(2, clip.frames, clip.height, clip.width, 3, dtype=torch.uint8)
    >>> audio, text = torch.zeros(2, clip.samples), torch.ones(2, clip.candidates, clip.words, dtype=torch.int64)
    >>> yes = torch.ones(2, dtype=torch.bool)
    >>> batch = vatt.Batch(video, audio, text, yes, yes, yes, index=torch.arange(2), text_id=text[..., 0])
    >>> embeddings = net(batch)
    >>> embeddings.video_va.shape, embeddings.text_vt.shape
    (torch.Size([2, 128]), torch.Size([2, 4, 128]))

    Attributes:
        encoder: The one encoder of the modality-agnostic model; None where each tower has its own.
        video: Pixels to a feature; likewise ``audio`` and ``text``.
        common_space: The projection heads.
        log_temperature: The logarithm of the losses' temperature where it is learned; None where it is fixed.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.video.encoder) if config.backbone == "agnostic" else None
        scale = config.position_scale if config.positions == "learned" else None
        options = TowerOptions(config.pooling, scale, config.agg_position, self.encoder)
        self.video = video_tower(config.video, options)
        self.audio = audio_tower(config.audio, options)
        self.text = text_tower(config.text, options)
        self.common_space = CommonSpace(
            config.common_space, *(side.feature_width for side in (config.video, config.audio, config.text))
        )
        self.log_temperature = nn.Parameter(torch.zeros(1)) if config.learned_temperature else None

    @property
    def temperature(self) -> Float[Tensor, ""] | None:
        """The learned temperature, which does not fall below 0.01 (CLIP's bound)."""
        return None if self.log_temperature is None else self.log_temperature.clamp(min=math.log(0.01)).exp()[0]

    def forward(
        self,
        batch: Batch,
        *,
        seed: int = 0,
        step: int = 0,
        kept: Mapping[str, Kept] | None = None,
        heads: bool = True,
    ) -> Embeddings | Features:
        """Embeds a batch.

        Args:
            batch: Aligned raw clips.
            seed: Seed of the run; with ``step`` and ``batch.index`` it decides which tokens a training step keeps.
            step: Training step.
            kept: Kept tokens of ``"video"`` and ``"audio"``, to replay a draw. Like DropToken, ignored in eval mode.
            heads: False: the features only, which ``embed`` brings into the common space.
        """
        if not self.training:
            kept = {}
        elif kept is None:
            grids = {"video": self.video.grid_of(batch.video), "audio": self.audio.grid_of(batch.audio)}
            kept = self.draw_kept(batch.index, seed, step, grids)
        video, _ = self.video(batch.video, kept.get("video"))
        audio, _ = self.audio(batch.audio, kept.get("audio"))
        text, _ = self.text(batch.text.flatten(0, 1))
        features = Features(video, audio, text.unflatten(0, batch.text.shape[:2]))
        return self.embed(features, batch) if heads else features

    def embed(self, features: Features, batch: Batch) -> Embeddings:
        """The embeddings of clips whose features are known; only the masks of ``batch`` are read."""
        return self.common_space(*features, batch.has_video, batch.has_audio, batch.has_text)

    def draw_kept(
        self, index: Int[Tensor, " B"], seed: int, step: int, grids: Mapping[str, tuple[int, ...]] | None = None
    ) -> dict[str, Kept]:
        """The tokens that this step keeps; a modality whose keep rate is 1 is left out.

        Args:
            index: The clips' places in the seeded stream.
            seed: Of the run.
            step: Training step.
            grids: Tokens of ``"video"`` and ``"audio"`` along each axis, where they are not the configuration's.
        """
        drop = self.config.droptoken
        grids = grids or {"video": self.config.video.grid, "audio": self.config.audio.grid}
        kept: dict[str, Kept] = {}
        if drop.keep_video < 1:
            kept["video"] = keep_indices(
                index, math.prod(grids["video"]), drop.keep_video,
                seed=seed, step=step, modality="video", sharing=drop.sharing,
            )  # fmt: skip
        if drop.keep_audio < 1:
            kept["audio"] = keep_indices(
                index, math.prod(grids["audio"]), drop.keep_audio,
                seed=seed, step=step, modality="audio", sharing=drop.sharing,
            )  # fmt: skip
        return kept
