"""Where each token sits (paper, section 3.1): one learned table per axis.

A token's position is the sum of one row per axis, so a video of t x h x w tokens needs t + h + w rows instead of
t * h * w. As released, a LayerNorm acts on that sum, before it is added to the token, and never on token + position.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

LAYER_NORM_EPS = 1e-6


class AxisPositions(nn.Module):
    """Learned positions of a grid of tokens.

    Args:
        grid: Tokens along each axis, slowest first: ``(8, 14, 14)`` for video, ``(1200,)`` for a waveform.
        width: ``D``, the width of a token.
        scale: Where the gain of the LayerNorm starts (official: 1).
    """

    def __init__(self, grid: tuple[int, ...], width: int, scale: float = 1.0) -> None:
        super().__init__()
        self.tables = nn.ParameterList(torch.empty(size, width) for size in grid)
        for table in self.tables:
            nn.init.trunc_normal_(table, std=width**-0.5, a=-2 * width**-0.5, b=2 * width**-0.5)
        self.norm = nn.LayerNorm(width, eps=LAYER_NORM_EPS)
        nn.init.constant_(self.norm.weight, scale)

    def forward(self) -> Float[Tensor, "N D"]:
        """The positions of all ``N = prod(grid)`` tokens, the last axis fastest."""
        total = self.tables[0]
        for table in list(self.tables)[1:]:
            total = total[..., None, :] + table
        return self.norm(total).reshape(-1, total.shape[-1])
