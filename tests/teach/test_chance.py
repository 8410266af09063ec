"""Chance, floor and start of a loss by formula, against the losses themselves, and against what others reported."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vatt_edu.batch import Batch, Embeddings
from vatt_edu.config import LossConfig
from vatt_edu.losses import vatt_loss
from vatt_edu.teach.chance import (
    FORMS,
    OURS,
    PLATEAUS,
    Setting,
    chance_of,
    head_start,
    mean_chance,
    start_excess,
)


def batch_of(has: torch.Tensor, text_id: torch.Tensor) -> Batch:
    """Signals do not matter; ``has`` holds three rows of masks."""
    size = len(text_id)
    return Batch(
        torch.zeros(size, 1, 1, 1, 3), torch.zeros(size, 1), torch.zeros(*text_id.shape, 1, dtype=torch.int64),
        *has, index=torch.arange(size), text_id=text_id,
    )  # fmt: skip


def constant(size: int, lines: int) -> Embeddings:
    same = torch.full((size, 3), 0.7, dtype=torch.float64)
    return Embeddings(same, same, same, same[:, None].expand(size, lines, 3))


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 9), lines=st.integers(1, 4), form=st.sampled_from(OURS),
    line_masking=st.booleans(), temperature=st.sampled_from([0.07, 0.2, 1.0]),
)  # fmt: skip
def test_chance_is_the_loss_at_constant_embeddings(
    seed: int, size: int, lines: int, form: str, line_masking: bool, temperature: float
) -> None:
    """Every form, signals missing, lines shared. Double precision leaves 1e-15 of a loss of about 4."""
    g = torch.Generator().manual_seed(seed)
    batch = batch_of(torch.rand(3, size, generator=g) > 0.3, torch.randint(-1, 6, (size, lines), generator=g))
    config = LossConfig(form, temperature, line_masking=line_masking)
    losses = vatt_loss(constant(size, lines), batch, config)
    nce, mil_nce = chance_of(batch, config)
    assert nce == pytest.approx(losses.nce.item(), abs=1e-9)
    assert mil_nce == pytest.approx(losses.mil_nce.item(), abs=1e-9)


@pytest.mark.parametrize("form", OURS)
@pytest.mark.parametrize(("clips", "valid", "lines", "hidden"), [(40, 40, 1, 0), (40, 32, 4, 0), (6, 6, 2, 2)])
def test_a_setting_is_a_batch_with_those_counts(form: str, clips: int, valid: int, lines: int, hidden: int) -> None:
    """Hidden: each clip's lines are also those of one neighbor."""
    ids = np.arange(clips * lines).reshape(clips, lines)
    if hidden:
        ids[1::2] = ids[::2]
    has_candidate = np.arange(clips) < valid
    expected = mean_chance(form, np.ones(clips, bool), has_candidate, ids)
    assert Setting(form, clips, valid, lines, hidden).chance == pytest.approx(expected, abs=1e-12)


def test_numbers_of_the_toy_by_hand() -> None:
    """40 clips, of which 32 are narrated."""
    assert Setting("asymmetric", 40).chance == pytest.approx(math.log(80))
    assert Setting("asymmetric", 40, 32, 4).chance == pytest.approx(math.log(72))
    assert Setting("paper", 40).chance == pytest.approx(math.log(79))
    assert Setting("symmetric", 40).chance == pytest.approx(2 * math.log(40))
    assert Setting("clip", 40).chance == pytest.approx(math.log(40))
    assert Setting("simclr", 40).chance == pytest.approx(2 * math.log(79))


@pytest.mark.parametrize("plateau", PLATEAUS, ids=lambda plateau: plateau.name)
def test_public_plateaus_are_chance(plateau) -> None:
    """To every digit that was printed; one of them printed two digits and dots, and is 4.852 in full."""
    seen = plateau.seen
    digits = len(seen.partition(".")[2])
    chance = plateau.setting.chance
    assert f"{chance:.{digits}f}" == seen or (seen == "4.8" and f"{chance:.3f}" == "4.852")


def direction_loss(form: str, x: torch.Tensor, y: torch.Tensor, temperature: float) -> float:
    """MIL-NCE of clips ``(B, D)`` and lines ``(B, L, D)``; or what others' forms are, from their definitions."""
    if form in OURS:
        size, lines, _ = y.shape
        yes = torch.ones(3, size, dtype=torch.bool)
        batch = batch_of(yes, torch.full((size, lines), -1))
        config = LossConfig(form, temperature)
        return vatt_loss(Embeddings(x, x, x, y), batch, config).mil_nce.item()
    a, b = (torch.nn.functional.normalize(v, dim=-1) for v in (x, y[:, 0]))
    if form == "clip":
        s, own = a @ b.T / temperature, torch.arange(len(a))
        return sum(torch.nn.functional.cross_entropy(t, own).item() for t in (s, s.T)) / 2
    views = torch.cat([a, b])
    s = views @ views.T / temperature
    positives = torch.cat([(a * b).sum(1)] * 2) / temperature
    s.fill_diagonal_(-math.inf)
    mean = (s.logsumexp(1) - positives).mean().item()
    return mean * (2 if form == "simclr" else temperature / 0.07)


def simplex(count: int) -> torch.Tensor:
    return torch.eye(count, dtype=torch.float64) - 1 / count


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("temperature", [0.07, 0.2, 1.0])
def test_a_simplex_meets_the_floor(form: str, temperature: float) -> None:
    for size in (2, 7):
        x = simplex(size)
        for lines in (1, 3) if form in OURS else (1,):
            y = x[:, None].expand(-1, lines, -1)
            floor = Setting(form, size, lines=lines, temperature=temperature).floor
            assert direction_loss(form, x, y, temperature) == pytest.approx(floor, abs=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_falls_below_the_floor(form: str) -> None:
    """Descent from random starts ends above the floor, and near it: 0.02 of a floor of about 1."""
    lines = 2 if form in OURS else 1
    g = torch.Generator().manual_seed(0)
    x = torch.randn(5, 6, dtype=torch.float64, generator=g).requires_grad_()
    y = torch.randn(5, lines, 6, dtype=torch.float64, generator=g).requires_grad_()
    optimizer = torch.optim.Adam([x, y], lr=0.1)
    floor = Setting(form, 5, lines=lines, temperature=0.5).floor

    def loss() -> torch.Tensor:
        a, b = (torch.nn.functional.normalize(v, dim=-1) for v in (x, y))
        s = torch.einsum("id,jld->ijl", a, b) / 0.5
        own = torch.arange(5)
        matched, row, column = s[own, own].logsumexp(1), s.flatten(1).logsumexp(1), s.transpose(0, 1).flatten(1)
        column = column.logsumexp(1)
        return (row + column - 2 * matched).mean()  # its optimum is that of every form

    for _ in range(150):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    end = direction_loss(form, x.detach(), y.detach(), 0.5)
    if form in ("simclr", "supcon"):  # whose positives are counted in another way: they are met, and no more
        assert end >= floor - 1e-9
    else:
        assert floor - 1e-9 <= end <= floor + 0.02


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 6), lines=st.integers(1, 3), form=st.sampled_from(OURS))
def test_the_floor_holds_where_partners_are_missing(seed: int, size: int, lines: int, form: str) -> None:
    """Extra clips and missing lines, a temperature at which random loss and floor are close."""
    g = torch.Generator().manual_seed(seed)
    x, y = torch.randn(size, 3, generator=g).double(), torch.randn(size, lines, 3, generator=g).double()
    has = torch.ones(3, size, dtype=torch.bool)
    has[2] = torch.rand(size, generator=g) > 0.4
    has[2, 0] = True
    losses = vatt_loss(Embeddings(x, x, x, y), batch_of(has, torch.full((size, lines), -1)), LossConfig(form, 5.0))
    setting = Setting(form, size, int(has[2].sum()), lines, temperature=5.0)
    assert losses.mil_nce.item() >= setting.floor - 1e-9


def test_the_floor_of_hidden_lines_is_the_doubled_positive() -> None:
    assert Setting("asymmetric", 40, 32, 4, hidden=3).floor == math.log(2)
    assert Setting("paper", 40, 32, 4, hidden=3).floor == 0
    assert Setting("asymmetric", 1).floor == math.log(2), "a clip alone has nothing wrong"


def test_a_fall_is_at_most_so_many_nats() -> None:
    """Chance less floor stays below (1 + 1 / (B - 1)) / tau, and comes near it where tau is large."""
    for clips in (2, 40, 2_048):
        for temperature in (0.05, 0.2, 1.0, 10.0):
            setting = Setting("asymmetric", clips, temperature=temperature)
            most = clips / (clips - 1) / temperature
            assert 0 < setting.chance - setting.floor <= most + 1e-9
    assert Setting("asymmetric", 2_048, temperature=1.0).floor == pytest.approx(math.log(4096) - 1, abs=0.01)


def test_random_directions_start_above_chance() -> None:
    """Mean of 200 batches of 40: its standard error is below 0.005, and terms of the next order are below 0.02."""
    g = torch.Generator().manual_seed(0)
    for lines, temperature, width in ((1, 0.2, 128), (1, 0.12, 128), (4, 0.2, 64)):
        x, y = (torch.nn.functional.normalize(torch.randn(200, *shape, generator=g), dim=-1)
                for shape in ((40, width), (40, lines, width)))  # fmt: skip
        s = torch.einsum("nid,njld->nijl", x, y) / temperature
        matched = torch.einsum("niil->nil", s).logsumexp(2)
        both = torch.cat([s, s.transpose(1, 2)], 2).flatten(2).logsumexp(2)
        excess = (both - matched).mean().item() - math.log(80)
        assert excess == pytest.approx(start_excess(temperature, width, lines), abs=0.03)


def test_the_doubled_positive_is_a_head_start_of_the_printed_loss() -> None:
    """asymmetric = ln 2 + printed, with tau ln 2 added to each right cosine of the denominators and numerator."""
    g = torch.Generator().manual_seed(1)
    cosines = torch.rand(6, 6, generator=g).double() * 2 - 1
    for temperature in (0.07, 0.2):
        s = cosines / temperature
        asymmetric = (torch.cat([s, s.T], 1).logsumexp(1) - s.diagonal()).mean()
        ahead = s + torch.eye(6, dtype=torch.float64) * head_start(temperature) / temperature
        column = ahead.T.masked_fill(torch.eye(6, dtype=torch.bool), -math.inf)
        paper = (torch.cat([ahead, column], 1).logsumexp(1) - ahead.diagonal()).mean()
        assert asymmetric.item() == pytest.approx(math.log(2) + paper.item(), abs=1e-12)
