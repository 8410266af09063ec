"""A process that hangs ends the job, with its name.

Every process counts what it does: steps, and collectives that it enters. A process that waits in a collective has
entered it, one that hangs has not, so the one that hangs is the one that has counted least. A thread of each process
tells the others its count; where none has moved for so long, it says who is behind, and ends its process. torchrun then
ends the others.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from torch.distributed import Store

HUNG = 76
"""Exit code of a process that waited for one that hangs."""

BEATS = 8  # in the time that a process may stand still


@dataclass
class _Move:
    """How often this process has moved, and what it did last."""

    count: int = 0
    what: str = "start"


_MOVE = _Move()


def mark(what: str) -> None:
    """Counts a move: it begins what others may have to wait for."""
    _MOVE.count += 1
    _MOVE.what = what


@dataclass
class Watch:
    """Watches all processes from a thread of this one, until it is closed.

    Args:
        store: Which all processes reach.
        rank: Of this process.
        world: How many there are.
        seconds: For which nothing may move.
        clock: Tells the time in seconds.
    """

    store: Store
    rank: int
    world: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _seen: dict[int, tuple[str, float]] = field(default_factory=dict)
    _closed: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(self.seconds / BEATS):
            try:
                hanging = self.look()
            except RuntimeError:  # the store has gone, and with it the job
                return
            if hanging:
                print(f"vatt: {hanging}", file=sys.stderr, flush=True)
                os._exit(HUNG)  # also out of a collective

    def look(self) -> str:
        """Tells the others of this process, and looks at them; returns who hangs, nothing if all is well."""
        mine = f"{_MOVE.count}\n{_MOVE.what}\n{socket.gethostname()}\n{os.getpid()}"
        self.store.set(str(self.rank), mine)
        present = [str(rank) for rank in range(self.world) if self.store.check([str(rank)])]
        now = self.clock()
        for name, text in zip(present, self.store.multi_get(present), strict=True):
            before = self._seen.get(int(name))
            if before is None or before[0] != text.decode():
                self._seen[int(name)] = (text.decode(), now)
        if len(present) < self.world or any(now - since < self.seconds for _, since in self._seen.values()):
            return ""
        counts = {rank: int(text.split("\n")[0]) for rank, (text, _) in self._seen.items()}
        behind = [rank for rank, count in counts.items() if count == min(counts.values())]
        if len(behind) == self.world:
            return (
                f"no process has moved for {self.seconds:g} s, none is behind: all are at the same place ({_MOVE.what})"
            )
        places = []
        for rank in behind:
            _, what, host, pid = self._seen[rank][0].split("\n")
            places.append(f"rank {rank} (process {pid} on {host}) hangs after: {what}")
        names = "; ".join(places)
        return f"{names}; nothing has moved for {self.seconds:g} s, so the job ends; the last checkpoint is kept"
