"""What all tests share: slow ones are marked, and parity reads any directory of official numbers."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Left out by `make check` (-m "not slow"): whole folders and files, each with what it takes its time for.
SLOW = {
    "book": "reads executed notebooks",
    "browser": "opens pages",
    "data/test_cache.py": "decodes, in processes that are killed",
    "data/test_dataset.py": "loads datasets",
    "data/test_describe.py": "renders a corpus",
    "data/test_loader.py": "decodes, in processes",
    "data/test_media.py": "writes and decodes films",
    "data/test_samples.py": "decodes what is shipped",
    "data/test_way_of_a_clip.py": "writes and decodes films",
    "evaluation": "trains and evaluates",
    "experiments": "trains twins",
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
    "training": "trains",
}
FAST = ("evaluation/test_metrics.py", "training/test_optim.py", "training/test_schedule.py", "training/test_old_run.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        type=Path,
        default=ROOT / "tests" / "golden",
        metavar="DIR",
        help="directory with numbers of the official modules (default: tests/golden)",
    )
    parser.addoption("--record", type=Path, metavar="FILE", help="write the largest differences of tests/parity there")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--golden").is_dir():
        raise pytest.UsageError(f"--golden {config.getoption('--golden')}: no such directory")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests"):
            file = item.path.relative_to(ROOT / "tests").as_posix()
            if file not in FAST and any(f"{file}/".startswith(f"{place}/") for place in SLOW):
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def golden_dir(request: pytest.FixtureRequest) -> Path:
    """Where the official numbers lie (``--golden DIR``)."""
    directory: Path = request.config.getoption("--golden").resolve()
    return directory


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return ROOT
