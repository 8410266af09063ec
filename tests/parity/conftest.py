"""Official numbers: every test reads one file of a golden directory and builds the model from that file's own sizes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from golden_files import Golden


@pytest.fixture
def golden(golden_dir: Path) -> Callable[[str], Golden]:
    """Reads a file of the golden directory; a directory may hold only some of them."""

    def read(name: str) -> Golden:
        path = golden_dir / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"{golden_dir} holds no {name}.npz")
        return dict(np.load(path))

    return read
