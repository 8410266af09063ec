"""Who does what: in a corpus of two things, is a clip nearer to its own caption than to the one with roles swapped?

Retrieval against random others need not ask for it: two things, their colors and two actions single out a clip without
any notion of which does what. The partner of a clip shows the same things and the same actions, exchanged.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation import metrics
from vatt_edu.evaluation.embed import load
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.ground_truth import FILE
from vatt_edu.evaluation.protocols.intervals import LEVEL, RESAMPLES, Interval
from vatt_edu.evaluation.retrieval import retrieval_windows
from vatt_edu.files import read_json

Scores = dict[str, dict[str, float]]


def partners(source: Source, split: str) -> Int[np.ndarray, " n"]:
    """For each clip of a split, the place of the clip that shows the same with roles swapped.

    Raises:
        UserError: If the corpus has no such pairs.
    """
    annotations: Mapping[str, Mapping[str, Any]] = read_json(source.root / FILE)
    names = [video.id for video in source.clips(split)]
    places = {name: place for place, name in enumerate(names)}
    pairs = [annotations[name].get("partner") for name in names]
    if not all(name in places for name in pairs):
        raise UserError(
            f"{source.root}: the clips of {split} do not come in pairs with roles swapped: "
            "make a corpus with --things 2 and an even number of them"
        )
    return np.array([places[str(name)] for name in pairs])


def ranks_of_two(similarity: Float[Tensor, "n n"], pairs: Int[np.ndarray, " n"]) -> tuple[Int[np.ndarray, " n"], float]:
    """The rank of each query's own item among two, itself and its partner; a tie counts against it, as always.

    Args:
        similarity: Of query i and item j; its own item is on the diagonal.
        pairs: Its partner's place.

    Returns:
        1 or 2; and the share of ties, of which guessing would win half.
    """
    own = similarity.diagonal()
    other = similarity[torch.arange(len(pairs)), torch.from_numpy(pairs)]
    return np.where((other < own).numpy(), 1, 2), float((other == own).double().mean())


def measure_roles(
    texts: Float[Tensor, "n D"], clips: Float[Tensor, "n D"], pairs: Int[np.ndarray, " n"]
) -> tuple[Scores, dict[str, list[int]]]:
    """Accuracies and ranks, as ``experiments.run`` stores them.

    Args:
        texts: A caption of each clip, in the video-text space.
        clips: The clips, there.
        pairs: From ``partners``.

    Returns:
        ``swapped_captions`` (a clip chooses between its caption and its partner's), ``swapped_clips`` (a caption
        chooses between its clip and the partner): ``accuracy``, where a tie counts one half, and ``ties``; and
        ``among_others``, retrieval of clips by captions in a gallery without partners. Ranks: of the first two.
    """
    similarity = metrics.similarities(texts, clips)
    scores: Scores = {}
    ranks: dict[str, list[int]] = {}
    for name, table in (("swapped_captions", similarity.T), ("swapped_clips", similarity)):
        places, ties = ranks_of_two(table, pairs)
        scores[name] = {"accuracy": float((places == 1).mean()) + ties / 2, "ties": ties}
        ranks[name] = places.tolist()
    first = torch.from_numpy(np.flatnonzero(np.arange(len(pairs)) < pairs))
    scores["among_others"] = metrics.retrieval(similarity[first][:, first])
    return scores, ranks


def evaluate_roles(run: Path, source: Source, split: str, quiet: bool = False) -> tuple[Scores, dict[str, list[int]]]:
    """``measure_roles`` of a run on a split.

    Args:
        run: A run folder.
        source: A MiniTube corpus of two things.
        split: Of evaluation.
        quiet: No progress bar.

    Raises:
        UserError: If the corpus has no pairs, or the run no weights.
    """
    pairs = partners(source, split)
    embedder = load(run)
    windows = retrieval_windows(source, split, embedder.config)
    vectors, _ = embed_windows(
        embedder.model, windows, embedder.config, embedder.words, source, f"{split} roles", quiet
    )
    return measure_roles(vectors["text_vt"], vectors["video_vt"], pairs)


def accuracy(ranks: Mapping[int, Sequence[int]], seed: int = 0) -> Interval:
    """Share of right choices over seeds, with a bootstrap over seeds and pairs of clips.

    Both clips of a pair are drawn together, since a model that takes one caption for both is right once.

    Args:
        ranks: Of each seed; neighbors 2k and 2k + 1 are a pair.
        seed: Of the draws.
    """
    right = np.array([[rank == 1 for rank in values] for values in ranks.values()], np.float64)
    by_pair = right.reshape(len(right), -1, 2).mean(2)
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(RESAMPLES):
        rows = random.integers(len(by_pair), size=len(by_pair))
        columns = random.integers(by_pair.shape[1], size=by_pair.shape[1])
        draws.append(by_pair[rows][:, columns].mean())
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(right.mean()), float(low), float(high))
