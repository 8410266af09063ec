import itertools

import torch
import torch.nn.functional as F

from vatt_edu.positions import AxisPositions


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
