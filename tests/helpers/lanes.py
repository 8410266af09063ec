"""Two lanes: ``make check`` leaves out what is slow (``-m "not slow"``), ``make test`` runs everything."""

# Whole folders and files, relative to tests/, each with what it takes its time for.
SLOW = {
    "book": "reads executed notebooks",
    "browser": "opens pages",
    "data/test_cache.py": "decodes, in processes that are killed",
    "data/test_check.py": "writes and decodes a thousand films, in processes",
    "data/test_dataset.py": "loads datasets",
    "data/test_describe.py": "renders a corpus",
    "data/test_loader.py": "decodes, in processes",
    "data/test_media.py": "writes and decodes films",
    "data/test_packed_sound.py": "writes and decodes films",
    "data/test_samples.py": "decodes what is shipped",
    "data/test_way_of_a_clip.py": "writes and decodes films",
    "data/test_workers.py": "starts processes that crash and hang",
    "evaluation": "trains and evaluates",
    "experiments": "trains twins",
    "house/test_street.py": "trains",
    "interop/test_convert.py": "writes checkpoints",
    "interop/test_hub.py": "loads the Hub's library",
    "interop/test_tensorflow_checkpoint.py": "flips every bit of a file",
    "minitube": "renders corpora",
    "parity/test_official_checkpoints.py": "converts checkpoints",
    "robustness": "calls the whole program on broken things",
    "teach/test_demo.py": "evaluates the shipped model",
    "teach/test_players.py": "decodes and encodes films",
    "test_cli.py": "starts the program",
    "test_flags.py": "prints the help of all flags",
    "test_imports.py": "makes an environment",
    "test_losses_chunked.py": "measures memory in processes of their own",
    "training": "trains",
}
FAST = (
    "evaluation/test_metrics.py",
    "evaluation/test_selection.py",
    "training/test_optim.py",
    "training/test_schedule.py",
    "training/test_old_run.py",
)


def is_slow(file: str) -> bool:
    """Whether the tests of a file, relative to ``tests/``, are left out."""
    return file not in FAST and any(f"{file}/".startswith(f"{place}/") for place in SLOW)
