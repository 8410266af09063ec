"""Between a run and its user: notes, the progress bar, and Ctrl-C."""

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from vatt_edu.losses import Losses
from vatt_edu.training.distributed.processes import is_first

SHOWN = ("text_to_video", "video_to_audio")


def say(notes: Iterable[str]) -> None:
    """Prints notes, one a line, whatever the names of files in them; of many processes, the first one does."""
    for note in notes if is_first() else ():
        print(f"note: {note}".encode(errors="backslashreplace").decode(), flush=True)


class Bar:
    """A progress bar that shows the smoothed losses."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._smooth: dict[str, float] = {}
        self._scores: dict[str, str] = {}

    def show(self, losses: Losses) -> None:
        """One more step is done."""
        for name in ("nce", "mil_nce"):
            value = getattr(losses, name).item()
            self._smooth[name] = 0.95 * self._smooth.get(name, value) + 0.05 * value
        shown = {name: f"{value:.3f}" for name, value in self._smooth.items()} | self._scores
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def validated(self, scores: dict[str, dict[str, float]]) -> None:
        """R@5 on val, which stays until the next."""
        self._scores = {name: f"{100 * values['R@5']:.0f}%" for name, values in scores.items() if name in SHOWN}


@contextmanager
def progress(steps: int, start: int, quiet: bool) -> Iterator[Bar]:
    """A progress bar over ``steps``, of which ``start`` are behind us; nothing is drawn if ``quiet``."""
    from tqdm import tqdm

    silent = quiet or not is_first()
    with tqdm(total=steps, initial=start, desc="pretrain", unit="step", disable=silent, mininterval=1.0) as bar:
        yield Bar(bar)


IMPATIENCE = 1.0  # seconds after which another Ctrl-C is meant: torchrun passes on what the terminal has sent, too


class Stop:
    """Whether a signal asks the loop to save and end.

    Attributes:
        number: The signal; 0 as long as there is none.
        since: When it came.
    """

    number = 0
    since = 0.0


@contextmanager
def interrupt() -> Iterator[Stop]:
    """What Ctrl-C and SIGTERM set, so that the loop can save before it ends; a second Ctrl-C ends at once."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may listen to signals
        return

    def ask(number: int, _frame: object) -> None:
        if stop.number and number == signal.SIGINT and time.monotonic() - stop.since > IMPATIENCE:
            raise KeyboardInterrupt
        if not stop.number:
            stop.number, stop.since = number, time.monotonic()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
