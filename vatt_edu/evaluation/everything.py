"""All that can be measured of a run, and the page that shows it."""

from pathlib import Path
from typing import TypedDict

from vatt_edu.data.sources.open import open_source
from vatt_edu.evaluation.ground_truth import has_ground_truth
from vatt_edu.evaluation.probing.evaluate import evaluate_probes
from vatt_edu.evaluation.report import write_report
from vatt_edu.evaluation.results_file import ProbeResults, RetrievalResults
from vatt_edu.evaluation.retrieval import evaluate_retrieval


class Evaluation(TypedDict):
    """The results of retrieval and of the probes, as in their files, and where the report is."""

    retrieval: RetrievalResults
    probe: ProbeResults | None
    report: str


def evaluate_all(run: Path, data: str, split: str = "all", quiet: bool = False) -> Evaluation:
    """Retrieval, linear probes where there is ground truth, and the report.

    Args:
        run: A run folder, or one that ``vatt convert`` wrote.
        data: A source with captioned clips.
        split: One split, or ``"all"``.
        quiet: No progress bar.

    Raises:
        UserError: As the three of them do.
    """
    source = open_source(data)
    retrieval = evaluate_retrieval(run, source, split, quiet)
    probes = evaluate_probes(run, source, split, quiet) if has_ground_truth(source) and split != "train" else None
    return {"retrieval": retrieval, "probe": probes, "report": str(write_report(run, source, split, quiet))}
