"""Official numbers: every test reads one file of a golden directory and builds the model from that file's own sizes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.golden_files import MEASURED, Golden

from vatt_edu.system import machine

RECORDED: dict[str, list[dict]] = {}


@pytest.fixture
def compared() -> Iterator[Callable[[str], None]]:
    """Says of which file the comparisons that follow are, so that they can be recorded."""
    MEASURED.clear()
    names: list[str] = []
    yield names.append
    if names:
        RECORDED.setdefault(names[0], []).extend(MEASURED)


@pytest.fixture
def golden(golden_dir: Path, compared: Callable[[str], None]) -> Callable[[str], Golden]:
    """Reads a file of the golden directory; a directory may hold only some of them."""

    def read(name: str) -> Golden:
        path = golden_dir / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"{golden_dir} holds no {name}.npz")
        compared(name)
        return dict(np.load(path))

    return read


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """``--record FILE``: for each file of the golden directory, its bounds and its worst comparison."""
    target: Path | None = session.config.getoption("--record")
    if target is None or exitstatus:
        return
    rows = []
    for name, measured in sorted(RECORDED.items()):
        shares = [one["off"] / one["allowed"] if one["off"] else 0.0 for one in measured]
        bounds = [float(f"{one['bound']:.3g}") for one in measured if one["bound"]]
        row = {"file": name, "comparisons": len(measured), "bounds": [min(bounds), max(bounds)]}
        rows.append(row | {"worst_share_of_bound": max(shares)})
    record = {"name": "parity", "command": "make parity", **machine(), "rows": rows}
    target.write_text(json.dumps(record, indent=1) + "\n")
