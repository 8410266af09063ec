"""Has a corpus shortcuts? What can be heard in it without any learning, from 64 mel bands and a linear probe.

If material could be read from the mean spectrum, a model would need no hearing to be "good" at it; and color, which
makes no sound, must not be heard at all. ``vatt data describe --probe`` prints this.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from vatt_edu.data.media import MediaError, read_audio
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.ground_truth import Step, factor_labels, list_steps, sample_steps
from vatt_edu.evaluation.probing.baseline_features import audio_features
from vatt_edu.evaluation.probing.evaluate import TRAIN, TRAIN_WINDOWS, VAL
from vatt_edu.evaluation.probing.linear_probe import select_regularization
from vatt_edu.evaluation.probing.targets import TARGETS, by_action_accuracy, majority_accuracy
from vatt_edu.evaluation.results_file import AuditSplit, ShortcutAudit
from vatt_edu.evaluation.terminal import percent
from vatt_edu.pages import table

SECONDS = 3.2  # a toy's window, and VATT's: 32 frames at 10 per second
SAMPLE_RATE = 16_000
SPLITS = ("val", "test_iid", "test_comp")


def audio_shortcut_probe(source: Source, train_windows: int = TRAIN_WINDOWS, quiet: bool = False) -> ShortcutAudit:
    """Accuracy of hand-made audio features for each factor, beside the majority class.

    Sound is decoded from the files, not read from the cache: a corpus can be described before it is used.

    Args:
        source: A corpus with ground truth and a split ``val``, on which C is chosen (so its own row flatters a little).
        train_windows: How many windows are fitted at most.
        quiet: No progress bar.

    Raises:
        UserError: If the source has no ground truth or no split ``val``.
    """
    train = sample_steps(list_steps(source, TRAIN), train_windows, 0, "probe")
    sets = {TRAIN: train, VAL: list_steps(source, VAL)}
    sets |= {name: list_steps(source, name) for name in SPLITS if name in source.splits and name not in sets}
    statistics = {}
    for name, steps in sets.items():
        sets[name], statistics[name] = audio_statistics(steps, name, quiet)
    actions = {name: factor_labels(steps, "action") for name, steps in sets.items()}
    splits: dict[str, AuditSplit] = {name: {"n": len(sets[name]), "factors": {}} for name in SPLITS if name in sets}
    for target in TARGETS:
        answers = {name: target.labels(steps) for name, steps in sets.items()}
        train_labels = answers[TRAIN].labels
        if len(set(train_labels)) < 2 or not len(answers[VAL].labels):
            continue
        rows = {name: statistics[name][answer.mask] for name, answer in answers.items()}
        probe = select_regularization(rows[TRAIN], train_labels, rows[VAL], answers[VAL].labels)
        train_actions = actions[TRAIN][answers[TRAIN].mask]
        for name, split in splits.items():
            mask, labels = answers[name].mask, answers[name].labels
            if len(labels):
                split["factors"][target.name] = {
                    "n": len(labels),
                    "handmade": probe.accuracy(rows[name], labels),
                    "majority": majority_accuracy(train_labels, labels),
                    "by_action": by_action_accuracy(train_labels, train_actions, labels, actions[name][mask]),
                    "chance": 1 / len(set(train_labels)),
                    "C": probe.C,
                    "converged": probe.converged,
                }
    return {"train_windows": len(sets[TRAIN]), "splits": splits}


def audio_statistics(steps: Sequence[Step], name: str, quiet: bool) -> tuple[list[Step], Float[np.ndarray, "n F"]]:
    """Those of the steps whose files can be decoded, and hand-made audio features of the windows in their middle.

    Where there is no sound, they are of silence; a file that cannot be decoded is named.
    """
    from tqdm import tqdm

    samples = round(SECONDS * SAMPLE_RATE)
    rows: list[torch.Tensor | None] = [None] * len(steps)
    by_file: dict[Path, list[int]] = {}  # each file is decoded once
    for number, step in enumerate(steps):
        by_file.setdefault(step.video.path, []).append(number)
    for path, numbers in tqdm(by_file.items(), desc=f"listen {name}", unit="file", disable=quiet):
        starts = [round(max(0.0, steps[number].middle - SECONDS / 2) * SAMPLE_RATE) for number in numbers]
        try:
            wave = read_audio(path, 0.0, max(starts) + samples, SAMPLE_RATE)
        except MediaError as error:
            print(f"note: left out, {error}", file=sys.stderr)
            continue
        audio = torch.zeros(max(starts) + samples) if wave is None else torch.from_numpy(wave)
        windows = torch.stack([audio[start : start + samples] for start in starts])
        for number, row in zip(numbers, audio_features(windows, SAMPLE_RATE), strict=True):
            rows[number] = row
    pairs = [(step, row) for step, row in zip(steps, rows, strict=True) if row is not None]
    if not pairs:
        raise UserError(f"none of the files of {name} can be decoded")
    return [step for step, _ in pairs], torch.stack([row for _, row in pairs]).double().numpy()


def shortcut_section(audit: ShortcutAudit) -> dict[str, str]:
    """A section of the data card: heading to HTML, as ``card_page`` takes it."""
    names = {"handmade": "mel statistics", "majority": "majority class", "by_action": "by the action alone"}
    tables = []
    for split, result in audit["splits"].items():
        factors: Mapping[str, Mapping[str, Any]] = result["factors"]
        rows = [[words, *(percent(values[name]) for values in factors.values())] for name, words in names.items()]
        caption = (
            f"{split}, {result['n']} clips: accuracy in per cent of a linear probe on mean, deviation and maximum "
        )
        tables.append(table(["", *factors], rows, caption + "of 64 mel bands."))
    return {"What can be heard without learning": "".join(tables)}
