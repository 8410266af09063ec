"""All that can be measured of a run, and the page that shows it."""

from pathlib import Path
from typing import Any

from vatt_edu.data.sources.open import open_source
from vatt_edu.evaluation import retrieval
from vatt_edu.evaluation.ground_truth import has_truth
from vatt_edu.evaluation.probing import evaluate as probe
from vatt_edu.evaluation.report import write_report


def evaluate(run: Path, data: str, split: str = "all", quiet: bool = False) -> dict[str, Any]:
    """Retrieval, linear probes where there is ground truth, and the report.

    Args:
        run: A run folder.
        data: A source with captioned clips.
        split: One split, or ``"all"``.
        quiet: No progress bar.

    Returns:
        ``{"retrieval": …, "probe": … or None, "report": path}``, the first two as in their files.

    Raises:
        UserError: As the three of them do.
    """
    source = open_source(data)
    found = retrieval.evaluate(run, source, split, quiet)
    probed = probe.evaluate(run, source, split, quiet) if has_truth(source) and split != "train" else None
    report = write_report(run, source, split, quiet)
    return {"retrieval": found, "probe": probed, "report": str(report)}
