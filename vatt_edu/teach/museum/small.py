"""What the exhibits are measured on: a VATT of a few thousand numbers, random clips, and pairs that can be learned."""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from vatt_edu import losses
from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import (
    AudioConfig,
    CommonSpaceConfig,
    DropTokenConfig,
    EncoderConfig,
    LossConfig,
    ModelConfig,
    TextConfig,
    VideoConfig,
)
from vatt_edu.evaluation.metrics import similarities
from vatt_edu.model import VATT

ENCODER = EncoderConfig(layers=2, width=32, ff_width=64, heads=4, head_width=8, dropout=0.0)
WIDTH = 16  # of what clip and line have in common
PAIRS = 32


def model_config(dropout: float = 0.0) -> ModelConfig:
    """Of a VATT with 48 tokens of video, 24 of audio and 8 words."""
    encoder = replace(ENCODER, dropout=dropout)
    return ModelConfig(
        video=VideoConfig(frames=4, height=16, width=24, tubelet=(2, 4, 4), encoder=encoder),
        audio=AudioConfig(samples=192, patch=8, encoder=encoder),
        text=TextConfig(
            vocab=64, words=8, embedding_width=16, train_words=True, encoder=replace(encoder, layers=1)
        ),
        droptoken=DropTokenConfig(sharing="sample"),
        common_space=CommonSpaceConfig(va_width=16, vt_width=8),
    )  # fmt: skip


def model(seed: int, dropout: float = 0.0) -> VATT:
    """A VATT with random weights, in training mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return VATT(model_config(dropout))


def clips(seed: int, count: int = 8, lines: int = 2) -> Batch:
    """Random clips, all complete."""
    random = torch.Generator().manual_seed(seed)
    config = model_config()
    yes = torch.ones(count, dtype=torch.bool)
    return Batch(
        video=torch.randint(0, 256, (count, *config.video.clip, 3), generator=random).to(torch.uint8),
        audio=2 * torch.rand(count, config.audio.samples, generator=random) - 1,
        text=torch.randint(1, config.text.vocab, (count, lines, config.text.words), generator=random),
        has_video=yes, has_audio=yes, has_text=yes,
        index=torch.arange(count) + 1_000 * seed,
        text_id=torch.arange(count * lines).reshape(count, lines),
    )  # fmt: skip


def pairs(count: int, lines: int = 1) -> Batch:
    """A batch of which only the masks matter: clips of features that ``learn`` makes."""
    yes = torch.ones(count, dtype=torch.bool)
    ids = torch.arange(count * lines).reshape(count, lines)
    return Batch(
        torch.zeros(count, 1, 1, 1, 3), torch.zeros(count, 1), ids[..., None] + 1, yes, yes, yes, ids[:, 0], ids
    )


def distance(x: Float[Tensor, "B D"], y: Float[Tensor, "B D"]) -> float:
    """One minus the cosine, the mean over rows."""
    return float((1 - torch.cosine_similarity(x, y)).mean())


def learn(
    seed: int, watch: Callable[[Embeddings, float], float], lines: int = 1, steps: int = 80, every: int = 10
) -> list[float]:
    """Trains one matrix a side to match clips with lines, with the package's loss; what ``watch`` sees on the way.

    A clip and its line are two noisy views of one hidden vector; with several lines, one of them is, and the others are
    noise. Every batch is new.

    Args:
        seed: Of everything.
        watch: From the embeddings of 64 pairs that are not trained on, with one line each, and the loss of the step.
        lines: Candidates of a clip.
        steps: Of Adam.
        every: Steps between two looks.
    """
    random = torch.Generator().manual_seed(seed)
    mix = [torch.randn(WIDTH, 2 * WIDTH, generator=random) for _ in range(2)]
    maps = [(0.2 * torch.randn(2 * WIDTH, WIDTH, generator=random)).requires_grad_() for _ in range(2)]
    optimizer = torch.optim.Adam(maps, lr=5e-3)

    def draw(count: int, lines: int) -> Embeddings:
        hidden = torch.randn(count, WIDTH, generator=random)
        clip, line = (hidden @ one + torch.randn(count, 2 * WIDTH, generator=random) for one in mix)
        noise = 4 * torch.randn(count, lines - 1, 2 * WIDTH, generator=random)
        text = torch.cat([line[:, None], noise], 1)
        video, text = clip @ maps[0], text @ maps[1]
        return Embeddings(video, text[:, 0], video, text)

    values = []
    for step in range(steps + 1):
        embeddings = draw(PAIRS, lines)
        loss = losses.vatt_loss(embeddings, pairs(PAIRS, lines), LossConfig()).mil_nce
        if step % every == 0:
            with torch.no_grad():
                values.append(watch(draw(2 * PAIRS, 1), float(loss)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return values


def matched(embeddings: Embeddings) -> float:
    """Share of clips whose nearest line is their own."""
    cosines = similarities(embeddings.video_vt, embeddings.text_vt[:, 0])
    return float((cosines.argmax(1) == torch.arange(len(cosines))).double().mean())
