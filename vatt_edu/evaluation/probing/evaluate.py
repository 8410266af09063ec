"""Linear probes: what can be read from frozen features, beside what could be read without any training.

Probes are fitted on windows in the middle of training steps, C is chosen on ``val``, and the test splits are scored
once. Beside each trained feature stand chance, the majority class, the same model before its first training step (its
start included) and features made by hand. The spaces ``va`` and ``vt`` have nothing by hand of their own.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vatt_edu.data.loader.prefetch import Skip
from vatt_edu.data.sources.source import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.embed import Embedder, load, untrained_or_reason
from vatt_edu.evaluation.features import FEATURES, embed_windows
from vatt_edu.evaluation.ground_truth import Step, factor_labels, list_steps, sample_steps
from vatt_edu.evaluation.probing.baseline_features import window_features
from vatt_edu.evaluation.probing.linear_probe import C_VALUES, Probe, select_regularization
from vatt_edu.evaluation.probing.targets import TARGETS, Target, by_action_accuracy, majority_accuracy
from vatt_edu.evaluation.results_file import (
    ProbeFits,
    ProbeResults,
    ProbeSplit,
    ProbeTarget,
    left_out_line,
    merge_splits,
    read_results,
    run_header,
    whole,
)
from vatt_edu.files import require_writable
from vatt_edu.model import VATT

TRAIN_WINDOWS = 1_500
TRAIN, VAL = "train", "val"

# By whose they are (trained, random_init, handmade), then by feature.
FeatureTable = Mapping[str, Mapping[str, Float[np.ndarray, "n _"]]]


def evaluate_probes(run: Path, source: Source, split: str = "all", quiet: bool = False) -> ProbeResults:
    """Probes of a run on the test splits of a source; merged into ``RUN/probe.json``, which is returned.

    Args:
        run: A run folder, or one that ``vatt convert`` wrote.
        source: A corpus with ground truth and a split ``val``.
        split: One split, or ``"all"`` but ``train`` and ``val``.
        quiet: No progress bar.

    Raises:
        UserError: If the run has no weights, the source has no ground truth, or a split does not exist.
    """
    read_results(run / "probe.json")  # what is damaged there must show before the work
    train = sample_steps(list_steps(source, TRAIN), TRAIN_WINDOWS, 0, "probe")
    sets = {TRAIN: train, VAL: list_steps(source, VAL)}
    names = [name for name in source.splits if name not in sets] if split == "all" else [split]
    if not names:
        raise UserError(f"{source.root} has no split besides train and val; name one with --split")
    sets |= {name: list_steps(source, name) for name in names if name not in sets}
    embedder = load(run)
    require_writable(run / "probe.json", "copy the run to a folder that you may write to")
    start, note = untrained_or_reason(run, source)
    tables: dict[str, FeatureTable] = {}
    rest: dict[str, list[dict[str, str]]] = {}
    for name, steps in sets.items():
        sets[name], tables[name], rest[name] = _embed(embedder, start, source, steps, name, quiet)
    fits, splits = measure_probes(sets, tables, names, quiet)
    for name, scores in splits.items():
        if rest[name]:
            scores["left_out"] = rest[name]
    counts = {"train_windows": len(sets[TRAIN]), "val_windows": len(sets[VAL])}
    results: ProbeResults = merge_splits(
        run / "probe.json", run_header(run, note), splits, **counts, strengths=list(C_VALUES), fits=fits
    )
    return results


def measure_probes(
    sets: Mapping[str, Sequence[Step]], tables: Mapping[str, FeatureTable], names: Sequence[str], quiet: bool = True
) -> tuple[ProbeFits, dict[str, ProbeSplit]]:
    """Fits every probe and scores it.

    Args:
        sets: Steps of ``train``, ``val`` and each of ``names``.
        tables: Features of the same.
        names: Splits to score.
        quiet: No progress bar.

    Returns:
        How each fit went; and accuracies by split. A target that has fewer than two answers among the training windows
        is left out.
    """
    from tqdm import tqdm

    fits: ProbeFits = {}
    factors: dict[str, dict[str, ProbeTarget]] = {name: {} for name in names}
    columns = [(feature, who) for feature in FEATURES for who in tables[TRAIN] if feature in tables[TRAIN][who]]
    targets = [target for target in TARGETS if len(set(target.labels(sets[TRAIN]).labels)) > 1]
    with tqdm(total=len(targets) * len(columns), desc="fit", unit="probe", disable=quiet) as bar:
        for target in targets:
            for name in names:
                factors[name][target.name] = _references(target, sets[TRAIN], sets[name])
            for feature, who in columns:
                probe, scores = _fit(target, feature, who, sets, tables, names)
                fits.setdefault(target.name, {}).setdefault(feature, {})[who] = probe.record()
                for name, score in scores.items():
                    factors[name][target.name]["features"].setdefault(feature, {})[who] = score
                bar.update()
    return fits, {name: {"n": len(sets[name]), "factors": factors[name]} for name in names}


def _fit(
    target: Target,
    feature: str,
    who: str,
    sets: Mapping[str, Sequence[Step]],
    tables: Mapping[str, FeatureTable],
    names: Sequence[str],
) -> tuple[Probe, dict[str, float | None]]:
    answers = {name: target.labels(sets[name]) for name in {TRAIN, VAL, *names}}
    rows = {name: tables[name][who][feature][answer.mask] for name, answer in answers.items()}
    if not len(rows[VAL]):
        raise UserError(f"split {VAL} has no clip to choose C of the probe of {target.name} on")
    probe = select_regularization(rows[TRAIN], answers[TRAIN].labels, rows[VAL], answers[VAL].labels)
    return probe, {
        name: probe.accuracy(rows[name], answers[name].labels) if len(rows[name]) else None for name in names
    }


def _references(target: Target, train: Sequence[Step], test: Sequence[Step]) -> ProbeTarget:
    """What needs no features: chance, the majority class, and each action's own."""
    fitted, scored = target.labels(train), target.labels(test)
    classes = len(set(fitted.labels))
    majority = by_action = None
    if len(scored.labels):
        train_actions = factor_labels(train, "action")[fitted.mask]
        test_actions = factor_labels(test, "action")[scored.mask]
        majority = majority_accuracy(fitted.labels, scored.labels)
        by_action = by_action_accuracy(fitted.labels, train_actions, scored.labels, test_actions)
    return {
        "n": len(scored.labels),
        "classes": classes,
        "chance": 1 / classes,
        "majority": majority,
        "by_action": by_action,
        "features": {},
    }


def _embed(
    embedder: Embedder, start: VATT | None, source: Source, steps: Sequence[Step], name: str, quiet: bool
) -> tuple[list[Step], FeatureTable, list[dict[str, str]]]:
    """Those of the steps that have video, audio and text, and their features; and the files of the others, and why."""
    config, vocab = embedder.config, embedder.words
    windows = [step.window(config.clip) for step in steps]
    skips: list[Skip] = []
    values, present = embed_windows(
        embedder.model, windows, config, vocab, source, f"{name} trained", quiet, skips=skips
    )
    mask = whole(present)
    complete_steps = [step for step, here in zip(steps, mask, strict=True) if here]
    windows = [step.window(config.clip) for step in complete_steps]
    reasons = {skip.index: skip.reason for skip in skips}
    rest = [
        {
            "file": os.path.relpath(step.video.path, source.root),
            "reason": reasons.get(number)
            or f"no {', '.join(part for part, here in present.items() if not here[number])}",
        }
        for number, step in enumerate(steps)
        if not mask[number]
    ]
    if not complete_steps:
        raise UserError(f"{source.root}: no clip of {name} has video, audio and text: {left_out_line(rest)}")
    table = {"trained": {feature: value[mask].double().numpy() for feature, value in values.items()}}
    if start is not None:
        values, _ = embed_windows(start, windows, config, vocab, source, f"{name} random_init", quiet)
        table["random_init"] = {feature: value.double().numpy() for feature, value in values.items()}
    table["handmade"] = window_features(windows, config.clip, vocab, source, name, quiet)
    return complete_steps, table, rest
