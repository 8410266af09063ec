"""A small corpus, a run trained on it, and a call of the program that must fail with one line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import clips, runs

from vatt_edu.cli import main

Fails = Callable[..., str]
Content = dict[str, bytes | None]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do not write here (the decoded cache is fine)."""
    return clips.corpus(tmp_path_factory.mktemp("world") / "corpus", narrated=2, text_free=2, evaluation=2)


@pytest.fixture(scope="module")
def done(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; do not write here: ``run`` is a copy."""
    return runs.pretrain(world, tmp_path_factory.mktemp("done") / "run")


@pytest.fixture
def run(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "run"))


@pytest.fixture
def fails(capfd: pytest.CaptureFixture[str]) -> Fails:
    def call(words: list[str], *parts: str, untouched: Path) -> str:
        """The one line; ``untouched`` is as it was before, byte for byte, or still not there."""
        before = content(untouched)
        capfd.readouterr()
        assert main(words) == 2
        shown = capfd.readouterr()
        assert shown.out == ""
        assert shown.err.startswith("vatt: ")
        assert (shown.err.count("\n"), shown.err[-1]) == (1, "\n")
        assert [part for part in parts if part not in shown.err] == []
        assert content(untouched) == before
        return shown.err

    return call


def content(place: Path) -> Content:
    """Every path at or below ``place`` and what is in it."""
    paths = [place, *sorted(place.rglob("*"))] if place.exists() else []
    return {str(path.relative_to(place)): path.read_bytes() if path.is_file() else None for path in paths}
