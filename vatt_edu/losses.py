"""NCE and MIL-NCE (paper, section 3.4): how "these belong together" becomes a gradient.

Both losses compare clip ``i`` with everything of the other modality in the global batch. MIL-NCE lets a clip have ``L``
positives, the narration lines near it; with ``L = 1`` it is NCE. Three forms, the first two in the released code:

- ``asymmetric`` (its default): one denominator holds clip i against all candidates *and* candidate i against all clips,
  so the positive is counted twice and the loss cannot fall below ln 2; a model that knows nothing has ln(2B) at L = 1.
- ``symmetric``: the sum of two cross-entropies, one each way, with a floor of 0.
- ``paper``: equations 4 and 5 as printed, the denominator of ``asymmetric`` with the positive in it once; floor 0.

The total is the weighted average of both losses, as released, or their weighted sum (the paper's equation 6).
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.encoder import MASKED


@dataclass(frozen=True)
class Pairs:
    """Everything the losses need to know of a batch, local or gathered.

    Attributes:
        embeddings: Before l2 normalization.
        has_video: Which clips have valid video; likewise ``has_audio`` and ``has_text``.
        text_id: Identity of each line, -1 where there is none.
    """

    embeddings: Embeddings
    has_video: Bool[Tensor, " B"]
    has_audio: Bool[Tensor, " B"]
    has_text: Bool[Tensor, " B"]
    text_id: Int[Tensor, "B L"]

    @classmethod
    def of(cls, embeddings: Embeddings, batch: Batch) -> "Pairs":
        """The embeddings of a batch with its masks."""
        return cls(embeddings, batch.has_video, batch.has_audio, batch.has_text, batch.text_id)


@dataclass(frozen=True)
class Losses:
    """The two losses, unweighted, and what is optimized."""

    nce: Float[Tensor, ""]
    mil_nce: Float[Tensor, ""]
    total: Float[Tensor, ""]


def vatt_loss(local: Pairs, config: LossConfig, everyone: Pairs | None = None, offset: int = 0) -> Losses:
    """NCE(video, audio) and MIL-NCE(video, text), averaged or added with their weights.

    Args:
        local: This replica's clips.
        config: Form, temperature, weights, masking.
        everyone: The clips of all replicas, this one's at ``offset`` among them; ``local`` if None.
        offset: Place of the first local clip in ``everyone``.

    Returns:
        This replica's losses. Their mean over equally large replicas is the loss of the global batch.
    """
    world = local if everyone is None else everyone
    ours, theirs = local.embeddings, world.embeddings
    nce = contrastive(
        Side(ours.video_va, local.has_video, theirs.video_va, world.has_video),
        Side(ours.audio_va[:, None], local.has_audio, theirs.audio_va[:, None], world.has_audio),
        config,
        offset,
    )
    mil_nce = contrastive(
        Side(ours.video_vt, local.has_video, theirs.video_vt, world.has_video),
        Side(ours.text_vt, local.has_text, theirs.text_vt, world.has_text),
        config,
        offset,
        shared_lines(local.text_id, world.text_id, offset) if config.line_masking else None,
    )
    weights = config.weight_va + config.weight_vt if config.reduction == "mean" else 1
    return Losses(nce, mil_nce, (config.weight_va * nce + config.weight_vt * mil_nce) / weights)


@dataclass(frozen=True)
class Side:
    """One modality of a comparison.

    Attributes:
        local: Embeddings of this replica's clips, ``(B, D)``, or ``(B, L, D)`` where a clip has candidates.
        valid: Which of them count.
        world: Embeddings of all replicas.
        world_valid: Which of those count.
    """

    local: Float[Tensor, "B *L D"]
    valid: Bool[Tensor, " B"]
    world: Float[Tensor, "G *L D"]
    world_valid: Bool[Tensor, " G"]


@dataclass(frozen=True)
class SharedLines:
    """Candidates that must not be negatives, since a narration line near both clips is no evidence against either.

    Attributes:
        rows: ``[i, j, l]``: line l of clip j is also a line of clip i, j not i.
        columns: ``[i, j, l]``: line l of clip i is also a line of clip j, j not i.
    """

    rows: Bool[Tensor, "B G L"]
    columns: Bool[Tensor, "B G L"]


def shared_lines(local: Int[Tensor, "B L"], world: Int[Tensor, "G L"], offset: int = 0) -> SharedLines:
    """Finds the lines that windows share, by identity (``Batch.text_id``)."""
    same = (local[:, None, :, None] == world[None, :, None, :]) & (local >= 0)[:, None, :, None]  # [i, j, own, other's]
    ours = torch.arange(len(local), device=local.device)
    same[ours, offset + ours] = False
    return SharedLines(rows=same.any(2), columns=same.any(3))


def contrastive(
    clips: Side, candidates: Side, config: LossConfig, offset: int = 0, shared: SharedLines | None = None
) -> Float[Tensor, ""]:
    """MIL-NCE of clips against candidates; NCE where each clip has one (paper, equations 4 and 5).

    Args:
        clips: Video.
        candidates: Audio or text, ``L`` embeddings for each clip.
        config: Form, temperature, how valid samples are averaged.
        offset: Place of the first local clip among all.
        shared: Pairs that leave the negatives.

    Returns:
        The mean over valid clips; 0 if there are none.
    """
    clips, candidates = _normalized(clips), _normalized(candidates)
    valid = clips.valid & candidates.valid
    rows = torch.einsum("id,jld->ijl", clips.local, candidates.world)  # our clips, everyone's candidates
    columns = torch.einsum("jd,ild->ijl", clips.world, candidates.local)  # our candidates, everyone's clips
    ours = torch.arange(len(valid), device=rows.device)
    positives = rows[ours, offset + ours] / config.temperature

    # A candidate that is missing is nobody's negative, nor is a clip without video.
    hidden_rows, hidden_columns = ~candidates.world_valid[None, :, None], ~clips.world_valid[None, :, None]
    if shared is not None:
        hidden_rows, hidden_columns = hidden_rows | shared.rows, hidden_columns | shared.columns
    rows = rows.masked_fill(hidden_rows, MASKED * config.temperature) / config.temperature
    if config.form == "paper":  # rows hold the positives already
        own = torch.zeros_like(columns[..., :1], dtype=torch.bool)
        own[ours, offset + ours] = True
        hidden_columns = hidden_columns | own
    columns = columns.masked_fill(hidden_columns, MASKED * config.temperature) / config.temperature

    matched = positives.logsumexp(1)
    by_row, by_column = rows.flatten(1).logsumexp(1), columns.flatten(1).logsumexp(1)
    if config.form == "symmetric":
        losses = (by_row - matched) + (by_column - matched)
    else:
        losses = torch.logaddexp(by_row, by_column) - matched
    return _mean(losses, valid, clips.world_valid & candidates.world_valid, config)


def _mean(
    losses: Float[Tensor, " B"], valid: Bool[Tensor, " B"], world_valid: Bool[Tensor, " G"], config: LossConfig
) -> Float[Tensor, ""]:
    """The mean over valid samples: of this replica as released, or so that the mean over replicas is the global one."""
    if config.mask_mean == "replica":
        count = valid.sum().to(losses.dtype)
    else:
        count = world_valid.sum() * (len(valid) / len(world_valid))
    return (losses * valid).sum() / torch.where(count > 0, count, 1)


def _normalized(side: Side) -> Side:
    return replace(side, local=l2_normalize(side.local), world=l2_normalize(side.world))


def l2_normalize(x: Float[Tensor, "... D"]) -> Float[Tensor, "... D"]:
    """Unit length along the last axis, in at least float32; a zero vector stays zero (released code)."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True).clamp(min=1e-12))
