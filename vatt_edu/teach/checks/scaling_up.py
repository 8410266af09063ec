"""Graders of the exercises in *Scaling up*."""

from vatt_edu.teach.checks.grade import Function, Mistake, grade

Rows = list[list[float]]


def gathered_gradient(answer: Function) -> None:
    """``answer(says, rank)``: the way back of a gather. ``says[r][j]`` is what process r's losses say about row j."""

    def own(says: Rows, rank: int, values: list[float]) -> list[float]:
        size = len(values) // len(says)
        return values[rank * size : (rank + 1) * size]

    def total(says: Rows) -> list[float]:
        return [sum(column) for column in zip(*says, strict=True)]

    def right(says: Rows, rank: int) -> list[float]:
        return own(says, rank, total(says))

    mistakes = [
        Mistake(lambda s, r: own(s, r, s[r]),
                "that is what a process says about its own rows. What the other processes' losses say about them is "
                "lost, and with it their negatives."),
        Mistake(lambda s, r: [value / len(s) for value in right(s, r)],
                "divided by the number of processes. DistributedDataParallel takes the mean of the weights' gradients "
                "afterward, so the rows' are added up here and divided once, there."),
        Mistake(lambda s, r: [value * len(s) for value in right(s, r)],
                "multiplied by the number of processes: each process's losses are those of its own clips, so every "
                "pair is already looked at once."),
        Mistake(lambda s, r: s[r], "those are all rows, and of one process alone: add up, then keep the own rows."),
        Mistake(lambda s, r: total(s), "the sum is right; a process takes back only the rows that it gave."),
        Mistake(lambda s, r: total(s)[r :: len(s)],
                "rows were gathered process by process, one block after the other, not dealt out like cards."),
        Mistake(lambda s, r: [sum(own(s, q, s[q])[n] for q in range(len(s))) for n in range(len(s[0]) // len(s))],
                "that adds up different rows: of each process its own. It should be the same rows, as all processes "
                "see them."),
        Mistake(lambda s, r: [sum(s[q][j] for q in range(len(s)) if q != r) for j in range(len(s[0]))]
                [r * (len(s[0]) // len(s)) : (r + 1) * (len(s[0]) // len(s))],
                "the others' part alone: what the process's own losses say about its rows belongs to the sum."),
    ]  # fmt: skip
    two = [[1.0, 3.0], [5.0, -1.0]]
    three = [[1.0, 2.0, 0.5, -1.0, 4.0, 0.0], [0.0, 7.0, 2.0, 2.5, -3.0, 1.0], [6.0, 1.0, 1.5, 0.0, 2.0, -5.0]]
    inputs = [(two, 0), (two, 1), (three, 0), (three, 1), (three, 2), ([[2.0, 4.0, 8.0]], 0)]
    print(grade(answer, right, inputs, mistakes))


def arithmetic(answer: Function) -> None:
    """``answer(batch, processes, micro_batch)``: clips of a process, its micro-batches, and a clip's other clips."""

    def pieces(share: int, size: int) -> int:
        return -(-share // size) if 0 < size < share else 1

    def right(batch: int, processes: int, size: int) -> tuple[int, int, int]:
        return batch // processes, pieces(batch // processes, size), batch - 1

    mistakes = [
        Mistake(lambda b, w, m: (b // w, pieces(b // w, m), b // w - 1),
                "with a gather a clip meets the clips of all processes, not only those of its own."),
        Mistake(lambda b, w, m: (b // w, pieces(b // w, m), min(m or b // w, b // w) - 1),
                "GradCache keeps the loss of the whole batch: how many clips fit at once does not change whom a clip "
                "meets."),
        Mistake(lambda b, w, m: (b // w, pieces(b // w, m), b), "a clip is no negative of itself."),
        Mistake(lambda b, w, m: (b // w, (b // w) // m if 0 < m < b // w else 1, b - 1),
                "the last micro-batch may be smaller, and still has to be computed: round up."),
        Mistake(lambda b, w, m: (b // w, pieces(b, m), b - 1),
                "each process cuts its own share into micro-batches, not the whole batch."),
        Mistake(lambda b, w, m: (b, pieces(b, m), b * w - 1),
                "`batch` is that of all processes together: each has a share of it."),
        Mistake(lambda b, w, m: (b // w, -(-(b // w) // m) if m else 0, b - 1),
                "a micro-batch of 0 stands for the whole share: that is one piece, not none."),
    ]  # fmt: skip
    inputs = [(2_048, 1, 0), (2_048, 8, 100), (2_048, 256, 8), (40, 2, 6), (40, 4, 0), (16, 4, 8), (32_768, 256, 32)]
    print(grade(answer, right, inputs, mistakes))
