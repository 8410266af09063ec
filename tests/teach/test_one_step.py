"""One step by several processes: what a job gives on 1, 2 and 4 of them, and how gradients are compared."""

from pathlib import Path

import pytest
import torch
from helpers.pool import POOL
from helpers.shares import Case

from vatt_edu.teach import one_step
from vatt_edu.teach.one_step import RIGHT, Arm, compare
from vatt_edu.training.pretrain import backward

BOUND = 1e-10  # double precision: sums in another order leave 1e-14
NAIVE = "reduced with each"
ARMS = [Arm(), Arm(RIGHT, 3), Arm(NAIVE, 3), Arm("own rows of the whole loss")]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    case = Case(heads="released", missing=False)
    folder = tmp_path_factory.mktemp("jobs") / "job"
    one_step.write_job(folder, case.model(), case.config, case.batch(0), ARMS, timed=True)
    return folder


@pytest.fixture(scope="module")
def by_world(job: Path) -> dict:
    return {
        1: one_step.run_job(job),
        2: POOL.run(2, one_step.run_job, job)[0],
        4: POOL.run(4, one_step.run_job, job)[3],
    }


@pytest.mark.parametrize("world", [1, 2, 4])
def test_the_package_and_the_costly_way_have_the_gradient_of_one(by_world: dict, world: int) -> None:
    right = by_world[1][0][Arm()].gradient
    for arm in ARMS[:3]:
        result = by_world[world][0][arm]
        assert result.agrees
        assert result.gradient.keys() == right.keys()
        assert compare(result.gradient, right).error < BOUND
        assert result.loss == pytest.approx(by_world[1][0][Arm()].loss, abs=BOUND)


def test_rounds_of_gradients_are_integers(by_world: dict) -> None:
    """Three micro-batches through DistributedDataParallel are three rounds, the package has one."""
    for world in (2, 4):
        assert [by_world[world][0][arm].rounds for arm in ARMS[:3]] == [1, 1, 3]
    assert [by_world[1][0][arm].rounds for arm in ARMS[:3]] == [0, 0, 0]


def test_a_wrong_way_is_seen(by_world: dict) -> None:
    right = by_world[1][0][Arm()].gradient
    for world in (2, 4):
        wrong = compare(by_world[world][0][ARMS[3]].gradient, right)
        assert wrong.error > 0.1
        assert wrong.temperature == pytest.approx(1, abs=BOUND)


def test_every_step_and_message_is_timed(by_world: dict) -> None:
    for world in (1, 2, 4):
        times = by_world[world][1]
        assert len(times.steps) == one_step.TIMES
        assert list(times.messages) == ([8 * n for n in one_step.MESSAGES] if world > 1 else [])
        assert all(len(seconds) == one_step.TIMES and min(seconds) > 0 for seconds in times.messages.values())


def test_a_job_is_run_under_torchrun_and_read_again(job: Path, by_world: dict) -> None:
    """The one test that starts processes as the page does."""
    from vatt_edu.teach import shell

    line = f"torchrun --standalone --nproc-per-node 2 -m vatt_edu.teach.one_step {job.name}"
    assert f"{job.name}: {len(ARMS)} gradients on 2 processes" in shell.run(line, job.parent, timeout=200.0)
    results, times = one_step.read_results(job, 2)
    assert times is not None
    for arm, result in by_world[2][0].items():
        assert all(torch.equal(value, result.gradient[name]) for name, value in results[arm].gradient.items())


def test_compared_by_hand() -> None:
    """Towers (3, 4) against (5, 0): cosine 3/5, equal lengths, difference (-2, 4); the temperature by itself."""
    ours = {
        "video.a": torch.tensor([3.0]),
        "common_space.b": torch.tensor([4.0]),
        "log_temperature": torch.tensor([6.0]),
    }
    right = ours | {"video.a": torch.tensor([5.0]), "common_space.b": torch.tensor([0.0])}
    right["log_temperature"] = torch.tensor([-2.0])
    it = compare(ours, right)
    assert (it.cosine, it.length, it.temperature) == pytest.approx((0.6, 1.0, -3.0))
    assert it.error == pytest.approx(20**0.5 / 5)
    assert compare(ours, right, "video").length == pytest.approx(3 / 5)


def test_ways_train_on_the_whole_batch(tmp_path: Path) -> None:
    """By any number of processes the right way prints what is meant; a wrong one does not, from the first step on."""
    case, arms = Case(missing=False), [Arm(), Arm(RIGHT, 3), Arm("local negatives")]
    one_step.write_job(tmp_path, case.model(), case.config, case.batch(0), arms, steps=4)
    alone, two = one_step.run_job(tmp_path)[0], POOL.run(2, one_step.run_job, tmp_path)[1][0]
    expected = trained_by_hand(case, 4)
    assert [printed for printed, _ in alone[Arm()].curve] == pytest.approx(expected, rel=1e-9)
    for results, arm in ((alone, Arm()), (two, Arm())):
        assert [row[0] for row in results[arm].curve] == pytest.approx([row[1] for row in results[arm].curve])
    assert expected[-1] < expected[0]
    wrong = two[Arm("local negatives")].curve
    assert wrong[0][0] < wrong[0][1] - 0.1  # fewer negatives: a lower number
    assert two[Arm()].curve[0][1] == pytest.approx(wrong[0][1], rel=1e-9)  # the same weights
    assert [wrong[n][1] for n in (1, 2, 3)] != pytest.approx([two[Arm()].curve[n][1] for n in (1, 2, 3)], rel=1e-4)


def trained_by_hand(case: Case, steps: int) -> list[float]:
    """Losses of the whole batch under Adam, on one process."""
    model, batch = case.model(), case.batch(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=one_step.RATE)
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        losses.append(backward(model, batch, case.config, step).total.item())
        optimizer.step()
    return losses


def test_parts_of_the_model() -> None:
    case = Case()
    parts = {one_step.part_of(name) for name, _ in case.model().named_parameters()}
    assert parts == {"video", "audio", "text", "heads", "temperature"}


def test_gradients_are_compared_by_name_and_not_by_their_order() -> None:
    gradient = {"video.a": torch.tensor([1.0, 2.0]), "audio.b": torch.tensor([3.0]), "temperature": torch.tensor(1.0)}
    turned = dict(reversed(gradient.items()))
    assert one_step.compare(turned, gradient).error == 0
