"""The folder of a run: who may write to it, and how its logs are cut and read (``loggers`` writes them).

A folder is made only after everything that a user can get wrong has been tried, so that a failed call leaves nothing
behind that would be in the way of the next one.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vatt_edu.config import Config, TrainConfig
from vatt_edu.config.serialize import FORMAT, differences, from_json, pack, to_json, upgrade
from vatt_edu.data.text.vocabulary import NoVocabulary, Vocabulary
from vatt_edu.errors import UserError
from vatt_edu.files import is_partial, sweep, write_json, write_text, writing
from vatt_edu.locks import LockedError, locked

LOCK = ".lock"
LOG, SKIPPED, NONFINITE, SCORES = "log.jsonl", "skipped.jsonl", "nonfinite.jsonl", "val.jsonl"
FREE = (
    "steps", "checkpoint_every", "eval_every", "keep_checkpoints", "workers", "threads", "device", "micro_batch",
    "loss_chunk", "max_nonfinite", "hang_seconds", "loggers", "peak_tflops", "profile_steps", "compile", "recompute",
    "fused", "sound_bits",
)  # fmt: skip
"""Fields of ``train`` in which a resumed run may differ from what it was before: what is computed stays the same."""


def read_config(run: Path) -> tuple[Config, dict[str, Any]]:
    """The configuration of a run, and what else its ``config.json`` records.

    That is ``preset``, ``data`` (as it was given), ``sources`` (what it was, see ``identity``), and ``converted``.

    Raises:
        UserError: If the folder holds no run, or its record is damaged.
    """
    path = run / "config.json"
    if not path.exists():
        raise UserError(f"{run} holds no run (there is no config.json in it); give a folder that pretrain wrote")
    try:
        record = json.loads(path.read_text())
        if "classifier" in record:
            raise UserError(f"{run} holds a classifier, not a whole VATT: vatt_edu.finetuning.classifier.load reads it")
        about = {"preset": str(record["preset"]), "data": [str(source) for source in record["data"]]}
        about |= {name: record.get(name) for name in ("converted", "sources")}
        if record.get("format", 1) not in (1, FORMAT):
            raise UserError(
                f"{path} has format {record['format']}, this vatt_edu reads up to {FORMAT}: update vatt_edu"
            )
        values = upgrade(record["config"]) if "format" not in record else record["config"]
        return from_json(Config, values, str(path)), about
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error!r}); choose another folder") from None


def read_vocabulary(run: Path, config: Config, optional: bool = False) -> Vocabulary:
    """The vocabulary of a run; where it is missing and ``optional``, one that complains when it is used.

    Raises:
        UserError: If it is missing, damaged, or has more words than the model.
    """
    if optional and not (run / "vocab.json").exists():
        return NoVocabulary(run / "vocab.json")
    vocab = Vocabulary.load(run / "vocab.json")
    if len(vocab) > config.model.text.vocab:
        raise UserError(
            f"{run / 'vocab.json'} has {len(vocab)} words, the run's model {config.model.text.vocab}: "
            "it belongs to another run"
        )
    return vocab


def validate_run_folder(out: Path, config: Config, resume: bool) -> dict[str, Any] | None:
    """Makes sure that this run may write to ``out``; changes nothing.

    Returns:
        What the run's ``config.json`` records; None where there is no run yet.

    Raises:
        UserError: If ``out`` holds something else, another run, or this one without ``resume``; or if it cannot be
            made.
    """
    if not (out / "config.json").exists():
        if out.exists() and (not out.is_dir() or any(not _unfinished(path) for path in out.iterdir())):
            raise UserError(f"{out} is not empty and holds no run; choose another --out")
        above = next(path for path in (out, *out.absolute().parents) if path.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise UserError(f"cannot make {out}: {above} is no folder that you may write to; choose another --out")
        return None
    theirs, record = read_config(out)
    fields = sorted(differences(_decisive(theirs), _decisive(config)))
    if fields:
        raise UserError(f"{out} holds another run (its {fields[0]} differs); choose another --out")
    if not resume:
        raise UserError(f"{out} already holds this run; add --resume to go on with it, or choose another --out")
    return record


@contextmanager
def owned(out: Path) -> Iterator[None]:
    """Holds the folder of a run while it is written to; made where missing, removed again where it stays empty.

    Raises:
        UserError: If another process holds it; the message says which.
    """
    made = [path for path in (out.absolute(), *out.absolute().parents) if not path.exists()]
    try:
        with locked(out / LOCK, wait=False):
            yield
    except LockedError as error:
        raise UserError(
            f"{out} is being written to by {error.owner}, and one process trains in a folder: wait for it, stop it, or "
            f"choose another --out (if it is gone for good, remove {out / LOCK})"
        ) from None
    finally:
        for path in made:
            with contextlib.suppress(OSError):  # there is a run in it
                path.rmdir()


def create_run_folder(
    out: Path, config: Config, data: Sequence[str], preset: str, vocab: Vocabulary, sources: Sequence[dict[str, Any]]
) -> None:
    """Makes ``out`` the folder of this run, if it is not already, and removes what a kill left half written.

    A run that goes on with other ``train`` fields gets them into its record.

    Args:
        out: Where.
        config: The run.
        data: Sources as they were given.
        preset: The preset's name.
        vocab: The vocabulary.
        sources: What they are, see ``identity``.
    """
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    path = out / "config.json"
    if not path.exists():
        write_json(path, pack(config, preset=preset, data=list(data), sources=list(sources)))
    else:
        earlier, about = read_config(out)
        if earlier != config:
            about["sources"] = about["sources"] or list(sources)
            write_json(path, pack(config, **{name: value for name, value in about.items() if value is not None}))
    if not (out / "vocab.json").exists():
        with writing(out / "vocab.json"):
            vocab.save(out / "vocab.json")


def _unfinished(path: Path) -> bool:
    """Whether a kill while the folder was made left this."""
    return path.name == LOCK or (is_partial(path) and path.name.startswith((".config.json.", f".{LOCK}.")))


def truncate_logs(out: Path, step: int) -> None:
    """Removes what was logged after the checkpoint that a resume starts from, so that the files read as one run."""
    # What val.jsonl holds was measured after its step.
    for name, steps in ((LOG, step), (SKIPPED, step), (NONFINITE, step), (SCORES, step + 1)):
        path = out / name
        if path.exists():
            complete = path.read_text().split("\n")[:-1]
            earlier = [line for number, line in enumerate(complete, 1) if line and _step(path, number, line) < steps]
            write_text(path, "".join(line + "\n" for line in earlier))


def _step(path: Path, number: int, line: str) -> int:
    try:
        step = json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        step = None
    if not isinstance(step, int):
        raise UserError(f"{path}, line {number}: damaged; remove that line, then --resume goes on") from None
    return step


def read_log(run: Path, name: str = LOG) -> list[dict[str, Any]]:
    """The lines of a run's log, or of its ``skipped.jsonl``; none if there is none, and without one that a kill cut."""
    rows = []
    path = run / name
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def nonfinite_in_a_row(run: Path, step: int) -> int:
    """How many steps just before ``step`` were left out."""
    left_out = {row["step"] for row in read_log(run, NONFINITE)}
    return next(count for count in range(step + 1) if step - count - 1 not in left_out)


def _decisive(config: Config) -> dict[str, Any]:
    """All that changes what is learned; a run may go on with, say, more workers or for more steps."""
    free = {name: value for name, value in asdict(TrainConfig()).items() if name in FREE}
    return to_json(replace(config, train=replace(config.train, **free)))
