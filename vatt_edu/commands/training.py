"""``vatt pretrain``, ``vatt experiment`` and ``vatt speedrun``."""

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructTypeInfo

from vatt_edu.commands.output import print_json
from vatt_edu.config import PRESETS, Config, preset
from vatt_edu.config.serialize import from_json

INTERRUPTED = 130
REQUEUE = 75
"""Exit code of a training that SIGTERM ended after it had saved: start the same command again, with --resume."""


@dataclass(frozen=True)
class PretrainArgs:
    """Train a VATT from raw video, audio and text.

    Args:
        data: Sources: DIR or DIR:WEIGHT each; howto100m:DIR, audioset:DIR, folder:DIR name a layout.
        out: Folder of the run.
        config: Any field of the preset by its dotted name.
        resume: Go on with the run in --out.
        cache: Read from the decoded cache in each source, or below $VATT_CACHE; --no-cache decodes on the fly, as
            large runs do.
        vocab: A vocabulary (a word a line, or a vocab.json); made from the sources' lines if not given.
        words: Word vectors that the text tower starts with (.pkl, .npz, .npy, .txt, .vec), a row for each id.
        quiet: No progress bar.
        dry_run: Check everything, and say how much memory, time and reading it would be; nothing is written.
    """

    data: tuple[str, ...]
    out: Path
    config: Annotated[Config, tyro.conf.arg(name="")]
    resume: bool = False
    cache: bool = True
    vocab: Path | None = None
    words: Path | None = None
    quiet: bool = False
    dry_run: bool = False


def pretrain(words: Sequence[str]) -> int:
    """Reads the preset's name first: its fields are the flags."""
    if not words or words[0] in ("-h", "--help"):
        print("usage: vatt pretrain PRESET --data SOURCE [SOURCE:WEIGHT …] --out RUN [--resume] [--optim.lr 3e-4 …]\n")
        for name, function in PRESETS.items():
            print(f"  {name:20} {(function.__doc__ or '').splitlines()[0]}")
        print("\nvatt pretrain PRESET --help  lists every field of a preset with its value.")
        return 0 if words else 2
    name, *flags = words
    args = parse_pretrain(name, flags)
    if args.dry_run:
        from vatt_edu.commands.dry_run import dry_run

        lines = dry_run(args.config, args.data, args.out, name, args.resume, args.vocab)
        for line in lines if os.environ.get("RANK", "0") == "0" else ():
            print(line)
        return 0

    from vatt_edu.evaluation.retrieval import validator
    from vatt_edu.training.pretrain import pretrain

    validate = validator(args.data, args.config) if args.config.train.eval_every else None
    options = {option: value for option, value in vars(args).items() if option != "dry_run"}
    result = pretrain(**options, preset=name, validate=validate)
    if result.interrupted:
        if result.first:
            print(f"stopped and saved at step {result.step}; the same command with --resume goes on", file=sys.stderr)
        return REQUEUE if result.signal == signal.SIGTERM else INTERRUPTED
    if result.first:
        print(f"{args.out}: trained to step {result.step}; next: vatt evaluate retrieval {args.out} --data SOURCE")
    return 0


def parse_pretrain(name: str, flags: Sequence[str]) -> PretrainArgs:
    """The arguments after ``vatt pretrain NAME``; ends the program where tyro cannot read them.

    Raises:
        UserError: If a configuration refuses a value.
    """
    registry, default = ConstructorRegistry(), preset(name)
    inside = False

    @registry.struct_rule
    def as_dictionary(info: StructTypeInfo) -> StructConstructorSpec | None:
        """Tyro's own rule for a dataclass, but for what it builds: it would draw a box around a refused value."""
        nonlocal inside
        if inside or not is_dataclass(info.type):
            return None
        inside = True  # so that tyro's rule is next, not this one again
        spec = ConstructorRegistry.get_struct_spec(replace(info, default=default) if info.type is Config else info)
        inside = False
        assert isinstance(spec, StructConstructorSpec)
        return replace(spec, instantiate=functools.wraps(info.type, updated=())(lambda **fields: fields))

    values: Any = tyro.cli(PretrainArgs, prog=f"vatt pretrain {name}", args=flags, registry=registry)
    return PretrainArgs(**values | {"config": from_json(Config, values["config"])})


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
    from vatt_edu.experiments.catalog import get_experiment

    question = get_experiment(name)
    if twin:
        runs, folder, command = Path("runs/twins"), Path("results/twins"), f"vatt experiment {name} --twin"
        results = run.run(question.twin(), seeds, runs, folder, quiet, command=command)
    else:
        results = run.run(question, seeds, quiet=quiet)
    if json:
        print_json(results)
        return 0
    print(f"\n{results['question']}\nR@5 in %, median of {len(results['seeds'])} seeds [least, greatest]")
    for label, split, scores in run.medians(results["rows"]):
        shown = ("{:5.1f} [{:.1f}, {:.1f}]".format(*(100 * value for value in values)) for values in scores.values())
        print(f"{label:28} {split:10}  T->V {'  V->A '.join(shown)}")
    return 0


def speedrun(
    recipe: tyro.conf.Positional[str | None] = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    trial: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Trains a recipe from the decoded cache until both searches work, and says how many CPU seconds that takes.

    Targets, rules and clock: book/speedrun.md. What is done is kept in runs/speedrun/; interrupted, the same command
    goes on. ``vatt experiment speedrun`` makes results/speedrun.json, with all records.

    Args:
        recipe: A preset; by default the last record's.
        seeds: How many fresh seeds, at least 5; a trial has 1 unless told otherwise.
        first_seed: The first of them; by default the next that no record of the recipe has (0 for a trial).
        trial: Any number of seeds, those for tuning among them, and no look at the test split; never a record.
        json: Print JSON.
        quiet: No progress bars.
    """
    from vatt_edu.experiments import run
    from vatt_edu.experiments import speedrun as rules

    results = Path("results/speedrun.json")
    recipe = recipe or rules.latest(results)
    rules.recipe_config(recipe)  # an unknown one is refused before anything is read
    count = seeds if seeds is not None else 1 if trial else rules.SEEDS
    if first_seed is not None:
        chosen = tuple(range(first_seed, first_seed + count))
    else:
        chosen = tuple(range(count)) if trial else rules.fresh_seeds(recipe, count, results)
    attempt = rules.attempt(recipe, chosen, trial)
    where = Path("runs/speedrun", "trials" if trial else "")
    command = f"vatt speedrun {recipe} --seeds {count} --first-seed {chosen[0]}{' --trial' * trial}"
    with contextlib.redirect_stdout(sys.stderr):  # what training has to say is not part of the answer
        runs = run.run(attempt, results=where, quiet=quiet, command=command)["rows"]
        (row,) = rules.record_rows(runs)
        row = rules.clocked(row, quiet)
    if json:
        print_json({**row, "runs": runs})
        return 0
    print(*rules.table(row), sep="\n")
    here = [f"{run['cpu_seconds']:,.0f}" for run in runs if run.get("cpu_seconds") is not None]
    if here:
        print(f"here, by the processor's own count: {', '.join(here)} CPU seconds")
    return 0
