"""The dual softmax: points without a better model, taken from the other queries of the test."""

import torch
from jaxtyping import Float
from torch import Tensor


def dual_softmax(
    similarity: Float[Tensor, "Q N"], temperature: float, copies: Float[Tensor, " Q"] | None = None
) -> Float[Tensor, "Q N"]:
    """Each score times the share of its item that the query gets when all queries compete for it.

    A query that is asked alone has all of every item, so its scores stay. With a second query an item that both want is
    worth less to both: it helps where every item is asked for exactly once. Called DSL by Cheng et al. (2021), who
    multiply by the number of queries, too, which changes no order.

    >>> import torch
    >>> dual_softmax(torch.tensor([[0.9, 0.8], [0.9, 0.2]]), 0.1).argmax(1).tolist()  # both would take the first
    [1, 0]

    Args:
        similarity: Of query i and item j.
        temperature: Of the softmax over queries; the smaller, the more an item belongs to one query alone.
        copies: How often each query is asked; once if None.

    Returns:
        New scores, of which only the order within a row means something.
    """
    logits = similarity / temperature
    weights = logits if copies is None else logits + copies.log()[:, None]
    return similarity * torch.exp(logits - weights.logsumexp(0))
