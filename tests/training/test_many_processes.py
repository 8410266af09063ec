"""One process against many, one batch against micro-batches: real processes, in double precision (gloo, on a CPU).

Equal means 1e-10 (design: float64). What is computed is the same sum in another order; with values of about 1 that
leaves 1e-14, and ten steps of descent leave less than 1e-11.
"""

from typing import Any

import pytest
import torch
from helpers import shares
from helpers.pool import POOL
from helpers.shares import Case

BOUND = 1e-10
WORLDS = (1, 2, 4)

CASES = {
    "plain": Case(),
    "uneven_micro_batches": Case(micro_batch=5, loss_chunk=5),  # 5 + 5 + 2 of 12 clips, 5 + 1 of 6, 3 of 3
    "micro_batches_of_2": Case(micro_batch=2, loss_chunk=2),  # of 3: 2 + 1
    "released_heads": Case(heads="released", micro_batch=2),
    "no_norms": Case(heads="flat", micro_batch=2),
    "frozen_video": Case(frozen="video", micro_batch=2),
    "frozen_text": Case(frozen="text"),
    "nothing_missing": Case(missing=False, micro_batch=2),
    "all_tokens": Case(keep=1.0),
    "clipped": Case(clip_norm=0.01, micro_batch=2),
    "agnostic": Case(backbone="agnostic", micro_batch=2),
    "two_views": Case(within=1.0, loss_chunk=2),
}


def together(world: int, *arguments: Any) -> dict[str, Any]:
    """What each process has after training; it must be one result."""
    results = POOL.run(world, shares.train, *arguments)
    for other in results[1:]:
        assert other["trace"] == results[0]["trace"]
        for name, value in other["state"].items():
            assert torch.equal(value, results[0]["state"][name]), name
    return results[0]


def distance(ours: dict[str, Any], theirs: dict[str, Any], part: str) -> float:
    """The largest difference, as a share of the largest value."""
    assert ours[part].keys() == theirs[part].keys()
    largest = max(value.abs().max() for value in theirs[part].values())
    return max(float((value - theirs[part][name]).abs().max() / largest) for name, value in ours[part].items())


def require_equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for name, gradient in theirs["gradients"].items():
        bound = BOUND * gradient.abs().max().clamp(min=1e-3)
        assert (ours["gradients"][name] - gradient).abs().max() <= bound, name
    assert ours["gradients"].keys() == theirs["gradients"].keys()
    assert distance(ours, theirs, "state") <= BOUND
    torch.testing.assert_close(torch.tensor(ours["trace"]), torch.tensor(theirs["trace"]), rtol=0, atol=BOUND)


@pytest.fixture(scope="module")
def alone() -> dict[str, dict[str, Any]]:
    """Each case on one process, in one piece."""
    return {}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("world", WORLDS)
def test_one_process_against_many(alone: dict[str, dict[str, Any]], name: str, world: int) -> None:
    case = CASES[name]
    whole = Case(**vars(case) | {"micro_batch": 0, "loss_chunk": 0})
    if whole not in alone:
        alone[whole] = shares.train(whole, 10)
    result = together(world, case, 10)
    require_equal(result, alone[whole])
    start = {"state": dict(case.model().state_dict())}
    assert distance(result, start, "state") > 1e-3, "it does not learn, so it cannot differ"


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("valid", ["all", "some", "none_on_the_last", "one", "none"])
def test_a_batch_norm_over_processes_is_one_over_the_whole_batch(world: int, valid: str) -> None:
    """Also far from zero, where a variance as a difference of large numbers would be nothing but rounding."""
    rows, places = 16, torch.arange(16)
    masks = {
        "all": places >= 0, "some": places % 3 > 0, "none_on_the_last": places < 12, "one": places == 5,
        "none": places < 0,
    }  # fmt: skip
    values = 1e4 + torch.randn(rows, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    whole = shares.norms(values, masks[valid])
    shared = POOL.run(world, shares.norms, values, masks[valid])
    # Rounding of values of 1e4 is 1e-12, and one valid row alone is divided by sqrt(1e-5).
    for name in ("y", "x"):
        torch.testing.assert_close(torch.cat([part[name] for part in shared]), whole[name], rtol=0, atol=1e-8)
    for name in ("weight", "bias", "running_mean", "running_var"):
        for part in shared:
            torch.testing.assert_close(part[name], whole[name], rtol=1e-10, atol=1e-8)
    if valid == "all":
        theirs = torch.nn.BatchNorm1d(3, momentum=0.1).double().train()
        theirs(values)
        torch.testing.assert_close(theirs.running_mean, whole["running_mean"], rtol=1e-12, atol=0)
        # nn.SyncBatchNorm and this one track the unbiased variance, Keras and ours the biased.
        unbiased = 0.9 + (whole["running_var"] - 0.9) * rows / (rows - 1)
        torch.testing.assert_close(theirs.running_var, unbiased, rtol=1e-9, atol=0)


@pytest.mark.parametrize("world", [1, 2, 4])
def test_gathered_rows_and_their_gradient(world: int) -> None:
    """Process r weighs everyone's rows by r + 1: the gradient of each row is the sum of the weights."""
    results = POOL.run(world, shares.gathered_rows)
    everyone = torch.cat([rows for rows, _, _ in results])
    for _, gathered, gradient in results:
        assert torch.equal(gathered, everyone)
        assert torch.equal(gradient, torch.full((3, 2), world * (world + 1) / 2, dtype=torch.float64))
