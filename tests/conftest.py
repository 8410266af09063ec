"""What all tests share: slow ones are marked, and parity reads any directory of official numbers."""

from pathlib import Path

import pytest
from helpers import lanes

ROOT = Path(__file__).resolve().parent.parent


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
    tests = ROOT / "tests"
    for item in items:
        if item.path.is_relative_to(tests) and lanes.is_slow(item.path.relative_to(tests).as_posix()):
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
