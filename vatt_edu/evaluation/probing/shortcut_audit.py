"""Is a corpus honest? What can be heard in it without any learning, from 64 mel bands and a linear probe.

If material could be read from the mean spectrum, a model would need no hearing to be "good" at it; and color, which
makes no sound, must not be heard at all. ``vatt data describe --probe`` prints this.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vatt_edu.data.media import read_audio
from vatt_edu.data.sources.open import Source
from vatt_edu.evaluation.ground_truth import Step, some, steps
from vatt_edu.evaluation.probing.baseline_features import audio_features
from vatt_edu.evaluation.probing.evaluate import CHOSEN, FITTED, TRAIN_WINDOWS
from vatt_edu.evaluation.probing.linear_probe import choose
from vatt_edu.evaluation.probing.targets import TARGETS, by_action, majority
from vatt_edu.evaluation.terminal import percent
from vatt_edu.pages import table

SECONDS = 3.2  # a toy's window, and VATT's: 32 frames at 10 per second
SAMPLE_RATE = 16_000
SPLITS = ("val", "test_iid", "test_comp")


def honesty(source: Source, train_windows: int = TRAIN_WINDOWS, quiet: bool = False) -> dict[str, Any]:
    """Accuracy of hand-made audio features for each factor, beside the majority class.

    Sound is decoded from the files, not read from the cache: a corpus can be described before it is used.

    Args:
        source: A corpus with ground truth and a split ``val``, on which C is chosen (so its own row flatters a little).
        train_windows: How many windows are fitted at most.
        quiet: No progress bar.

    Returns:
        ``{"train_windows", "splits": {split: {"n", "factors": {factor: {"n", "handmade", "majority", "by_action",
        "chance", "C", "converged"}}}}}``, accuracies as fractions.

    Raises:
        UserError: If the source has no ground truth or no split ``val``.
    """
    sets = {FITTED: some(steps(source, FITTED), train_windows, 0, "probe"), CHOSEN: steps(source, CHOSEN)}
    sets |= {name: steps(source, name) for name in SPLITS if name in source.splits and name not in sets}
    heard = {name: hear(listed, name, quiet) for name, listed in sets.items()}
    tested = [name for name in SPLITS if name in sets]
    splits: dict[str, Any] = {name: {"n": len(sets[name]), "factors": {}} for name in tested}
    for target in TARGETS:
        asked = {name: target.labels(listed) for name, listed in sets.items()}
        if len(set(asked[FITTED][1])) < 2 or not len(asked[CHOSEN][1]):
            continue
        rows = {name: heard[name][mask] for name, (mask, _) in asked.items()}
        probe = choose(rows[FITTED], asked[FITTED][1], rows[CHOSEN], asked[CHOSEN][1])
        actions = {name: np.array([step.factors["action"] for step in listed]) for name, listed in sets.items()}
        given, given_actions = asked[FITTED][1], actions[FITTED][asked[FITTED][0]]
        for name in tested:
            mask, wanted = asked[name]
            if len(wanted):
                splits[name]["factors"][target.name] = {
                    "n": len(wanted),
                    "handmade": probe.accuracy(rows[name], wanted),
                    "majority": majority(given, wanted),
                    "by_action": by_action(given, given_actions, wanted, actions[name][mask]),
                    "chance": 1 / len(set(given)),
                    "C": probe.strength,
                    "converged": probe.converged,
                }
    return {"train_windows": len(sets[FITTED]), "splits": splits}


def hear(listed: Sequence[Step], name: str, quiet: bool) -> np.ndarray:
    """Hand-made audio features of the windows in the middle of steps: ``(n, F)``; silence where there is no sound."""
    from tqdm import tqdm

    samples = round(SECONDS * SAMPLE_RATE)
    rows: list[torch.Tensor | None] = [None] * len(listed)
    of: dict[Path, list[int]] = {}  # each file is decoded once
    for number, step in enumerate(listed):
        of.setdefault(step.video.path, []).append(number)
    for path, numbers in tqdm(of.items(), desc=f"listen {name}", unit="file", disable=quiet):
        first = [round(max(0.0, listed[number].middle - SECONDS / 2) * SAMPLE_RATE) for number in numbers]
        wave = read_audio(path, 0.0, max(first) + samples, SAMPLE_RATE)
        heard = torch.zeros(max(first) + samples) if wave is None else torch.from_numpy(wave)
        windows = torch.stack([heard[begin : begin + samples] for begin in first])
        for number, row in zip(numbers, audio_features(windows, SAMPLE_RATE), strict=True):
            rows[number] = row
    return torch.stack([row for row in rows if row is not None]).double().numpy()


def section(results: dict[str, Any]) -> dict[str, str]:
    """A section of the data card: heading to HTML, as ``card_page`` takes it."""
    names = {"handmade": "mel statistics", "majority": "majority class", "by_action": "by the action alone"}
    tables = []
    for split, result in results["splits"].items():
        factors = result["factors"]
        rows = [[words, *(percent(values[name]) for values in factors.values())] for name, words in names.items()]
        caption = (
            f"{split}, {result['n']} clips: accuracy in per cent of a linear probe on mean, deviation and maximum "
        )
        tables.append(table(["", *factors], rows, caption + "of 64 mel bands."))
    return {"What can be heard without learning": "".join(tables)}
