"""Where do several candidate lines win, and where does the nearest line alone? The same videos, narrated again.

Three things are varied: how many candidate lines a window gets (one is NCE, four are MIL-NCE), how far lines are
shifted in time, and how many of them are about nothing. Two levels each make a grid of eight; a line goes through it,
from its clean corner by the corpus as it is to its noisy corner and beyond. Rows have equal seconds of one core, by
the calibration of ``scoreboard``, whose rows with and without candidates are the two of the corpus as it is: they
share runs.
"""

import contextlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vatt_edu.experiments import scoreboard
from vatt_edu.experiments.run import Arm, Corpus, Experiment
from vatt_edu.minitube import VERSION, Knobs, default_folder, read_source, renarrate
from vatt_edu.minitube.corpus.folder import require_same_recipe
from vatt_edu.minitube.presets import named_knobs


@dataclass(frozen=True)
class Renarrated(Corpus):
    """The videos of a corpus with other words: links to its files, and its decoded cache.

    Attributes:
        narration: Narration knobs that differ, see ``minitube.Knobs``.
        narration_seed: Of the narration; the videos keep theirs.
    """

    narration: dict[str, float] = field(default_factory=dict)
    narration_seed: int = 1

    def ensure(self, quiet: bool = False) -> Path:
        """Its folder, made where it is missing.

        Raises:
            UserError: If a folder of that name holds another narration.
        """
        source = super().ensure(quiet)
        knobs = "-".join(f"{name}={value:g}" for name, value in sorted(self.narration.items()))
        folder = default_folder(f"{source.name}-narration={self.narration_seed}-{knobs}")
        if not folder.exists():
            renarrate(source, folder, seed=self.narration_seed, **self.narration)
        expected = named_knobs(Knobs(**self.knobs | self.narration))
        recipe = {"version": VERSION, "narration_seed": self.narration_seed, "knobs": expected}
        require_same_recipe(folder, read_source(folder), recipe)
        cache = source / "cache"
        cache.mkdir(exist_ok=True)  # a link to a folder that is missing cannot be written through
        with contextlib.suppress(FileExistsError):  # the same files have the same decoded clips
            (folder / "cache").symlink_to(cache.resolve(), target_is_directory=True)
        return folder


@dataclass(frozen=True)
class Place:
    """How a corpus is narrated.

    Attributes:
        offset_sigma: Deviation of a line's shift in time, seconds.
        filler_share: Of lines about nothing in the picture.
    """

    offset_sigma: float
    filler_share: float

    @property
    def corpus(self) -> Corpus:
        """The corpus itself, if that is how it is narrated."""
        return Corpus("small") if self == OWN else Renarrated("small", narration=asdict(self))

    def label(self, lines: int) -> str:
        """Of its arm with that many candidate lines."""
        return f"shift {self.offset_sigma:g} s, filler {100 * self.filler_share:.0f} %, lines {lines}"


OWN = Place(Knobs().offset_sigma, Knobs().filler_share)
GRID = tuple(Place(sigma, filler) for filler in (0.0, 0.6) for sigma in (0.0, 4.0))
LINE = (GRID[0], OWN, GRID[-1], Place(6.0, 0.8))
PLACES = tuple(dict.fromkeys((*LINE, *GRID)))
CANDIDATES = {1: "passage", 4: "toy"}
"""Lines of a window, and the row of the scoreboard with so many."""


def experiment() -> Experiment:
    """Each place with one line and with four: first the line, then the rest of the grid."""
    rows = scoreboard.rows()
    arms = tuple(
        Arm(place.label(lines), rows[row].config, place.corpus, None if place == OWN else Corpus("small"))
        for place in PLACES
        for lines, row in CANDIDATES.items()
    )
    noisy = LINE[-1]
    return Experiment(
        "narration",
        "Where do several candidate lines win, and where does the nearest line alone?",
        arms,
        splits=("val", "test_iid", "test_comp"),
        twin_arms=tuple(noisy.label(lines) for lines in CANDIDATES),
    )
