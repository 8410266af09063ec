"""The gradient of many processes and micro-batches: the right one, what it costs, and that wrong ones are seen."""

from typing import Any

import pytest
import torch
from helpers import shares
from helpers.pool import POOL
from helpers.shares import Case
from torch import Tensor

from vatt_edu.training.distributed.recipes import RECIPES

BOUND = 1e-10  # double precision: sums in another order leave 1e-14


def flat(gradients: dict[str, Tensor], temperature: bool = False) -> Tensor:
    """All gradients but the temperature's as one vector; or that alone."""
    return torch.cat([g.flatten() for n, g in gradients.items() if (n == "log_temperature") == temperature])


def compared(result: dict[str, Any], reference: dict[str, Any]) -> tuple[float, float, float]:
    """Cosine and length of a gradient, each against the right one, and the same of the temperature's length."""
    ours, theirs = flat(result["gradients"]), flat(reference["gradients"])
    degrees = [flat(r["gradients"], temperature=True) for r in (result, reference)]
    cosine = torch.nn.functional.cosine_similarity(ours, theirs, dim=0)
    return float(cosine), float(ours.norm() / theirs.norm()), float(degrees[0] / degrees[1])


@pytest.mark.parametrize("world", [1, 2])
def test_dropout_and_dropped_tokens_are_the_same_in_both_passes(world: int) -> None:
    """Against the same micro-batches in one graph, where nothing has to be computed twice."""
    case = Case(micro_batch=3, dropout=0.3)
    cached = POOL.run(world, shares.train, case)[0]
    graph = POOL.run(world, shares.train_in_one_graph, case)[0]
    for name, gradient in graph["gradients"].items():
        assert (cached["gradients"][name] - gradient).abs().max() <= BOUND * gradient.abs().max().clamp(min=1e-3), name
    assert cached["trace"][0] == pytest.approx(graph["trace"][0], rel=BOUND)
    still = POOL.run(world, shares.train, Case(micro_batch=3))[0]
    assert abs(still["trace"][0][2] - cached["trace"][0][2]) > 1e-4, "dropout does nothing, so nothing is replayed"


@pytest.mark.parametrize("micro_batch", [0, 3, 2])
def test_one_round_of_gradients_a_step(micro_batch: int) -> None:
    """Every collective of a step, in how many micro-batches ever: each weight's gradient travels once."""
    first, *rest = POOL.run(2, shares.collectives, Case(heads="paper", micro_batch=micro_batch))
    assert rest == [first]
    norms, numel = first["norms"], first["numel"]
    assert norms >= 3
    # Going: statistics of each norm, embeddings, masks and lines. Coming back: statistics and embeddings.
    assert first["all_gather"] == norms + 2
    assert first["all_reduce"] == norms + 1 + 1  # and the mean of the losses, which has no way back
    assert first["gradient_rounds"] == 1
    assert first["gradient_numbers"] == numel
    assert first["others"] == 0


def test_the_right_one_has_angle_zero_and_length_one() -> None:
    reference = shares.train(Case())
    for world, micro_batch in ((2, 0), (2, 2), (1, 3)):
        result = POOL.run(world, shares.train, Case(micro_batch=micro_batch))[0]
        assert compared(result, reference) == pytest.approx((1, 1, 1), abs=BOUND)


PLANTED = {
    "local negatives": (2, 0),
    "gather without gradient": (2, 0),
    "own rows of the whole loss": (2, 0),
    "plain accumulation": (1, 3),
    "cache without replay": (1, 3),
    "norms in pieces": (2, 0),
}


def test_every_wrong_recipe_is_planted() -> None:
    assert PLANTED.keys() == RECIPES.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_a_planted_recipe_is_seen(name: str) -> None:
    """What is published as the gradient of the batch is another one, by far more than the bound above."""
    world, micro_batch = PLANTED[name]
    result = POOL.run(world, shares.train, Case(micro_batch=micro_batch), 1, RECIPES[name])[0]
    angle, length, degree = compared(result, shares.train(Case()))
    assert max(abs(angle - 1), abs(length - 1), abs(degree - 1)) > 1e-3


def test_own_rows_of_the_whole_loss_are_half_of_the_towers_and_all_of_the_temperature() -> None:
    """The published one, in numbers: the direction is right, so nobody sees it but who looks at the length."""
    case = Case(heads="flat")  # without norms, whose statistics carry gradients between processes in their own way
    result = POOL.run(2, shares.train, case, 1, RECIPES["own rows of the whole loss"])[0]
    assert compared(result, shares.train(case)) == pytest.approx((1, 1 / 2, 1), abs=BOUND)


def test_norms_in_pieces_on_one_process() -> None:
    reference = shares.train(Case())
    angles = []
    for micro_batch in (6, 3, 2):
        result = POOL.run(1, shares.train, Case(micro_batch=micro_batch), 1, RECIPES["norms in pieces"])[0]
        angles.append(compared(result, reference)[0])
    assert angles == sorted(angles, reverse=True)  # the smaller the pieces, the farther away
    assert angles[0] < 1 - 1e-4
    without = Case(heads="flat", micro_batch=2)
    result = POOL.run(1, shares.train, without, 1, RECIPES["norms in pieces"])[0]
    assert compared(result, shares.train(Case(heads="flat"))) == pytest.approx((1, 1, 1), abs=BOUND)
