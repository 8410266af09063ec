"""Commands of a page: run as printed, and nothing is left of them; scripts explained, every line of them."""

import os
import sys
import time
from pathlib import Path

import pytest

from vatt_edu.teach import shell

CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); {}"


def alive_in(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(group: int) -> bool:
    """Killed processes are there until somebody has noticed."""
    end = time.monotonic() + 5
    while alive_in(group) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive_in(group)


def test_a_command_with_a_variable_runs_where_it_should(tmp_path: Path) -> None:
    line = f"WORD=hi {sys.executable} -c 'import os; print(os.environ[\"WORD\"], os.getcwd())'"
    assert shell.run(line, tmp_path).split() == ["hi", str(tmp_path.resolve())]


def test_vatt_is_that_of_this_python(tmp_path: Path) -> None:
    assert "base_base_small" in shell.run("vatt pretrain --help", tmp_path)


def test_a_command_that_fails_says_how(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"exit code 3\nso it is"):
        shell.run(f"{sys.executable} -c 'print(\"so it is\"); raise SystemExit(3)'", tmp_path)


@pytest.mark.parametrize("ending", ["time.sleep(60)", "pass"])
def test_nothing_is_left_when_a_cell_fails(tmp_path: Path, ending: str) -> None:
    """A child of a command that still runs, and one whose parent has gone."""
    line = f'{sys.executable} -c "{CHILD.format(ending)}"'
    groups = []

    def cell() -> None:
        with shell.started(line, tmp_path) as process:
            groups.append(process.pid)
            time.sleep(0.3)
            assert alive_in(process.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cell()
    assert wait_until_gone(groups[0])


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    line = f"{sys.executable} -u -c 'import time; print(\"begun\"); time.sleep(60)'"
    with pytest.raises(RuntimeError, match=r"not done in 0\.5 s"):
        shell.run(line, tmp_path, timeout=0.5)
    assert time.monotonic() - began < 20


NOTES = {"set": "stop", "cd": "go", "gpus": "count", "exec": "run"}


def test_every_line_of_a_script_is_explained() -> None:
    text = shell.explained("one_machine.sh", NOTES)
    script = (shell.LAUNCH / "one_machine.sh").read_text()
    for line in script.splitlines():
        if line and not line.startswith("#"):
            assert line in text
    assert text.index("count") < text.index("gpus=$(") < text.index("\nrun\n")


@pytest.mark.parametrize(
    ("notes", "message"),
    [({k: v for k, v in NOTES.items() if k != "set"}, "no note explains"), (NOTES | {"rm": "clean"}, "begins with rm")],
)
def test_a_line_without_a_note_and_a_note_without_a_line_are_refused(notes: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shell.explained("one_machine.sh", notes)
