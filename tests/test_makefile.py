"""``make`` in a clone whose path holds blanks; nothing is installed: the programs of the environment are stand-ins."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAND_IN = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0") in $PWD with VATT_DATA=$VATT_DATA" "$@" -- >> "$LOG"\n'

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """With an environment that is newer than what it is made from."""
    folder = tmp_path / "my own clone"
    (folder / ".venv/bin").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copyfile(ROOT / name, folder / name)
        os.utime(folder / name, (1, 1))
    for name in ("python", "vatt"):
        (folder / ".venv/bin" / name).write_text(STAND_IN)
        (folder / ".venv/bin" / name).chmod(0o755)
    (folder / ".venv/.installed").touch()
    return folder


def make(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("VATT_DATA", "MAKEFLAGS")}
    environment["LOG"] = str(clone / "log")
    return subprocess.run(["make", *words], cwd=clone, env=environment, capture_output=True, text=True, timeout=60)


def test_the_corpus_is_one_word(clone: Path) -> None:
    assert make(clone, "toy").returncode == 0
    lines = (clone / "log").read_text().splitlines()
    corpus = str(clone / "build/minitube/small")
    assert [lines[place + 1] for place, line in enumerate(lines) if line in ("--out", "--data")] == [
        corpus, corpus, "runs/toy", corpus,
    ]  # fmt: skip
    assert f"vatt in {clone} with VATT_DATA={clone / 'build'}" in lines


@pytest.mark.parametrize("target", ["env", "book", "test", "check", "lint", "serve", "demo", "book-audit"])
def test_every_target_stays_in_the_clone(target: str, clone: Path) -> None:
    result = make(clone, target)
    assert (result.returncode, result.stderr) == (0, "")
    log = (clone / "log").read_text() if target != "env" else ""
    assert all(line.startswith(f"python in {clone} ") for line in log.splitlines() if " with VATT_DATA=" in line)
    assert sorted(path.name for path in clone.parent.iterdir()) == [clone.name]


def test_an_environment_of_two_words_is_refused(clone: Path) -> None:
    result = make(clone, "env", "VENV=my env")
    assert result.returncode == 2
    assert "VENV = my env must be one word" in result.stderr
    assert result.stderr.count("\n") == 1
