"""The command line, ``vatt …``: which word leads to which function of ``vatt_edu.commands``.

Errors of the user end with one line and exit code 2: ours here, those of the arguments in tyro.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from vatt_edu.errors import UserError, missing

try:
    import tyro
except ImportError:
    print(f"vatt: {missing('tyro', 'train')}", file=sys.stderr)
    raise SystemExit(2) from None

from vatt_edu.commands import data, evaluation, models, training
from vatt_edu.commands.training import INTERRUPTED

COMMANDS: dict[tuple[str, ...], tuple[Callable[..., int], str]] = {
    ("data", "minitube"): (data.minitube, "make the small world"),
    ("data", "renarrate"): (data.renarrate, "other words for its videos"),
    ("data", "describe"): (data.describe, "the data card of any source"),
    ("data", "vocab"): (data.vocab, "a vocabulary from any captions"),
    ("pretrain",): (training.pretrain, "train: vatt pretrain PRESET --data SOURCE --out RUN"),
    ("evaluate", "retrieval"): (evaluation.retrieval, "zero-shot retrieval of a run"),
    ("evaluate", "probe"): (evaluation.probe, "linear probes on a run's features"),
    ("evaluate", "all"): (evaluation.everything, "retrieval, probes and the report"),
    ("embed",): (models.embed, "embed files with a trained model"),
    ("convert",): (models.convert, "an official TensorFlow checkpoint into ours"),
    ("cost",): (models.cost, "parameters, FLOPs, memory and bytes of a preset"),
    ("experiment",): (training.experiment, "train and test what a question asks for"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    given = list(sys.argv[1:] if words is None else words)
    for name, (function, _) in COMMANDS.items():
        if tuple(given[: len(name)]) == name:
            rest = given[len(name) :]
            try:
                if function is training.pretrain:
                    return training.pretrain(rest)
                return tyro.cli(function, args=rest, prog="vatt " + " ".join(name))
            except UserError as error:
                return _say(error)
            except BrokenPipeError:  # whoever read it has gone, as in  vatt … | head
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return _say("the output was closed before its end")
            except OSError as error:  # a folder that is none, no permission, a full disk
                if error.filename is None:
                    raise
                return _say(f"cannot use {error.filename} ({error.strerror}): check its name, permissions and disk")
            except KeyboardInterrupt:
                return INTERRUPTED
    if given and given[-1] not in ("-h", "--help"):
        there = ", ".join(" ".join(name) for name in COMMANDS)
        return _say(f"no command {' '.join(given[:2])!r}; there are: {there}")
    print("usage: vatt COMMAND …\n")
    for name, (_, what) in COMMANDS.items():
        print(f"  {' '.join(name):20} {what}")
    return 0 if given else 2


def _say(error: Any) -> int:
    print(f"vatt: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
