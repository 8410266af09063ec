"""An exhibit: a wrong version that runs, the symptom that it makes, and the test that catches it.

A wrong version takes the place of one function of the package, wherever that is used. So the sick and the cured value
of an exhibit come from the same measurement, and what differs is one function.
"""

import functools
import importlib
import inspect
import re
import statistics
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SEEDS = range(5)

Curve = list[float]
"""Of one run: values over its steps, of which the last is judged; a single one where nothing is trained."""


@dataclass(frozen=True)
class Exhibit:
    """A wrong version and how it shows.

    Attributes:
        name: Its name.
        target: What it replaces: ``module:function`` or ``module:Class.method``.
        wrong: The wrong version, with the same signature.
        measure: From a seed to the symptom's curve, computed by the package as it then is.
        label: What the curve shows, with its unit.
        limit: The sick lie on one side of it, the cured on the other, at every seed.
        sick_above: Whether the sick lie above ``limit``.
        test: Id of a test of the package that fails with the wrong version.
        chapter: Page of the book that explains it.
        seen: Address of a public thread about it; empty if there is none that we know.
        steps: How many steps lie between two values of a curve.
    """

    name: str
    target: str
    wrong: Callable[..., Any]
    measure: Callable[[int], Curve]
    label: str
    limit: float
    sick_above: bool
    test: str
    chapter: str
    seen: str = ""
    steps: int = 1

    @contextmanager
    def installed(self, also: tuple[str, ...] = ()) -> Iterator[None]:
        """The package with the wrong version in it; as it was afterwards.

        Args:
            also: Beginnings of names of other modules that may hold the function, such as tests.
        """
        owner, name = self.place()
        original = inspect.getattr_static(owner, name)
        places = [(owner, name)]
        if not inspect.isclass(owner):
            modules = [
                module
                for path, module in list(sys.modules.items())
                if path.startswith(("vatt_edu", *also)) and not path.startswith("vatt_edu.teach.museum")
            ]
            places = [
                (module, key) for module in modules for key, value in list(vars(module).items()) if value is original
            ]
        for place, key in places:
            setattr(place, key, self.wrong)
        try:
            yield
        finally:
            for place, key in places:
                setattr(place, key, original)

    def place(self) -> tuple[Any, str]:
        """The module or class that holds what is replaced, and its name there."""
        module, _, path = self.target.partition(":")
        *classes, name = path.split(".")
        return functools.reduce(getattr, classes, importlib.import_module(module)), name

    def run(self, sick: bool, seeds: Sequence[int] = SEEDS) -> list[Curve]:
        """The curve of each seed."""
        if not sick:
            return [self.measure(seed) for seed in seeds]
        with self.installed():
            return [self.measure(seed) for seed in seeds]

    def source(self) -> str:
        """The wrong version as it is written, without its docstring and what mypy needs."""
        lines = textwrap.dedent(inspect.getsource(inspect.unwrap(self.wrong))).splitlines()
        lines = [re.sub(r"  # type: .*", "", line) for line in lines]
        lines = lines[next(n for n, line in enumerate(lines) if line.startswith("def ")) :]
        return "\n".join(line for line in lines if not line.strip().startswith('"""'))


def separation(sick: Sequence[Curve], cured: Sequence[Curve]) -> tuple[float, float]:
    """How far the mean of the last sick values lies from that of the cured, and the larger spread over seeds."""
    ends = [[curve[-1] for curve in curves] for curves in (sick, cured)]
    means = [statistics.fmean(values) for values in ends]
    return abs(means[0] - means[1]), max(max(values) - min(values) for values in ends)
