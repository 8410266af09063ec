"""The losses again, as loops over pairs, written from the description of the official code and from nothing of ours."""

import math


def _cosine(a, b):
    def length(x):
        return math.sqrt(max(sum(v * v for v in x), 1e-12))

    return sum(x * y for x, y in zip(a, b, strict=True)) / (length(a) * length(b))


def _lse(values):
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values))


def contrastive(clips, candidates, has_clip, has_candidate, lines, form, temperature, line_masking):
    """Mean loss over valid clips; ``candidates[i]`` has L vectors, ``lines[i]`` their identities (-1: none)."""
    losses = []
    for i in range(len(clips)):
        if not (has_clip[i] and has_candidate[i]):
            continue
        positives = [_cosine(clips[i], c) / temperature for c in candidates[i]]
        row, column = list(positives), list(positives)
        for j in range(len(clips)):
            if j == i:
                continue
            for number, candidate in enumerate(candidates[j]):
                shared = line_masking and lines[j][number] >= 0 and lines[j][number] in lines[i]
                if has_candidate[j] and not shared:
                    row.append(_cosine(clips[i], candidate) / temperature)
            for number, candidate in enumerate(candidates[i]):
                shared = line_masking and lines[i][number] >= 0 and lines[i][number] in lines[j]
                if has_clip[j] and not shared:
                    column.append(_cosine(clips[j], candidate) / temperature)
        if form == "asymmetric":
            losses.append(_lse(row + column) - _lse(positives))
        elif form == "paper":
            losses.append(_lse(row + column[len(positives) :]) - _lse(positives))
        else:
            losses.append(_lse(row) + _lse(column) - 2 * _lse(positives))
    return sum(losses) / len(losses) if losses else 0.0
