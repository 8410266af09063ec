"""The command line, ``vatt …``: thin wrappers around functions of the package.

Errors of the user end with one line and exit code 2: ours here, those of the arguments in tyro.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from vatt_edu.config import PRESETS, Config, preset
from vatt_edu.errors import UserError, missing
from vatt_edu.minitube.presets import Knobs

try:
    import tyro
except ImportError:
    print(f"vatt: {missing('tyro', 'train')}", file=sys.stderr)
    raise SystemExit(2) from None

INTERRUPTED = 130
KNOBS = Knobs()


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
        split: One split, or all but train.
        json: Print JSON.
        quiet: No progress bar.
    """
    from vatt_edu.data.sources import open_source
    from vatt_edu.evaluation.retrieval import evaluate

    found = evaluate(run, open_source(data), split, quiet)
    if json:
        _print_json(found)
        return 0
    for name, result in found["splits"].items():
        print(f"\n{name}: {result['n']} clips; R@1 R@5 R@10 in %, median rank")
        for direction in result["trained"]:
            print(f"  {direction:15}", end="")
            for who in ("trained", "random_init", "chance"):
                values = result[who][direction]
                recalls = " ".join(f"{100 * values[k]:5.1f}" for k in ("R@1", "R@5", "R@10"))
                print(f"  {who} {recalls} {values['MedR']:6.1f}", end="")
            print()
    return 0


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
    split: tuple[str, ...] = ("all",),
    layouts: tuple[Literal["msrvtt", "kinetics", "esc50", "all"], ...] = (),
    workers: int | None = None,
    quiet: bool = False,
    knobs: Annotated[Knobs, tyro.conf.arg(name="")] = KNOBS,
) -> int:
    """Makes MiniTube, a small world of narrated videos with sound. Interrupted, the same command completes it.

    Args:
        out: Folder of the corpus.
        preset: How much of it.
        seed: Of everything in it.
        split: Only these: howto, audioset, val, test_iid, test_comp, test_bg, train, all.
        layouts: The same clips also as these sets lay them out, under OUT/msrvtt and so on.
        workers: Processes; by default one for each core.
        quiet: No progress bar.
        knobs: How hard it is.
    """
    from vatt_edu.minitube import make

    made = make(
        preset, out, seed=seed, splits=split or None, layouts=layouts, workers=workers, quiet=quiet, **asdict(knobs)
    )
    print(f"{made}: complete")
    return 0


def _renarrate(
    source: tyro.conf.Positional[Path],
    out: Path,
    seed: int,
    offset_mean: float | None = None,
    offset_sigma: float | None = None,
    filler_share: float | None = None,
    attribute_drop: float | None = None,
    word_drop: float | None = None,
) -> int:
    """Draws another narration for the videos of a MiniTube corpus; nothing is rendered.

    Knobs that are not given stay as they were.

    Args:
        source: A MiniTube corpus with narrated videos.
        out: A new folder; its videos are links to the source's.
        seed: Of the narration.
        offset_mean: Mean shift of a line's start against its step's, in seconds.
        offset_sigma: Standard deviation of that shift, in seconds.
        filler_share: Share of lines that name nothing in the picture.
        attribute_drop: Chance that a line leaves out size, color or material, each.
        word_drop: Chance that a word is lost.
    """
    from vatt_edu.minitube import renarrate

    knobs = {
        "offset_mean": offset_mean,
        "offset_sigma": offset_sigma,
        "filler_share": filler_share,
        "attribute_drop": attribute_drop,
        "word_drop": word_drop,
    }
    given = {name: value for name, value in knobs.items() if value is not None}
    print(f"{renarrate(source, out, seed=seed, **given)}: complete")
    return 0


def _describe(
    source: tyro.conf.Positional[str], out: Path | None = None, json: bool = False, quiet: bool = False
) -> int:
    """The data card of a source: what is in it, as one HTML page that needs no network.

    Args:
        source: DIR, or KIND:DIR (howto100m, audioset, msrvtt, kinetics, esc50, folder).
        out: The page; by default SOURCE/card.html.
        json: Print what was measured instead of writing the page (with --out: both).
        quiet: No progress bar.
    """
    from vatt_edu.data.card_page import page, write_page
    from vatt_edu.data.describe import measure
    from vatt_edu.data.sources import open_source

    found = open_source(source)
    card = measure(found, quiet=quiet)
    if json:
        _print_json(card)
    if not json or out:
        target = out or found.root / "card.html"
        write_page(target, page(card, found))
        print(f"{target}: the data card of {found.root}", file=sys.stderr if json else sys.stdout)
    return 0


COMMANDS: dict[tuple[str, ...], tuple[Callable[..., int], str]] = {
    ("data", "minitube"): (_minitube, "make the small world"),
    ("data", "renarrate"): (_renarrate, "other words for its videos"),
    ("data", "describe"): (_describe, "the data card of any source"),
    ("pretrain",): (_pretrain, "train: vatt pretrain PRESET --data SOURCE --out RUN"),
    ("evaluate", "retrieval"): (_evaluate_retrieval, "zero-shot retrieval of a run"),
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


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


if __name__ == "__main__":
    sys.exit(main())
