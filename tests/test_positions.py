import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from vatt_edu.positions import AxisPositions, resized


def test_each_token_gets_the_normalized_sum_of_its_rows():
    positions = AxisPositions((2, 3, 4), 5, scale=0.5)
    torch.nn.init.normal_(positions.norm.bias)
    tables = list(positions.tables)
    for number, (t, h, w) in enumerate(itertools.product(range(2), range(3), range(4))):
        total = tables[0][t] + tables[1][h] + tables[2][w]
        expected = F.layer_norm(total, (5,), positions.norm.weight, positions.norm.bias, eps=1e-6)
        torch.testing.assert_close(positions()[number], expected)


def test_start_is_a_cut_normal_and_scale_sets_the_length():
    positions = AxisPositions((1200,), 64, scale=0.5)
    table = positions.tables[0]
    assert table.abs().max() <= 2 * 64**-0.5
    assert abs(table.std().item() / (64**-0.5 * 0.8796) - 1) < 0.02  # a normal cut at two deviations, 76,800 draws
    torch.testing.assert_close(positions().std(-1, correction=0), torch.full((1200,), 0.5), rtol=1e-3, atol=0)


def test_transposed_numbering_gives_token_k_the_rows_k_mod_t_and_k_over_t():
    """The released spectrogram tower: tokens have frequency fastest, its position numbers have time fastest."""
    frames, bands = 3, 4
    positions = AxisPositions((frames, bands), 5, transposed=True)
    time, frequency = positions.tables
    for token in range(frames * bands):
        total = time[token % frames] + frequency[token // frames]
        torch.testing.assert_close(positions()[token], F.layer_norm(total, (5,), eps=1e-6))
    straight = AxisPositions((frames, bands), 5)
    straight.load_state_dict(positions.state_dict())
    assert not torch.allclose(straight(), positions())


def natural_spline(table: torch.Tensor, rows: int) -> torch.Tensor:
    """SciPy's, with the straight line that a natural spline is beyond its last knot (SciPy would go on cubically)."""
    knots = [n / len(table) for n in range(len(table))]
    curve = CubicSpline(knots, table.numpy(), bc_type="natural")
    places = torch.arange(rows, dtype=torch.float64) / rows
    inside = torch.from_numpy(curve(places.clamp(max=knots[-1]).numpy()))
    return inside + (places - knots[-1]).clamp(min=0)[:, None] * torch.from_numpy(curve(knots[-1], 1))


@settings(deadline=None, max_examples=60)
@given(knots=st.integers(2, 40), rows=st.integers(1, 90), seed=st.integers(0, 10**6))
def test_a_resized_table_is_scipys_natural_spline(knots, rows, seed):
    table = torch.randn(knots, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = table if rows == knots else natural_spline(table, rows)
    torch.testing.assert_close(resized(table, rows), expected, rtol=1e-11, atol=1e-11)


def test_resizing_is_exact_at_the_length_of_the_audio_table():
    table = torch.randn(1200, 2, dtype=torch.float64)
    for rows in (600, 1201, 2400):
        torch.testing.assert_close(resized(table, rows), natural_spline(table, rows), rtol=1e-11, atol=1e-11)


def test_one_row_is_the_first_knot_and_one_knot_is_every_row():
    table = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(resized(table, 1), table[:1])
    torch.testing.assert_close(resized(table[:1], 4), table[:1].expand(4, -1))


def test_a_straight_line_stays_one():
    line = torch.arange(6, dtype=torch.float64)[:, None] / 6
    torch.testing.assert_close(resized(line, 15), torch.arange(15, dtype=torch.float64)[:, None] / 15)


def test_a_table_of_the_right_length_is_not_touched():
    table = torch.randn(7, 3)
    assert resized(table, 7) is table


def test_resizing_keeps_the_type_and_has_a_gradient():
    table = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: resized(t, 9), table)
    assert resized(table.float(), 9).dtype == torch.float32
    positions = AxisPositions((3, 4), 5)
    positions((5, 4)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in positions.parameters())


@pytest.mark.parametrize("grid", [(4, 3), (2, 8), (1, 1)])
def test_a_grid_of_another_size_is_resized_axis_by_axis_before_the_sum(grid):
    positions = AxisPositions((2, 3), 5)
    rows, columns = (resized(table, size) for table, size in zip(positions.tables, grid, strict=True))
    expected = F.layer_norm(rows[:, None] + columns, (5,), eps=1e-6)
    torch.testing.assert_close(positions(grid), expected.flatten(0, 1))
    assert positions(grid).shape == (math.prod(grid), 5)


def test_agg_may_have_a_row_of_its_own():
    assert AxisPositions((2,), 4).agg is None
    positions = AxisPositions((2,), 4, with_agg=True)
    torch.testing.assert_close(positions.of_agg(), F.layer_norm(positions.agg, (4,), eps=1e-6))
    assert positions().shape == (2, 4)
