"""The experiments there are, one small file each."""

from collections.abc import Callable

from vatt_edu.errors import UserError
from vatt_edu.experiments import (
    agnostic,
    corpus_size,
    crossing,
    departures,
    log_mel,
    narration,
    plain,
    scoreboard,
    shortcut,
    speedrun,
    toy,
    toy_gpu,
    who_does_what,
)
from vatt_edu.experiments.run import Experiment

EXPERIMENTS: dict[str, Callable[[], Experiment]] = {
    "toy": toy.experiment,
    "plain": plain.experiment,
    "departures": departures.experiment,
    "shortcut": shortcut.experiment,
    "log_mel": log_mel.experiment,
    "agnostic": agnostic.experiment,
    "scoreboard": scoreboard.experiment,
    "narration": narration.experiment,
    "toy_gpu": toy_gpu.experiment,
    "who_does_what": who_does_what.experiment,
    "corpus_size": corpus_size.experiment,
    "crossing": crossing.experiment,
    "speedrun": speedrun.experiment,
}


def get_experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        UserError: If there is none; the message lists those there are.
    """
    if name not in EXPERIMENTS:
        raise UserError(f"unknown experiment {name!r}; there are: {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]()
