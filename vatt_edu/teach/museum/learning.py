"""Wrong versions of losses, data and evaluation."""

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from vatt_edu import losses
from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import AugmentConfig, ClipSpec, LossConfig
from vatt_edu.data.clips.transforms import train_clip
from vatt_edu.data.loader import sampler
from vatt_edu.data.loader.sampler import generator as right_generator
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.metrics import ranks as right_ranks
from vatt_edu.losses import GatheredEmbeddings, Lines, Losses, Side, Temperature
from vatt_edu.losses import contrastive as right_contrastive
from vatt_edu.losses import vatt_loss as right_loss
from vatt_edu.teach.museum.exhibit import Curve, Exhibit
from vatt_edu.teach.museum.small import PAIRS, WIDTH, learn, matched, pairs


def length_counts(x: Float[Tensor, "... D"]) -> Float[Tensor, "... D"]:
    """Forgets to normalize: dot products instead of cosines."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def longer_embeddings(seed: int) -> Curve:
    """How much the loss of random embeddings changes when all of them get three times as long."""
    random = torch.Generator().manual_seed(seed)
    x, y = torch.randn(2, PAIRS, WIDTH, generator=random)
    x, y = x / WIDTH**0.5, y / WIDTH**0.5
    values = [float(losses.vatt_loss(Embeddings(k * x, k * y, k * x, k * y[:, None]), pairs(PAIRS), LossConfig()).nce)
              for k in (1, 3)]  # fmt: skip
    return [abs(values[1] - values[0])]


def times_temperature(
    clips: Side,
    candidates: Side,
    config: LossConfig,
    first: int = 0,
    lines: Lines | None = None,
    *,
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Float[Tensor, ""]:
    """Multiplies by the temperature instead of dividing."""
    wrong = 1 / (config.temperature if temperature is None else temperature)
    return right_contrastive(clips, candidates, config, first, lines, temperature=wrong, chunk=chunk)


def loss_over_steps(seed: int) -> Curve:
    """The loss on the way."""
    return learn(seed, lambda embeddings, loss: loss)


def lines_of_others(
    clips: Side,
    candidates: Side,
    config: LossConfig,
    first: int = 0,
    lines: Lines | None = None,
    *,
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Float[Tensor, ""]:
    """Takes clips x lines for lines x clips: of the same shape, with the lines of other clips."""
    count = candidates.local.shape[1]

    def mixed(x: Tensor) -> Tensor:
        return x.reshape(count, -1, x.shape[-1]).transpose(0, 1)

    wrong = replace(candidates, local=mixed(candidates.local), gathered=mixed(candidates.gathered))
    return right_contrastive(clips, wrong, config, first, lines, temperature=temperature, chunk=chunk)


def matches_over_steps(seed: int) -> Curve:
    """Share of unseen clips whose nearest line is their own, on the way."""
    return learn(seed, lambda embeddings, loss: matched(embeddings), lines=4)


def each_line_alone(
    clips: Side,
    candidates: Side,
    config: LossConfig,
    first: int = 0,
    lines: Lines | None = None,
    *,
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Float[Tensor, ""]:
    """A loss a line, averaged: the sum of logs, where MIL-NCE has the log of a sum."""
    terms = []
    for n in range(candidates.local.shape[1]):
        line = replace(candidates, local=candidates.local[:, n : n + 1], gathered=candidates.gathered[:, n : n + 1])
        same = lines and Lines(lines.local[:, n : n + 1], lines.gathered[:, n : n + 1])
        terms.append(right_contrastive(clips, line, config, first, same, temperature=temperature, chunk=chunk))
    return torch.stack(terms).mean()


def pull_on_the_true_line(seed: int) -> Curve:
    """Of the pull of a clip on its four lines, the share that the one gets that fits (a cosine of 0.9)."""
    random = torch.Generator().manual_seed(seed)
    unit = torch.nn.functional.normalize
    video, noise = unit(torch.randn(PAIRS, 64, generator=random)), torch.randn(PAIRS, 4, 64, generator=random)
    noise = unit(noise - (noise * video[:, None]).sum(-1, keepdim=True) * video[:, None], dim=-1)
    text = noise.clone()
    text[:, 0] = 0.9 * video + math.sqrt(1 - 0.9**2) * noise[:, 0]
    text.requires_grad_()
    config = LossConfig(temperature=0.2)
    losses.vatt_loss(Embeddings(video, video, video, text), pairs(PAIRS, 4), config).mil_nce.backward()
    assert text.grad is not None
    # Along the clip, as far as the line can still turn towards it.
    toward = video[:, None] - (video[:, None] * text).sum(-1, keepdim=True) * text.detach()
    pull = -(text.grad * unit(toward, dim=-1)).sum(-1).detach()
    return [float((pull[:, 0] / pull.sum(1)).mean())]


def zeros_are_a_sound(
    embeddings: Embeddings,
    batch: Batch,
    config: LossConfig,
    gathered: GatheredEmbeddings | None = None,
    *,
    temperature: Temperature | None = None,
    chunk: int = 0,
) -> Losses:
    """Believes the zeros that stand where there is no sound."""
    everywhere = replace(batch, has_audio=torch.ones_like(batch.has_audio))
    return right_loss(embeddings, everywhere, config, gathered, temperature=temperature, chunk=chunk)


def spent_on_the_silent(seed: int) -> Curve:
    """Share of the gradient on the sounds that goes to those that are none, a quarter of them."""
    random = torch.Generator().manual_seed(seed)
    video, audio = torch.randn(2, PAIRS, WIDTH, generator=random)
    silent = torch.arange(PAIRS) < PAIRS // 4
    audio[silent] = audio[0].clone()  # what a tower makes of zeros is the same each time
    audio.requires_grad_()
    batch = replace(pairs(PAIRS), has_audio=~silent)
    losses.vatt_loss(Embeddings(video, audio, video, audio[:, None]), batch, LossConfig()).nce.backward()
    assert audio.grad is not None
    lengths = audio.grad.norm(dim=1)
    return [float(lengths[silent].sum() / lengths.sum())]


def all_count(
    losses: Float[Tensor, " B"], valid: Bool[Tensor, " B"], gathered_valid: Bool[Tensor, " G"], config: LossConfig
) -> Float[Tensor, ""]:
    """Divides by all clips, also by those that have no loss."""
    return (losses * valid).mean()


def share_of_chance(seed: int) -> Curve:
    """The loss of a model that knows nothing over what it must be, where about half of the clips have words."""
    random = torch.Generator().manual_seed(seed)
    has_text = torch.randperm(PAIRS, generator=random) < PAIRS // 2 + int(torch.randint(-1, 2, (), generator=random))
    same = torch.ones(PAIRS, WIDTH)
    batch = replace(pairs(PAIRS), has_text=has_text)
    loss = losses.vatt_loss(Embeddings(same, same, same, same[:, None]), batch, LossConfig()).mil_nce
    return [float(loss) / math.log(PAIRS + int(has_text.sum()))]


def ties_are_hits(similarity: Float[Tensor, "Q Q"]) -> Int[np.ndarray, " Q"]:
    """Counts the items that are more similar than the own one; as similar does not count."""
    own = similarity.diagonal()[:, None]
    return 1 + (similarity > own).sum(1).cpu().numpy()


def collapsed(seed: int) -> Curve:
    """R@1 of a model for which everything is one vector."""
    vector = torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed)).expand(64, WIDTH)
    return [metrics.retrieval(metrics.similarities(vector, vector))["R@1"]]


def columns_for_rows(similarity: Float[Tensor, "Q Q"]) -> Int[np.ndarray, " Q"]:
    """Ranks the queries of each item instead of the items of each query."""
    return right_ranks(similarity.T.contiguous())


def loud_queries(seed: int) -> Curve:
    """R@1 where each query is nearest to its own item, and some queries are near to everything."""
    random = torch.Generator().manual_seed(seed)
    return [metrics.retrieval(0.5 * torch.eye(64) + torch.randn(64, 1, generator=random))["R@1"]]


def one_draw_for_all(seed: int, purpose: str, *owner: int) -> np.random.Generator:
    """Forgets whose numbers these are: every clip, in every epoch, is changed in the same way."""
    return right_generator(seed, purpose)


def views_of_a_clip(seed: int) -> Curve:
    """How many different pictures there are among 16 training views of one clip."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (2, 24, 32, 3)).astype(np.uint8)
    audio = random.uniform(-0.5, 0.5, 64).astype(np.float32)
    spec = ClipSpec(frames=2, height=16, width=16, fps=10.0, short_side=24, samples=64, sample_rate=320, words=4,
                    candidates=1)  # fmt: skip
    views = {train_clip(frames, audio, spec, AugmentConfig(), sampler.generator(seed, "augment", n))[0].tobytes()
             for n in range(16)}  # fmt: skip
    return [float(len(views))]


EXHIBITS = (
    Exhibit("length_counts", "vatt_edu.losses:l2_normalize", length_counts, longer_embeddings,
            "change of the loss", 1.0, True,
            "tests/test_losses.py::test_normalization_of_short_vectors", "contrastive_losses"),
    Exhibit("times_temperature", "vatt_edu.losses:contrastive", times_temperature, loss_over_steps,
            "loss", 3.5, True, "tests/test_losses.py::test_floor_and_ignorance", "contrastive_losses",
            "https://github.com/BAAI-DCAI/M3D/issues/52", steps=10),
    Exhibit("lines_of_others", "vatt_edu.losses:contrastive", lines_of_others, matches_over_steps,
            "share of clips that find their line", 0.5, False,
            "tests/test_losses.py::test_equals_a_loop_at_extreme_temperatures", "contrastive_losses", steps=10),
    Exhibit("each_line_alone", "vatt_edu.losses:contrastive", each_line_alone, pull_on_the_true_line,
            "share of the pull on the line that fits", 0.5, False,
            "tests/test_losses.py::test_equals_a_loop_at_extreme_temperatures", "contrastive_losses"),
    Exhibit("zeros_are_a_sound", "vatt_edu.losses:vatt_loss", zeros_are_a_sound, spent_on_the_silent,
            "share of the gradient on sounds", 0.1, True,
            "tests/test_losses.py::test_equals_a_loop_at_extreme_temperatures", "raw_signals",
            "https://github.com/CASIA-IVA-Lab/VALOR/issues/10"),
    Exhibit("all_count", "vatt_edu.losses:_mean", all_count, share_of_chance,
            "loss over its chance value", 0.9, False,
            "tests/test_losses.py::test_equals_a_loop_at_extreme_temperatures", "contrastive_losses"),
    Exhibit("one_draw_for_all", "vatt_edu.data.loader.sampler:generator", one_draw_for_all, views_of_a_clip,
            "different views among 16", 8.0, False,
            "tests/data/test_transforms.py::test_seeds_differ_by_seed_purpose_and_owner", "raw_signals",
            "https://github.com/pytorch/pytorch/issues/5059"),
    Exhibit("ties_are_hits", "vatt_edu.evaluation.metrics:ranks", ties_are_hits, collapsed,
            "R@1 of a collapsed model", 0.5, True,
            "tests/evaluation/test_metrics.py::test_a_collapsed_model_has_the_last_rank", "evaluation"),
    Exhibit("columns_for_rows", "vatt_edu.evaluation.metrics:ranks", columns_for_rows, loud_queries,
            "R@1 of a search that is perfect in one direction", 0.5, False,
            "tests/evaluation/test_metrics.py::test_rows_are_queries", "evaluation"),
)  # fmt: skip
