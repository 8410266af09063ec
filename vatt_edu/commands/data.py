"""``vatt data``: make a small world, describe any, and count its words."""

import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import tyro

from vatt_edu.commands.output import print_json
from vatt_edu.errors import UserError
from vatt_edu.files import require_writable, write_json, write_text, writing
from vatt_edu.minitube.presets import Knobs

KNOBS = Knobs()
NAMED = 10
"""So many files are named on a terminal."""


def minitube(
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
    import vatt_edu.minitube

    folder = vatt_edu.minitube.make(
        preset, out, seed=seed, splits=split or None, layouts=layouts, workers=workers, quiet=quiet, **asdict(knobs)
    )
    print(f"{folder}: complete")
    return 0


def renarrate(
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
    import vatt_edu.minitube

    values = {
        "offset_mean": offset_mean,
        "offset_sigma": offset_sigma,
        "filler_share": filler_share,
        "attribute_drop": attribute_drop,
        "word_drop": word_drop,
    }
    knobs = {name: value for name, value in values.items() if value is not None}
    print(f"{vatt_edu.minitube.renarrate(source, out, seed=seed, **knobs)}: complete")
    return 0


def describe(
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
    from vatt_edu.data.card.measure import measure
    from vatt_edu.data.card.page import card_page
    from vatt_edu.data.sources.open import open_source

    corpus = open_source(source)
    target = out or corpus.root / "card.html"
    if not json or out:
        require_writable(target, "name another file with --out")
    card, extra = measure(corpus, quiet=quiet), {}
    if probe:
        from vatt_edu.evaluation.probing.shortcut_audit import audio_shortcut_probe, shortcut_section
        from vatt_edu.evaluation.terminal import shortcut_table

        card["probe"] = audio_shortcut_probe(corpus, quiet=quiet)
        extra = shortcut_section(card["probe"])
    if json:
        print_json(card)
    if not json or out:
        write_text(target, card_page(card, corpus, extra))
        print(f"{target}: the data card of {corpus.root}", file=sys.stderr if json else sys.stdout)
    if probe and not json:
        print("\n".join(shortcut_table(card["probe"])))
    return 0


def check(
    source: tyro.conf.Positional[str],
    out: Path | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    again: bool = False,
    json: bool = False,
    quiet: bool = False,
) -> int:
    """Decodes every file of a source once, and says what is wrong with it. Interrupted, it goes on.

    Writes check.html (a page with the commands that mend), check.json, and check.jsonl (what was done so far).

    Args:
        source: DIR, or KIND:DIR (howto100m, audioset, msrvtt, kinetics, esc50, folder).
        out: Folder of the result; by default SOURCE/check.
        seconds: What is shorter is too short; by default a window of the preset toy, 3.2.
        workers: Processes; by default one for each core.
        again: Compare the bytes of files that were checked before with what they were then.
        json: Print what is in check.json instead of a summary.
        quiet: No progress bar.
    """
    from vatt_edu.config import preset
    from vatt_edu.data.check.page import check_page, sentence
    from vatt_edu.data.check.summary import check_source
    from vatt_edu.data.check.verdict import OK
    from vatt_edu.data.sources.open import open_source
    from vatt_edu.data.sources.source import printable
    from vatt_edu.locks import locked
    from vatt_edu.system import cores

    corpus = open_source(source)
    folder = out or corpus.root / "check"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    for target in (folder / "check.html",) if folder.is_dir() else (folder, folder / "check.html"):
        require_writable(target, "name another folder with --out")
    window = preset("toy").clip.seconds if seconds is None else seconds
    with locked(folder / ".lock", wait=False):
        report = check_source(corpus, folder, window, workers or cores(), quiet=quiet, again=again)
        write_json(folder / "check.json", report)
        write_text(folder / "check.html", check_page(report))
    if json:
        print_json(report)
        return 0
    print(f"{printable(str(corpus.root))}: {sentence(report)}")
    wrong = [row for row in report["files"] if row["verdict"] != OK]
    for row in wrong[:NAMED]:
        print(f"  {row['file']}: {row['verdict']}: {row['why']}")
    if len(wrong) > NAMED:
        print(f"  … and {len(wrong) - NAMED:,} more")
    for note in corpus.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{printable(str(folder / 'check.html'))}: the whole list, with the commands that mend")
    return 0


def formats() -> int:
    """The files and the data sets that are read, as a table in Markdown."""
    from vatt_edu.data.sources.formats import formats_table

    print(formats_table())
    return 0


def vocab(
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
    from vatt_edu.data.sources.open import caption_texts
    from vatt_edu.data.text.vocabulary import Vocabulary

    if not sources:
        raise UserError("no captions: vatt data vocab SOURCE… --out vocab.json")
    notes: list[str] = []
    vocab = Vocabulary.train(caption_texts(sources, notes), words)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    with writing(out):
        vocab.save(out)
    print(f"{out}: {len(vocab)} ids, padding and unknown included")
    return 0
