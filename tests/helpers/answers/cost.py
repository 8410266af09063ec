"""Answers to the exercises of ``cost``."""

from vatt_edu import cost
from vatt_edu.config import EncoderConfig
from vatt_edu.teach.checks import cost as checks


def layer_flops(tokens: int, kept: int, width: int) -> float:
    """By the package's count of one layer."""
    del tokens
    size = EncoderConfig(layers=1, width=width, ff_width=4 * width, heads=1, head_width=width)
    return cost.encoder_flops(size, kept).both_products


def blind(tokens: int, kept: int, width: int) -> float:
    size = EncoderConfig(layers=1, width=width, ff_width=4 * width, heads=1, head_width=width)
    return cost.encoder_flops(size, kept).linear


def days(flops: float, batch: int, steps: int, peak: float, share: float, chips: int) -> float:
    """Step by step: seconds of a step, then of all."""
    a_step = (flops + 2 * flops) * batch
    a_second = peak * share * chips
    return a_step / a_second * steps / 60 / 60 / 24


REFERENCES = [(checks.layer_flops, layer_flops), (checks.days, days)]

WRONG = [
    (checks.layer_flops, lambda n, k, d: layer_flops(n, n, d), "dropped tokens are counted"),
    (checks.layer_flops, blind, "two products are missing"),
    (checks.layer_flops, lambda n, k, d: (blind(n, k, d) + layer_flops(n, k, d)) / 2, "only one of attention's"),
    (checks.layer_flops, lambda n, k, d: layer_flops(n, k, d) // 2, "multiply-adds"),
    (checks.layer_flops, lambda n, k, d: layer_flops(n, k, d) - 16 * k * d * d, "feed-forward is missing"),
    (checks.layer_flops, lambda n, k, d: blind(n, k, d) + 4 * d * k * n, "dropped ones included"),
    (checks.layer_flops, lambda n, k, d: blind(n, n, d) + 4 * d * k * k, "Only attention was shortened"),
    (checks.layer_flops, lambda n, k, d: 3 * layer_flops(n, k, d), "a training step"),
    (checks.layer_flops, lambda n, k, d: 12 * d * d * k + 4 * d * k * k, "should return"),
    (checks.days, lambda f, b, s, p, u, c: f * b * s / (p * u * c) / 86_400, "the way back is missing"),
    (checks.days, lambda f, b, s, p, u, c: 2 * f * b * s / (p * u * c) / 86_400, "not two"),
    (checks.days, lambda f, b, s, p, u, c: 3 * f * b * s / (p * c) / 86_400, "at the whole peak"),
    (checks.days, lambda f, b, s, p, u, c: 3 * f * b * s * u / (p * c) / 86_400, "takes longer"),
    (checks.days, lambda f, b, s, p, u, c: days(f, b, s, p, u, c) * 24, "those are hours"),
    (checks.days, lambda f, b, s, p, u, c: days(f, b, s, p, u, c) * 24 * 3600, "those are seconds"),
    (checks.days, lambda f, b, s, p, u, c: days(f, b, s, p, u, 1), "for one chip"),
    (checks.days, lambda f, b, s, p, u, c: days(f, 1, s, p, u, c), "one clip a step"),
    (checks.days, lambda f, b, s, p, u, c: days(f, b, s, 2 * p, u, c), "with sparsity"),
    (checks.days, lambda f, b, s, p, u, c: days(f, b, s, p, u, c) / c, "should return"),
]
