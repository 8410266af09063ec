"""``vatt evaluate``: what a run has learned."""

from pathlib import Path

import tyro

from vatt_edu.commands.output import show


def retrieval(
    run: tyro.conf.Positional[Path], data: str, split: str = "all", json: bool = False, quiet: bool = False
) -> int:
    """Zero-shot retrieval of a run, beside the untrained model and chance; merges into RUN/retrieval.json.

    Args:
        run: Folder of the run, or of a converted checkpoint.
        data: A source with captioned clips.
        split: One split, or all. The training split only where there is ground truth: 256 of its steps.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.data.sources.open import open_source
    from vatt_edu.evaluation.retrieval import evaluate_retrieval
    from vatt_edu.evaluation.terminal import retrieval_table

    return show(evaluate_retrieval(run, open_source(data), split, quiet), retrieval_table, json)


def probe(
    run: tyro.conf.Positional[Path], data: str, split: str = "all", json: bool = False, quiet: bool = False
) -> int:
    """Linear probes on a run's frozen features, beside chance, its random start and hand-made features.

    Merges into RUN/probe.json.

    Args:
        run: Folder of the run, or of a converted checkpoint.
        data: A source with ground truth (MiniTube).
        split: One split, or all but train and val.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.data.sources.open import open_source
    from vatt_edu.evaluation.probing.evaluate import evaluate_probes
    from vatt_edu.evaluation.terminal import probe_table

    return show(evaluate_probes(run, open_source(data), split, quiet), probe_table, json)


def everything(
    run: tyro.conf.Positional[Path], data: str, split: str = "all", json: bool = False, quiet: bool = False
) -> int:
    """Retrieval, linear probes and the report of a run; writes RUN/retrieval.json, probe.json and report.html.

    Args:
        run: Folder of the run, or of a converted checkpoint.
        data: A source with captioned clips; without ground truth the probes are left out.
        split: One split, or all.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.evaluation.everything import evaluate_all
    from vatt_edu.evaluation.terminal import all_tables

    return show(evaluate_all(run, data, split, quiet), all_tables, json)
