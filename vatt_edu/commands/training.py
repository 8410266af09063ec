"""``vatt pretrain`` and ``vatt experiment``."""

import contextlib
import functools
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import tyro

from vatt_edu.commands.output import print_json
from vatt_edu.config import PRESETS, Config, preset
from vatt_edu.errors import UserError

INTERRUPTED = 130


def pretrain(words: list[str]) -> int:
    """Reads the preset's name first: its fields are the flags."""
    if not words or words[0] in ("-h", "--help"):
        print("usage: vatt pretrain PRESET --data SOURCE [SOURCE:WEIGHT …] --out RUN [--resume] [--optim.lr 3e-4 …]\n")
        for name, function in PRESETS.items():
            print(f"  {name:20} {(function.__doc__ or '').splitlines()[0]}")
        print("\nvatt pretrain PRESET --help  lists every field of a preset with its value.")
        return 0 if words else 2
    name, *flags = words
    default = preset(name)

    def arguments(
        data: tuple[str, ...],
        out: Path,
        config: Annotated[Config, tyro.conf.arg(name="")] = default,
        resume: bool = False,
        cache: bool = True,
        vocab: Path | None = None,
        words: Path | None = None,
        quiet: bool = False,
    ) -> dict[str, Any]:
        """Train a VATT from raw video, audio and text.

        Args:
            data: Sources: DIR or DIR:WEIGHT each; howto100m:DIR, audioset:DIR, folder:DIR name a layout.
            out: Folder of the run.
            config: Any field of the preset by its dotted name.
            resume: Go on with the run in --out.
            cache: Read from the decoded cache beside each source; --no-cache decodes on the fly, as large runs do.
            vocab: A vocabulary (a word a line, or a vocab.json); made from the sources' lines if not given.
            words: Word vectors that the text tower starts with (.pkl, .npz, .npy, .txt, .vec), a row for each id.
            quiet: No progress bar.
        """
        return locals()

    asked = _parse(functools.partial(tyro.cli, arguments, prog=f"vatt pretrain {name}", args=flags))

    from vatt_edu.training.pretrain import pretrain

    result, out = pretrain(**asked, preset=name), asked["out"]
    if result.interrupted:
        print(f"stopped and saved at step {result.step}; the same command with --resume goes on", file=sys.stderr)
        return INTERRUPTED
    print(f"{out}: trained to step {result.step}; next: vatt evaluate retrieval {out} --data SOURCE")
    return 0


def _parse(parse: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What tyro reads; where a configuration refuses a value, our line instead of the box that tyro draws around it."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return parse()
    except SystemExit as end:
        if not end.code:
            raise
        error: BaseException | None = end
        while error is not None:
            if isinstance(error, UserError):
                raise error from None
            error = error.__context__
    return parse()  # says what is wrong, and ends


def experiment(
    name: tyro.conf.Positional[str],
    seeds: int | None = None,
    twin: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Trains and tests all arms of an experiment; writes results/NAME.json. Interrupted, the same command goes on.

    Args:
        name: Which; an unknown one is answered with those there are.
        seeds: How many; by default what the experiment asks for.
        twin: At the size that tests run: tiny, in under a minute, into results/twins/.
        json: Print JSON.
        quiet: No progress bars.
    """
    from vatt_edu.experiments import run

    asked = run.named(name)
    if twin:
        asked, folder = asked.twin(), Path("results/twins")
        found = run.run(asked, seeds, Path("runs/twins"), folder, quiet, command=f"vatt experiment {name} --twin")
    else:
        found = run.run(asked, seeds, quiet=quiet)
    if json:
        print_json(found)
        return 0
    print(f"\n{asked.question}\nR@5 in %, median of {len(found['seeds'])} seeds [least, greatest]")
    for label, split, scores in run.medians(found):
        shown = ("{:5.1f} [{:.1f}, {:.1f}]".format(*(100 * value for value in values)) for values in scores.values())
        print(f"{label:28} {split:10}  T->V {'  V->A '.join(shown)}")
    return 0
