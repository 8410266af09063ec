"""What can be read from the video tower and from the audio tower, of what a clip both shows and lets hear.

Retrieval between two modalities cannot compare models of which some never compared them. A linear probe of each tower
can: the same clips, the same questions, one modality at a time.
"""

from pathlib import Path

import numpy as np

from vatt_edu.data.sources.source import Source
from vatt_edu.evaluation.embed import load
from vatt_edu.evaluation.features import embed_windows
from vatt_edu.evaluation.ground_truth import factor_labels, list_steps, sample_steps
from vatt_edu.evaluation.probing.evaluate import TRAIN, TRAIN_WINDOWS, VAL
from vatt_edu.evaluation.probing.linear_probe import select_regularization

MODALITIES = ("video", "audio")
QUESTIONS = ("action", "material")
"""Factors that MiniTube both shows and lets hear."""


def column(modality: str, question: str) -> str:
    """What a modality's answers to a question are called among ranks."""
    return f"{modality}_{question}"


def evaluate_towers(
    run: Path, source: Source, split: str, quiet: bool = False
) -> tuple[dict[str, dict[str, float]], dict[str, list[int]]]:
    """Accuracies of linear probes of the pooled features, as ``experiments.run`` stores them.

    Probes are fitted on steps of training videos, their strength is chosen on ``val``.

    Args:
        run: A run folder.
        source: A corpus with ground truth.
        split: Where they are scored.
        quiet: No progress bar.

    Returns:
        ``probe_video`` and ``probe_audio``: an accuracy for each question; and for each clip 1 where its answer is
        right, else 2, by ``column``.
    """
    embedder = load(run)
    sets = {name: list_steps(source, name) for name in dict.fromkeys((TRAIN, VAL, split))}
    sets[TRAIN] = sample_steps(sets[TRAIN], TRAIN_WINDOWS, 0, "probe")
    tables = {}
    for name, steps in sets.items():
        windows = [step.window(embedder.config.clip) for step in steps]
        label = f"{name} towers"
        tables[name], _ = embed_windows(embedder.model, windows, embedder.config, None, source, label, quiet)
    scores: dict[str, dict[str, float]] = {f"probe_{modality}": {} for modality in MODALITIES}
    ranks = {}
    for modality in MODALITIES:
        rows = {name: table[modality].double().numpy() for name, table in tables.items()}
        for question in QUESTIONS:
            answers = {name: factor_labels(steps, question) for name, steps in sets.items()}
            probe = select_regularization(rows[TRAIN], answers[TRAIN], rows[VAL], answers[VAL])
            right = probe.model.predict(rows[split]) == answers[split]
            scores[f"probe_{modality}"][question] = float(right.mean())
            ranks[column(modality, question)] = np.where(right, 1, 2).tolist()
    return scores, ranks
