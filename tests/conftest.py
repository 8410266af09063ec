"""What all tests share: shapes are enforced, and parity reads any directory of official numbers."""

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Before anything imports vatt_edu: every shape annotation of the package is checked at each call.
install_import_hook("vatt_edu", "beartype.beartype")

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


@pytest.fixture(scope="session")
def golden_dir(request: pytest.FixtureRequest) -> Path:
    """Where the official numbers lie (``--golden DIR``)."""
    directory: Path = request.config.getoption("--golden").resolve()
    return directory


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return ROOT
