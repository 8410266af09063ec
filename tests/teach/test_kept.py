"""Bytes that autograd keeps, against what is known by hand."""

import torch
from torch import nn

from vatt_edu.teach.kept import Kept


def test_a_tensor_that_is_saved_twice_is_kept_once() -> None:
    x = torch.ones(10, requires_grad=True)
    with Kept() as kept:
        y = (x * x).sum()  # both factors are x
    assert kept.now == kept.most == 40
    y.backward()
    assert kept.now == 0
    assert kept.most == 40


def test_weights_are_not_counted_and_what_enters_is() -> None:
    layer, x = nn.Linear(8, 4, bias=False), torch.ones(3, 8, requires_grad=True)
    with Kept(layer) as kept:
        y = layer(x)
    assert kept.now == 3 * 8 * 4  # x, for the gradient of the weights
    with Kept() as all_of_it:
        y = layer(x)
    assert all_of_it.now == (3 * 8 + 8 * 4) * 4
    del y
    assert all_of_it.now == kept.now == 0


def test_the_most_is_that_of_one_piece_where_pieces_go_one_after_the_other() -> None:
    x = torch.ones(12, requires_grad=True)
    with Kept() as kept:
        for part in x.detach().split(3):
            (part.clone().requires_grad_() ** 2).sum().backward()
    assert kept.most == 12
    assert kept.now == 0
