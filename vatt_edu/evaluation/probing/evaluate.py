"""Linear probes: what can be read from frozen features, beside what could be read without any training.

Windows in the middle of training steps are fitted, C is chosen on ``val``, and the test splits are scored once. Beside
each trained feature stand chance, the majority class, the same model before its first training step (its start
included) and features made by hand. The spaces ``va`` and ``vt`` have nothing by hand of their own.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vatt_edu.data.loader.windows import Window
from vatt_edu.data.sources.open import Source
from vatt_edu.errors import UserError
from vatt_edu.evaluation.embed import load, untrained
from vatt_edu.evaluation.features import FEATURES, embed_windows
from vatt_edu.evaluation.ground_truth import Step, labels, some, steps
from vatt_edu.evaluation.probing import baseline_features as handmade
from vatt_edu.evaluation.probing.linear_probe import STRENGTHS, Probe, choose
from vatt_edu.evaluation.probing.targets import TARGETS, Target, by_action, majority
from vatt_edu.evaluation.results_file import complete, header, merge, read

TRAIN_WINDOWS = 1_500
FITTED, CHOSEN = "train", "val"

Table = Mapping[str, Mapping[str, np.ndarray]]  # by who (trained, random_init, handmade), then by feature: (n, F)


def evaluate(run: Path, source: Source, split: str = "all", quiet: bool = False) -> dict[str, Any]:
    """Probes of a run on the test splits of a source; merged into ``RUN/probe.json``, which is returned.

    Args:
        run: A run folder.
        source: A corpus with ground truth and a split ``val``.
        split: One split, or ``"all"`` but ``train`` and ``val``.
        quiet: No progress bar.

    Raises:
        UserError: If the run has no weights, the source has no ground truth, or a split does not exist.
    """
    read(run / "probe.json")  # what is damaged there must show before the work
    train = some(steps(source, FITTED), TRAIN_WINDOWS, 0, "probe")
    sets = {FITTED: train, CHOSEN: steps(source, CHOSEN)}
    names = [name for name in source.splits if name not in sets] if split == "all" else [split]
    if not names:
        raise UserError(f"{source.root} has no split besides train and val; name one with --split")
    sets |= {name: steps(source, name) for name in names if name not in sets}
    tables = {name: _embed(run, source, listed, name, quiet) for name, listed in sets.items()}
    fits, splits = measure(sets, tables, names, quiet)
    extra = {"train_windows": len(train), "val_windows": len(sets[CHOSEN]), "strengths": list(STRENGTHS), "fits": fits}
    return merge(run / "probe.json", header(run) | extra, splits)


def measure(
    sets: Mapping[str, Sequence[Step]], tables: Mapping[str, Table], names: Sequence[str], quiet: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fits every probe and scores it.

    Args:
        sets: Steps of ``train``, ``val`` and each of ``names``.
        tables: Features of the same.
        names: Splits to score.
        quiet: No progress bar.

    Returns:
        How each fit went, by target, feature and who; and accuracies (fractions) by split. A target that has fewer
        than two answers among the training windows is left out.
    """
    from tqdm import tqdm

    fits: dict[str, Any] = {}
    factors: dict[str, dict[str, Any]] = {name: {} for name in names}
    columns = [(feature, who) for feature in FEATURES for who in tables[FITTED] if feature in tables[FITTED][who]]
    targets = [target for target in TARGETS if len(set(target.labels(sets[FITTED])[1])) > 1]
    with tqdm(total=len(targets) * len(columns), desc="fit", unit="probe", disable=quiet) as bar:
        for target in targets:
            for name in names:
                factors[name][target.name] = _references(target, sets[FITTED], sets[name])
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
    tables: Mapping[str, Table],
    names: Sequence[str],
) -> tuple[Probe, dict[str, float | None]]:
    asked = {name: target.labels(sets[name]) for name in {FITTED, CHOSEN, *names}}
    rows = {name: tables[name][who][feature][mask] for name, (mask, _) in asked.items()}
    if not len(rows[CHOSEN]):
        raise UserError(f"split {CHOSEN} has no clip to choose C of the probe of {target.name} on")
    probe = choose(rows[FITTED], asked[FITTED][1], rows[CHOSEN], asked[CHOSEN][1])
    return probe, {name: probe.accuracy(rows[name], asked[name][1]) if len(rows[name]) else None for name in names}


def _references(target: Target, train: Sequence[Step], test: Sequence[Step]) -> dict[str, Any]:
    """What needs no features: chance, the majority class, and each action's own."""
    train_mask, given = target.labels(train)
    mask, wanted = target.labels(test)
    some_asked = len(wanted) > 0
    actions = labels(train, "action")[train_mask], labels(test, "action")[mask]
    return {
        "n": len(wanted),
        "classes": len(set(given)),
        "chance": 1 / len(set(given)),
        "majority": majority(given, wanted) if some_asked else None,
        "by_action": by_action(given, actions[0], wanted, actions[1]) if some_asked else None,
        "features": {},
    }


def _embed(run: Path, source: Source, listed: Sequence[Step], name: str, quiet: bool) -> Table:
    embedder = load(run)
    config, vocab = embedder.config, embedder.vocab
    windows: list[Window] = [step.window(config.clip) for step in listed]
    table: dict[str, dict[str, np.ndarray]] = {}
    for who, model in {"trained": embedder.model, "random_init": untrained(run)}.items():
        found, present = embed_windows(model, windows, config, vocab, source, f"{name} {who}", quiet)
        complete(present, source, name)
        table[who] = {feature: value.double().numpy() for feature, value in found.items()}
    table["handmade"] = handmade.embed_windows(windows, config.clip, vocab, source, name, quiet)
    return table
