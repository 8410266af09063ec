"""The command line, ``vatt …``: thin wrappers around functions of the package.

Errors of the user end with one line and exit code 2: ours here, those of the arguments in tyro.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from vatt_edu.config import PRESETS, Config, preset
from vatt_edu.errors import UserError, missing

try:
    import tyro
except ImportError:
    print(f"vatt: {missing('tyro', 'train')}", file=sys.stderr)
    raise SystemExit(2) from None

INTERRUPTED = 130


@dataclass
class Pretrain:
    """Train a VATT from raw video, audio and text.

    Attributes:
        data: Sources: DIR or DIR:WEIGHT each; howto100m:DIR, audioset:DIR, folder:DIR name a layout.
        out: Folder of the run.
        config: Any field of the preset by its dotted name.
        resume: Go on with the run in --out.
        cache: Read from the decoded cache beside each source; --no-cache decodes on the fly, as large runs do.
        quiet: No progress bar.
    """

    data: tuple[str, ...]
    out: Path
    config: Annotated[Config, tyro.conf.arg(name="")]
    resume: bool = False
    cache: bool = True
    quiet: bool = False


def _pretrain(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print("usage: vatt pretrain PRESET --data SOURCE [SOURCE:WEIGHT …] --out RUN [--resume] [--optim.lr 3e-4 …]\n")
        for name, function in PRESETS.items():
            print(f"  {name:20} {(function.__doc__ or '').splitlines()[0]}")
        print("\nvatt pretrain PRESET --help  lists every field of a preset with its value.")
        return 0 if words else 2
    name, *flags = words
    default = Pretrain(data=tyro.MISSING, out=tyro.MISSING, config=preset(name))
    asked: Pretrain = tyro.cli(Pretrain, prog=f"vatt pretrain {name}", default=default, args=flags)

    from vatt_edu.training.pretrain import pretrain

    result = pretrain(
        asked.config, asked.data, asked.out, preset=name, resume=asked.resume, cache=asked.cache, quiet=asked.quiet
    )
    if result.interrupted:
        print(f"stopped and saved at step {result.step}; the same command with --resume goes on", file=sys.stderr)
        return INTERRUPTED
    print(f"{asked.out}: trained to step {result.step}; next: vatt evaluate retrieval {asked.out} --data SOURCE")
    return 0


def _evaluate_retrieval(
    run: tyro.conf.Positional[Path], data: str, split: str = "all", json: bool = False, quiet: bool = False
) -> int:
    """Zero-shot retrieval of a run, beside the untrained model and chance; merges into RUN/retrieval.json.

    Args:
        run: Folder of the run.
        data: A source with captioned clips.
        split: One split, or all. The training split only where there is ground truth: 256 of its steps.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.data.sources import open_source
    from vatt_edu.evaluation.retrieval import evaluate
    from vatt_edu.evaluation.tables import retrieval_table

    return _show(evaluate(run, open_source(data), split, quiet), retrieval_table, json)


def _evaluate_probe(
    run: tyro.conf.Positional[Path], data: str, split: str = "all", json: bool = False, quiet: bool = False
) -> int:
    """Linear probes on a run's frozen features, beside chance, its random start and hand-made features.

    Merges into RUN/probe.json.

    Args:
        run: Folder of the run.
        data: A source with ground truth (MiniTube).
        split: One split, or all but train and val.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.data.sources import open_source
    from vatt_edu.evaluation.probe import evaluate
    from vatt_edu.evaluation.tables import probe_table

    return _show(evaluate(run, open_source(data), split, quiet), probe_table, json)


def _evaluate_all(
    run: tyro.conf.Positional[Path], data: str, split: str = "all", json: bool = False, quiet: bool = False
) -> int:
    """Retrieval, linear probes and the report of a run; writes RUN/retrieval.json, probe.json and report.html.

    Args:
        run: Folder of the run.
        data: A source with captioned clips; without ground truth the probes are left out.
        split: One split, or all.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.evaluation.everything import evaluate
    from vatt_edu.evaluation.tables import all_tables

    return _show(evaluate(run, data, split, quiet), all_tables, json)


def _embed(
    run: tyro.conf.Positional[Path],
    files: tyro.conf.Positional[tuple[Path, ...]],
    out: Path,
    modality: Literal["video", "audio"] = "video",
    space: Literal["va", "vt"] = "vt",
) -> int:
    """Embeds files with a trained model into an .npz: names and l2-normalized embeddings.

    Args:
        run: Folder of the run.
        files: Video or sound files.
        out: The .npz to write.
        modality: What of the files to embed.
        space: The video-audio or the video-text space.
    """
    import numpy as np

    from vatt_edu.evaluation.embed import load

    model = load(run)
    embed = model.embed_video if modality == "video" else model.embed_audio
    rows = [embed(path, space=space).numpy() for path in files]
    with out.open("wb") as handle:
        np.savez(handle, files=np.array([str(path) for path in files]), embeddings=np.stack(rows))
    print(f"{out}: {len(rows)} embeddings of width {rows[0].shape[-1]}")
    return 0


def _minitube(
    out: Path,
    preset: Literal["tiny", "small", "full"] = "tiny",
    seed: int = 0,
    workers: int | None = None,
    quiet: bool = False,
) -> int:
    """Makes MiniTube, a small world of narrated videos with sound. Interrupted, the same command completes it.

    Args:
        out: Folder of the corpus.
        preset: How much of it.
        seed: Of everything in it.
        workers: Processes; by default one for each core.
        quiet: No progress bar.
    """
    from vatt_edu.minitube import make

    print(f"{make(preset, out, seed=seed, workers=workers, quiet=quiet)}: complete")
    return 0


COMMANDS: dict[tuple[str, ...], tuple[Callable[..., int], str]] = {
    ("data", "minitube"): (_minitube, "make the small world"),
    ("pretrain",): (_pretrain, "train: vatt pretrain PRESET --data SOURCE --out RUN"),
    ("evaluate", "retrieval"): (_evaluate_retrieval, "zero-shot retrieval of a run"),
    ("evaluate", "probe"): (_evaluate_probe, "linear probes on a run's features"),
    ("evaluate", "all"): (_evaluate_all, "retrieval, probes and the report"),
    ("embed",): (_embed, "embed files with a trained model"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    given = list(sys.argv[1:] if words is None else words)
    for name, (function, _) in COMMANDS.items():
        if tuple(given[: len(name)]) == name:
            rest = given[len(name) :]
            try:
                if function is _pretrain:
                    return _pretrain(rest)
                return tyro.cli(function, args=rest, prog="vatt " + " ".join(name))
            except UserError as error:
                return _say(error)
            except KeyboardInterrupt:
                return INTERRUPTED
    print("usage: vatt COMMAND …\n")
    for name, (_, what) in COMMANDS.items():
        print(f"  {' '.join(name):20} {what}")
    if given and given[0] not in ("-h", "--help"):
        return _say(UserError(f"no command {' '.join(given[:2])!r}; the commands are listed above"))
    return 0 if given else 2


def _say(error: Any) -> int:
    print(f"vatt: {error}", file=sys.stderr)
    return 2


def _show(found: dict[str, Any], table: Callable[[dict[str, Any]], Iterable[str]], as_json: bool) -> int:
    if as_json:
        _print_json(found)
    else:
        print(*table(found), sep="\n")
    return 0


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


if __name__ == "__main__":
    sys.exit(main())
