"""Graders of the exercises in *Cost*."""

from vatt_edu.teach.checks.grade import Function, Mistake, grade


def layer_flops(answer: Function) -> None:
    """``answer(tokens, kept, width)``: FLOPs of one encoder layer on the tokens that are kept."""

    def right(tokens: int, kept: int, width: int) -> int:
        return 24 * width**2 * kept + 4 * width * kept**2

    mistakes = [
        Mistake(lambda n, k, d: right(n, n, d),
                "dropped tokens are counted, too. They are gone before the layer, so they cost nothing in it."),
        Mistake(lambda n, k, d: 24 * d**2 * k,
                "attention's two products are missing. So counts a program that sees layers with weights only."),
        Mistake(lambda n, k, d: 24 * d**2 * k + 2 * d * k**2,
                "only one of attention's two products is counted: queries with keys, and weights with values."),
        Mistake(lambda n, k, d: right(n, k, d) / 2,
                "those are multiply-adds (MACs). A multiplication is a FLOP, and so is an addition: twice as many."),
        Mistake(lambda n, k, d: 8 * d**2 * k + 4 * d * k**2,
                "the feed-forward is missing: two matrices between the width and four times the width."),
        Mistake(lambda n, k, d: 24 * d**2 * k + 4 * d * n * k,
                "kept tokens look at all tokens, dropped ones included. They look at those that are kept."),
        Mistake(lambda n, k, d: 24 * d**2 * n + 4 * d * k**2,
                "the dropped tokens still go through the matrices. Only attention was shortened."),
        Mistake(lambda n, k, d: 3 * right(n, k, d),
                "that is a training step. Asked for is the forward pass."),
    ]  # fmt: skip
    inputs = [(1_568, 1_568, 768), (1_568, 784, 768), (196, 49, 128), (1_200, 600, 1_024)]
    print(grade(answer, right, inputs, mistakes))


def days(answer: Function) -> None:
    """``answer(flops, batch, steps, peak, share, chips)``: days of a training; ``flops`` of a clip's forward pass."""

    def right(flops: float, batch: int, steps: int, peak: float, share: float, chips: int) -> float:
        return 3 * flops * batch * steps / (peak * share * chips) / 86_400

    mistakes = [
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, c) / 3,
                "the way back is missing: it takes two products for each one of the forward pass, three in all."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, c) * 2 / 3,
                "backward takes two products for each one of forward, so it is three forward passes, not two."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, 1.0, c),
                "at the whole peak. No training reaches it: divide by the share that is reached, too."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, c) * u * u,
                "the share of the peak is multiplied with the time. A lower share takes longer."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, c) * 24, "those are hours."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, c) * 86_400, "those are seconds."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, 1),
                "that is for one chip: the chips share the work."),
        Mistake(lambda f, b, s, p, u, c: right(f, 1, s, p, u, c),
                "that is one clip a step. A step takes a whole batch."),
        Mistake(lambda f, b, s, p, u, c: right(f, b, s, p, u, c) / 2,
                "too short by half: is the peak the one with sparsity? Here it is the dense one."),
    ]  # fmt: skip
    inputs = [
        (1.7e11, 2_048, 500_000, 989e12, 0.2, 8),
        (3.7e11, 512, 100_000, 123e12, 0.4, 256),
        (1e9, 40, 3_000, 1e11, 0.5, 1),
    ]
    print(grade(answer, right, inputs, mistakes))
