"""Wrong versions of tokens, positions, DropToken, encoder and common space."""

from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from vatt_edu import droptoken, tokens
from vatt_edu.batch import Batch, Embeddings
from vatt_edu.common_space import BatchNorm, ProjectionHead
from vatt_edu.droptoken import Kept
from vatt_edu.droptoken import keep_indices as right_draw
from vatt_edu.encoder import Attention, TextEncoder
from vatt_edu.model import VATT, Features
from vatt_edu.teach.museum.exhibit import Curve, Exhibit
from vatt_edu.teach.museum.small import ENCODER, clips, distance, model
from vatt_edu.tokens import Raw
from vatt_edu.towers import Grid, PositionedTower, pool, prepend_agg


def patches_by_view(video: Shaped[Tensor, "B T H W 3"], tubelet: tuple[int, int, int]) -> Shaped[Tensor, "B N P"]:
    """Cuts by one reshape: the numbers of a patch lie side by side in memory, not in the picture."""
    t, h, w = tubelet
    return video.reshape(len(video), -1, t * h * w * 3)


def inside_a_patch(seed: int) -> Curve:
    """Variance within a patch over variance of the clip, for a smooth picture."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.rand(64, 3, 3, 4, generator=random)
    smooth = F.interpolate(coarse, (32, 48), mode="bilinear").permute(0, 2, 3, 1)
    video = smooth[:, None].expand(64, 4, 32, 48, 3).contiguous()
    patches = tokens.video_patches(video, (2, 4, 4)).unflatten(-1, (-1, 3))
    return [float(patches.var(2).mean() / video.flatten(1, 3).var(1).mean())]


def bytes_as_they_are(patches: Raw) -> Float[Tensor, "B N P"]:
    """Bytes become floats from 0 to 255."""
    return patches.to(torch.get_default_dtype())


def token_size(seed: int) -> Curve:
    """Length of a video token over the length of its position, at the start."""
    tower, batch = model(seed).video, clips(seed)
    assert tower.positions is not None
    with torch.no_grad():
        rows = tower.tokenizer(tower.patches(batch.video))
        return [float(rows.norm(dim=-1).mean() / tower.positions().norm(dim=-1).mean())]


def positions_renumbered(
    self: PositionedTower,
    tokens: Float[Tensor, "B N D"],
    grid: Grid,
    kept: Kept | None = None,
    valid: Bool[Tensor, "B M"] | None = None,
) -> tuple[Float[Tensor, "B F"], Float[Tensor, "B K F"]]:
    """Numbers what is kept from 0, wherever it was."""
    assert self.positions is not None
    tokens = tokens + self.positions(grid)[: tokens.shape[1]]
    hidden = self.encoder(prepend_agg(self.agg, self.dropout(tokens)), valid)
    hidden = self.post_projection(hidden)
    return pool(hidden, self.pooling, valid), hidden[:, 1:]


def order_of_the_kept(seed: int) -> Curve:
    """How far a feature moves when the same tokens are kept, in another order."""
    net, batch = model(seed).eval(), clips(seed)
    random = torch.Generator().manual_seed(seed)
    kept = torch.randperm(48, generator=random)[:24]
    with torch.no_grad():
        features = [net.video(batch.video, order)[0] for order in (kept, kept.flip(0))]
    return [float((features[0] - features[1]).norm() / features[0].norm())]


def dropped_is_kept(keep: float, num_tokens: int) -> int:
    """Takes the keep rate for a drop rate."""
    return max(int((1 - keep) * num_tokens), 1)


def share_of_tokens(seed: int) -> Curve:
    """Share of 48 tokens that enter at a keep rate of a quarter."""
    kept = droptoken.keep_indices(
        torch.arange(8) + seed, 48, 0.25, seed=seed, step=0, modality="video", sharing="sample"
    )
    return [kept.shape[-1] / 48]


def drawn_once(
    index: Int[Tensor, " B"],
    num_tokens: int,
    keep: float,
    *,
    seed: int,
    step: int,
    modality: Literal["video", "audio"],
    sharing: Literal["batch", "sample"],
) -> Kept:
    """Forgets the step, so every step keeps the same tokens."""
    return right_draw(index, num_tokens, keep, seed=seed, step=0, modality=modality, sharing=sharing)


def tokens_ever_seen(seed: int) -> Curve:
    """Share of a clip's tokens that were kept at least once, after each of eight steps."""
    index, ever = torch.arange(8), torch.zeros(8, 48, dtype=torch.bool)
    shares = []
    for step in range(8):
        kept = droptoken.keep_indices(index, 48, 0.5, seed=seed, step=step, modality="video", sharing="sample")
        ever[index[:, None], kept] = True
        shares.append(float(ever.double().mean()))
    return shares


def eval_drops(
    self: VATT,
    batch: Batch,
    *,
    seed: int = 0,
    step: int = 0,
    kept: Mapping[str, Kept] | None = None,
    heads: bool = True,
) -> Embeddings | Features:
    """Never asks whether the model trains."""
    kept = self.draw_kept(batch.index, seed, step) if kept is None else kept
    video, _ = self.video(batch.video, kept.get("video"))
    audio, _ = self.audio(batch.audio, kept.get("audio"))
    text, _ = self.text(batch.text.flatten(0, 1))
    features = Features(video, audio, text.unflatten(0, batch.text.shape[:2]))
    return self.embed(features, batch) if heads else features


def two_answers(seed: int) -> Curve:
    """How far two embeddings of the same clips lie apart, in evaluation."""
    net, batch = model(0).eval(), clips(seed, count=64)
    with torch.no_grad():
        return [distance(net(batch, step=0).video_va, net(batch, step=1).video_va)]


def heads_by_view(
    self: Attention, x: Float[Tensor, "B N D"], bias: Float[Tensor, "#B #heads #N N"] | None = None
) -> Float[Tensor, "B N D"]:
    """Cuts into heads by one reshape: a head is then a group of tokens."""
    shape = (len(x), self.heads, x.shape[1], -1)
    queries, keys, values = (project(x).reshape(shape) for project in (self.q, self.k, self.v))
    mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias, scale=self.scale)
    return self.o(mixed.reshape(*x.shape[:2], -1))


def permuted(seed: int) -> Curve:
    """How far attention of permuted tokens is from its output permuted, relative."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        attention, x, order = Attention(ENCODER), torch.randn(16, 16, ENCODER.width), torch.randperm(16)
    with torch.no_grad():
        return [float((attention(x[:, order]) - attention(x)[:, order]).norm() / attention(x).norm())]


def dropout_in_eval(
    self: Attention, x: Float[Tensor, "B N D"], bias: Float[Tensor, "#B #heads #N N"] | None = None
) -> Float[Tensor, "B N D"]:
    """Hands the dropout rate to the kernel, which does not know about evaluation."""
    q, k, v = (project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for project in (self.q, self.k, self.v))
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=self.dropout, scale=self.scale)
    return self.o(mixed.transpose(1, 2).flatten(2))


def two_answers_with_dropout(seed: int) -> Curve:
    """How far two embeddings of the same clips lie apart, in evaluation, with a dropout rate of a tenth."""
    net, batch = model(0, dropout=0.1).eval(), clips(seed, count=64)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        return [distance(net(batch).video_va, net(batch).video_va)]


def padding_is_read(self: TextEncoder, x: Float[Tensor, "B N D"], valid: Bool[Tensor, "B N"]) -> Float[Tensor, "B N D"]:
    """Does not hide the padding from attention."""
    bias = self.position_bias(x.shape[1])
    x = self.dropout(x)
    for layer in self.layers:
        x = layer(x, bias)
    return self.dropout(self.norm(x))


def longer_padding(seed: int) -> Curve:
    """How far a sentence's feature moves when eight paddings are put behind its eight words."""
    net, text = model(0).eval(), clips(seed, count=64).text[:, 0]
    with torch.no_grad():
        return [distance(net.text(text)[0], net.text(F.pad(text, (0, 8)))[0])]


def norm_of_the_batch(self: BatchNorm, x: Float[Tensor, "R D"], valid: Bool[Tensor, " R"]) -> Float[Tensor, "R D"]:
    """Takes the batch's statistics in evaluation, too."""
    share = (valid / valid.sum().clamp(min=1)).to(x.dtype)[:, None]
    mean = (share * x).sum(0)
    var = (share * (x - mean).square()).sum(0)
    if self.training:
        self._track(mean, var, valid)
    return (x - mean) * torch.rsqrt(var + self.eps) * self.weight + self.bias


def other_neighbors(seed: int) -> Curve:
    """How far the vector of one clip moves when other clips share its batch; the mean of 32 clips."""
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        head = ProjectionHead(32, 16, layers=2).eval()
    x, yes = torch.randn(32, 32, generator=random), torch.ones(8, dtype=torch.bool)
    batches = [x[torch.randperm(32, generator=random)].split(8) for _ in range(2)]
    with torch.no_grad():
        rows = [{tuple(row[:2].tolist()): out for part in parts for row, out in zip(part, head(part, yes), strict=True)}
                for parts in batches]  # fmt: skip
    first, second = (torch.stack([row[key] for key in rows[0]]) for row in rows)
    return [distance(first, second)]


EXHIBITS = (
    Exhibit("patches_by_view", "vatt_edu.tokens:video_patches", patches_by_view, inside_a_patch,
            "variance inside a patch over that of the clip", 0.2, True,
            "tests/test_tokens.py::test_token_order_is_time_then_rows_then_columns", "tokenization",
            "https://github.com/lucidrains/vit-pytorch/issues/7"),
    Exhibit("bytes_as_they_are", "vatt_edu.tokens:as_signal", bytes_as_they_are, token_size,
            "length of a token over that of its position", 10.0, True,
            "tests/test_tokens.py::test_bytes_become_the_official_range", "tokenization"),
    Exhibit("positions_renumbered", "vatt_edu.towers:PositionedTower.encode", positions_renumbered, order_of_the_kept,
            "change of a feature, relative", 0.01, True,
            "tests/test_model.py::test_dropping_bytes_first_is_dropping_positioned_tokens", "droptoken",
            "https://github.com/facebookresearch/mae/issues/124"),
    Exhibit("dropped_is_kept", "vatt_edu.droptoken:keep_count", dropped_is_kept, share_of_tokens,
            "share of tokens that enter, of 0.25 asked for", 0.5, True,
            "tests/test_droptoken.py::test_keep_count", "droptoken"),
    Exhibit("drawn_once", "vatt_edu.droptoken:keep_indices", drawn_once, tokens_ever_seen,
            "share of tokens ever seen", 0.9, False,
            "tests/test_droptoken.py::test_another_seed_step_or_modality_draws_anew", "droptoken"),
    Exhibit("eval_drops", "vatt_edu.model:VATT.forward", eval_drops, two_answers,
            "1 - cosine of two answers", 1e-3, True,
            "tests/test_model.py::test_eval_ignores_droptoken_and_training_does_not", "droptoken"),
    Exhibit("heads_by_view", "vatt_edu.encoder:Attention.forward", heads_by_view, permuted,
            "error after a permutation, relative", 1e-3, True,
            "tests/test_encoder.py::test_encoder_does_not_know_the_order_of_its_tokens", "transformer_encoder"),
    Exhibit("dropout_in_eval", "vatt_edu.encoder:Attention.forward", dropout_in_eval, two_answers_with_dropout,
            "1 - cosine of two answers", 1e-5, True,
            "tests/test_encoder.py::test_attention_drops_nothing_in_eval", "transformer_encoder",
            "https://github.com/pytorch/pytorch/issues/124464"),
    Exhibit("padding_is_read", "vatt_edu.encoder:TextEncoder.forward", padding_is_read, longer_padding,
            "1 - cosine with and without padding", 1e-4, True,
            "tests/test_model.py::test_padding_words_change_nothing", "transformer_encoder"),
    Exhibit("norm_of_the_batch", "vatt_edu.common_space:BatchNorm.forward", norm_of_the_batch, other_neighbors,
            "1 - cosine with other neighbors", 0.01, True,
            "tests/test_common_space.py::test_batch_norm_in_eval_uses_what_it_tracked", "common_space",
            "https://github.com/warpem/miss-alignment/issues/6"),
)  # fmt: skip
