"""Short runs: the package's loss, learning that shows, and runs that are the same in whatever company."""

import numpy as np
import pytest
import torch

from vatt_edu.config import LossConfig
from vatt_edu.evaluation import metrics
from vatt_edu.losses import Side, contrastive
from vatt_edu.teach.short_runs import Bench, Gallery, Recipe, nce, similarities

RECIPE = Recipe(width=4, steps=20, clips=24)


def gallery(count: int, seed: int) -> Gallery:
    """Clips of which three numbers are seen and told, and the others are noise of either side."""
    random = torch.Generator().manual_seed(seed)
    shared, text, video = (torch.randn(count, width, generator=random) for width in (3, 5, 4))
    return Gallery(torch.cat([shared, text], 1), torch.cat([video, shared], 1))


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(gallery(96, 0), {"val": gallery(32, 1), "test": gallery(40, 2)})


def test_the_loss_is_the_packages() -> None:
    random = torch.Generator().manual_seed(0)
    lines, clips = torch.randn(2, 3, 8, 5, generator=random, dtype=torch.float64)
    heads = [torch.eye(5, dtype=torch.float64).expand(3, 5, 5)] * 2
    ours = nce(similarities((lines, clips), heads), 0.2)
    every = torch.ones(8, dtype=torch.bool)
    config = LossConfig(temperature=0.2)
    for run in range(3):
        one = Side(lines[run], every, lines[run], every)
        other = Side(clips[run][:, None], every, clips[run][:, None], every)
        # Two sums of 16 terms in other orders, in float64.
        assert float(ours[run]) == pytest.approx(float(contrastive(one, other, config, 0)), abs=1e-12)


def test_runs_learn_and_ranks_are_the_packages(bench: Bench) -> None:
    before = bench.run(Recipe(width=4, steps=0, clips=24), range(6))
    after = bench.run(RECIPE, range(6))
    for name, count in (("val", 32), ("test", 40)):
        assert after[name].ranks.shape == (6, count)
        assert (after[name].losses < before[name].losses).all()
        assert after[name].recalls().mean() > 1.5 * 500 / count  # guessing finds 5 of them
    assert before["test"].recalls(40).tolist() == [100.0] * 6


def test_ranks_count_everything_against(bench: Bench) -> None:
    runs = bench.run(RECIPE, [3])["val"]
    val = bench.galleries["val"]
    random = [torch.Generator().manual_seed(2 * 3 + side) for side in (0, 1)]
    heads = [torch.randn(x.shape[1], 4, generator=draw)[None] / x.shape[1] ** 0.5
             for x, draw in zip((val.text, val.video), random, strict=True)]  # fmt: skip
    untrained = bench.run(Recipe(width=4, steps=0, clips=24), [3])["val"]
    cosines = similarities((val.text, val.video), heads)[0]
    assert untrained.ranks[0].tolist() == metrics.ranks(cosines).tolist()
    assert runs.ranks[0].tolist() != untrained.ranks[0].tolist()


def test_a_run_is_a_function_of_its_seed_and_its_order(bench: Bench) -> None:
    together = bench.run(RECIPE, [5, 6, 7])["test"]
    alone = bench.run(RECIPE, [6])["test"]
    # Sums of other shapes may be taken in another order, in float32, over 20 steps of Adam.
    assert alone.losses[0] == pytest.approx(together.losses[1], abs=1e-4)
    other = bench.run(RECIPE, [5, 6, 7], orders=[8, 9, 10])["test"]
    again = bench.run(RECIPE, [5, 6, 7], orders=[5, 6, 7])["test"]
    assert np.array_equal(again.ranks, together.ranks)
    assert not np.array_equal(other.ranks, together.ranks)


def test_components_are_standardized_by_what_is_learned_from() -> None:
    train, val = gallery(500, 3), gallery(20, 4)
    bench = Bench(Gallery(7 + 3 * train.text, train.video), {"val": Gallery(7 + 3 * val.text, val.video)})
    assert torch.allclose(bench.train.text.mean(0), torch.zeros(8), atol=1e-5)
    assert torch.allclose(bench.train.text.std(0), torch.ones(8), atol=1e-4)
    plain = Bench(train, {"val": val})
    assert torch.allclose(bench.galleries["val"].text, plain.galleries["val"].text, atol=1e-4)
