"""A lock is one process's, names it, goes with it, and works where a disk has no ``flock``."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vatt_edu import locks
from vatt_edu.locks import LockedError, locked

HOLD = """
import sys, time
from pathlib import Path
from vatt_edu.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


CODES = [None, errno.ENOLCK, errno.EACCES, errno.EIO, errno.ENOSYS]


@pytest.fixture(params=CODES, ids=lambda code: errno.errorcode.get(code))
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """A disk with flock, and some without."""

    def flock(*_: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    if request.param is not None:
        monkeypatch.setattr(fcntl, "flock", flock)
    return request.param


def test_a_second_is_refused_by_the_name_of_the_first(disk: int | None, tmp_path: Path) -> None:
    path = tmp_path / "deep/.lock"
    with locked(path), pytest.raises(LockedError) as refusal, locked(path, wait=False):
        pytest.fail("two hold it")
    assert refusal.value.owner.startswith(f"process {os.getpid()} on {socket.gethostname()} since 2")
    assert list(path.parent.iterdir()) == []
    with locked(path, wait=False):
        assert [file.name for file in path.parent.iterdir()] == [".lock"]


def test_a_second_waits_and_says_for_whom(
    disk: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(locks, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(locks, "PATIENCE_SECONDS", 0.02)
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / ".lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(tmp_path / ".lock"):
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    note = capsys.readouterr().err
    assert note.startswith(f"note: waiting for process {os.getpid()} on {socket.gethostname()} since ")
    assert note.count("\n") == 1


def test_a_dead_process_blocks_nobody(disk: int | None, tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    if disk is None:  # the other process has flock
        with pytest.raises(LockedError, match=f"process {process.pid} on "), locked(path, wait=False):
            pass
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    assert path.exists()
    with locked(path, wait=False):
        assert path.read_text().splitlines()[0] == str(os.getpid())


def test_a_process_of_another_machine_is_not_taken_for_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    (tmp_path / ".lock").write_text("99999999\nelsewhere\n2026-01-02 03:04:05\n")
    owner = "process 99999999 on elsewhere since 2026-01-02 03:04:05: wait"
    with pytest.raises(LockedError, match=owner), locked(tmp_path / ".lock", wait=False):
        pytest.fail("it was taken")
