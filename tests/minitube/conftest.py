"""A corpus of a few short videos, made once for all tests of this folder."""

from pathlib import Path

import pytest

from vatt_edu import minitube

PRESET = minitube.Preset("few", howto=2, audioset=2, val=1, test_iid=4, test_comp=1, test_bg=2, steps=2)


@pytest.fixture(scope="session")
def preset() -> minitube.Preset:
    return PRESET


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minitube.make(PRESET, tmp_path_factory.mktemp("minitube") / "few", workers=1, quiet=True)
