"""The command line, ``vatt …``: thin wrappers around functions of the package.

Errors of the user end with one line and exit code 2: ours here, those of the arguments in tyro.
"""

import contextlib
import functools
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
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


def _pretrain(words: list[str]) -> int:
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

    if not files:
        raise UserError("no file to embed: vatt embed RUN FILE… --out FILE.npz")
    if out.is_dir() or not out.parent.is_dir():
        why = "it is a" if out.is_dir() else "there is no such"
        raise UserError(f"cannot write {out}: {why} folder; choose another --out")
    model = load(run)
    embed = model.embed_video if modality == "video" else model.embed_audio
    rows = [embed(path, space=space).numpy() for path in files]
    partial = out.with_name(f".{out.name}.partial")
    with partial.open("wb") as handle:
        np.savez(handle, files=np.array([str(path) for path in files]), embeddings=np.stack(rows))
    os.replace(partial, out)
    print(f"{out}: {len(rows)} embeddings of width {rows[0].shape[-1]}")
    return 0


def _convert(
    prefix: tyro.conf.Positional[Path],
    out: tyro.conf.Positional[Path],
    config: Path | None = None,
    vocab: Path | None = None,
    json: bool = False,
) -> int:
    """Converts an official TensorFlow checkpoint into safetensors and a configuration; TensorFlow is not needed.

    Args:
        prefix: The checkpoint: its prefix, its .index, one of its .data files, or its folder.
        out: A new folder.
        config: JSON with official sizes that the checkpoint does not hold, such as d_kv of each part.
        vocab: The vocabulary (a word a line, or a vocab.json); without it the model embeds everything but words.
        json: Print JSON: every key that was read and that was ignored.
    """
    from vatt_edu.interop.convert import convert

    found = convert(prefix, out, config, vocab)
    if json:
        _print_json(asdict(found))
        return 0
    print(found.summary())
    reader = "vatt.load" if found.kind.endswith("fac") else "vatt_edu.evaluation.classify.load"
    print(f"{out}: converted; {reader}({str(out)!r}) reads it")
    return 0


def _vocab(
    sources: tyro.conf.Positional[tuple[str, ...]],
    out: Path,
    words: int = 65_536,
) -> int:
    """Makes a vocabulary of the most frequent words in any captions, as vocab.json.

    Args:
        sources: Sources (DIR, KIND:DIR), or files of captions (.vtt, .srt, .json) or of plain text (.txt).
        out: The file to write.
        words: Ids at most, padding and unknown included; the released models have 65,536.
    """
    from vatt_edu.data.official_words import caption_texts
    from vatt_edu.data.text import Vocabulary
    from vatt_edu.training.checkpoint import writing

    if not sources:
        raise UserError("no captions: vatt data vocab SOURCE… --out vocab.json")
    vocab = Vocabulary.train(caption_texts(sources), words)
    with writing(out):
        vocab.save(out)
    print(f"{out}: {len(vocab)} ids, padding and unknown included")
    return 0


def _cost(
    preset: tyro.conf.Positional[str],
    batch: int = 1,
    frames: int | None = None,
    size: int | None = None,
    keep: float = 1.0,
    processes: int = 1,
    json: bool = False,
) -> int:
    """What a preset costs: parameters by part, FLOPs with attention counted once and twice, memory, bytes sent.

    Args:
        preset: Its name.
        batch: Clips of one process.
        frames: Of the video clip; as the preset if not given.
        size: Height and width of the video in pixels; as the preset if not given.
        keep: Share of the video's and the audio's tokens that is kept.
        processes: That train together.
        json: Print JSON.
    """
    from vatt_edu.config import preset as named
    from vatt_edu.cost import cost, resized
    from vatt_edu.evaluation.tables import cost_table

    if batch < 1 or processes < 1 or not 0 < keep <= 1:
        raise UserError("--batch and --processes must be at least 1, --keep in (0, 1]")
    found = cost(resized(named(preset), frames, size), batch, keep, processes)
    return _show({"preset": preset, **found}, cost_table, json)


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
    source: tyro.conf.Positional[str],
    out: Path | None = None,
    probe: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """The data card of a source: what is in it, as one HTML page that needs no network.

    Args:
        source: DIR, or KIND:DIR (howto100m, audioset, msrvtt, kinetics, esc50, folder).
        out: The page; by default SOURCE/card.html.
        probe: Also what can be heard in it without learning: linear probes on mel statistics (MiniTube only).
        json: Print what was measured instead of writing the page (with --out: both).
        quiet: No progress bar.
    """
    from vatt_edu.data.card_page import page, write_page
    from vatt_edu.data.describe import measure
    from vatt_edu.data.sources import open_source

    found = open_source(source)
    card, extra = measure(found, quiet=quiet), {}
    if probe:
        from vatt_edu.evaluation.honesty import honesty, section
        from vatt_edu.evaluation.tables import honesty_table

        card["probe"] = honesty(found, quiet=quiet)
        extra = section(card["probe"])
    if json:
        _print_json(card)
    if not json or out:
        target = out or found.root / "card.html"
        write_page(target, page(card, found, extra))
        print(f"{target}: the data card of {found.root}", file=sys.stderr if json else sys.stdout)
    if probe and not json:
        print("\n".join(honesty_table(card["probe"])))
    return 0


def _experiment(
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
        _print_json(found)
        return 0
    print(f"\n{asked.question}\nR@5 in %, median of {len(found['seeds'])} seeds [least, greatest]")
    for label, split, scores in run.medians(found):
        shown = ("{:5.1f} [{:.1f}, {:.1f}]".format(*(100 * value for value in values)) for values in scores.values())
        print(f"{label:28} {split:10}  T->V {'  V->A '.join(shown)}")
    return 0


COMMANDS: dict[tuple[str, ...], tuple[Callable[..., int], str]] = {
    ("data", "minitube"): (_minitube, "make the small world"),
    ("data", "renarrate"): (_renarrate, "other words for its videos"),
    ("data", "describe"): (_describe, "the data card of any source"),
    ("data", "vocab"): (_vocab, "a vocabulary from any captions"),
    ("pretrain",): (_pretrain, "train: vatt pretrain PRESET --data SOURCE --out RUN"),
    ("evaluate", "retrieval"): (_evaluate_retrieval, "zero-shot retrieval of a run"),
    ("evaluate", "probe"): (_evaluate_probe, "linear probes on a run's features"),
    ("evaluate", "all"): (_evaluate_all, "retrieval, probes and the report"),
    ("embed",): (_embed, "embed files with a trained model"),
    ("convert",): (_convert, "an official TensorFlow checkpoint into ours"),
    ("cost",): (_cost, "parameters, FLOPs, memory and bytes of a preset"),
    ("experiment",): (_experiment, "train and test what a question asks for"),
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
