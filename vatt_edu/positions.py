"""Where each token sits (paper, section 3.1; chapter *Positional encoding*): one learned table per axis.

A token's position is the sum of one row per axis: a video of 8 x 14 x 14 tokens needs 36 rows instead of 1,568. As
released, a LayerNorm acts on that sum, before it is added to the token, and never on token + position.

A clip that is larger or smaller than the tables have rows is not refused: as released, each table is resampled by a
natural cubic spline. The released code solves for it in float32, which is exact to 1e-3 at 16 rows and meaningless at
1,200; here it is a fixed matrix in float64, so exact at any size, and differentiable like any other matrix.
"""

import functools

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
        transposed: Numbers the positions with the *first* axis fastest, while tokens have the last one fastest: what
            the released spectrogram tower does.
        with_agg: Adds a row for the AGG token (paper, equation 2; released: none).
    """

    def __init__(
        self,
        grid: tuple[int, ...],
        width: int,
        scale: float = 1.0,
        *,
        transposed: bool = False,
        with_agg: bool = False,
    ) -> None:
        super().__init__()
        self.tables = nn.ParameterList(torch.empty(size, width) for size in grid)
        self.agg = nn.Parameter(torch.empty(width)) if with_agg else None
        for table in self.parameters():
            nn.init.trunc_normal_(table, std=width**-0.5, a=-2 * width**-0.5, b=2 * width**-0.5)
        self.norm = nn.LayerNorm(width, eps=LAYER_NORM_EPS)
        nn.init.constant_(self.norm.weight, scale)
        self.transposed = transposed

    def forward(self, grid: tuple[int, ...] | None = None) -> Float[Tensor, "N D"]:
        """The positions of all ``N = prod(grid)`` tokens, the last axis fastest.

        Args:
            grid: Tokens along each axis of this clip; the sizes of the tables if None.
        """
        tables = list(self.tables)
        if grid is not None:
            tables = [resized(table, size) for table, size in zip(tables, grid, strict=True)]
        total = tables[0]
        for table in tables[1:]:
            total = total[..., None, :] + table
        if self.transposed:
            total = total.movedim(0, -2)
        return self.norm(total).reshape(-1, total.shape[-1])

    def of_agg(self) -> Float[Tensor, " D"]:
        """The position of the AGG token, where it has one."""
        assert self.agg is not None
        return self.norm(self.agg)


def resized(table: Float[Tensor, "n D"], rows: int) -> Float[Tensor, "{rows} D"]:
    """A position table resampled to ``rows`` rows; unchanged if it has as many.

    The table's rows are knots at 0, 1/n, ... and the new rows lie at 0, 1/rows, ... (released code; both grids end
    short of 1). Between knots each column is a natural cubic spline, beyond the last a straight line.
    """
    if len(table) == rows:
        return table
    return (spline(len(table), rows).to(table.device) @ table.double()).to(table.dtype)


@functools.lru_cache(maxsize=16)
def spline(knots: int, rows: int) -> Float[Tensor, "rows knots"]:
    """The matrix that takes values at ``knots`` equal steps to those of their natural cubic spline at ``rows``.

    On the interval after knot j, at a share u of it, with values y and second derivatives m at the knots::

        (1 - u) y_j + u y_(j+1) + [((1 - u)^3 - (1 - u)) m_j + (u^3 - u) m_(j+1)] / 6

    where m_0 = m_(n-1) = 0 and m_(j-1) + 4 m_j + m_(j+1) = 6 (y_(j-1) - 2 y_j + y_(j+1)).
    """
    values = torch.eye(knots, dtype=torch.float64)
    if knots == 1:
        return values.expand(rows, 1)
    curvature = torch.zeros_like(values)
    if knots > 2:
        inner = torch.arange(knots - 2)
        system = 4 * torch.eye(knots - 2, dtype=torch.float64)
        system[inner[1:], inner[:-1]] = system[inner[:-1], inner[1:]] = 1
        curvature[1:-1] = torch.linalg.solve(system, 6 * (values[:-2] - 2 * values[1:-1] + values[2:]))

    places = torch.arange(rows, dtype=torch.float64) * knots / rows
    left = places.long().clamp(max=knots - 2)
    u = (places - left)[:, None]
    # Beyond the last knot u > 1: the line through it with the spline's slope there.
    beyond, u = (u - 1).clamp(min=0), u.clamp(max=1)
    inside = (1 - u) * values[left] + u * values[left + 1]
    inside += (((1 - u) ** 3 - (1 - u)) * curvature[left] + (u**3 - u) * curvature[left + 1]) / 6
    slope = values[-1] - values[-2] + curvature[-2] / 6
    return inside + beyond * slope
