"""Two views of a clip: the loss within a modality against a loop, the tokens of each view, and who learns from it."""

import math
from dataclasses import replace

import pytest
import torch
from helpers import tiny

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import Config, LossConfig
from vatt_edu.errors import UserError
from vatt_edu.model import VATT
from vatt_edu.training import pretrain
from vatt_edu.training.contents import Contents
from vatt_edu.training.views import SECOND, halves, twice, within_loss

WITHIN = LossConfig(weight_va=0.0, weight_vt=0.0, weight_within=1.0)


def config(loss: LossConfig = WITHIN) -> Config:
    return Config(seed=3, model=tiny.model_config(), loss=loss)


def clips() -> Batch:
    batch = tiny.random_batch(tiny.model_config(), 6, dtype=torch.float64)
    return replace(batch, has_audio=torch.arange(6) != 2)


def views(seed: int) -> Embeddings:
    random = torch.Generator().manual_seed(seed)
    columns = [torch.randn(6, 10, dtype=torch.float64, generator=random) for _ in range(3)]
    return Embeddings(*columns, torch.randn(6, 3, 10, dtype=torch.float64, generator=random))


def by_loop(x: torch.Tensor, y: torch.Tensor, valid: torch.Tensor, temperature: float) -> float:
    """NCE as released, pair by pair: one denominator for both directions, the positive in it twice."""
    places = [i for i in range(len(x)) if valid[i]]
    cosine = {(i, j): torch.cosine_similarity(x[i], y[j], dim=0).item() for i in places for j in places}
    losses = []
    for i in places:
        row = sum(math.exp(cosine[i, j] / temperature) for j in places)
        column = sum(math.exp(cosine[j, i] / temperature) for j in places)
        losses.append(math.log(row + column) - cosine[i, i] / temperature)
    return sum(losses) / len(losses)


def test_the_loss_is_the_mean_of_two_loops() -> None:
    first, second, batch = views(0), views(1), clips()
    expected = [
        by_loop(first.video_va, second.video_va, batch.has_video, 0.07),
        by_loop(first.audio_va, second.audio_va, batch.has_audio, 0.07),
    ]
    loss = within_loss((first, second), batch, WITHIN)
    assert loss.item() == pytest.approx(sum(expected) / 2, rel=1e-12)  # float64, another order of adding


def test_a_model_that_knows_nothing_is_at_chance() -> None:
    same = torch.ones(6, 8)
    flat = Embeddings(same, same, same, same[:, None])
    batch = replace(clips(), has_audio=torch.ones(6, dtype=torch.bool))
    assert within_loss((flat, flat), batch, WITHIN).item() == pytest.approx(math.log(12), abs=1e-6)  # float32


def test_the_first_view_is_the_usual_one_and_the_second_has_other_tokens() -> None:
    model, batch = VATT(tiny.model_config()).double().train(), clips()
    both = twice(batch)
    assert torch.equal(both.video[:6], both.video[6:])
    assert (both.index[6:] - both.index[:6]).unique().tolist() == [SECOND]
    usual, tokens = (model.draw_kept(one.index, 3, 0) for one in (batch, both))
    for name in ("video", "audio"):
        assert torch.equal(tokens[name][:6], usual[name])
        rows = zip(tokens[name][:6].tolist(), tokens[name][6:].tolist(), strict=True)
        assert any(set(a) != set(b) for a, b in rows), name


def test_halves_undo_twice() -> None:
    a, b = views(0), views(1)
    columns = (torch.cat([x, y]) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))
    for half, whole in zip(halves(Embeddings(*columns)), (a, b), strict=True):
        assert all(torch.equal(x, y) for x, y in zip(vars(half).values(), vars(whole).values(), strict=True))


def gradients(loss: LossConfig) -> dict[str, float]:
    torch.manual_seed(0)
    model = VATT(tiny.model_config()).double().train()
    pretrain.backward(model, clips(), config(loss), 0)
    return {name: float(p.grad.abs().max()) for name, p in model.named_parameters() if p.grad is not None}


def test_both_towers_learn_without_a_loss_that_crosses_and_words_do_not() -> None:
    sizes = gradients(WITHIN)
    for part in ("video.tokenizer.weight", "audio.tokenizer.weight"):
        assert sizes[part] > 0
    assert {size for name, size in sizes.items() if name.startswith("text.")} == {0.0}


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(UserError, match=r"nor both zero without loss\.weight_within"):
        LossConfig(weight_va=0.0, weight_vt=0.0)
    with pytest.raises(UserError, match=r"train\.micro_batch must be 0"):
        replace(config(), train=replace(config().train, micro_batch=2))


def test_clips_of_one_modality_are_something_to_learn_from() -> None:
    mute = Contents(3, 3, picture=3)
    assert mute.can_learn(WITHIN)
    assert not mute.can_learn(LossConfig())
