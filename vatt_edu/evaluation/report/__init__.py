"""``RUN/report.html``: one page that shows what was run, how it went, what it can do and where it fails.

It stands alone (no network, no other file), follows light and dark, and fits a telephone. Its numbers are those of
``retrieval.json``, ``probe.json`` and ``log.jsonl``; pictures and confusions are made anew from the source.
"""

from html import escape
from pathlib import Path

from vatt_edu.data.sources.source import Source
from vatt_edu.evaluation.report import neighbors, run_files, sections
from vatt_edu.evaluation.report.gallery import embed_gallery
from vatt_edu.evaluation.report.recorded import experiment_tables
from vatt_edu.evaluation.results_file import read_results, run_header
from vatt_edu.files import write_text
from vatt_edu.pages import document
from vatt_edu.training.run_folder import read_config

PREFERRED = "test_iid"

__all__ = ["write_report"]


def write_report(run: Path, source: Source, split: str = "all", quiet: bool = False) -> Path:
    """Writes ``RUN/report.html`` atomically; returns its path.

    Args:
        run: A run folder, evaluated or not: what is not there yet says how to get it.
        source: Where clips for pictures come from.
        split: Whose clips to show; ``"all"``: ``test_iid`` where there is one, else the first that is not trained on.
        quiet: No progress bar.

    Raises:
        UserError: If the run has no weights, one of its files is damaged, or the source has no captioned clips.
    """
    config, record = read_config(run)
    if split == "all":
        others = [name for name in source.splits if name != "train"]
        split = PREFERRED if PREFERRED in others else [*others, "train"][0]
    head, gallery = run_header(run), embed_gallery(run, source, split, quiet)
    pictures = neighbors.Pictures(gallery)
    scores = read_results(run / "retrieval.json")
    parts = [
        ("Retrieval", sections.retrieval(scores, split)),
        ("Training", sections.curves(run_files.training(run, config))),
        ("What was run", sections.what_ran(config, record, head)),
        ("Nearest neighbors", neighbors.neighbors(gallery, pictures)),
        ("Worst failures", neighbors.worst(gallery, pictures)),
        ("Confusions", neighbors.confusions(gallery)),
        ("Linear probes", sections.probes(read_results(run / "probe.json"), split)),
        ("Skipped files", sections.skips(run_files.skipped(run))),
        ("Other runs of the toy", experiment_tables()),
    ]
    title = record["preset"]
    if not record["converted"]:
        title += f", seed {config.seed}, {head['steps']} steps"
    lead = sections.lead(scores, split) if scores else f"<p>{escape(str(run))}</p>"
    path = run / "report.html"
    write_text(path, document(title, lead, parts))
    return path
