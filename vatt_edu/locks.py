"""Locks: one process at a time writes to a folder, and who is refused learns by whom."""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vatt_edu.errors import UserError

try:
    import fcntl
except ImportError:  # Windows; there, take care yourself
    fcntl = None  # type: ignore[assignment]

WAIT_SECONDS = 0.2  # between two looks at a lock
PATIENCE_SECONDS = 5.0  # after which it is said for whom we wait

_OURS: set[Path] = set()  # what this process holds: its number on another lock is that of a dead one


class LockedError(UserError):
    """Another process holds a lock. ``owner`` says which: ``process 123 on HOST since …``."""

    def __init__(self, path: Path, owner: str) -> None:
        self.owner = owner
        super().__init__(f"{path} is held by {owner}: wait for it, or remove that file if the process is gone")


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Holds the lock file ``path``: one process at a time. It goes with the process, whatever ends it.

    A disk without ``flock`` gets a lock by the file's existence; one whose owner has died on this machine is taken
    over, one of another machine is not.

    Args:
        path: The lock file; it names its owner, and is gone afterwards.
        wait: A second process waits, and then finds the work done; False: it is refused.

    Raises:
        LockedError: If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    take = _take_by_flock if _has_flock(path) else _take_by_existence
    begin = time.monotonic()
    while (handle := take(path)) is None:
        if not wait:
            raise LockedError(path, _owner(path))
        time.sleep(WAIT_SECONDS)
        if begin and time.monotonic() - begin > PATIENCE_SECONDS:
            print(f"note: waiting for {_owner(path)}, which holds {path}", file=sys.stderr)
            begin = 0.0
    _OURS.add(path.absolute())
    try:
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n{socket.gethostname()}\n{time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)
        _OURS.discard(path.absolute())


def _flock(handle: int) -> bool | None:
    """Whether the lock is ours now; None on a disk that has no such thing."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # each kind of disk has a word of its own for it
        return None
    return True


def _has_flock(path: Path) -> bool:
    probe = path.with_name(f".{path.name}.{os.getpid()}.partial")
    handle = os.open(probe, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        return _flock(handle) is not None
    finally:
        os.close(handle)
        probe.unlink(missing_ok=True)


def _take_by_flock(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    if _flock(handle) and _is_open(path, handle):  # who held it before may have removed the file that is open here
        return handle
    os.close(handle)
    return None


def _is_open(path: Path, handle: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(handle))
    return False


def _take_by_existence(path: Path) -> int | None:
    with contextlib.suppress(FileExistsError):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    pid, host, _ = _owner_fields(path)
    alive = path.absolute() in _OURS if pid == os.getpid() else _is_alive(pid)
    if host == socket.gethostname() and not alive:
        path.unlink(missing_ok=True)
        return _take_by_existence(path)
    return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _owner_fields(path: Path) -> tuple[int, str, str]:
    try:
        pid, host, since = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return int(pid), host, since
    except (OSError, ValueError):  # it has gone, or has not yet written its name
        return 0, "", ""


def _owner(path: Path) -> str:
    pid, host, since = _owner_fields(path)
    return f"process {pid} on {host} since {since}" if pid else "another process"
