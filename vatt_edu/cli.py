"""The command line, ``vatt …``: which word leads to which function of ``vatt_edu.commands``.

Errors of the user end with one line and exit code 2: ours here, those of the arguments in tyro.
"""

import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vatt_edu.errors import UserError, missing

try:
    import tyro
except ImportError:
    print(f"vatt: {missing('tyro', 'train')}", file=sys.stderr)
    raise SystemExit(2) from None

from vatt_edu.commands import data, evaluation, models, training
from vatt_edu.commands.training import INTERRUPTED


@dataclass(frozen=True)
class Command:
    """A row of the table.

    Attributes:
        function: Does it, and returns the exit code.
        summary: Half a line about it.
        own_parser: It takes the words themselves, instead of what tyro makes of them.
    """

    function: Callable[..., int]
    summary: str
    own_parser: bool = False


COMMANDS: dict[tuple[str, ...], Command] = {
    ("data", "minitube"): Command(data.minitube, "make the small world"),
    ("data", "renarrate"): Command(data.renarrate, "other words for its videos"),
    ("data", "describe"): Command(data.describe, "the data card of any source"),
    ("data", "check"): Command(data.check, "every file decoded once: what is wrong, and what mends it"),
    ("data", "formats"): Command(data.formats, "the files and sets that are read, as a table"),
    ("data", "vocab"): Command(data.vocab, "a vocabulary from any captions"),
    ("pretrain",): Command(training.pretrain, "train: vatt pretrain PRESET --data SOURCE --out RUN", own_parser=True),
    ("evaluate", "retrieval"): Command(evaluation.retrieval, "zero-shot retrieval of a run"),
    ("evaluate", "probe"): Command(evaluation.probe, "linear probes on a run's features"),
    ("evaluate", "all"): Command(evaluation.everything, "retrieval, probes and the report"),
    ("embed",): Command(models.embed, "embed files with a trained model"),
    ("convert",): Command(models.convert, "an official TensorFlow checkpoint into ours"),
    ("cost",): Command(models.cost, "parameters, FLOPs, memory and bytes of a preset"),
    ("experiment",): Command(training.experiment, "train and test what a question asks for"),
    ("speedrun",): Command(training.speedrun, "how few CPU seconds it takes to learn both searches"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    words = list(sys.argv[1:] if words is None else words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file's name may hold what UTF-8 cannot say
            stream.reconfigure(errors="backslashreplace")
    for name, command in COMMANDS.items():
        if tuple(words[: len(name)]) == name:
            try:
                rest = _file_names(words[len(name) :])
                if command.own_parser:
                    return command.function(rest)
                return tyro.cli(command.function, args=rest, prog="vatt " + " ".join(name))
            except UserError as error:
                return _fail(error)
            except BrokenPipeError:  # whoever read it has gone, as in  vatt … | head
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return _fail("the output was closed before its end")
            except OSError as error:  # a folder that is none, no permission, a full disk
                if error.filename is None:
                    raise
                return _fail(f"cannot use {error.filename} ({error.strerror}): check its name, permissions and disk")
            except KeyboardInterrupt:
                return INTERRUPTED
    if words and words[-1] not in ("-h", "--help"):
        names = ", ".join(" ".join(name) for name in COMMANDS)
        return _fail(f"no command {' '.join(words[:2])!r}; there are: {names}")
    print("usage: vatt COMMAND …\n")
    for name, command in COMMANDS.items():
        print(f"  {' '.join(name):20} {command.summary}")
    return 0 if words else 2


def _file_names(words: list[str]) -> list[str]:
    """The words of a command, in which no file's name can be taken for a flag.

    Raises:
        UserError: If a word begins with a dash and a file is called so.
    """
    end = words.index("--") if "--" in words else len(words)
    for word in words[:end]:
        if word.startswith("-") and os.path.lexists(word):
            raise UserError(f"{word} is a file, and would be read as a flag: write ./{word}")
    return words[:end] + [f"./{word}" if word.startswith("-") else word for word in words[end + 1 :]]


def _fail(message: object) -> int:
    print(f"vatt: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
