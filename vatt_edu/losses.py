"""NCE and MIL-NCE (paper, section 3.4; chapter *Contrastive losses*): "these belong together" as a gradient.

Both losses compare clip ``i`` with everything of the other modality in the global batch. MIL-NCE lets a clip have ``L``
positives, the narration lines near it; with ``L = 1`` it is NCE. Three forms, the first two in the released code:

- ``asymmetric`` (its default): one denominator holds clip i against all candidates *and* candidate i against all clips,
  so the positive is counted twice and the loss cannot fall below ln 2; a model that knows nothing has ln(2B) at L = 1.
- ``symmetric``: the sum of two cross-entropies, one each way, with a floor of 0.
- ``paper``: equations 4 and 5 as printed, the denominator of ``asymmetric`` with the positive in it once; floor 0.

The total is the weighted average of both losses, as released, or their weighted sum (the paper's equation 6).

What a clip is compared with grows with the batch, so the matrices grow with its square. In chunks of clips they do not:
a chunk is forgotten once its losses are known, and computed again on the way back (``chunk``).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from vatt_edu.batch import MASKED, Batch, Embeddings
from vatt_edu.config import LossConfig

Temperature = float | Float[Tensor, ""]


@dataclass(frozen=True)
class GatheredEmbeddings:
    """The clips of all replicas: what one replica compares its own clips with.

    Attributes:
        embeddings: Before l2 normalization.
        has_video: Which clips have valid video; likewise ``has_audio`` and ``has_text``.
        text_id: Identity of each line, -1 where there is none.
        first: Place of this replica's first clip among them.
    """

    embeddings: Embeddings
    has_video: Bool[Tensor, " G"]
    has_audio: Bool[Tensor, " G"]
    has_text: Bool[Tensor, " G"]
    text_id: Int[Tensor, "G L"]
    first: int = 0


@dataclass(frozen=True)
class Losses:
    """The two losses, unweighted, and what is optimized."""

    nce: Float[Tensor, ""]
    mil_nce: Float[Tensor, ""]
    total: Float[Tensor, ""]


def vatt_loss(
    embeddings: Embeddings,
    batch: Batch | GatheredEmbeddings,
    config: LossConfig,
    gathered: GatheredEmbeddings | None = None,
    *,
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Losses:
    """NCE(video, audio) and MIL-NCE(video, text), averaged or added with their weights.

    >>> import torch, vatt_edu as vatt
    >>> same = torch.ones(4, 8)  # a model that knows nothing: four clips, everything at one place
    >>> embeddings = vatt.Embeddings(same, same, same, same[:, None])
    >>> yes = torch.ones(4, dtype=torch.bool)
    >>> batch = vatt.Batch(torch.zeros(4, 1, 1, 1, 3), torch.zeros(4, 1), torch.ones(4, 1, 1, dtype=torch.int64),
    ...                    yes, yes, yes, index=torch.arange(4), text_id=torch.arange(4)[:, None])
    >>> losses = vatt.vatt_loss(embeddings, batch, vatt.config.LossConfig())
    >>> round(losses.nce.item(), 3), round(losses.mil_nce.item(), 3)  # ln(2B)
    (2.079, 2.079)

    Args:
        embeddings: Of this replica's clips, before l2 normalization.
        batch: These clips; only its masks and ``text_id`` are read.
        config: Form, temperature, weights, masking.
        gathered: The clips of all replicas, these among them; one process needs none.
        temperature: In place of ``config.temperature``: one that is learned.
        chunk: Clips that are compared with all others at once; 0: all.

    Returns:
        This replica's losses. Their mean over equally large replicas is the loss of the global batch.
    """
    if gathered is None:
        gathered = GatheredEmbeddings(embeddings, batch.has_video, batch.has_audio, batch.has_text, batch.text_id)
    others, first = gathered.embeddings, gathered.first
    degree = config.temperature if temperature is None else temperature
    nce = contrastive(
        Side(embeddings.video_va, batch.has_video, others.video_va, gathered.has_video),
        Side(embeddings.audio_va[:, None], batch.has_audio, others.audio_va[:, None], gathered.has_audio),
        config,
        first,
        temperature=degree,
        chunk=chunk,
    )
    mil_nce = contrastive(
        Side(embeddings.video_vt, batch.has_video, others.video_vt, gathered.has_video),
        Side(embeddings.text_vt, batch.has_text, others.text_vt, gathered.has_text),
        config,
        first,
        Lines(batch.text_id, gathered.text_id) if config.line_masking else None,
        temperature=degree,
        chunk=chunk,
    )
    weights = config.weight_va + config.weight_vt if config.reduction == "mean" else 1
    weights = weights or 1  # neither loss counts where only ``weight_within`` does
    return Losses(nce, mil_nce, (config.weight_va * nce + config.weight_vt * mil_nce) / weights)


@dataclass(frozen=True)
class Side:
    """One modality of a comparison.

    Attributes:
        local: Embeddings of this replica's clips, ``(B, D)``, or ``(B, L, D)`` where a clip has candidates.
        valid: Which of them count.
        gathered: Embeddings of all replicas.
        gathered_valid: Which of those count.
    """

    local: Float[Tensor, "B *L D"]
    valid: Bool[Tensor, " B"]
    gathered: Float[Tensor, "G *L D"]
    gathered_valid: Bool[Tensor, " G"]


@dataclass(frozen=True)
class Lines:
    """Which narration lines clips have: of this replica's clips, and of all."""

    local: Int[Tensor, "B L"]
    gathered: Int[Tensor, "G L"]


@dataclass(frozen=True)
class SharedLines:
    """Candidates that must not be negatives, since a narration line near both clips is no evidence against either.

    Attributes:
        rows: ``[i, j, l]``: line l of clip j is also a line of clip i, j not i.
        columns: ``[i, j, l]``: line l of clip i is also a line of clip j, j not i.
    """

    rows: Bool[Tensor, "B G L"]
    columns: Bool[Tensor, "B G L"]


def shared_lines(local: Int[Tensor, "B L"], gathered: Int[Tensor, "G L"], first: int = 0) -> SharedLines:
    """Finds the lines that windows share, by identity (``Batch.text_id``)."""
    same = (local[:, None, :, None] == gathered[None, :, None, :]) & (local >= 0)[
        :, None, :, None
    ]  # i, j, own, other's
    own = torch.arange(len(local), device=local.device)
    same[own, first + own] = False
    return SharedLines(rows=same.any(2), columns=same.any(3))


def contrastive(
    clips: Side,
    candidates: Side,
    config: LossConfig,
    first: int = 0,
    lines: Lines | None = None,
    *,
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Float[Tensor, ""]:
    """MIL-NCE of clips against candidates; NCE where each clip has one (paper, equations 4 and 5).

    Args:
        clips: Video.
        candidates: Audio or text, ``L`` embeddings for each clip.
        config: Form, temperature, how valid samples are averaged.
        first: Place of the first local clip among all.
        lines: Of the clips; where two share one, it is no negative of either. None: that is not looked at.
        temperature: In place of ``config.temperature``.
        chunk: Clips that are compared with all others at once, so that memory is linear in the batch; 0: all.

    Returns:
        The mean over valid clips; 0 if there are none.
    """
    valid = clips.valid & candidates.valid
    degree = config.temperature if temperature is None else temperature
    if 0 < chunk < len(valid):
        losses, place = [], first
        for part in zip(_split(clips, chunk), _split(candidates, chunk), _split_lines(lines, chunk), strict=False):
            words = (*part, place, config, degree)
            losses.append(checkpoint(_clip_losses, *words, use_reentrant=False, preserve_rng_state=False))
            place += len(losses[-1])
        by_clip = torch.cat(losses)
    else:
        by_clip = _clip_losses(clips, candidates, lines, first, config, degree)
    return _mean(by_clip, valid, clips.gathered_valid & candidates.gathered_valid, config)


def _clip_losses(
    clips: Side, candidates: Side, lines: Lines | None, first: int, config: LossConfig, temperature: Temperature
) -> Float[Tensor, " B"]:
    """The loss of each clip, valid or not."""
    clips, candidates = _normalized(clips), _normalized(candidates)
    rows = torch.einsum("id,jld->ijl", clips.local, candidates.gathered)
    columns = torch.einsum("jd,ild->ijl", clips.gathered, candidates.local)
    own = torch.arange(len(rows), device=rows.device)
    positives = rows[own, first + own] / temperature

    # A candidate that is missing is nobody's negative, nor is a clip without video.
    hidden_rows, hidden_columns = ~candidates.gathered_valid[None, :, None], ~clips.gathered_valid[None, :, None]
    if lines is not None:
        shared = shared_lines(lines.local, lines.gathered, first)
        hidden_rows, hidden_columns = hidden_rows | shared.rows, hidden_columns | shared.columns
    if config.form == "paper":  # rows hold the positives already
        positive_columns = torch.zeros_like(columns[..., :1], dtype=torch.bool)
        positive_columns[own, first + own] = True
        hidden_columns = hidden_columns | positive_columns
    rows = (rows / temperature).masked_fill(hidden_rows, MASKED)
    columns = (columns / temperature).masked_fill(hidden_columns, MASKED)

    matched = positives.logsumexp(1)
    by_row, by_column = rows.flatten(1).logsumexp(1), columns.flatten(1).logsumexp(1)
    if config.form == "symmetric":
        return (by_row - matched) + (by_column - matched)
    return torch.logaddexp(by_row, by_column) - matched


def _mean(
    losses: Float[Tensor, " B"], valid: Bool[Tensor, " B"], gathered_valid: Bool[Tensor, " G"], config: LossConfig
) -> Float[Tensor, ""]:
    """The mean over valid samples: of this replica as released, or so that the mean over replicas is the global one."""
    if config.mask_mean == "replica":
        count = valid.sum().to(losses.dtype)
    else:
        count = gathered_valid.sum() * (len(valid) / len(gathered_valid))
    return (losses * valid).sum() / torch.where(count > 0, count, 1)


def _split(side: Side, chunk: int) -> Iterator[Side]:
    """A side in chunks of its clips, each against all others."""
    for local, valid in zip(side.local.split(chunk), side.valid.split(chunk), strict=True):
        yield replace(side, local=local, valid=valid)


def _split_lines(lines: Lines | None, chunk: int) -> Iterator[Lines | None]:
    if lines is None:
        yield from itertools.repeat(None)
    else:
        yield from (replace(lines, local=local) for local in lines.local.split(chunk))


def _normalized(side: Side) -> Side:
    return replace(side, local=l2_normalize(side.local), gathered=l2_normalize(side.gathered))


def l2_normalize(x: Float[Tensor, "... D"]) -> Float[Tensor, "... D"]:
    """Unit length along the last axis, in at least float32; a zero vector stays zero (released code)."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True).clamp(min=1e-12))
