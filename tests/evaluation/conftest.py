"""A tiny corpus and a run on it, made once."""

from pathlib import Path

import pytest
from helpers import clips, runs


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not write here."""
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=2, text_free=2, evaluation=6)


@pytest.fixture(scope="session")
def run(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three training steps; do not write here."""
    return runs.pretrain(world, tmp_path_factory.mktemp("run") / "run")
